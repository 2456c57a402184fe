package killtest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// Conn is a connection of a client that costs little beside the service under load.
type Conn struct {
	conn net.Conn
	r    *bufio.Reader
	buf  []byte
}

// Dial connects to an address.
func Dial(addr string) (*Conn, error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &Conn{conn: c, r: bufio.NewReader(c)}, nil
}

// Close closes the connection.
func (c *Conn) Close() { _ = c.conn.Close() }

// Post posts a form and returns the status of the answer. After an error the connection
// is of no more use. The answer must have a Content-Length.
func (c *Conn) Post(path, form string) (status int, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return 0, err
	}
	c.buf = fmt.Appendf(c.buf[:0], "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", path, len(form), form)
	if _, err := c.conn.Write(c.buf); err != nil {
		return 0, err
	}
	length := -1
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		text := strings.TrimSpace(string(line))
		switch name, value, found := strings.Cut(text, ": "); {
		case text == "":
			if length < 0 {
				return 0, fmt.Errorf("the answer with status %d has no length", status)
			}
			_, err := io.CopyN(io.Discard, c.r, int64(length))
			return status, err
		case status == 0:
			if len(text) < len("HTTP/1.1 200") {
				return 0, fmt.Errorf("the answer begins with %q", text)
			}
			if status, err = strconv.Atoi(text[9:12]); err != nil {
				return 0, err
			}
		case found && strings.EqualFold(name, "Content-Length"):
			if length, err = strconv.Atoi(value); err != nil {
				return 0, err
			}
		}
	}
}
