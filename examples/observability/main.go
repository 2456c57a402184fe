// Observability hangs OpenTelemetry and Prometheus on the callbacks:
//
//	OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 go run .
//
// Spans and measurements go to an OpenTelemetry collector, as the usual OTEL_…
// variables say; http://localhost:9001/metrics is there for Prometheus to scrape.
// No label holds a number, a text or the secret of the callback URLs.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/sautigo/africastalking/examples/internal/curl"
	"github.com/sautigo/africastalking/examples/internal/serve"
	"github.com/sautigo/africastalking/webhook"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	keep := func(context.Context, string) error { return nil } // where the shop keeps its orders
	if err := run(ctx, os.Args[1:], os.Getenv, keep, os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "observability:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, order func(context.Context, string) error, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("observability", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:9000", "listen for callbacks on this address")
	metricsAddr := flags.String("metrics", "127.0.0.1:9001", "listen for Prometheus on this address")
	timeout := flags.Duration("timeout", 8*time.Second, "answer callbacks within this time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	secret, shown := getenv("CALLBACK_SECRET"), `"$CALLBACK_SECRET"`
	if secret == "" {
		secret = rand.Text()
		shown = secret
	}

	spans, err := otlptracehttp.New(ctx)
	if err != nil {
		return err
	}
	tracing := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans))
	measurements, err := otlpmetrichttp.New(ctx)
	if err != nil {
		return err
	}
	measuring := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(measurements)))
	defer func() {
		// What was measured last is exported before the program ends.
		flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), serve.Grace)
		defer cancel()
		err = errors.Join(err, tracing.Shutdown(flush), measuring.Shutdown(flush))
	}()
	registry := prometheus.NewRegistry()
	metrics, err := withMetrics(measuring)
	if err != nil {
		return err
	}
	routes := app{
		secret: secret,
		tracer: tracing.Tracer(scope),
		order:  order,
		options: webhook.WithOptions(
			webhook.WithTimeout(*timeout),
			webhook.WithLogger(slog.New(traced{slog.NewTextHandler(stderr, nil)})),
			webhook.WithObserver(all(withPrometheus(registry), metrics, withSpans(tracing))),
		),
	}.routes()

	callbacks, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	scrapes, err := net.Listen("tcp", *metricsAddr)
	if err != nil {
		return errors.Join(err, callbacks.Close())
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	url := serve.URL(callbacks) + "/at/" + shown
	fmt.Fprintf(stdout, "Listening on %s. Callback URLs begin with %s\n\n", serve.URL(callbacks), url)
	fmt.Fprintln(stdout, curl.Post(url+"/ussd", curl.Form("sessionId", "ATUid_1", "phoneNumber", "+254711000001",
		"serviceCode", "*384*123#", "text", "1")))
	fmt.Fprintln(stdout, curl.Post(url+"/sms", curl.Form("id", "1", "from", "+254711000001", "to", "21512", "text", "ORDER")))
	fmt.Fprintf(stdout, "curl %s/metrics\n", serve.URL(scrapes))
	fmt.Fprintln(stdout, "\nPaste any of these into another terminal. Ctrl-C stops the server.")

	// The two end together, when the first does.
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 2)
	for l, h := range map[net.Listener]http.Handler{callbacks: routes, scrapes: mux} {
		go func() { ended <- serve.Until(ctx, l, h) }()
	}
	first := <-ended
	stop()
	return errors.Join(first, <-ended)
}
