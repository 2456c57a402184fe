package atredis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

var errUnchecked = errors.New("the server says neither by CONFIG GET nor by INFO whether it drops records when memory runs out (maxmemory-policy); if it does not, see WithUncheckedEviction")

// checkEviction returns an error if records could go before their time, or if the
// server does not say.
func (s *Store) checkEviction(ctx context.Context) error {
	switch c := s.client.(type) {
	case *redis.Ring:
		return errors.New("a Ring moves keys to other servers when one is down, and their records stay behind: use a cluster")
	case *redis.ClusterClient:
		return c.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error { return s.checkServer(ctx, c) })
	}
	return s.checkServer(ctx, s.client)
}

func (s *Store) checkServer(ctx context.Context, c redis.Cmdable) error {
	config, err := c.ConfigGet(ctx, "maxmemory*").Result()
	policy, limit := config["maxmemory-policy"], config["maxmemory"]
	if policy == "" && (err == nil || isRefusal(err)) {
		var text string
		text, err = c.Info(ctx, "memory").Result()
		info := parseInfo(text)
		policy, limit = info["maxmemory_policy"], info["maxmemory"]
	}
	switch {
	case err != nil && !isRefusal(err):
		return fmt.Errorf("asking the server what it does when memory runs out: %w", err)
	case policy == "" && !s.unchecked:
		return errUnchecked
	case policy == "", policy == "noeviction", limit == "0":
		return nil
	}
	return fmt.Errorf("the server drops records when memory runs out: its maxmemory-policy is %s, and must be noeviction", policy)
}

// isRefusal reports whether the server knows a command not at all, as managed servers
// often do not know CONFIG, or does not let this user run it.
func isRefusal(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply) && (strings.HasPrefix(reply.Error(), "ERR ") || strings.HasPrefix(reply.Error(), "NOPERM "))
}

// parseInfo reads the lines "name:value" of INFO.
func parseInfo(text string) map[string]string {
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	return info
}
