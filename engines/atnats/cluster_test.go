package atnats_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/sautigo/africastalking/engines/atnats"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/state/statetest"
	"github.com/sautigo/africastalking/webhook/inbox"
)

// Three servers keep the bucket, and each store is connected to another.
func TestStoreInCluster(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	urls := c.urls
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

// cluster is servers that keep streams together.
type cluster struct {
	servers        []*natsserver.Server
	urls, monitors []string
}

func startCluster(t *testing.T, n int) *cluster {
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
	c := &cluster{}
	for i, port := range ports {
		s, err := natsserver.NewServer(&natsserver.Options{
			ServerName: fmt.Sprintf("s%d", i), Host: "127.0.0.1", Port: natsserver.RANDOM_PORT,
			HTTPHost: "127.0.0.1", HTTPPort: natsserver.RANDOM_PORT, SyncAlways: true,
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
		c.servers = append(c.servers, s)
		c.urls = append(c.urls, s.ClientURL())
		c.monitors = append(c.monitors, "http://"+s.MonitorAddr().String())
	}
	return c
}

// Two of three servers go on when the one that leads the stream is gone.
func TestQueueInCluster(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	open := func(url string) (q *atnats.Queue) {
		js, closeConn, err := connect(url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(closeConn)
		until(t, "there is no leader", func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
			defer cancel()
			q, err = atnats.NewQueue(ctx, js, atnats.WithReplicas(3), atnats.WithMonitor(c.monitors...))
			if err != nil && strings.Contains(err.Error(), "power") {
				t.Fatal(err)
			}
			return err == nil
		})
		return q
	}
	queues := []*atnats.Queue{open(c.urls[0]), open(c.urls[1])}
	if got := queues[1].Durability(); got != inbox.Replicated {
		t.Errorf("three servers outlive %v, want %v", got, inbox.Replicated)
	}
	js, closeConn, err := connect(c.urls[2])
	if err != nil {
		t.Fatal(err)
	}
	defer closeConn()
	if _, err := atnats.NewQueue(t.Context(), js, atnats.WithMonitor(c.monitors[:2]...)); err == nil {
		t.Error("NewQueue without the monitoring endpoint of one server: got no error")
	}

	const events = 150
	var mu sync.Mutex
	handled := map[string]int{}
	for _, q := range queues {
		run(t, q, workers, func(_ context.Context, d inbox.Delivery) error {
			mu.Lock()
			defer mu.Unlock()
			handled[d.Key]++
			return nil
		})
	}
	var senders sync.WaitGroup
	next := make(chan int)
	for i := range 4 {
		senders.Go(func() {
			for event := range next {
				d := newDelivery(fmt.Sprint("event-", event))
				until(t, "Put goes on failing", func() bool {
					ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
					defer cancel()
					_, err := queues[i%2].Put(ctx, d)
					return err == nil
				})
			}
		})
	}
	for i := range events {
		if i == events/3 {
			stream, err := js.Stream(t.Context(), atnats.DefaultStream)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range c.servers {
				if s.Name() == stream.CachedInfo().Cluster.Leader {
					s.Shutdown()
				}
			}
		}
		next <- i
	}
	close(next)
	senders.Wait()
	until(t, "not everything is handled", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(handled) == events
	})
	mu.Lock()
	defer mu.Unlock()
	twice := 0
	for _, n := range handled {
		twice += n - 1
	}
	if twice > 2*workers {
		t.Errorf("%d were handled twice, want at most %d", twice, 2*workers)
	}
	t.Logf("%d events, %d handled, %d twice", events, len(handled), twice)
}
