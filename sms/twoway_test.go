package sms_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/client/clienttest"
	"github.com/sautigo/africastalking/internal/callbacktest"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/webhook"
)

const (
	sender    = "+254711000001"
	replyText = "Thank you, we have got it."
)

// twoWay is an app that replies to each message, with an account in memory.
type twoWay struct {
	http.Handler
	at   *clienttest.Server
	runs atomic.Int64 // of the function
	log  bytes.Buffer
}

// newTwoWay must be called in a bubble of synctest.
func newTwoWay(t *testing.T, store state.Store, options ...client.Option) *twoWay {
	a := &twoWay{at: clienttest.NewServer(t, clienttest.WithInMemory(true))}
	a.Handler = a.machine(store, options...)
	return a
}

// machine returns the handler of one of the machines that serve the app.
func (a *twoWay) machine(store state.Store, options ...client.Option) http.Handler {
	return sms.TwoWayHandler(a.at.Client(options...), store, func(context.Context, sms.IncomingMessage) (string, error) {
		a.runs.Add(1)
		return replyText, nil
	}, callbacktest.LogTo(&a.log))
}

// message is a callback with a message from a number.
func message(id, from string) *http.Request {
	return callbacktest.Post("/", callbacktest.FormType, "id="+id+"&from="+strings.ReplaceAll(from, "+", "%2B")+"&to=21512&text=My+PIN+is+4321")
}

func deliver(h http.Handler, r *http.Request) string {
	a := callbacktest.Do(h, r)
	return fmt.Sprint(a.Status, " ", strings.TrimSpace(a.Body))
}

const (
	taken = "200 GOOD"
	again = "500 Internal Server Error"
)

// TestTwoWayReplies has every answer that Africa's Talking was seen to give, and some
// more, to the first attempt to send; what comes after it is accepted.
func TestTwoWayReplies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		reply    clienttest.Reply
		first    string
		attempts int // in three deliveries
		sent     int
	}{
		{clienttest.Accept, taken, 1, 1},
		// Refused for good.
		{clienttest.InvalidSenderID, taken, 1, 0},
		{clienttest.DoNotDisturb, taken, 1, 0},
		{clienttest.NoStatusCode, taken, 1, 0},
		{clienttest.PartialRefusal, taken, 1, 0},
		// The outcome is not known; the message is on its way.
		{clienttest.HTML502, taken, 1, 1},
		{clienttest.XMLBody, taken, 1, 1},
		{clienttest.CutJSON, taken, 1, 1},
		{clienttest.Hang, taken, 1, 1},
		{clienttest.Empty, taken, 1, 1},
		{clienttest.Silent503, taken, 1, 1},
		// Surely not sent, and worth another attempt.
		{clienttest.TooManyRequests, again, 2, 1},
		{clienttest.Unavailable, again, 2, 1},
		{clienttest.Unauthorized, again, 2, 1},
		{clienttest.Redirect, again, 2, 1},
		{clienttest.None, again, 2, 1}, // no balance
	} {
		t.Run(string(tt.reply), func(t *testing.T) {
			t.Parallel()
			t.Run("InSequence", func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					a := newTwoWay(t, new(state.Memory))
					a.at.Next(tt.reply)
					var got []string
					for range 3 {
						got = append(got, deliver(a, message("1", sender)))
						time.Sleep(10 * time.Minute)
					}
					if diff := cmp.Diff([]string{tt.first, taken, taken}, got); diff != "" {
						t.Errorf("answers (-want +got):\n%s", diff)
					}
					a.check(t, tt.attempts, tt.sent)
				})
			})
			t.Run("AtOnce", func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					a := newTwoWay(t, new(state.Memory))
					a.at.Next(tt.reply)
					got := make([]string, 2)
					var wg sync.WaitGroup
					for i := range got {
						wg.Go(func() { got[i] = deliver(a, message("1", sender)) })
					}
					wg.Wait()
					// The copy that waited makes the second attempt.
					slices.Sort(got)
					if diff := cmp.Diff([]string{taken, tt.first}, got); diff != "" {
						t.Errorf("answers (-want +got):\n%s", diff)
					}
					a.check(t, tt.attempts, tt.sent)
				})
			})
		})
	}
	if n := len(clienttest.Breaks()); n != 12 {
		t.Errorf("clienttest has %d replies that break clients, the table has 12", n)
	}
}

