// Inbox is an SMS service that loses nothing that it has answered 200. It replies to HELP,
// STOP and START, keeps delivery reports in a table, and sends nothing to those who opted
// out.
//
//	go run . -flood 1000 -slow 50ms
//
// It prints curl lines and the address of a page that shows what waits. Callbacks wait in
// a SQLite file, or with -queue postgres://… or -queue nats://… in Postgres or NATS. With
// AT_USERNAME and AT_API_KEY it sends its replies; without them it prints them.
package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/sautigo/africastalking/engines/atnats"
	"github.com/sautigo/africastalking/engines/atriver"
	"github.com/sautigo/africastalking/engines/atsqlite"
	"github.com/sautigo/africastalking/examples/internal/account"
	"github.com/sautigo/africastalking/examples/internal/curl"
	"github.com/sautigo/africastalking/examples/internal/serve"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/inbox"
)

func main() { serve.Main("inbox", run) }

const (
	// workers is how many callbacks are handled at once, and so how many a kill repeats.
	workers = 8
	// handleTime is how long one may take. In Postgres, those of a process that died are
	// handled again after twice that.
	handleTime = 15 * time.Second
)

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	flags := serve.Flags("inbox", stderr)
	where := flags.String("queue", "queue.db", "keep callbacks here: a SQLite file, postgres://… or nats://…")
	file := flags.String("db", "app.db", "the SQLite file of the app's own tables, which with -queue postgres://… are in Postgres")
	monitor := flags.String("monitor", "http://127.0.0.1:8222", "ask here how safe a NATS server keeps callbacks")
	slow := flags.Duration("slow", 0, "let each callback take so much longer")
	n := flags.Int("flood", 0, "post so many callbacks to the service, and see what becomes of them")
	rate := flags.Int("rate", 200, "post so many a second")
	to := flags.String("to", "", "post them to the callback URLs that begin with this, of a service with the same -queue and -db, and do not start one")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("%q is no flag", flags.Arg(0))
	case *n < 0 || *slow < 0 || *rate <= 0 || *rate > 10_000:
		return errors.New("-flood and -slow cannot be negative, and -rate is from 1 to 10000")
	case *to != "" && *n == 0:
		return errors.New("-to says where to post: say how much with -flood")
	case *slow >= handleTime:
		return fmt.Errorf("-slow must be less than %v, which is what a callback may take", handleTime)
	}
	tables, err := openTables(ctx, *where, *file)
	if err != nil {
		return err
	}
	defer tables.close()
	if *to != "" {
		return flood(ctx, tables, strings.TrimSuffix(*to, "/"), *n, *rate, stdout)
	}
	account, sentence, err := account.New(getenv, stdout)
	if err != nil {
		return err
	}
	secret, password := getenv("CALLBACK_SECRET"), getenv("ADMIN_PASSWORD")
	if secret == "" {
		secret = rand.Text()
	}
	if err := webhook.CheckSecret(secret); err != nil {
		return fmt.Errorf("CALLBACK_SECRET: %w", err)
	}
	if password == "" {
		password = rand.Text()
	}
	l, err := serve.Listen(flags, args)
	if err != nil {
		return err
	}
	defer l.Close()
	queue, closeQueue, err := openQueue(ctx, *where, *monitor, tables)
	if err != nil {
		return err
	}
	defer closeQueue()

	log := slog.New(slog.NewTextHandler(stderr, nil))
	opts := []inbox.Option{inbox.WithLogger(log), inbox.WithProcessTimeout(handleTime)}
	if db, ok := tables.database.(postgres); ok { // the queue keeps no records
		opts = append(opts, inbox.WithStore(records(db)))
	}
	in := inbox.New(queue, opts...)
	s := &service{tables: tables, account: account, slow: *slow, log: log}
	admin := requirePassword(password)
	guard := webhook.RequireToken(webhook.PathSegment(2), secret)
	mux := http.NewServeMux()
	mux.Handle("/inbox", inbox.Page(in, admin))
	mux.Handle("GET /tables", admin(http.HandlerFunc(s.show)))
	mux.Handle("/at/{token}/reports", guard(sms.DeliveryReportHandler(s.report, in.Stored("reports"))))
	mux.Handle("/at/{token}/messages", guard(sms.IncomingMessageHandler(s.message, in.Stored("messages"))))
	mux.Handle("/at/{token}/opt-outs", guard(sms.OptOutHandler(s.optOut, in.Stored("optOuts"))))

	url := serve.URL(l)
	callbacks := url + "/at/" + secret
	fmt.Fprintf(stdout, "Listening on %s. A 200 outlives: %v. %s\n", url, queue.Durability(), sentence)
	fmt.Fprintf(stdout, "What waits and what was given up: %s/inbox?follow, user admin, password %s\n\n", url, password)
	for _, c := range samples() {
		fmt.Fprintln(stdout, curl.Post(callbacks+c.path, c.body))
	}
	fmt.Fprintf(stdout, "curl -u admin:%s %s/tables\n", password, url)
	fmt.Fprintln(stdout, "\nPaste any of these into another terminal. Ctrl-C stops the server.")

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ran, flooded := make(chan error, 1), make(chan error, 1)
	go func() {
		defer cancel() // a service that stores and does not handle is of no use
		ran <- in.Run(ctx, workers)
	}()
	go func() {
		if *n == 0 {
			flooded <- nil
			return
		}
		flooded <- flood(ctx, tables, callbacks, *n, *rate, stdout)
	}()
	err = serve.Until(ctx, l, mux)
	cancel()
	return errors.Join(err, <-ran, <-flooded)
}

// samples are what Africa's Talking sends, as curl lines. A second paste is a repeat.
func samples() []callback {
	id := rand.Text()[:8]
	return []callback{
		{path: "/messages", body: curl.Form("id", id+"-1", "from", "+254711000001", "to", "21512", "text", "Help")},
		{path: "/messages", body: curl.Form("id", id+"-2", "from", "+254711000001", "to", "21512", "text", "Stop")},
		{path: "/reports", body: curl.Form("id", "ATXid_"+id, "status", "Success", "phoneNumber", "+254711000001", "networkCode", "63902")},
		{path: "/opt-outs", body: curl.Form("senderId", "21512", "phoneNumber", "+254711000002")},
		{path: "/reports", body: curl.Form("id", "ATXid_"+id, "phoneNumber", "+254711000001")}, // no status: a dead letter
	}
}

// openQueue opens the queue at a URL or in a file.
func openQueue(ctx context.Context, where, monitor string, tables *tables) (inbox.Queue, func(), error) {
	if db, ok := tables.database.(postgres); ok {
		if err := atriver.Migrate(ctx, db.Pool); err != nil {
			return nil, nil, err
		}
		queue, err := atriver.New(db.Pool)
		return queue, func() {}, err
	}
	if !strings.HasPrefix(where, "nats://") && !strings.HasPrefix(where, "tls://") {
		store, err := atsqlite.Open(where)
		return store, func() { _ = store.Close() }, err
	}
	conn, err := nats.Connect(where, nats.MaxReconnects(-1))
	if err != nil {
		return nil, nil, err
	}
	js, err := jetstream.New(conn)
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	queue, err := atnats.NewQueue(ctx, js, atnats.WithMonitor(monitor))
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return queue, conn.Close, nil
}

// requirePassword lets the user admin in.
func requirePassword(password string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, given, _ := r.BasicAuth()
			if subtle.ConstantTimeCompare([]byte(user+":"+given), []byte("admin:"+password)) != 1 {
				w.Header().Set("WWW-Authenticate", `Basic realm="inbox"`)
				http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
