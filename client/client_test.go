package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/client"
)

func TestSendInvalid(t *testing.T) {
	t.Parallel()
	const badKey = testKey + "\n"
	premium := message(number1)
	premium.LinkID = "SampleLinkId123"
	hours := premium
	hours.From, hours.RetryDuration = "22334", 90*time.Minute
	id := message(number1)
	id.RequestID = "r-1"
	link := func(id string) client.Message {
		m := premium
		m.From, m.LinkID = "22334", id
		return m
	}
	const noLink = `client: link ids "0" and "None" stand for none: leave LinkID empty`
	enqueue := message(number1)
	enqueue.Enqueue = 3
	tests := []struct {
		name          string
		username, key string
		opts          []client.Option
		m             client.Message
		want          string
	}{
		{"no username", "", testKey, nil, message(number1), "client: username is empty"},
		{"username with a space", "sandbox ", testKey, nil, message(number1), "client: username contains white space or a character that is not ASCII"},
		{"arguments swapped", testKey, "myapp", nil, message(number1), "client: username is an API key"},
		{"no key", "myapp", "", nil, message(number1), "client: API key is empty"},
		{"key with a newline", "myapp", badKey, nil, message(number1), "client: API key contains white space or a character that is not ASCII"},
		{"base URL without scheme", "myapp", testKey, []client.Option{client.WithBaseURLs("localhost:8080", "")}, message(number1), "client: base URL is not of the form http(s)://host[:port][/path][?query]"},
		{"base URL empty", "myapp", testKey, []client.Option{client.WithBaseURLs("", "http://localhost")}, message(number1), "client: base URL is not of the form http(s)://host[:port][/path][?query]"},
		{"base URL with a password", "myapp", testKey, []client.Option{client.WithBaseURLs("http://a:b@localhost", "")}, message(number1), "client: base URL is not of the form http(s)://host[:port][/path][?query]"},
		{"base URL with a fragment", "myapp", testKey, []client.Option{client.WithBaseURLs("http://localhost", "http://localhost#a")}, message(number1), "client: base URL is not of the form http(s)://host[:port][/path][?query]"},
		{"base URL without a host", "myapp", testKey, []client.Option{client.WithBaseURLs("http://localhost", "http://:8080/send")}, message(number1), "client: base URL is not of the form http(s)://host[:port][/path][?query]"},
		{"base URL of another scheme", "myapp", testKey, []client.Option{client.WithBaseURLs("http://localhost", "ftp://localhost")}, message(number1), "client: base URL is not of the form http(s)://host[:port][/path][?query]"},
		{"base URL with a bad port", "myapp", testKey, []client.Option{client.WithBaseURLs("http://localhost", "http://localhost:http")}, message(number1), "client: base URL is not of the form http(s)://host[:port][/path][?query]"},
		{"base URL with a bad escape", "myapp", testKey, []client.Option{client.WithBaseURLs("http://localhost", "http://localhost/%zz")}, message(number1), "client: base URL is not of the form http(s)://host[:port][/path][?query]"},
		{"base URL with a newline", "myapp", testKey, []client.Option{client.WithBaseURLs("http://localhost", "http://localhost/\n")}, message(number1), "client: base URL is not of the form http(s)://host[:port][/path][?query]"},
		{"base URL relative", "myapp", testKey, []client.Option{client.WithBaseURLs("http://localhost", "/send")}, message(number1), "client: base URL is not of the form http(s)://host[:port][/path][?query]"},
		{"chunk", "myapp", testKey, []client.Option{client.WithChunkSize(0)}, message(number1), "client: chunk size is not positive"},
		{"timeout", "myapp", testKey, []client.Option{client.WithTimeout(0)}, message(number1), "client: timeout is not positive"},
		{"retries", "myapp", testKey, []client.Option{client.WithRetries(-1)}, message(number1), "client: number of retries is negative"},
		{"bulk in the sandbox", "sandbox", testKey, []client.Option{client.WithBulk(true)}, message(number1), "client: the sandbox has no bulk endpoint"},
		{"bulk with a request id", "myapp", testKey, []client.Option{client.WithBulk(true)}, id, "client: the bulk endpoint has no request id"},
		{"no recipients", "myapp", testKey, nil, message(), "client: message has no recipients"},
		{"empty recipient", "myapp", testKey, nil, message(number1, ""), "client: recipient 1 is empty"},
		{"comma", "myapp", testKey, nil, message(number1 + "," + number2), "client: recipient 0 contains a comma"},
		{"space", "myapp", testKey, nil, message("+254 700000001"), "client: recipient 0 contains white space"},
		{"no-break space", "myapp", testKey, nil, message(number1 + "\u00a0"), "client: recipient 0 contains white space"},
		{"control", "myapp", testKey, nil, message(number1, number2+"\x00"), "client: recipient 1 contains a control character"},
		{"no text", "myapp", testKey, nil, client.Message{To: []string{number1}}, "client: message text is empty"},
		{"text not UTF-8", "myapp", testKey, nil, client.Message{To: []string{number1}, Text: "\xff"}, "client: message text is not valid UTF-8"},
		{"enqueue", "myapp", testKey, nil, enqueue, "client: enqueue is none of EnqueueDefault, EnqueueYes and EnqueueNo"},
		{"premium without sender", "myapp", testKey, nil, premium, "client: a premium message needs From"},
		{"link id 0", "myapp", testKey, nil, link("0"), noLink},
		{"link id None", "myapp", testKey, nil, link("None"), noLink},
		{"link id none", "sandbox", testKey, nil, link("none"), noLink},
		{"part of an hour", "myapp", testKey, nil, hours, "client: retry duration is not a whole number of hours"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			hc := &http.Client{Transport: roundTripFunc(func(*http.Request) (*http.Response, error) {
				t.Error("a request was made")
				return nil, errors.New("no")
			})}
			c := client.New(tt.username, tt.key, append(tt.opts, client.WithHTTPClient(hc))...)
			got, err := c.Send(t.Context(), tt.m)
			checkKinds(t, err, client.ErrInvalid, client.ErrRefused)
			if err.Error() != tt.want {
				t.Errorf("error %q, want %q", err, tt.want)
			}
			for i, r := range got.Recipients {
				diff(t, "recipient", r, client.Recipient{Number: tt.m.To[i], Outcome: client.Refused})
			}
			if len(got.Recipients) != len(tt.m.To) {
				t.Errorf("%d recipients, want %d", len(got.Recipients), len(tt.m.To))
			}
			diff(t, "resendable", got.Resendable(), []string(nil))
			if s := fmt.Sprint(c); strings.Contains(s, testKey) {
				t.Errorf("client prints as %s", s)
			}
		})
	}
}