// check checks how often the app tried to send and has sent, and that its function
// ran once and nothing private was logged.
func (a *twoWay) check(t *testing.T, attempts, sent int) {
	t.Helper()
	if got, want := [3]int{len(a.at.Requests()), len(a.at.Sent()), int(a.runs.Load())}, [3]int{attempts, sent, 1}; got != want {
		t.Errorf("attempts, messages sent, runs of the function: %v, want %v", got, want)
	}
	for _, private := range []string{"711000001", "4321", replyText, clienttest.APIKey} {
		if strings.Contains(a.log.String(), private) {
			t.Errorf("the log holds %q:\n%s", private, &a.log)
		}
	}
}

// TestTwoWayRecipientRefused has every code of a recipient, also one that nobody knows.
func TestTwoWayRecipientRefused(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{
		client.StatusRiskHold:              taken,
		client.StatusInvalidSenderID:       taken,
		client.StatusInvalidPhoneNumber:    taken,
		client.StatusUnsupportedNumberType: taken,
		client.StatusInsufficientBalance:   again,
		client.StatusUserInBlacklist:       taken,
		client.StatusCouldNotRoute:         taken,
		client.StatusDoNotDisturb:          taken,
		client.StatusInternalServerError:   again,
		client.StatusGatewayError:          again,
		client.StatusRejectedByGateway:     taken,
		499:                                taken,
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newTwoWay(t, new(state.Memory))
				a.at.Refuse(code, sender)
				first := deliver(a, message("1", sender))
				a.at.Refuse(0, sender)
				got := []string{first, deliver(a, message("1", sender)), deliver(a, message("1", sender))}
				if diff := cmp.Diff([]string{want, taken, taken}, got); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
				if want == again {
					a.check(t, 2, 1)
				} else {
					a.check(t, 1, 0)
					if !strings.Contains(a.log.String(), "sms: reply given up: client: ") {
						t.Errorf("the log does not say that the reply was given up:\n%s", &a.log)
					}
				}
			})
		})
	}
}

// TestTwoWayHTTPRefused has answers outside 2xx that refuse the request as a whole.
func TestTwoWayHTTPRefused(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{302: again, 400: again, 403: again, 404: again, 407: again, 429: again, 408: taken, 500: taken, 504: taken} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newTwoWay(t, new(state.Memory))
				a.at.NextHTTP(status, "text/html", "<html></html>")
				got := []string{deliver(a, message("1", sender)), deliver(a, message("1", sender)), deliver(a, message("1", sender))}
				if diff := cmp.Diff([]string{want, taken, taken}, got); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
				if want == again {
					a.check(t, 2, 1)
				} else {
					a.check(t, 1, 0)
				}
			})
		})
	}
}

func TestTwoWayMessage(t *testing.T) {
	t.Parallel()
	ordinary := client.Message{To: []string{sender}, From: "21512", Text: replyText}
	premium := ordinary
	premium.LinkID = "0309"
	for linkID, want := range map[string]client.Message{"": ordinary, "0": ordinary, "None": ordinary, "0309": premium} {
		synctest.Test(t, func(t *testing.T) {
			a := newTwoWay(t, new(state.Memory))
			body := "id=1&from=%2B254711000001&to=21512&text=NEWS&linkId=" + linkID
			if got := deliver(a, callbacktest.Post("/", callbacktest.FormType, body)); got != taken {
				t.Errorf("answered %s", got)
			}
			if diff := cmp.Diff([]client.Message{want}, a.at.Sent()); diff != "" {
				t.Errorf("link ID %q: sent (-want +got):\n%s", linkID, diff)
			}
		})
	}
}

