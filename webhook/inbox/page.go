package inbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sautigo/africastalking/internal/redact"
)

// pageLetters is how many dead letters one page shows.
const pageLetters = 25

// Page returns a page about an inbox: how many callbacks wait and since when, what this
// process did in the last hour, and the dead letters with the reasons, each with a button
// that lets it take its turn again. Payloads are masked as in a log.
//
//	mux.Handle("/inbox", inbox.Page(in, basicAuth))
//
// Auth is the middleware that decides who may see it and press the button, such as the one
// of the app's other internal pages; Page panics if it is nil. Mount the page at one path;
// it answers GET and HEAD, and a POST of its own forms from the same origin. It needs no
// script, and nothing from elsewhere.
func Page(in *Inbox, auth func(http.Handler) http.Handler) http.Handler {
	switch {
	case in == nil:
		panic("inbox: Page: the inbox is nil")
	case auth == nil:
		panic("inbox: Page: say who may see it: auth is nil")
	}
	sum := sha256.Sum256([]byte(pageStyle))
	p := &page{
		in: in, template: template.Must(template.New("page").Parse(pageTemplate)),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
	}
	return auth(http.NewCrossOriginProtection().Handler(p))
}

type page struct {
	in       *Inbox
	template *template.Template
	policy   string
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", p.policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		p.show(ctx, w, r)
	case http.MethodPost:
		p.requeue(ctx, w, r)
	default:
		h.Set("Allow", "GET, HEAD, POST")
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
	}
}

func (p *page) requeue(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	key := r.PostFormValue("requeue")
	if key == "" {
		http.Error(w, "Bad Request", http.StatusBadRequest)
		return
	}
	said := url.Values{"requeued": {key}}
	switch err := p.in.queue.Requeue(ctx, key); {
	case errors.Is(err, ErrNotFound):
		said = url.Values{"gone": {key}}
	case err != nil:
		p.fail(ctx, w, err)
		return
	default:
		p.in.logger(nil).LogAttrs(ctx, slog.LevelInfo, "africastalking: dead letter was requeued on the page", slog.String("key", reason(errors.New(key))))
	}
	w.Header().Set("Location", "?"+said.Encode()) // wherever the page is mounted
	w.WriteHeader(http.StatusSeeOther)
}

// fail says that the queue has failed. Why is for the log alone.
func (p *page) fail(ctx context.Context, w http.ResponseWriter, err error) {
	p.in.logger(nil).LogAttrs(ctx, slog.LevelError, "africastalking: page of the inbox failed", slog.String("error", reason(err)))
	http.Error(w, "The queue has failed: the log says why.", http.StatusServiceUnavailable)
}

// pageData is what the template shows.
type pageData struct {
	Style          template.CSS
	Now            string
	Durability     string
	Waiting, Dead  int
	Oldest         string
	Rates          []pageRate
	Letters        []pageLetter
	More           template.URL // of the next page
	First, Follows bool
	Requeued, Gone string
}

type pageRate struct {
	Name, Meaning    string
	Ten, Hour        int
	Doubtful, Failed bool
}

type pageLetter struct {
	Name, Key, Reason        string
	Received, Died, DiedLong string
	Attempts                 int
	Size                     int
	MediaType                string
	Fields                   []pageField
}

type pageField struct{ Name, Value string }

