package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/internal/callbacktest"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/inbox"
)

func open(h http.Handler) http.Handler { return h }

// browse does what a browser does with a page at https://example.com/internal/inbox.
func browse(h http.Handler, method, query, body string, header ...string) (status int, text, location string) {
	r := httptest.NewRequest(method, "https://example.com/internal/inbox"+query, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	http.StripPrefix("/internal", h).ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header().Get("Location")
}

var tags = regexp.MustCompile(`(?s)<style>.*</style>|<[^>]*>`)

// words returns what is read on a page.
func words(page string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(page, " "))), " ")
}

// failed returns an inbox whose three messages are dead letters.
func failed(t *testing.T, reason string) (*inbox.Inbox, inbox.Queue) {
	t.Helper()
	q := inbox.Memory(inbox.AllowLoss)
	in := inbox.New(q, inbox.WithLogger(slog.New(slog.DiscardHandler)))
	h := sms.IncomingMessageHandler(func(context.Context, sms.IncomingMessage) error { return inbox.Park(errors.New(reason)) }, in.Stored("messages"), callbacktest.Quiet())
	for i := range 3 {
		post(h, form, fmt.Sprint("from=%2B254711000001&to=22384&text=MySecretText&id=m", i))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := in.Run(ctx, 1); err != nil {
		t.Fatal(err)
	}
	return in, q
}

func TestPage(t *testing.T) {
	t.Parallel()
	in, q := failed(t, `no account for +254711000001 <script>alert(1)</script>`)
	for _, body := range []string{"a=1", "a=2", "a=2"} {
		post(webhook.Handler(ignore[webhook.Event], inbox.New(q, inbox.AcceptOnly()).Stored("events")), form, body)
	}
	post(sms.OptOutHandler(ignore[sms.OptOut], in.Stored("optOuts"), callbacktest.Quiet()), form, "senderId=+254711000001")
	h := inbox.Page(in, open)
	status, page, _ := browse(h, "GET", "", "")
	text := words(page)
	for _, want := range []string{
		"Waiting 2 ", "Oldest waits for 0 s", "Dead letters 4 ", "A 200 outlives nothing",
		"accepted stored, and answered 200 3 3 ", "dead became a dead letter 4 4 ",
		"no account for +***01 <script>alert(1)</script>", "id m0 ", "from ***01 ", "text (12 bytes) ",
		"webhook: field phoneNumber: missing", "Payload 22 bytes of application/x-www-form-urlencoded, not shown",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, secret := range []string{"711000001", "MySecretText", "<script"} {
		if strings.Contains(page, secret) {
			t.Errorf("the page shows %q", secret)
		}
	}
	if status != 200 || t.Failed() {
		t.Errorf("status %d, page:\n%s", status, text)
	}
}

// hidden is a number that only its LogValue hides.
type hidden string

func (hidden) LogValue() slog.Value { return slog.StringValue("***") }

type deep struct {
	Phone string `schema:"phone"`
}

func (d deep) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Any("top", hidden(d.Phone)),
		slog.Group("sender", slog.Any("phone", hidden(d.Phone)), slog.Group("inner", slog.Any("phone", hidden(d.Phone)))),
		slog.Any("again", deeper(d)))
}

type deeper deep

func (d deeper) LogValue() slog.Value {
	return slog.GroupValue(slog.Group("g", slog.Any("phone", hidden(d.Phone))), slog.Int("n", 1))
}