// Each case is what the function does at its first, second and further runs.
func TestTwoWayFunction(t *testing.T) {
	t.Parallel()
	failure := errors.New("the database is away")
	type result struct {
		text string
		err  error
	}
	for _, tt := range []struct {
		name    string
		results []result
		want    []string
		runs    int
		sent    []string
	}{
		{"no reply", []result{{"", nil}}, []string{taken, taken, taken}, 1, nil},
		{"blank reply", []result{{" \r\n\t\u00a0", nil}}, []string{taken, taken, taken}, 1, nil},
		{"error", []result{{"", failure}, {"second", nil}}, []string{again, taken, taken}, 2, []string{"second"}},
		{"error beside a reply", []result{{"first", failure}, {"second", nil}}, []string{again, taken, taken}, 2, []string{"second"}},
		{"errors", []result{{"", failure}, {"", failure}, {"", failure}}, []string{again, again, again}, 3, nil},
		{"panic", []result{{"panic", nil}, {"second", nil}}, []string{again, taken, taken}, 2, []string{"second"}},
		{"own doubt", []result{{"", state.ErrInDoubt}, {"second", nil}}, []string{again, taken, taken}, 2, []string{"second"}},
		{"own version", []result{{"", state.ErrVersion}, {"second", nil}}, []string{again, taken, taken}, 2, []string{"second"}},
		{"error of a client", []result{{"", client.ErrInvalid}, {"second", nil}}, []string{again, taken, taken}, 2, []string{"second"}},
		{"late", []result{{"", context.DeadlineExceeded}, {"second", nil}}, []string{"503 Service Unavailable", taken, taken}, 2, []string{"second"}},
		{"chosen status", []result{{"", &webhook.Error{Status: 409, Err: failure}}, {"second", nil}}, []string{"409 Conflict", taken, taken}, 2, []string{"second"}},
		{"taken with an error", []result{{"", &webhook.Error{Status: 200, Err: failure}}}, []string{taken}, 1, nil},
		{"not UTF-8", []result{{"\xff", nil}, {"second", nil}}, []string{taken, taken, taken}, 1, nil},
		{"UTF-8", []result{{"<’😀>\u2028", nil}}, []string{taken, taken}, 1, []string{"<’😀>\u2028"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				at := clienttest.NewServer(t, clienttest.WithInMemory(true))
				runs := 0
				h := sms.TwoWayHandler(at.Client(), new(state.Memory), func(context.Context, sms.IncomingMessage) (string, error) {
					r := tt.results[min(runs, len(tt.results)-1)]
					if runs++; r.text == "panic" {
						panic(failure)
					}
					return r.text, r.err
				}, callbacktest.Quiet())
				var got, sent []string
				for range tt.want {
					got = append(got, deliver(h, message("1", sender)))
				}
				for _, m := range at.Sent() {
					sent = append(sent, m.Text)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(tt.sent, sent); diff != "" || runs != tt.runs {
					t.Errorf("%d runs, want %d; sent (-want +got):\n%s", runs, tt.runs, diff)
				}
			})
		})
	}
}

// A function that ends its goroutine leaves open what it did.
func TestTwoWayGoexit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at := clienttest.NewServer(t, clienttest.WithInMemory(true))
		runs := 0
		h := sms.TwoWayHandler(at.Client(), new(state.Memory), func(context.Context, sms.IncomingMessage) (string, error) {
			if runs++; runs == 1 {
				runtime.Goexit()
			}
			return replyText, nil
		}, callbacktest.Quiet())
		var wg sync.WaitGroup
		wg.Go(func() { deliver(h, message("1", sender)) })
		wg.Wait()
		if got := deliver(h, message("1", sender)); got != taken || runs != 1 || len(at.Requests()) != 0 {
			t.Errorf("answered %s after %d runs and %d attempts", got, runs, len(at.Requests()))
		}
	})
}