func TestZeroClient(t *testing.T) {
	t.Parallel()
	var c client.Client
	checkKinds(t, c.Err(), client.ErrInvalid, client.ErrRefused)
	if _, err := c.Send(t.Context(), message(number1)); err != c.Err() {
		t.Errorf("Send returns %v, and Err %v", err, c.Err())
	}
}

func TestSendChunks(t *testing.T) {
	t.Parallel()
	const total = 10_000
	var sizes []int
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked := askedNumbers(t, r)
		sizes = append(sizes, len(asked))
		writeJSON(w, acceptAll(asked))
	}, client.WithChunkSize(3_000))
	to := numbers(total)
	got, err := c.Send(t.Context(), message(slices.Concat(to, to[:10])...))
	if err != nil {
		t.Fatal(err)
	}
	var want client.Result
	for _, n := range to {
		want.Recipients = append(want.Recipients, accepted(n))
	}
	for _, n := range []int{3_000, 3_000, 3_000, 1_000} {
		cost := kes(800_000 * int64(n))
		want.Summaries = append(want.Summaries, client.Summary{
			Text: fmt.Sprintf("Sent to %d/%d Total Cost: %v", n, n, cost), Sent: n, Total: n, Cost: cost,
		})
	}
	diff(t, "result", got, want)
	diff(t, "sizes", sizes, []int{3_000, 3_000, 3_000, 1_000})
	diff(t, "total", got.TotalCost(), []africastalking.Money{kes(800_000 * total)})
}

func TestSendDefaultChunk(t *testing.T) {
	t.Parallel()
	var sizes []int
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked := askedNumbers(t, r)
		sizes = append(sizes, len(asked))
		writeJSON(w, acceptAll(asked))
	}, client.WithBulk(true))
	if _, err := c.Send(t.Context(), message(numbers(501)...)); err != nil {
		t.Error(err)
	}
	diff(t, "sizes", sizes, []int{500, 1})
}

