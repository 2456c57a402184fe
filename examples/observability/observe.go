package main

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/sautigo/africastalking/webhook"
)

// observer is what [webhook.WithObserver] takes.
type observer func(context.Context, webhook.Observation)

// seconds are the borders of the histograms: a hop should be answered in well under
// a second, must be within eight, and is given up after ten.
var seconds = []float64{.001, .005, .01, .05, .1, .5, 1, 2, 5, 8, 10}

// scope is the name that spans and measurements are made under.
const scope = "github.com/sautigo/africastalking"

// withPrometheus counts callbacks in registry, and how long they took.
func withPrometheus(registry prometheus.Registerer) observer {
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "callback_duration_seconds",
		Help:    "Time from a callback to its answer.",
		Buckets: seconds,
	}, []string{"kind", "outcome"})
	registry.MustRegister(took)
	return func(_ context.Context, o webhook.Observation) {
		took.WithLabelValues(o.Kind, outcome(o.Err)).Observe(o.Duration.Seconds())
	}
}

// withMetrics is the same for OpenTelemetry.
func withMetrics(provider metric.MeterProvider) (observer, error) {
	took, err := provider.Meter(scope).Float64Histogram("callback.duration",
		metric.WithUnit("s"), metric.WithDescription("Time from a callback to its answer."),
		metric.WithExplicitBucketBoundaries(seconds...))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, o webhook.Observation) {
		took.Record(ctx, o.Duration.Seconds(), metric.WithAttributes(attributes(o)...))
	}, nil
}

// withSpans makes a span of each callback, below the one of the request. It is made
// when all is over: a callback that was answered at its deadline may be observed
// after its request has ended.
func withSpans(provider trace.TracerProvider) observer {
	tracer := provider.Tracer(scope)
	return func(ctx context.Context, o webhook.Observation) {
		end := time.Now()
		_, span := tracer.Start(ctx, "callback "+o.Kind,
			trace.WithTimestamp(end.Add(-o.Duration)), trace.WithAttributes(attributes(o)...))
		if o.Err != nil {
			// The error's own text may quote what the app's errors quote.
			span.SetStatus(codes.Error, outcome(o.Err))
		}
		span.End(trace.WithTimestamp(end))
	}
}

func attributes(o webhook.Observation) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("callback.kind", o.Kind),
		attribute.String("callback.outcome", outcome(o.Err)),
	}
}

// outcome sorts errors into few kinds, none of which says anything of a subscriber.
// The status would not do: a USSD session that ends with an apology is answered 200.
func outcome(err error) string {
	var panicked *webhook.PanicError
	var chosen *webhook.Error
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &panicked):
		return "panic"
	case errors.Is(err, context.DeadlineExceeded):
		return "deadline"
	case errors.As(err, &chosen) && chosen.Status < 500:
		return "refused"
	}
	return "failed"
}

// all calls the observers one after the other.
func all(observers ...observer) observer {
	return func(ctx context.Context, o webhook.Observation) {
		for _, observe := range observers {
			observe(ctx, o)
		}
	}
}