func TestTwoWaySenders(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from, to string
		tries    bool
	}{
		{"+254711000001", "21512", true},
		{"+254711000001", "+254711000942", true},
		{"+254711000001", "SAUTI", true},
		{"+254711021512", "21512", true}, // ends like the code
		{"+22012345678", "12345678", false},
		{"+2207654321", "21512", true},
		{"254711000001", "21512", true}, // refused for want of the plus
		{"MTN", "21512", false},
		{"AFRICASTKNG", "21512", false},
		{"GEZ2024000001", "21512", false},
		{"144", "21512", false},
		{"40404", "21512", false},
		{"+40404", "21512", false},
		{"0040404", "21512", false},
		{"1234567", "21512", false},
		{"21512", "21512", false},
		{"+21512", "21512", false},
		{"+254711000942", "+254711000942", false},
		{"+254711000942", "254711000942", false},
		{"+254711000942", "00254711000942", false},
		{"+254711000942", "0711000942", false},
		{"+254711000942", "+254 711 000-942", false},
		{"254711000942", "+254711000942", false},
		{"0711000942", "+254711000942", false},
		{"٢٥٤٧١١٠٠٠٠٠١", "21512", false},
		{"unknown", "21512", false},
		{"+254711000001,+254711000002", "21512", false},
	} {
		t.Run(tt.from+" to "+tt.to, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newTwoWay(t, new(state.Memory))
				body := strings.NewReplacer("+", "%2B", " ", "+").Replace("id=1&text=Hi&from=" + tt.from + "&to=" + tt.to)
				for range 2 {
					if got := deliver(a, callbacktest.Post("/", callbacktest.FormType, body)); got != taken {
						t.Errorf("answered %s", got)
					}
				}
				if got := len(a.at.Requests()) == 1; got != tt.tries || a.runs.Load() != 1 {
					t.Errorf("%d attempts to reply after %d runs, want an attempt: %v", len(a.at.Requests()), a.runs.Load(), tt.tries)
				}
				if len(a.at.Sent()) == 0 && !strings.Contains(a.log.String(), "reply given up") {
					t.Errorf("the log does not say why there is no reply:\n%s", &a.log)
				}
			})
		})
	}
}

// Messages are told apart by their IDs alone.
func TestTwoWayIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newTwoWay(t, new(state.Memory))
		for _, id := range []string{"1", "2", "1", "/sent/1", "1/2", "2", strings.Repeat("x", 10_000), "1"} {
			if got := deliver(a, message(id, sender)); got != taken {
				t.Errorf("%.20s is answered %s", id, got)
			}
		}
		if got := [2]int{len(a.at.Sent()), int(a.runs.Load())}; got != [2]int{5, 5} {
			t.Errorf("%v messages sent and runs, want 5 of each", got)
		}
	})
}

func TestTwoWayIncomplete(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newTwoWay(t, new(state.Memory))
		for _, body := range []string{"from=%2B254711000001&to=21512&text=Hi", "id=0&from=%2B254711000001&to=21512", "id=1&to=21512"} {
			if got := deliver(a, callbacktest.Post("/", callbacktest.FormType, body)); got != "400 BAD" {
				t.Errorf("%s is answered %s", body, got)
			}
		}
		if a.runs.Load() != 0 || len(a.at.Requests()) != 0 {
			t.Error("an incomplete message was handled")
		}
	})
}

// unreachable is a network that does not let a request out until it is up.
type unreachable struct{ down atomic.Bool }

func (u *unreachable) through(at *clienttest.Server) client.Option {
	return client.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if u.down.Load() {
			return nil, errors.New("no route to " + sender)
		}
		return at.Transport().RoundTrip(r)
	})})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTwoWayNoNetwork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var network unreachable
		network.down.Store(true)
		a := newTwoWay(t, new(state.Memory))
		a.Handler = a.machine(new(state.Memory), network.through(a.at))
		got := []string{deliver(a, message("1", sender)), deliver(a, message("1", sender))}
		network.down.Store(false)
		got = append(got, deliver(a, message("1", sender)), deliver(a, message("1", sender)))
		if diff := cmp.Diff([]string{again, again, taken, taken}, got); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		a.check(t, 1, 1)
	})
}

