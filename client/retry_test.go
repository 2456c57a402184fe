package client_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sautigo/africastalking/client"
)

var errDial = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}

// step answers one request of a scripted gateway.
type step func(r *http.Request, asked []string) (*http.Response, error)

func fails(err error) step {
	return func(*http.Request, []string) (*http.Response, error) { return nil, err }
}

func status(code int, retryAfter string) step {
	return func(*http.Request, []string) (*http.Response, error) {
		resp := response(code, "text/plain", "later")
		if retryAfter != "" {
			resp.Header.Set("Retry-After", retryAfter)
		}
		return resp, nil
	}
}

// codes answers with a code for each number asked for.
func codes(codes ...int) step {
	return func(_ *http.Request, asked []string) (*http.Response, error) {
		var entries []string
		for i, n := range asked {
			entries = append(entries, entry(n, codes[i]))
		}
		return created(replyBody("Sent", entries...)), nil
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	cut := func(r *http.Request, _ []string) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }
	row := func(number string, o client.Outcome, code int) client.Recipient {
		return client.Recipient{Number: number, Outcome: o, StatusCode: code, Status: "No", CostText: "0"}
	}
	one, two := []string{number1}, []string{number1, number2}
	tests := []struct {
		name    string
		retries int
		steps   []step
		to      []string
		want    []client.Recipient
		asked   [][]string
		kinds   []error
		// min and max bound the time the pauses take.
		min, max time.Duration
	}{
		{"none by default", 0, []step{fails(errDial)}, one,
			recipients(client.NotSent, number1), [][]string{nil}, []error{client.ErrNotSent}, 0, 0},
		{"connection", 3, []step{fails(errDial), fails(errDial), codes(101)}, one,
			[]client.Recipient{accepted(number1)}, [][]string{nil, nil, one}, nil, 750 * time.Millisecond, 1500 * time.Millisecond},
		{"used up", 2, []step{fails(errDial), fails(errDial), fails(errDial)}, one,
			recipients(client.NotSent, number1), [][]string{nil, nil, nil}, []error{client.ErrNotSent}, 750 * time.Millisecond, 1500 * time.Millisecond},
		{"429", 1, []step{status(429, ""), codes(102)}, one,
			[]client.Recipient{with(accepted(number1), 102)}, [][]string{one, one}, nil, 250 * time.Millisecond, 500 * time.Millisecond},
		{"429 with seconds", 1, []step{status(429, "7"), codes(101)}, one,
			[]client.Recipient{accepted(number1)}, [][]string{one, one}, nil, 7 * time.Second, 7 * time.Second},
		{"503 with a date", 1, []step{status(503, "Sat, 01 Jan 2000 00:00:40 GMT"), codes(101)}, one,
			[]client.Recipient{accepted(number1)}, [][]string{one, one}, nil, 40 * time.Second, 40 * time.Second},
		{"429 for too long", 3, []step{status(429, "61")}, one,
			recipients(client.Transient, number1), [][]string{one}, []error{client.ErrTransient}, 0, 0},
		{"429 for very long", 3, []step{status(429, "99999999999999999999")}, one,
			recipients(client.Transient, number1), [][]string{one}, []error{client.ErrTransient}, 0, 0},
		{"503 until the end of time", 3, []step{status(503, "Fri, 31 Dec 9999 23:59:59 GMT")}, one,
			recipients(client.Transient, number1), [][]string{one}, []error{client.ErrTransient}, 0, 0},
		{"429 unreadable", 3, []step{status(429, "soon")}, one,
			recipients(client.Transient, number1), [][]string{one}, []error{client.ErrTransient}, 0, 0},
		{"429 negative", 3, []step{status(429, "-1")}, one,
			recipients(client.Transient, number1), [][]string{one}, []error{client.ErrTransient}, 0, 0},
		{"503 unreadable", 3, []step{status(503, "1.5")}, one,
			recipients(client.OutcomeUnknown, number1), [][]string{one}, []error{client.ErrOutcomeUnknown}, 0, 0},
		{"503 with zero", 1, []step{status(503, "0"), codes(101)}, one,
			[]client.Recipient{accepted(number1)}, [][]string{one, one}, nil, 250 * time.Millisecond, 500 * time.Millisecond},
		{"503 with a past date", 1, []step{status(503, "Wed, 21 Oct 1998 07:28:00 GMT"), codes(101)}, one,
			[]client.Recipient{accepted(number1)}, [][]string{one, one}, nil, 250 * time.Millisecond, 500 * time.Millisecond},
		{"503 without a time", 3, []step{status(503, "")}, one,
			recipients(client.OutcomeUnknown, number1), [][]string{one}, []error{client.ErrOutcomeUnknown}, 0, 0},
		{"500", 3, []step{status(500, "1")}, one,
			recipients(client.OutcomeUnknown, number1), [][]string{one}, []error{client.ErrOutcomeUnknown}, 0, 0},
		{"401", 3, []step{status(401, "1")}, one,
			recipients(client.Refused, number1), [][]string{one}, []error{client.ErrRefused, client.ErrAuthentication}, 0, 0},
		{"connection cut", 3, []step{cut}, one,
			recipients(client.OutcomeUnknown, number1), [][]string{one}, []error{client.ErrOutcomeUnknown}, 0, 0},
		{"only the transient ones", 2, []step{codes(101, 500), codes(501), codes(101)}, two,
			[]client.Recipient{accepted(number1), accepted(number2)}, [][]string{two, two[1:], two[1:]}, nil, 750 * time.Millisecond, 1500 * time.Millisecond},
		{"transient to the end", 1, []step{codes(403, 500), codes(501)}, two,
			[]client.Recipient{row(number1, client.Refused, 403), row(number2, client.Transient, 501)}, [][]string{two, two[1:]},
			[]error{client.ErrRefused, client.ErrTransient}, 250 * time.Millisecond, 500 * time.Millisecond},
		{"not the ambiguous one", 3, []step{codes(502)}, one,
			[]client.Recipient{row(number1, client.Refused, 502)}, [][]string{one}, []error{client.ErrRefused}, 0, 0},
		{"cut when sent again", 3, []step{codes(101, 500), cut}, two,
			[]client.Recipient{accepted(number1), {Number: number2}}, [][]string{two, two[1:]},
			[]error{client.ErrOutcomeUnknown}, 250 * time.Millisecond, 500 * time.Millisecond},
		{"no connection when sent again", 1, []step{codes(101, 500), fails(errDial)}, two,
			[]client.Recipient{accepted(number1), row(number2, client.Transient, 500)}, [][]string{two, nil},
			[]error{client.ErrNotSent, client.ErrTransient}, 250 * time.Millisecond, 500 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var asked [][]string
				c := through(func(r *http.Request) (*http.Response, error) {
					n := len(asked)
					if n == len(tt.steps) {
						t.Fatalf("request %d was not expected", n+1)
					}
					// A request that fails to connect is never read.
					var to []string
					if tt.asked[n] != nil {
						to = askedNumbers(t, r)
					}
					asked = append(asked, to)
					return tt.steps[n](r, to)
				}, client.WithRetries(tt.retries))
				start := time.Now()
				got, err := c.Send(context.Background(), message(tt.to...))
				diff(t, "recipients", got.Recipients, tt.want)
				diff(t, "requests", asked, tt.asked)
				checkKinds(t, err, tt.kinds...)
				if took := time.Since(start); took < tt.min || took > tt.max {
					t.Errorf("pauses took %v, want %v to %v", took, tt.min, tt.max)
				}
			})
		})
	}
}

