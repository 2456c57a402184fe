// Package growth measures how time and memory grow with the work.
package growth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/sautigo/africastalking/bench/internal/callback"
	"github.com/sautigo/africastalking/bench/internal/measure"
	"github.com/sautigo/africastalking/bench/internal/report"
	"github.com/sautigo/africastalking/bench/internal/send"
	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
)

// Linear work has an exponent of 1, and of less where a part of the cost is
// fixed. More than this over the larger half of the sizes is not linear; what it
// allows for is the measuring.
const maxExponent = 1.1

// dimension is something that there may be more or less of.
type dimension struct {
	name, unit string
	sizes      []int
	// work returns what costs more, the larger the size is.
	work func(size int) (func(n int) error, error)
}

func dimensions() []dimension {
	return []dimension{
		{"SMS, length of the body", "B", []int{100, 250, 1_000, 4_000, 16_000, 65_536}, func(size int) (func(int) error, error) {
			return repeat(messages(), message(size))
		}},
		{"the same by hand", "B", []int{100, 250, 1_000, 4_000, 16_000, 65_536}, func(size int) (func(int) error, error) {
			return repeat(byHand(), message(size))
		}},
		{"any callback, fields", "fields", []int{1, 2, 4, 8, 16, 32, 64}, func(size int) (func(int) error, error) {
			return repeat(events(), fields(size))
		}},
		{"the same by hand", "fields", []int{1, 2, 4, 8, 16, 32, 64}, func(size int) (func(int) error, error) {
			return repeat(byHand(), fields(size))
		}},
		{"USSD, hop at the bottom of a menu", "levels", []int{1, 2, 5, 10, 20, 50}, func(size int) (func(int) error, error) {
			return repeat(ussd.Handler(menu(size).Serve), bottom(size))
		}},
		{"sending one message, in memory", "recipients", []int{1, 10, 100, 1_000, 10_000, 100_000}, sending},
	}
}

// repeat checks that a handler takes a form, and returns a function that sends it.
func repeat(h http.Handler, form string) (func(n int) error, error) {
	w := &status{header: http.Header{}}
	r, err := http.NewRequest(http.MethodPost, "/callback", strings.NewReader(form))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	h.ServeHTTP(w, r)
	if w.code != http.StatusOK {
		return nil, fmt.Errorf("a callback of %d bytes is answered %d", len(form), w.code)
	}
	return callback.Repeat(h, form), nil
}

// status is a writer that keeps the status alone.
type status struct {
	header http.Header
	code   int
}

func (s *status) Header() http.Header { return s.header }
func (s *status) WriteHeader(code int) {
	if s.code == 0 {
		s.code = code
	}
}
func (s *status) Write(p []byte) (int, error) { s.WriteHeader(http.StatusOK); return len(p), nil }

func messages() http.Handler {
	return sms.IncomingMessageHandler(func(context.Context, sms.IncomingMessage) error { return nil })
}

func events() http.Handler {
	return webhook.Handler(func(context.Context, webhook.Event) error { return nil })
}

func byHand() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, "OK")
	})
}

// message returns the form of an incoming message that is as long as size, or as
// short as can be. A tenth of its text is escaped.
func message(size int) string {
	const head = "id=1&from=%2B254711000001&to=12345&date=2026-02-01+10%3A11%3A12&text="
	var b strings.Builder
	b.WriteString(head)
	for b.Len() < size {
		b.WriteString("Habari+yako%2C+karibu+sana"[:min(26, size-b.Len())])
	}
	return strings.TrimRight(b.String(), "%2")
}

func fields(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte('&')
		}
		fmt.Fprintf(&b, "field%d=value+%d", i, i)
	}
	return b.String()
}

// menu is as many levels deep, each of four items of which the first goes on.
func menu(levels int) *ussd.Menu {
	m := ussd.NewMenu(fmt.Sprintf("Level %d", levels))
	end := func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.End("Done"), nil }
	if levels > 1 {
		m.Handle("Deeper", menu(levels-1))
	} else {
		m.HandleFunc("The end", end)
	}
	for _, label := range []string{"Balance", "Statement", "Help"} {
		m.HandleFunc(label, end)
	}
	return m
}

func bottom(levels int) string {
	text := strings.TrimSuffix(strings.Repeat("1*", levels-1), "*")
	return url.Values{"sessionId": {"ATUid_00000000000000000000000000000001"}, "phoneNumber": {"+254711000001"},
		"serviceCode": {"*384*44135#"}, "networkCode": {"99999"}, "text": {text}}.Encode()
}

// sending sends to as many recipients, in chunks, to a transport that has the
// answer to each chunk ready.
func sending(size int) (func(n int) error, error) {
	const chunk = 500
	to := send.Numbers(size)
	answers := answers{}
	for part := range slices.Chunk(to, chunk) {
		answers[url.QueryEscape(part[0])] = send.AcceptAll(part)
	}
	c := client.New("sandbox", "atsk_0000000000000000000000000000000000000000000000000000000000000001",
		client.WithHTTPClient(&http.Client{Transport: answers}), client.WithChunkSize(chunk))
	m := client.Message{To: to, Text: "Your order has left the shop."}
	return func(n int) error {
		for range n {
			res, err := c.Send(context.Background(), m)
			if err != nil {
				return err
			}
			if len(res.Recipients) != size {
				return errors.New("recipients are missing")
			}
		}
		return nil
	}, nil
}