// The sender of the callback hangs up while the function runs, and while the reply is
// on its way.
func TestTwoWayHangUp(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"function", "sending"} {
		synctest.Test(t, func(t *testing.T) {
			at := clienttest.NewServer(t, clienttest.WithInMemory(true))
			ctx, hangUp := context.WithCancel(t.Context())
			transport := roundTrip(func(r *http.Request) (*http.Response, error) {
				if where == "sending" {
					hangUp()
				}
				if err := r.Context().Err(); err != nil {
					t.Errorf("the sending has ended: %v", err)
				}
				return at.Transport().RoundTrip(r)
			})
			h := sms.TwoWayHandler(at.Client(client.WithHTTPClient(&http.Client{Transport: transport})), new(state.Memory),
				func(ctx context.Context, _ sms.IncomingMessage) (string, error) {
					if where == "function" {
						hangUp()
					}
					time.Sleep(time.Second)
					return replyText, ctx.Err()
				}, callbacktest.Quiet())
			if deliver(h, message("1", sender).WithContext(ctx)); len(at.Sent()) != 1 {
				t.Errorf("%s: the reply was not sent when the sender had hung up", where)
			}
			if got := deliver(h, message("1", sender)); got != taken || len(at.Requests()) != 1 || len(at.Sent()) != 1 {
				t.Errorf("%s: answered %s, %d attempts, %d messages sent, want one", where, got, len(at.Requests()), len(at.Sent()))
			}
		})
	}
}

// A function that never returns by itself is told to after a minute, and the sending
// has a minute of its own.
func TestTwoWayBound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at := clienttest.NewServer(t, clienttest.WithInMemory(true))
		runs := 0
		h := sms.TwoWayHandler(at.Client(client.WithTimeout(time.Hour)), new(state.Memory), func(ctx context.Context, _ sms.IncomingMessage) (string, error) {
			if runs++; runs == 1 {
				<-ctx.Done()
				return "", ctx.Err()
			}
			time.Sleep(59 * time.Second)
			return replyText, nil
		}, callbacktest.Quiet())
		start := time.Now()
		if got := deliver(h, message("1", sender)); got != "503 Service Unavailable" || time.Since(start) != time.Minute {
			t.Errorf("answered %s after %v, want 503 after a minute", got, time.Since(start))
		}
		at.Next(clienttest.Hang)
		start = time.Now()
		if got, want := deliver(h, message("1", sender)), 59*time.Second+time.Minute; got != taken || time.Since(start) != want {
			t.Errorf("answered %s after %v, want %s after %v", got, time.Since(start), taken, want)
		}
		if n := len(at.Sent()); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}

// A deadline answers the callback, and the reply is sent all the same.
func TestTwoWayDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at := clienttest.NewServer(t, clienttest.WithInMemory(true))
		h := sms.TwoWayHandler(at.Client(), new(state.Memory), func(context.Context, sms.IncomingMessage) (string, error) {
			time.Sleep(5 * time.Second)
			return replyText, nil
		}, callbacktest.Quiet(), webhook.WithTimeout(time.Second))
		if got := deliver(h, message("1", sender)); got != "503 Service Unavailable" {
			t.Errorf("answered %s at the deadline", got)
		}
		time.Sleep(10 * time.Second)
		if got := deliver(h, message("1", sender)); got != taken || len(at.Sent()) != 1 {
			t.Errorf("answered %s; sent %d times", got, len(at.Sent()))
		}
	})
}

// A copy that comes while the first is being handled waits, and is put off if that
// takes too long.
func TestTwoWayCopyWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at := clienttest.NewServer(t, clienttest.WithInMemory(true))
		h := sms.TwoWayHandler(at.Client(), new(state.Memory), func(context.Context, sms.IncomingMessage) (string, error) {
			time.Sleep(80 * time.Second)
			return replyText, nil
		}, callbacktest.Quiet())
		var wg sync.WaitGroup
		wg.Go(func() {
			if got := deliver(h, message("1", sender)); got != taken {
				t.Errorf("the first is answered %s", got)
			}
		})
		synctest.Wait()
		if got := deliver(h, message("1", sender)); got != "503 Service Unavailable" {
			t.Errorf("the copy is answered %s", got)
		}
		wg.Wait()
		if got := deliver(h, message("1", sender)); got != taken || len(at.Sent()) != 1 {
			t.Errorf("a later copy is answered %s; sent %d times", got, len(at.Sent()))
		}
	})
}

