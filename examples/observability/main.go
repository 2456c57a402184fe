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

	"github.com/sautigo/africastalking/examples/internal/serve"
	"github.com/sautigo/africastalking/webhook"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	keep := func(context.Context, string) error { return nil } // where the shop keeps its orders
	if err := run(ctx, os.Args[1:], keep, os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "observability:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, order func(context.Context, string) error, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("observability", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:9000", "listen for callbacks on this address")
	metricsAddr := flags.String("metrics", "127.0.0.1:9001", "listen for Prometheus on this address")
	timeout := flags.Duration("timeout", 8*time.Second, "answer callbacks within this time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	secret := os.Getenv("CALLBACK_SECRET")
	if secret == "" {
		secret = rand.Text()
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
	fmt.Fprintf(stdout, "Listening on %s/at/%s/ussd and …/sms, metrics on %s/metrics\n", serve.URL(callbacks), secret, serve.URL(scrapes))

	// The two end together, whichever is the first.
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