// answers has the answer to each chunk by its first number, as it is escaped.
type answers map[string]string

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	_, to, _ := strings.Cut("&"+string(body), "&to=")
	first, _, _ := strings.Cut(to, "&")
	first, _, _ = strings.Cut(first, "%2C")
	answer, ok := a[first]
	if !ok {
		return nil, errors.New("an unknown chunk was sent")
	}
	return send.Created(answer), nil
}

// Run measures every dimension, then the throughput on one core and on more.
func Run(ctx context.Context, p measure.Plan) (report.Section, error) {
	s := report.Section{
		Title: "Cost as the work grows",
		Intro: "Time and allocated memory of one operation at several sizes. The exponents are fitted by least squares on the logarithms: 1 is linear, 2 quadratic, " +
			"and less than 1 means that a part of the cost is fixed. The second of each pair is fitted over the larger half of the sizes, where fixed costs weigh less.",
	}
	t := report.Table{Header: []string{"", "sizes", "time, smallest", "time, largest", "memory, largest", "exponent of time", "exponent of memory"}}
	for _, d := range dimensions() {
		p.Logf("growth: %s", d.name)
		row, verdicts, err := d.measure(ctx, p)
		if err != nil {
			return s, fmt.Errorf("growth: %s: %w", d.name, err)
		}
		t.Rows = append(t.Rows, row)
		if !strings.HasSuffix(d.name, "by hand") {
			s.Verdicts = append(s.Verdicts, verdicts...)
		}
	}
	s.Tables = append(s.Tables, t)
	cores, err := throughput(ctx, p)
	s.Tables = append(s.Tables, cores)
	return s, err
}

func (d dimension) measure(ctx context.Context, p measure.Plan) ([]string, []report.Verdict, error) {
	var cs []measure.Contender
	var xs []float64
	for _, size := range d.sizes {
		run, err := d.work(size)
		if err != nil {
			return nil, nil, err
		}
		cs = append(cs, measure.Contender{Name: fmt.Sprint(size), Run: run})
		xs = append(xs, float64(size))
	}
	series, err := measure.Interleaved(ctx, p, cs)
	if err != nil {
		return nil, nil, err
	}
	var nanos, bytes []float64
	for _, one := range series {
		nanos = append(nanos, measure.Summarize(one.Nanos()).Median)
		bytes = append(bytes, one.Bytes())
	}
	last, half := len(xs)-1, len(xs)/2
	row := []string{d.name, fmt.Sprintf("%s to %s %s", report.Count(xs[0]), report.Count(xs[last]), d.unit),
		report.Nanos(nanos[0]), report.Nanos(nanos[last]), report.Size(bytes[last])}
	var verdicts []report.Verdict
	for _, of := range []struct {
		what string
		ys   []float64
	}{{"time", nanos}, {"memory", bytes}} {
		upper := measure.Exponent(xs[half:], of.ys[half:])
		row = append(row, fmt.Sprintf("%.2f, %.2f", measure.Exponent(xs, of.ys), upper))
		verdicts = append(verdicts, report.Verdict{What: "Linear " + of.what + ": " + d.name, Target: fmt.Sprintf("exponent at most %.1f", maxExponent),
			Measured: fmt.Sprintf("%.2f", upper), Reached: upper <= maxExponent})
	}
	return row, verdicts, nil
}

// throughput compares how many hops a second are answered on one core and on more,
// as many goroutines as cores.
func throughput(ctx context.Context, p measure.Plan) (report.Table, error) {
	t := report.Table{Caption: "USSD hops answered with as many goroutines as cores, beside one core",
		Header: []string{"cores", "this library", "by hand"}}
	handlers := []http.Handler{callback.LibraryHop(), callback.HopByHand()}
	all := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(all)
	counts := coreCounts(all)
	var cs []measure.Contender
	for _, cores := range counts {
		for _, h := range handlers {
			cs = append(cs, measure.Contender{Name: fmt.Sprint(cores), Run: parallel(h, cores)})
		}
	}
	p.Logf("growth: cores")
	series, err := measure.Interleaved(ctx, p, cs)
	if err != nil {
		return t, fmt.Errorf("growth: cores: %w", err)
	}
	xs := make([]float64, len(counts))
	gains := make([][]float64, len(handlers))
	for i, cores := range counts {
		xs[i] = float64(cores)
		row := []string{fmt.Sprint(cores)}
		for j := range handlers {
			gain := measure.Ratios(series[j].Nanos(), series[i*len(handlers)+j].Nanos())
			gains[j] = append(gains[j], gain.Median)
			row = append(row, report.Ratios(gain))
		}
		t.Rows = append(t.Rows, row)
	}
	exponents := []string{"exponent"}
	for _, gain := range gains {
		exponents = append(exponents, fmt.Sprintf("%.2f", measure.Exponent(xs, gain)))
	}
	t.Rows = append(t.Rows, exponents)
	return t, nil
}

// coreCounts doubles from one up to all.
func coreCounts(all int) []int {
	var counts []int
	for n := 1; n < all; n *= 2 {
		counts = append(counts, n)
	}
	return append(counts, all)
}

// parallel returns a function that shares n hops between the goroutines of as many
// cores.
func parallel(h http.Handler, cores int) func(n int) error {
	return func(n int) error {
		runtime.GOMAXPROCS(cores)
		var workers sync.WaitGroup
		for i := range cores {
			share := n / cores
			if i < n%cores {
				share++
			}
			workers.Go(func() { _ = callback.Repeat(h, callback.LaterHop)(share) })
		}
		workers.Wait()
		return nil
	}
}