// calls is a store whose connection breaks: from the first call that is not allowed
// on it fails, or that call alone does. The call that fails may have arrived.
type calls struct {
	state.Store
	mu      sync.Mutex
	allowed int
	once    bool
	arrives bool
}

var errStore = errors.New("the store is away")

func (c *calls) call(do func() error) error {
	c.mu.Lock()
	c.allowed--
	left := c.allowed
	c.mu.Unlock()
	if left >= 0 || c.once && left < -1 {
		return do()
	}
	if left == -1 && c.arrives {
		_ = do()
	}
	return errStore
}

func (c *calls) Load(ctx context.Context, key string) (data []byte, version uint64, err error) {
	err = c.call(func() (err error) { data, version, err = c.Store.Load(ctx, key); return err })
	if err != nil {
		return nil, 0, err
	}
	return data, version, nil
}

func (c *calls) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (saved uint64, err error) {
	err = c.call(func() (err error) { saved, err = c.Store.Save(ctx, key, data, version, ttl); return err })
	if err != nil {
		return 0, err
	}
	return saved, nil
}

func (c *calls) Delete(ctx context.Context, key string, version uint64) error {
	return c.call(func() error { return c.Store.Delete(ctx, key, version) })
}

// TestTwoWayStoreFails breaks the store at each call of the first delivery, and has
// further deliveries go to another machine, whose store works. It is also what a
// process looks like that dies there.
func TestTwoWayStoreFails(t *testing.T) {
	t.Parallel()
	for _, reply := range []clienttest.Reply{clienttest.Accept, clienttest.TooManyRequests, clienttest.CutJSON, clienttest.InvalidSenderID, clienttest.None} {
		for allowed := range 9 {
			for _, once := range []bool{false, true} {
				for _, arrives := range []bool{false, true} {
					t.Run(fmt.Sprint(reply, allowed, once, arrives), func(t *testing.T) {
						t.Parallel()
						synctest.Test(t, func(t *testing.T) {
							memory := new(state.Memory)
							a := newTwoWay(t, memory)
							a.at.Next(reply)
							broken := a.machine(&calls{Store: memory, allowed: allowed, once: once, arrives: arrives})
							first := deliver(broken, message("1", sender))
							attempted := len(a.at.Requests()) > 0
							if first != taken && first != again || first == again && attempted && reply != clienttest.TooManyRequests && reply != clienttest.None {
								t.Errorf("answered %s after an attempt to send: %v", first, attempted)
							}
							if allowed == 0 && (first != again || attempted) {
								t.Errorf("without a store answered %s; attempted to send: %v", first, attempted)
							}
							for range 3 {
								time.Sleep(10 * time.Minute)
								if got := deliver(a, message("1", sender)); got != taken && got != again {
									t.Errorf("another delivery is answered %s", got)
								}
							}
							if got := deliver(a, message("1", sender)); got != taken {
								t.Errorf("the last delivery is answered %s", got)
							}
							if n := len(a.at.Sent()); n > 1 {
								t.Errorf("sent %d times", n)
							}
							// A message without a reply was given up, and the log says so.
							if len(a.at.Sent()) == 0 && !strings.Contains(a.log.String(), "reply given up") {
								t.Errorf("sent nothing and said nothing:\n%s", &a.log)
							}
							if a.runs.Load() > 1 {
								t.Errorf("the function ran %d times", a.runs.Load())
							}
						})
					})
				}
			}
		}
	}
}

