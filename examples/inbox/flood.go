package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sautigo/africastalking/examples/internal/curl"
)

const (
	// senders is how many callbacks wait for an answer at once.
	senders = 16
	// resendFor is for how long a callback is sent again until it is answered 200.
	resendFor = 2 * time.Minute
	// quiet is how long nothing may be handled before what is left counts as lost. In
	// Postgres the callbacks of a process that died wait for less.
	quiet = time.Minute
)

// callback is one that the flood sends. Its effect is a row in a table; none if the table
// is empty, for then it cannot be decoded and becomes a dead letter.
type callback struct {
	path, body string
	table, id  string
}

// floods returns the callbacks of a flood: most are delivery reports, as after a campaign.
// They are about numbers that nobody has: no country has the code 999.
func floods(n int) []callback {
	run := fmt.Sprintf("flood-%08x", rand.Uint32())
	first := rand.IntN(90_000_000)
	callbacks := make([]callback, n)
	for i := range callbacks {
		id, number := fmt.Sprintf("%s-%d", run, i), fmt.Sprintf("+9997%08d", first+i%10_000_000)
		report := func(status string) callback {
			return callback{"/reports", curl.Form("id", id, "status", status, "phoneNumber", number, "networkCode", "63902"), "reports", id}
		}
		switch {
		case i%500 == 499: // a status is missing
			callbacks[i] = callback{path: "/reports", body: curl.Form("id", id, "phoneNumber", number)}
		case i%20 == 5:
			callbacks[i] = callback{"/messages", curl.Form("id", id, "from", number, "to", "21512", "text", "Help"), "messages", id}
		case i%20 == 10:
			callbacks[i] = callback{"/opt-outs", curl.Form("senderId", "21512", "phoneNumber", number), "opt_outs", number}
		case i%10 == 9:
			callbacks[i] = report("Failed")
		default:
			callbacks[i] = report("Success")
		}
	}
	return callbacks
}

// flood posts n callbacks to the URLs that begin with base, so many a second, and each
// again until it is answered 200, as Africa's Talking does. One in twenty it sends once
// more. Then it waits for the effect of each that was answered 200.
func flood(ctx context.Context, tables *tables, base string, n, rate int, stdout io.Writer) error {
	var (
		posting  sync.WaitGroup
		work     = make(chan callback)
		mu       sync.Mutex
		answered []callback
		again    atomic.Int64
		start    = time.Now()
	)
	posts, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	for range senders {
		posting.Go(func() {
			for c := range work {
				if err := post(posts, base, c, &again); err != nil {
					stop(err)
					continue
				}
				mu.Lock()
				answered = append(answered, c)
				mu.Unlock()
				if rand.IntN(20) == 0 {
					again.Add(1)
					_ = post(posts, base, c, &again)
				}
			}
		})
	}
	ticker := time.NewTicker(time.Second / time.Duration(rate))
	defer ticker.Stop()
	for _, c := range floods(n) {
		select {
		case <-ticker.C:
			work <- c
		case <-posts.Done():
		}
	}
	close(work)
	posting.Wait()
	if ctx.Err() != nil {
		return nil // it was interrupted
	}
	if err := context.Cause(posts); err != nil {
		fmt.Fprintf(stdout, "Flood: %v.\n", err)
		return err
	}
	fmt.Fprintf(stdout, "Flood: %d callbacks were answered 200 in %v. %d requests were repeats.\n",
		len(answered), time.Since(start).Round(time.Second), again.Load())
	return audit(ctx, tables, answered, stdout)
}

// post posts a callback until it is answered 200, and counts the repeats.
func post(ctx context.Context, base string, c callback, again *atomic.Int64) error {
	for end := time.Now().Add(resendFor); ; again.Add(1) {
		status, err := postOnce(ctx, base+c.path, c.body)
		switch {
		case status == http.StatusOK:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case status != 0 && status < 500:
			return fmt.Errorf("a callback was answered %d: is -to right?", status)
		case time.Now().After(end):
			return fmt.Errorf("a callback was not answered 200 for %v: status %d, error %w", resendFor, status, err)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

func postOnce(ctx context.Context, url, body string) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// audit looks for the effects of callbacks until it has found all, or nothing has happened
// for a while.
func audit(ctx context.Context, tables *tables, answered []callback, stdout io.Writer) error {
	for last, before := time.Now(), -1; ; {
		var handled, twice, dead int
		for _, c := range answered {
			if c.table == "" {
				dead++
				continue
			}
			n, err := tables.handled(ctx, c)
			if err != nil {
				return err
			}
			handled += min(n, 1)
			twice += max(n-1, 0)
		}
		if handled > before {
			last, before = time.Now(), handled
		}
		lost := len(answered) - dead - handled
		if lost == 0 || time.Since(last) > quiet {
			fmt.Fprintf(stdout, "Of these %d were handled, %d of them again. %d cannot be decoded: dead letters. %d are lost.\n", handled, twice, dead, lost)
			if lost > 0 {
				return fmt.Errorf("%d of %d callbacks that were answered 200 are lost", lost, len(answered))
			}
			return nil
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil
		}
	}
}