func with(r client.Recipient, code int) client.Recipient {
	r.StatusCode = code
	return r
}

// Pauses double from half a second to half a minute, and half of each is random:
// of many clients, some wait almost the least and some almost the most.
func TestRetryPausesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const clients, retries = 200, 12
		var pauses [retries][]time.Duration
		for range clients {
			var last time.Time
			n := 0
			c := through(func(*http.Request) (*http.Response, error) {
				if n > 0 {
					pauses[n-1] = append(pauses[n-1], time.Since(last))
				}
				n, last = n+1, time.Now()
				return nil, errDial
			}, client.WithRetries(retries))
			_, err := c.Send(context.Background(), message(number1))
			checkKinds(t, err, client.ErrNotSent)
		}
		for i, took := range pauses {
			most := min(500*time.Millisecond<<i, 30*time.Second)
			shortest, longest := slices.Min(took), slices.Max(took)
			if len(took) != clients || shortest < most/2 || shortest > most*6/10 || longest > most || longest < most*9/10 {
				t.Errorf("%d pauses before attempt %d took %v to %v, want %v to %v", len(took), i+2, shortest, longest, most/2, most)
			}
		}
	})
}

// However many retries, a pause stays half a minute.
func TestManyRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls, start := 0, time.Now()
		c := through(func(*http.Request) (*http.Response, error) {
			calls++
			return nil, errDial
		}, client.WithRetries(100))
		_, err := c.Send(context.Background(), message(number1))
		checkKinds(t, err, client.ErrNotSent)
		if took := time.Since(start); calls != 101 || took > 100*30*time.Second {
			t.Errorf("%d requests in %v, want 101 in less than 50m", calls, took)
		}
	})
}

func TestRetryHeedsContext(t *testing.T) {
	t.Parallel()
	t.Run("canceled in a pause", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			calls := 0
			c := through(func(*http.Request) (*http.Response, error) {
				calls++
				time.AfterFunc(time.Millisecond, cancel)
				return nil, errDial
			}, client.WithRetries(5), client.WithChunkSize(1))
			start := time.Now()
			got, err := c.Send(ctx, message(number1, number2))
			diff(t, "recipients", got.Recipients, recipients(client.NotSent, number1, number2))
			checkKinds(t, err, client.ErrNotSent)
			if took := time.Since(start); took != time.Millisecond || calls != 1 {
				t.Errorf("took %v and %d requests, want 1ms and 1", took, calls)
			}
		})
	})
	t.Run("deadline before the pause ends", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			var asked []string
			c := through(func(r *http.Request) (*http.Response, error) {
				asked = append(asked, askedNumbers(t, r)...)
				return status(429, "20")(r, nil)
			}, client.WithRetries(5))
			start := time.Now()
			got, err := c.Send(ctx, message(number1))
			diff(t, "recipients", got.Recipients, recipients(client.Transient, number1))
			checkKinds(t, err, client.ErrTransient)
			if took := time.Since(start); took != 0 || !slices.Equal(asked, []string{number1}) {
				t.Errorf("took %v and asked for %v", took, asked)
			}
		})
	})
}