func TestSendDuplicates(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked := askedNumbers(t, r)
		diff(t, "numbers sent", asked, []string{number1, number2})
		writeJSON(w, acceptAll(asked))
	})
	to := []string{number1, number2, number1, number1}
	m := message(to...)
	got, err := c.Send(t.Context(), m)
	if err != nil {
		t.Error(err)
	}
	diff(t, "recipients", got.Recipients, []client.Recipient{accepted(number1), accepted(number2)})
	diff(t, "the message's own list", m.To, []string{number1, number2, number1, number1})
}

// A chunk that fails as a whole ends the sending; what was accepted stays known.
func TestSendSecondChunkFails(t *testing.T) {
	t.Parallel()
	to := numbers(6)
	tests := []struct {
		name  string
		fail  http.HandlerFunc
		want  client.Outcome
		kinds []error
		err   string
	}{
		{"cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			client.OutcomeUnknown, []error{client.ErrNotSent, client.ErrOutcomeUnknown},
			"client: 2 of 6 recipients accepted (2 unknown, 2 not sent): no reply from HOST: cut short"},
		{"refused", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, replyBody("InvalidSenderId")) },
			client.Refused, []error{client.ErrNotSent, client.ErrRefused},
			"client: 2 of 6 recipients accepted (2 refused, 2 not sent): request refused: InvalidSenderId"},
		{"put off", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) },
			client.Transient, []error{client.ErrNotSent, client.ErrTransient}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			c, seen := serve(t, func(w http.ResponseWriter, r *http.Request) {
				asked := askedNumbers(t, r)
				if calls++; calls == 2 {
					tt.fail(w, r)
					return
				}
				writeJSON(w, acceptAll(asked))
			}, client.WithChunkSize(2))
			got, err := c.Send(t.Context(), message(to...))
			diff(t, "recipients", got.Recipients, slices.Concat(
				[]client.Recipient{accepted(to[0]), accepted(to[1])},
				recipients(tt.want, to[2:4]...), recipients(client.NotSent, to[4:]...)))
			checkKinds(t, err, tt.kinds...)
			if text := hostless(err); tt.err != "" && text != tt.err {
				t.Errorf("error %q, want %q", text, tt.err)
			}
			if n := seen.Load(); n != 2 {
				t.Errorf("%d requests, want 2", n)
			}
			want := to[4:]
			if tt.want == client.Transient {
				want = to[2:]
			}
			diff(t, "resendable", got.Resendable(), want)
		})
	}
}

func TestSendStopOnInsufficientBalance(t *testing.T) {
	t.Parallel()
	for _, stop := range []bool{false, true} {
		t.Run(fmt.Sprint(stop), func(t *testing.T) {
			t.Parallel()
			c, seen := serve(t, func(w http.ResponseWriter, r *http.Request) {
				writeJSON(w, replyBody("Sent to 0/1 Total Cost: 0", entry(askedNumbers(t, r)[0], 405)))
			}, client.WithChunkSize(1), client.WithStopOnInsufficientBalance(stop), client.WithRetries(2))
			got, err := c.Send(t.Context(), message(number1, number2))
			if stop {
				checkKinds(t, err, client.ErrNotSent, client.ErrRefused)
				diff(t, "error", err.Error(), "client: 0 of 2 recipients accepted (1 refused: 405 InsufficientBalance, 1 not sent): stopped for lack of balance")
				diff(t, "not sent", got.Filter(client.NotSent), recipients(client.NotSent, number2))
			} else {
				checkKinds(t, err, client.ErrRefused)
			}
			if n, want := seen.Load(), map[bool]int32{false: 2, true: 1}[stop]; n != want {
				t.Errorf("%d requests, want %d", n, want)
			}
		})
	}
}

func TestSendStopsAfterTheChunkThatLacksBalance(t *testing.T) {
	t.Parallel()
	to := numbers(3)
	c := through(func(r *http.Request) (*http.Response, error) {
		asked := askedNumbers(t, r)
		return created(replyBody("Sent", entry(asked[0], map[string]int{to[0]: 101, to[1]: 405}[asked[0]]))), nil
	}, client.WithChunkSize(1), client.WithStopOnInsufficientBalance(true))
	got, err := c.Send(t.Context(), message(to...))
	diff(t, "recipients", got.Recipients, []client.Recipient{
		accepted(to[0]),
		{Number: to[1], Outcome: client.Refused, StatusCode: 405, Status: "No", CostText: "0"},
		{Number: to[2], Outcome: client.NotSent},
	})
	checkKinds(t, err, client.ErrNotSent, client.ErrRefused)
}