func (p *page) show(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	backlog, err := p.in.queue.Backlog(ctx)
	if err != nil {
		p.fail(ctx, w, err)
		return
	}
	letters, err := p.in.queue.Dead(ctx, query.Get("after"), pageLetters+1)
	if err != nil {
		p.fail(ctx, w, err)
		return
	}
	now := time.Now()
	data := pageData{
		Style: template.CSS(pageStyle), Now: now.UTC().Format("2006-01-02 15:04:05"), Durability: p.in.queue.Durability().String(),
		Waiting: backlog.Waiting, Dead: backlog.Dead, Oldest: "–",
		First: query.Get("after") == "", Follows: query.Has("follow"),
		Requeued: query.Get("requeued"), Gone: query.Get("gone"),
	}
	if !backlog.Oldest.IsZero() {
		data.Oldest = ago(now.Sub(backlog.Oldest))
	}
	ten, hour := p.in.rates.last(now, 10), p.in.rates.last(now, 60)
	for _, o := range []struct {
		outcome Outcome
		meaning string
	}{
		{Accepted, "stored, and answered 200"}, {Duplicate, "stored before, and answered 200"}, {Refused, "not stored, and answered 503"},
		{Processed, "handled"}, {Retried, "failed, to be tried again"}, {Dead, "became a dead letter"},
	} {
		data.Rates = append(data.Rates, pageRate{string(o.outcome), o.meaning, ten[o.outcome], hour[o.outcome],
			o.outcome == Retried && hour[o.outcome] > 0, (o.outcome == Refused || o.outcome == Dead) && hour[o.outcome] > 0})
	}
	if len(letters) > pageLetters {
		letters = letters[:pageLetters]
		data.More = template.URL("?" + url.Values{"after": {letters[pageLetters-1].Key}}.Encode())
	}
	for _, l := range letters {
		data.Letters = append(data.Letters, pageLetter{
			Name: l.Name, Key: l.Key, Reason: l.Reason, Attempts: l.Attempt, Size: len(l.Body), MediaType: redact.Digits(l.MediaType),
			Received: stamp(l.Received), Died: ago(now.Sub(l.Died)), DiedLong: stamp(l.Died), Fields: p.in.masked(l.Delivery),
		})
	}
	var b bytes.Buffer
	if err := p.template.Execute(&b, data); err != nil {
		p.fail(ctx, w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

// masked returns what a log would show of a payload; nil if nothing.
func (in *Inbox) masked(d Delivery) (fields []pageField) {
	in.mu.Lock()
	s := in.stored[d.Name]
	in.mu.Unlock()
	if s == nil {
		return nil
	}
	defer func() {
		if recover() != nil { // code of the app's
			fields = nil
		}
	}()
	payload, err := s.later.Decode(d.Callback)
	v, ok := payload.(slog.LogValuer)
	if err != nil || !ok {
		return nil
	}
	value := redact.Resolve(slog.AnyValue(v))
	if value.Kind() != slog.KindGroup {
		return []pageField{{s.later.Kind, value.String()}}
	}
	for _, a := range value.Group() {
		if text := a.Value.String(); text != "" {
			fields = append(fields, pageField{a.Key, text})
		}
	}
	return fields
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// ago returns a duration in at most two units, such as "3 h 5 min".
func ago(d time.Duration) string {
	d = max(d, 0)
	days, hours, minutes, seconds := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60, int(d.Seconds())%60
	var parts []string
	for _, part := range []struct {
		n    int
		unit string
	}{{days, "d"}, {hours, "h"}, {minutes, "min"}, {seconds, "s"}} {
		if part.n > 0 || len(parts) > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.unit))
		}
	}
	if len(parts) == 0 {
		return "0 s"
	}
	return strings.Join(parts[:min(2, len(parts))], " ")
}

const pageStyle = `
:root {
	color-scheme: light dark;
	--back: #f6f7f9; --card: #fff; --line: #d9dde3; --text: #1b1f24; --faint: #59636e;
	--accent: #0b57d0; --on-accent: #fff; --bad: #b3261e; --warn: #8a5300; --good: #0f6b3a;
}
@media (prefers-color-scheme: dark) {
	:root {
		--back: #0f1216; --card: #181c22; --line: #2e353e; --text: #e7eaee; --faint: #9aa5b1;
		--accent: #8ab4f8; --on-accent: #0b1726; --bad: #ff8a80; --warn: #ffc266; --good: #7ddba3;
	}
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1rem; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; justify-content: space-between; }
h1 { font-size: 1.5rem; margin: .5rem 0; }
h2 { font-size: 1.125rem; margin: 1.75rem 0 .5rem; }
a { color: var(--accent); }
p { margin: .5rem 0; }
.faint { color: var(--faint); font-size: .875rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 0; }
.tiles div, article, table, .note { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
.tiles div { padding: .75rem 1rem; }
dt { color: var(--faint); font-size: .875rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.tiles dd { font-size: 1.75rem; font-variant-numeric: tabular-nums; line-height: 1.25; }
.bad { color: var(--bad); }
.warn { color: var(--warn); }
.good { color: var(--good); }
table { width: 100%; border-collapse: separate; border-spacing: 0; }
th, td { padding: .375rem .75rem; text-align: right; font-variant-numeric: tabular-nums; }
th:first-child { text-align: left; font-weight: 400; }
thead th { color: var(--faint); font-size: .875rem; font-weight: 400; white-space: nowrap; }
tbody th, tbody td { border-top: 1px solid var(--line); }
tbody th span { color: var(--faint); font-size: .875rem; display: block; }
article { padding: .75rem 1rem; margin: .75rem 0; }
article header { align-items: center; }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
article dl { display: grid; grid-template-columns: max-content 1fr; gap: .125rem 1rem; margin: .5rem 0 0; font-size: .9375rem; }
.reason { overflow-wrap: anywhere; }
.key { overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .8125rem; }
button { font: inherit; padding: .375rem 1rem; border: 0; border-radius: .375rem; background: var(--accent); color: var(--on-accent); cursor: pointer; min-height: 2.75rem; }
button:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.note { padding: .5rem 1rem; border-left: .25rem solid var(--accent); overflow-wrap: anywhere; }
@media (max-width: 30rem) {
	article dl { column-gap: .75rem; }
	.tiles { grid-template-columns: 1fr 1fr; gap: .5rem; }
	.tiles dd { font-size: 1.375rem; }
}
`

const pageTemplate = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
{{if and .Follows .First}}<meta http-equiv="refresh" content="3">
{{end}}<title>Inbox: {{.Waiting}} waiting, {{.Dead}} dead</title>
<style>{{.Style}}</style>
</head>
<body>
<main>
<header>
<h1>Inbox</h1>
<p class="faint">{{.Now}} UTC · {{if .Follows}}<a href="?">Stop following</a>{{else}}<a href="?follow">Follow</a>{{end}}</p>
</header>
{{if .Requeued}}<p class="note" role="status">The dead letter {{.Requeued}} takes its turn again.</p>
{{end}}{{if .Gone}}<p class="note" role="status">There is no dead letter {{.Gone}} any more.</p>
{{end}}<dl class="tiles">
<div><dt>Waiting</dt><dd>{{.Waiting}}</dd></div>
<div><dt>Oldest waits for</dt><dd>{{.Oldest}}</dd></div>
<div><dt>Dead letters</dt><dd{{if .Dead}} class="bad"{{end}}>{{.Dead}}</dd></div>
<div><dt>A 200 outlives</dt><dd>{{.Durability}}</dd></div>
</dl>
<h2>What this process did</h2>
<table>
<thead><tr><th scope="col">Callbacks</th><th scope="col">10 min</th><th scope="col">1 hour</th></tr></thead>
<tbody>
{{range .Rates}}<tr><th scope="row">{{.Name}}<span>{{.Meaning}}</span></th><td>{{.Ten}}</td><td{{if .Failed}} class="bad"{{else if .Doubtful}} class="warn"{{end}}>{{.Hour}}</td></tr>
{{end}}</tbody>
</table>
<h2>Dead letters</h2>
{{if not .First}}<p><a href="?">Back to the first ones</a></p>
{{end}}{{range .Letters}}<article>
<header>
<h3>{{.Name}}</h3>
<form method="post"><button name="requeue" value="{{.Key}}" aria-label="Requeue {{.Name}} {{.Key}}">Requeue</button></form>
</header>
<p class="reason bad">{{.Reason}}</p>
<dl>
<dt>Given up</dt><dd>{{.Died}} ago <span class="faint">{{.DiedLong}}</span></dd>
<dt>Received</dt><dd>{{.Received}}</dd>
<dt>Attempts</dt><dd>{{.Attempts}}</dd>
{{range .Fields}}<dt>{{.Name}}</dt><dd>{{.Value}}</dd>
{{else}}<dt>Payload</dt><dd>{{.Size}} bytes{{with .MediaType}} of {{.}}{{end}}, not shown</dd>
{{end}}<dt>Key</dt><dd class="key">{{.Key}}</dd>
</dl>
</article>
{{else}}<p class="good">There are none{{if not .First}} after these{{end}}.</p>
{{end}}{{if .More}}<p><a href="{{.More}}">More dead letters</a></p>
{{end}}</main>
</body>
</html>
`