// The page shows of a payload what a log does, however deep it is.
func TestPageMasksGroups(t *testing.T) {
	t.Parallel()
	q := inbox.Memory(inbox.AllowLoss)
	in := inbox.New(q, inbox.AcceptOnly())
	webhook.Handler(ignore[deep], in.Stored("deep"))
	d := inbox.Delivery{Name: "deep", Key: "deep-1", Received: time.Now(), Window: time.Hour, Parked: "no",
		Callback: webhook.Callback{MediaType: form, Body: []byte("phone=%2B254711000001")}}
	if _, err := q.Put(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	_, page, _ := browse(inbox.Page(in, open), "GET", "", "")
	const want = "top *** sender [phone=*** inner=[phone=***]] again [g=[phone=***] n=1] Key"
	if text := words(page); !strings.Contains(text, want) || strings.Contains(page, "254711000001") {
		t.Errorf("the page lacks %q or shows the number:\n%s", want, text)
	}
}

// Strangers choose the media type.
func TestPageMasksMediaTypes(t *testing.T) {
	t.Parallel()
	q := inbox.Memory(inbox.AllowLoss)
	in := inbox.New(q, inbox.AcceptOnly())
	webhook.Handler(ignore[webhook.Event], in.Stored("events"))
	for i, name := range []string{"events", "gone"} {
		d := inbox.Delivery{Name: name, Key: fmt.Sprint(name, i), Received: time.Now(), Window: time.Hour, Parked: "no",
			Callback: webhook.Callback{MediaType: "application/254711000001+json", Body: []byte("{}")}}
		if _, err := q.Put(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	_, page, _ := browse(inbox.Page(in, open), "GET", "", "")
	if got := strings.Count(words(page), "application/***01+json"); got != 2 || strings.Contains(page, "254711000001") {
		t.Errorf("the page shows %d masked media types, want 2, and no number:\n%s", got, words(page))
	}
}

func TestPageRequeues(t *testing.T) {
	t.Parallel()
	const same, cross = "same-origin", "cross-site"
	for name, test := range map[string]struct {
		header   []string
		key      string // empty: that of a dead letter
		status   int
		says     string // on the page it leads to
		requeued bool
	}{
		"same origin":             {[]string{"Sec-Fetch-Site", same}, "", 303, "takes its turn again", true},
		"same origin, old":        {[]string{"Origin", "https://example.com"}, "", 303, "takes its turn again", true},
		"other site":              {[]string{"Sec-Fetch-Site", cross}, "", 403, "", false},
		"other site, old":         {[]string{"Origin", "https://evil.example"}, "", 403, "", false},
		"other host of this site": {[]string{"Sec-Fetch-Site", "same-site"}, "", 403, "", false},
		"gone":                    {[]string{"Sec-Fetch-Site", same}, "messages-0", 303, "There is no dead letter messages-0 any more", false},
		"no key":                  {[]string{"Sec-Fetch-Site", same}, " ", 400, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, q := failed(t, "no account")
			h := inbox.Page(in, open)
			_, page, _ := browse(h, "GET", "", "")
			key := regexp.MustCompile(`name="requeue" value="([^"]+)"`).FindStringSubmatch(page)[1]
			if test.key != "" {
				key = strings.TrimSpace(test.key)
			}
			status, _, location := browse(h, "POST", "", "requeue="+key, test.header...)
			if status != test.status || (location != "") != (test.says != "") {
				t.Errorf("status %d to %q, want %d", status, location, test.status)
			}
			if location != "" {
				if _, page, _ := browse(h, "GET", location, ""); !strings.Contains(words(page), test.says) {
					t.Errorf("the next page lacks %q", test.says)
				}
			}
			want := inbox.Backlog{Dead: 3}
			if test.requeued {
				want = inbox.Backlog{Dead: 2, Waiting: 1}
			}
			got, _ := q.Backlog(t.Context())
			got.Oldest = time.Time{}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("backlog (-want +got):\n%s", diff)
			}
		})
	}
}

// The page is for those whom auth lets through, and so is the button.
func TestPageAuth(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func(){
		"no auth":  func() { inbox.Page(inbox.New(&tape{}), nil) },
		"no inbox": func() { inbox.Page(nil, open) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("did not panic")
				}
			}()
			build()
		})
	}
	in, q := failed(t, "no account")
	h := inbox.Page(in, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	})
	dead, _ := q.Dead(t.Context(), "", 1)
	for method, body := range map[string]string{"GET": "", "POST": "requeue=" + dead[0].Key} {
		if status, page, _ := browse(h, method, "", body); status != 401 || page != "" {
			t.Errorf("%s: status %d and %q, want 401", method, status, page)
		}
	}
	if b, _ := q.Backlog(t.Context()); b.Dead != 3 {
		t.Errorf("%d dead letters, want 3", b.Dead)
	}
	if status, _, _ := browse(inbox.Page(in, open), "DELETE", "", ""); status != 405 && status != 403 {
		t.Errorf("DELETE: status %d, want 405", status)
	}
}

func TestPagesOfDeadLetters(t *testing.T) {
	t.Parallel()
	q := inbox.Memory(inbox.AllowLoss)
	const letters = 60
	for i := range letters {
		d := inbox.Delivery{Name: "gone", Key: fmt.Sprintf("gone-%03d", i), Received: time.Now(), Window: time.Hour, Parked: "no"}
		if _, err := q.Put(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	h := inbox.Page(inbox.New(q), open)
	seen := map[string]bool{}
	query := ""
	for range 10 {
		_, page, _ := browse(h, "GET", query, "")
		for _, m := range regexp.MustCompile(`value="(gone-\d+)"`).FindAllStringSubmatch(page, -1) {
			seen[m[1]] = true
		}
		next := regexp.MustCompile(`href="(\?after=[^"]+)"`).FindStringSubmatch(page)
		if next == nil {
			break
		}
		query = html.UnescapeString(next[1])
	}
	if len(seen) != letters {
		t.Errorf("%d dead letters are on the pages, want %d", len(seen), letters)
	}
}

// The rates are those of the last ten minutes and of the last hour.
func TestPageRates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := inbox.New(inbox.Memory(inbox.AllowLoss), inbox.AcceptOnly())
		h := webhook.Handler(ignore[webhook.Event], in.Stored("events"))
		post(h, form, "a=1")
		for _, step := range []struct {
			wait time.Duration
			want string
		}{{0, "1 1"}, {9 * time.Minute, "1 1"}, {2 * time.Minute, "0 1"}, {48 * time.Minute, "0 1"}, {2 * time.Minute, "0 0"}, {1000 * time.Hour, "0 0"}} {
			time.Sleep(step.wait)
			_, page, _ := browse(inbox.Page(in, open), "GET", "", "")
			if want := "accepted stored, and answered 200 " + step.want + " "; !strings.Contains(words(page), want) {
				t.Errorf("%v later: the page lacks %q", step.wait, want)
			}
		}
	})
}

// broken is a queue that fails.
type broken struct{ inbox.Queue }

func (broken) Backlog(context.Context) (inbox.Backlog, error) {
	return inbox.Backlog{}, errors.New("connection to db.internal lost")
}

func TestPageOfBrokenQueue(t *testing.T) {
	t.Parallel()
	in := inbox.New(broken{}, inbox.WithLogger(slog.New(slog.DiscardHandler)))
	status, page, _ := browse(inbox.Page(in, open), "GET", "", "")
	if status != 503 || strings.Contains(page, "db.internal") {
		t.Errorf("status %d and %q, want 503 without the reason", status, page)
	}
}
