package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sautigo/africastalking/webhook"
)

// counters counts callbacks. Kinds and statuses are few, so the memory is bounded
// whatever is posted.
type counters struct {
	mu        sync.Mutex
	callbacks map[outcome]total
}

type outcome struct {
	kind   string
	status int
	// failed tells a USSD session that ended with an apology, say, from one
	// that went well: both are answered 200.
	failed bool
}

// String returns the labels of the outcome's counters.
func (o outcome) String() string {
	return fmt.Sprintf(`kind="%s",status="%d",failed="%t"`, o.kind, o.status, o.failed)
}

type total struct {
	count    int
	duration time.Duration
}

// observe is for webhook.WithObserver.
func (c *counters) observe(_ context.Context, o webhook.Observation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := outcome{o.Kind, o.Status, o.Err != nil}
	t := c.callbacks[key]
	c.callbacks[key] = total{t.count + 1, t.duration + o.Duration}
}

// ServeHTTP writes the counters in the text format of Prometheus.
func (c *counters) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	callbacks := maps.Clone(c.callbacks)
	c.mu.Unlock()
	outcomes := slices.SortedFunc(maps.Keys(callbacks), func(a, b outcome) int {
		return strings.Compare(a.String(), b.String())
	})
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	fmt.Fprintln(w, "# TYPE callbacks_total counter")
	for _, o := range outcomes {
		fmt.Fprintf(w, "callbacks_total{%s} %d\n", o, callbacks[o].count)
	}
	fmt.Fprintln(w, "# TYPE callbacks_seconds_total counter")
	for _, o := range outcomes {
		fmt.Fprintf(w, "callbacks_seconds_total{%s} %g\n", o, callbacks[o].duration.Seconds())
	}
}