// A process that dies in its function, or while it sends, leaves a claim behind.
func TestTwoWayProcessDies(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"function", "sending"} {
		synctest.Test(t, func(t *testing.T) {
			memory := new(state.Memory)
			a := newTwoWay(t, memory)
			dead := make(chan struct{})
			transport := client.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if where == "sending" {
					<-dead
				}
				return a.at.Transport().RoundTrip(r)
			})})
			h := sms.TwoWayHandler(a.at.Client(transport), &calls{Store: memory, allowed: 3}, func(context.Context, sms.IncomingMessage) (string, error) {
				if where == "function" {
					<-dead
				}
				return replyText, nil
			}, callbacktest.Quiet())
			if where == "sending" {
				h = sms.TwoWayHandler(a.at.Client(transport), memory, func(context.Context, sms.IncomingMessage) (string, error) { return replyText, nil }, callbacktest.Quiet())
			}
			var wg sync.WaitGroup
			wg.Go(func() { deliver(h, message("1", sender)) })
			synctest.Wait()
			// The claim may be somebody's who lives, so a copy waits at first.
			got := []string{deliver(a, message("1", sender))}
			time.Sleep(time.Hour)
			got = append(got, deliver(a, message("1", sender)), deliver(a, message("1", sender)))
			if diff := cmp.Diff([]string{"503 Service Unavailable", taken, taken}, got); diff != "" {
				t.Errorf("%s: answers (-want +got):\n%s", where, diff)
			}
			if n := len(a.at.Requests()); n != 0 || a.runs.Load() != 0 {
				t.Errorf("%s: attempted to send %d times, ran the function %d times, want neither", where, n, a.runs.Load())
			}
			close(dead)
			wg.Wait()
			if n := len(a.at.Sent()); n > 1 {
				t.Errorf("%s: sent %d times", where, n)
			}
		})
	}
}

// The observer sees what was given up beside the status that took the message.
func TestTwoWayObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at := clienttest.NewServer(t, clienttest.WithInMemory(true))
		at.Next(clienttest.CutJSON)
		var got []string
		h := sms.TwoWayHandler(at.Client(), new(state.Memory), func(context.Context, sms.IncomingMessage) (string, error) { return replyText, nil },
			callbacktest.Quiet(), webhook.WithObserver(func(_ context.Context, o webhook.Observation) {
				got = append(got, fmt.Sprint(o.Kind, " ", o.Status, " ", errors.Is(o.Err, client.ErrOutcomeUnknown)))
			}))
		deliver(h, message("1", sender))
		deliver(h, message("1", sender))
		if diff := cmp.Diff([]string{"sms.IncomingMessage 200 true", "sms.IncomingMessage 200 false"}, got); diff != "" {
			t.Errorf("observations (-want +got):\n%s", diff)
		}
	})
}

func TestTwoWayHandlerPanics(t *testing.T) {
	t.Parallel()
	usable := client.New("acme", "key")
	reply := func(context.Context, sms.IncomingMessage) (string, error) { return "", nil }
	for want, build := range map[string]func(){
		"sms: TwoWayHandler: the client is nil":                  func() { sms.TwoWayHandler(nil, new(state.Memory), reply) },
		"sms: TwoWayHandler: the store is nil":                   func() { sms.TwoWayHandler(usable, nil, reply) },
		"sms: TwoWayHandler: the function is nil":                func() { sms.TwoWayHandler(usable, new(state.Memory), nil) },
		"sms: TwoWayHandler: client: API key is empty":           func() { sms.TwoWayHandler(client.New("acme", ""), new(state.Memory), reply) },
		"sms: TwoWayHandler: client: client was not made by New": func() { sms.TwoWayHandler(new(client.Client), new(state.Memory), reply) },
		"sms: TwoWayHandler: client: username is empty":          func() { sms.TwoWayHandler(client.New("", "key"), new(state.Memory), reply) },
	} {
		func() {
			defer func() {
				if got := recover(); got != any(want) {
					t.Errorf("panics with %v, want %s", got, want)
				}
			}()
			build()
		}()
	}
}
