package atnats_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/sautigo/africastalking/engines/atnats"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/state/statetest"
)

// Three servers keep the bucket, and each store is connected to another.
func TestStoreInCluster(t *testing.T) {
	t.Parallel()
	urls := startCluster(t, 3)
	for end := time.Now().Add(time.Minute); ; { // until there is a leader
		js, closeConn, err := connect(urls[0])
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		_, err = atnats.New(ctx, js, atnats.WithReplicas(3))
		cancel()
		closeConn()
		if err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	next := make(chan string, len(urls))
	for _, u := range urls {
		next <- u
	}
	statetest.Run(t, func(t *testing.T) state.Store {
		u := <-next
		next <- u
		js, closeConn, err := connect(u)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(closeConn)
		return open(t, js)
	})
}

func startCluster(t *testing.T, n int) (urls []string) {
	t.Helper()
	var routes []*url.URL
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		port := l.Addr().(*net.TCPAddr).Port
		ports = append(ports, port)
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", port)})
		l.Close()
	}
	for i, port := range ports {
		s, err := natsserver.NewServer(&natsserver.Options{
			ServerName: fmt.Sprintf("s%d", i), Host: "127.0.0.1", Port: natsserver.RANDOM_PORT,
			JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true, Routes: routes,
			Cluster: natsserver.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: port},
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		t.Cleanup(func() {
			s.Shutdown()
			s.WaitForShutdown()
		})
		if !s.ReadyForConnections(20 * time.Second) {
			t.Fatal("nats-server does not start")
		}
		urls = append(urls, s.ClientURL())
	}
	return urls
}