func TestSendContextEndsBetweenChunks(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := through(func(r *http.Request) (*http.Response, error) {
		defer cancel()
		return created(acceptAll(askedNumbers(t, r))), nil
	}, client.WithChunkSize(1))
	got, err := c.Send(ctx, message(number1, number2))
	diff(t, "recipients", got.Recipients, append([]client.Recipient{accepted(number1)}, recipients(client.NotSent, number2)...))
	checkKinds(t, err, client.ErrNotSent)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v does not match context.Canceled", err)
	}
}

func TestSendTimeout(t *testing.T) {
	t.Parallel()
	hang := func(r *http.Request) (*http.Response, error) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	hangInBody := func(r *http.Request) (*http.Response, error) {
		resp := created("")
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"SMSMessageData"`), readerFunc(func([]byte) (int, error) {
			<-r.Context().Done()
			return 0, r.Context().Err()
		})))
		return resp, nil
	}
	tests := []struct {
		name string
		rt   roundTripFunc
		opts []client.Option
		want time.Duration
	}{
		{"default", hang, nil, 30 * time.Second},
		{"default, in the answer", hangInBody, nil, 30 * time.Second},
		{"own", hang, []client.Option{client.WithTimeout(3 * time.Second), client.WithRetries(5)}, 3 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				got, err := through(tt.rt, tt.opts...).Send(context.Background(), message(number1))
				diff(t, "recipients", got.Recipients, recipients(client.OutcomeUnknown, number1))
				checkKinds(t, err, client.ErrOutcomeUnknown)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v does not match context.DeadlineExceeded", err)
				}
				if took := time.Since(start); took != tt.want {
					t.Errorf("took %v, want %v", took, tt.want)
				}
			})
		})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func TestTwoClients(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	got := make(map[string]int)
	shared := &http.Client{Transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		got[r.URL.Host+" "+r.Header.Get("apiKey")]++
		mu.Unlock()
		return created(acceptAll(askedNumbers(t, r))), nil
	})}
	live := client.New("myapp", "live-key", client.WithHTTPClient(shared))
	sandbox := client.New("sandbox", "sandbox-key", client.WithHTTPClient(shared), client.WithTimeout(time.Second))
	var wg sync.WaitGroup
	for range 50 {
		for _, c := range []*client.Client{live, sandbox} {
			wg.Go(func() {
				if _, err := c.Send(t.Context(), message(number1, number2)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	diff(t, "requests", got, map[string]int{
		"api.africastalking.com live-key":            50,
		"api.sandbox.africastalking.com sandbox-key": 50,
	})
	if shared.CheckRedirect != nil || shared.Timeout != 0 {
		t.Error("the caller's http.Client was changed")
	}
}

// coded returns recipients with the codes given and the outcomes that follow.
func coded(codes ...int) []client.Recipient {
	var out []client.Recipient
	for _, code := range codes {
		r := client.Recipient{Number: number1, StatusCode: code}
		switch {
		case code == 0:
		case code < 200 && code != 199:
			r.Outcome = client.Accepted
		case code == 500 || code == 501:
			r.Outcome = client.Transient
		case code >= 400 && code < 500:
			r.Outcome = client.Refused
		}
		out = append(out, r)
	}
	return out
}

func TestResultErr(t *testing.T) {
	t.Parallel()
	all := client.Result{Recipients: slices.Concat(
		recipients(client.Accepted, "1"), recipients(client.Refused, "2"), recipients(client.Transient, "3"),
		recipients(client.OutcomeUnknown, "4"), recipients(client.NotSent, "5"))}
	tests := []struct {
		name  string
		res   client.Result
		want  client.SendError
		text  string
		kinds []error
	}{
		{"a code", client.Result{Recipients: coded(406)}, client.SendError{Refused: 1, Codes: map[int]int{406: 1}},
			"client: 0 of 1 recipients accepted (1 refused: 406 UserInBlacklist)", []error{client.ErrRefused}},
		{"one code for all", client.Result{Recipients: coded(101, 405, 405)}, client.SendError{Accepted: 1, Refused: 2, Codes: map[int]int{405: 2}},
			"client: 1 of 3 recipients accepted (2 refused: 405 InsufficientBalance)", []error{client.ErrRefused}},
		{"codes", client.Result{Recipients: coded(406, 403, 401, 406, 501, 199, 0)},
			client.SendError{Refused: 4, Transient: 1, Unknown: 2, Codes: map[int]int{401: 1, 403: 1, 406: 2, 501: 1, 199: 1}},
			"client: 0 of 7 recipients accepted (4 refused: 2 x 406 UserInBlacklist, 1 x 401 RiskHold, 1 x 403 InvalidPhoneNumber, 1 transient: 501 GatewayError, 2 unknown: 1 x 199)",
			[]error{client.ErrOutcomeUnknown, client.ErrRefused, client.ErrTransient}},
		{"many codes", client.Result{Recipients: coded(901, 902, 903, 904, 905, 905)},
			client.SendError{Unknown: 6, Codes: map[int]int{901: 1, 902: 1, 903: 1, 904: 1, 905: 2}},
			"client: 0 of 6 recipients accepted (6 unknown: 2 x 905, 1 x 901, 1 x 902 and 2 other codes)", []error{client.ErrOutcomeUnknown}},
		{"one code too many", client.Result{Recipients: coded(402, 403, 404, 407)},
			client.SendError{Refused: 4, Codes: map[int]int{402: 1, 403: 1, 404: 1, 407: 1}},
			"client: 0 of 4 recipients accepted (4 refused: 1 x 402 InvalidSenderId, 1 x 403 InvalidPhoneNumber, 1 x 404 UnsupportedNumberType and 1 other code)", []error{client.ErrRefused}},
		{"mixed", all, client.SendError{Accepted: 1, Refused: 1, Transient: 1, Unknown: 1, NotSent: 1},
			"client: 1 of 5 recipients accepted (1 refused, 1 transient, 1 unknown, 1 not sent)",
			[]error{client.ErrNotSent, client.ErrOutcomeUnknown, client.ErrRefused, client.ErrTransient}},
		{"zero", client.Result{}, client.SendError{}, "client: 0 of 0 recipients accepted", []error{client.ErrNotSent}},
		{"zero recipient", client.Result{Recipients: make([]client.Recipient, 1)}, client.SendError{Unknown: 1},
			"client: 0 of 1 recipients accepted (1 unknown)", []error{client.ErrOutcomeUnknown}},
		{"strange outcome", client.Result{Recipients: recipients(9, "1")}, client.SendError{Unknown: 1},
			"client: 0 of 1 recipients accepted (1 unknown)", []error{client.ErrOutcomeUnknown}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := tt.res.Err()
			var got *client.SendError
			if !errors.As(err, &got) {
				t.Fatalf("error %v is not a *SendError", err)
			}
			diff(t, "error", *got, tt.want)
			diff(t, "text", err.Error(), tt.text)
			checkKinds(t, err, tt.kinds...)
		})
	}
	if err := (client.Result{Recipients: recipients(client.Accepted, "1", "2")}).Err(); err != nil {
		t.Errorf("error %v when all were accepted", err)
	}
	diff(t, "resendable", all.Resendable(), []string{"3", "5"})
	diff(t, "filter", all.Filter(client.OutcomeUnknown, client.Accepted), slices.Concat(
		recipients(client.Accepted, "1"), recipients(client.OutcomeUnknown, "4")))
}

func TestTotalCost(t *testing.T) {
	t.Parallel()
	usd := africastalking.Money{Currency: "USD", Micros: 7_900}
	res := client.Result{Summaries: []client.Summary{{Cost: kes(1)}, {Cost: usd}, {}, {Cost: kes(2)}, {Cost: africastalking.Money{Micros: 5}}, {Cost: usd}}}
	diff(t, "total", res.TotalCost(), []africastalking.Money{
		kes(3), {Currency: "USD", Micros: 15_800}, {Micros: 5},
	})
}

func TestOutcomeString(t *testing.T) {
	t.Parallel()
	var got []string
	for o := client.OutcomeUnknown; o <= client.NotSent+1; o++ {
		b, err := o.MarshalText()
		if err != nil || string(b) != o.String() {
			t.Errorf("MarshalText of %v = %q, %v", o, b, err)
		}
		got = append(got, o.String())
	}
	diff(t, "outcomes", got, []string{"unknown", "accepted", "refused", "transient", "not sent", "Outcome(5)"})
}
