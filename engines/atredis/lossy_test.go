package atredis_test

import (
	"context"
	"io"
	"net"
	"sync/atomic"
)

// lossy makes connections, of which one loses the next answer when lose is set: the
// server has sent it, and the connection breaks before anybody reads it.
type lossy struct {
	lose atomic.Bool
	lost atomic.Int64
}

func (l *lossy) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &lossyConn{Conn: conn, lossy: l}, nil
}

type lossyConn struct {
	net.Conn
	lossy *lossy
}

func (c *lossyConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && c.lossy.lose.CompareAndSwap(true, false) {
		c.lossy.lost.Add(1)
		c.Close()
		return 0, io.EOF
	}
	return n, err
}
