package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// The load is made of one callback, written again and again on connections that
// are kept. It is written to the socket as bytes made once, and of the answer no
// more is read than tells where it ends and whether it is right, so that most of
// the machine is left to the server.

// callback is a request and the answer that it must get.
type callback struct {
	request []byte
	want    []byte
}

func newCallback(path, body, want string) callback {
	return callback{
		request: fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
			path, len(body), body),
		want: []byte(want),
	}
}

// conn is one connection to a server. It is opened again where the server closes
// it.
type conn struct {
	addr string
	net  net.Conn
	in   *bufio.Reader
	body []byte
}

func dial(ctx context.Context, addr string) (*conn, error) {
	c := &conn{addr: addr}
	return c, c.open(ctx)
}

func (c *conn) open(ctx context.Context) error {
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return err
	}
	c.net = nc
	if c.in == nil {
		c.in = bufio.NewReaderSize(nc, 1024)
	} else {
		c.in.Reset(nc)
	}
	return nil
}

func (c *conn) close() { _ = c.net.Close() }

// patience is how long a server may take for an answer.
const patience = 20 * time.Second

// post sends the callback and checks the answer.
func (c *conn) post(ctx context.Context, cb callback) error {
	if err := c.net.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := c.net.Write(cb.request); err != nil {
		return err
	}
	closes, err := c.answer(cb.want)
	if err != nil || !closes {
		return err
	}
	c.close()
	return c.open(ctx)
}

// answer reads an answer and reports whether the server closes the connection.
func (c *conn) answer(want []byte) (closes bool, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return false, err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
		return false, fmt.Errorf("the server answers %q", line)
	}
	length := -1
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return false, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case equalFold(name, "content-length"):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return false, err
			}
		case equalFold(name, "connection"):
			closes = equalFold(value, "close")
		}
	}
	if length < 0 {
		return false, errors.New("the server answers without a length")
	}
	if length != len(want) {
		return false, fmt.Errorf("the server answers %d bytes instead of %d", length, len(want))
	}
	if c.body == nil {
		c.body = make([]byte, len(want))
	}
	if _, err := io.ReadFull(c.in, c.body); err != nil {
		return false, err
	}
	if !bytes.Equal(c.body, want) {
		return false, fmt.Errorf("the server answers %q instead of %q", c.body, want)
	}
	return closes, nil
}

func equalFold(b []byte, s string) bool { return bytes.EqualFold(b, []byte(s)) }

// load sends the callback on n connections for a time and returns how many were
// answered, and in what time.
func load(ctx context.Context, addr string, cb callback, n int, d time.Duration) (answered int, took time.Duration, err error) {
	conns := make([]*conn, 0, n)
	defer func() {
		for _, c := range conns {
			c.close()
		}
	}()
	for range n {
		c, err := dial(ctx, addr)
		if err != nil {
			return 0, 0, err
		}
		conns = append(conns, c)
		if err := c.post(ctx, cb); err != nil {
			return 0, 0, err
		}
	}
	counts, errs := make([]int, n), make([]error, n)
	start := time.Now()
	end := start.Add(d)
	var senders sync.WaitGroup
	for i, c := range conns {
		senders.Go(func() {
			done := 0
			for time.Now().Before(end) && errs[i] == nil {
				errs[i] = c.post(ctx, cb)
				done++
			}
			counts[i] = done
		})
	}
	senders.Wait()
	took = time.Since(start)
	for _, done := range counts {
		answered += done
	}
	return answered, took, errors.Join(errs...)
}
