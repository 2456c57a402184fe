package atredis_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sautigo/africastalking/engines/atredis"
)

func TestNewLooksAtEviction(t *testing.T) {
	t.Parallel()
	noConfig := []string{"--rename-command", "CONFIG", ""}
	noInfo := []string{"--rename-command", "INFO", ""}
	for _, test := range []struct {
		name string
		args [][]string
		opts []atredis.Option
		err  string // "" means none
	}{
		{name: "default"},
		{name: "limit, noeviction", args: [][]string{{"--maxmemory", "100mb"}}},
		{name: "policy without limit", args: [][]string{{"--maxmemory-policy", "allkeys-lru"}}},
		{name: "allkeys-lru", args: [][]string{{"--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"}}, err: "is allkeys-lru"},
		{name: "allkeys-random", args: [][]string{{"--maxmemory", "100mb", "--maxmemory-policy", "allkeys-random"}}, err: "is allkeys-random"},
		{name: "volatile-lfu", args: [][]string{{"--maxmemory", "100mb", "--maxmemory-policy", "volatile-lfu"}}, err: "is volatile-lfu"},
		{name: "volatile-ttl", args: [][]string{{"--maxmemory", "100mb", "--maxmemory-policy", "volatile-ttl"}}, err: "is volatile-ttl"},
		{
			name: "volatile-ttl is not allowed by name",
			args: [][]string{{"--maxmemory", "100mb", "--maxmemory-policy", "volatile-ttl"}},
			opts: []atredis.Option{atredis.WithUncheckedEviction(true)}, err: "is volatile-ttl",
		},
		{name: "no CONFIG", args: [][]string{noConfig}},
		{name: "no CONFIG, limit, noeviction", args: [][]string{noConfig, {"--maxmemory", "100mb"}}},
		{name: "no CONFIG, policy without limit", args: [][]string{noConfig, {"--maxmemory-policy", "volatile-lru"}}},
		{name: "no CONFIG, volatile-lru", args: [][]string{noConfig, {"--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru"}}, err: "is volatile-lru"},
		{name: "no INFO", args: [][]string{noInfo}},
		{name: "no INFO, allkeys-lfu", args: [][]string{noInfo, {"--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lfu"}}, err: "is allkeys-lfu"},
		{name: "neither", args: [][]string{noConfig, noInfo}, err: "see WithUncheckedEviction"},
		{name: "neither, false", args: [][]string{noConfig, noInfo}, opts: []atredis.Option{atredis.WithUncheckedEviction(false)}, err: "see WithUncheckedEviction"},
		{name: "neither, allowed", args: [][]string{noConfig, noInfo}, opts: []atredis.Option{atredis.WithUncheckedEviction(true)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var args []string
			for _, a := range test.args {
				args = append(args, a...)
			}
			client := startServer(t, args...).connect(t)
			store, err := atredis.New(t.Context(), client, test.opts...)
			if test.err == "" {
				if err != nil {
					t.Fatalf("New: %v", err)
				}
				if _, err := store.Save(t.Context(), "key", nil, 0, time.Minute); err != nil {
					t.Error(err)
				}
				return
			}
			if store != nil || err == nil || !strings.HasPrefix(err.Error(), "atredis: ") || !strings.Contains(err.Error(), test.err) {
				t.Errorf("New: got error %v, want one that contains %q", err, test.err)
			}
		})
	}
}

// A user that may run neither command, on a server that knows both.
func TestNewForbidden(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
	admin := s.connect(t)
	for user, rules := range map[string][]string{
		"app":   {"on", ">secret", "~*", "+@all", "-config"},
		"plain": {"on", ">secret", "~*", "+@all", "-config", "-info"},
	} {
		if err := admin.Do(t.Context(), "ACL", "SETUSER", user, rules[0], rules[1], rules[2], rules[3], rules[4], rules[len(rules)-1]).Err(); err != nil {
			t.Fatal(err)
		}
		client := redis.NewClient(&redis.Options{Addr: s.addr, Username: user, Password: "secret"})
		defer client.Close()
		want := map[string]string{"app": "is allkeys-lru", "plain": "see WithUncheckedEviction"}[user]
		if _, err := atredis.New(t.Context(), client); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("user %s: got error %v, want one that contains %q", user, err, want)
		}
	}
	// A wrong password is not taken for a server that does not say.
	client := redis.NewClient(&redis.Options{Addr: s.addr, Username: "app", Password: "wrong"})
	defer client.Close()
	if _, err := atredis.New(t.Context(), client, atredis.WithUncheckedEviction(true)); err == nil || !strings.Contains(err.Error(), "WRONGPASS") {
		t.Errorf("wrong password: got error %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	if store, err := atredis.New(t.Context(), nil); store != nil || err == nil {
		t.Errorf("New without a client: got error %v", err)
	}
	ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": startServer(t).addr}})
	defer ring.Close()
	if _, err := atredis.New(t.Context(), ring); err == nil || !strings.Contains(err.Error(), "Ring") {
		t.Errorf("New with a Ring: got error %v", err)
	}
	// A server that is gone is an error, in time.
	gone := redis.NewClient(&redis.Options{Addr: freeAddr(t), ContextTimeoutEnabled: true})
	defer gone.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := atredis.New(ctx, gone, atredis.WithUncheckedEviction(true))
	var op *net.OpError
	if !errors.As(err, &op) && !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
		t.Errorf("New without a server: got error %v after %v", err, time.Since(began))
	}
}

// Every master of a cluster is asked.
func TestNewAsksAllMasters(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var addrs []string
	var nodes []*redis.Client
	for i := range 2 {
		args := []string{"--cluster-enabled", "yes"}
		if i == 1 {
			args = append(args, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
		}
		s := startServer(t, args...)
		addrs, nodes = append(addrs, s.addr), append(nodes, s.connect(t))
	}
	for i, n := range nodes {
		if err := n.ClusterAddSlotsRange(ctx, i*8192, i*8192+8191).Err(); err != nil {
			t.Fatal(err)
		}
	}
	// The nodes' own clients know each other without the cluster bus: the test says
	// which slots are where.
	slots := func(context.Context) ([]redis.ClusterSlot, error) {
		return []redis.ClusterSlot{
			{Start: 0, End: 8191, Nodes: []redis.ClusterNode{{Addr: addrs[0]}}},
			{Start: 8192, End: 16383, Nodes: []redis.ClusterNode{{Addr: addrs[1]}}},
		}, nil
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{ClusterSlots: slots, ContextTimeoutEnabled: true})
	defer client.Close()
	if _, err := atredis.New(ctx, client); err == nil || !strings.Contains(err.Error(), "is allkeys-lru") {
		t.Errorf("New over a cluster with one bad master: got error %v", err)
	}
	if err := nodes[1].ConfigSet(ctx, "maxmemory-policy", "noeviction").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := atredis.New(ctx, client); err != nil {
		t.Error(fmt.Errorf("New over a cluster of good masters: %w", err))
	}
}
