package main

import (
	"context"
	"log/slog"
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
)

// app is a shop's callbacks.
type app struct {
	secret string
	tracer trace.Tracer
	// options are those of all handlers: what is observed, and how it is logged.
	options webhook.Option
	// order keeps an order.
	order func(ctx context.Context, number string) error
}

func (a app) routes() http.Handler {
	menu := ussd.NewMenu("Welcome to the shop")
	menu.HandleFunc("Order", func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		if err := a.order(ctx, r.PhoneNumber); err != nil {
			return ussd.Response{}, err
		}
		return ussd.End("Thank you for your order."), nil
	})
	mux := http.NewServeMux()
	a.mount(mux, "/at/{token}/ussd", ussd.Handler(menu.Serve, a.options))
	a.mount(mux, "/at/{token}/sms", sms.IncomingMessageHandler(func(ctx context.Context, m sms.IncomingMessage) error {
		return a.order(ctx, m.From)
	}, a.options))
	return mux
}

// mount makes a span of each request that knows the secret. It is named for the
// route, since the path holds the secret: instrumentation that records paths or URLs
// would give it away.
func (a app) mount(mux *http.ServeMux, route string, h http.Handler) {
	guard := webhook.RequireToken(webhook.PathSegment(2), a.secret)
	mux.Handle(route, guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := a.tracer.Start(ctx, "POST "+route, trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		h.ServeHTTP(w, r.WithContext(ctx))
	})))
}

// traced adds the trace to each line of a log, under OpenTelemetry's name for it, so
// that one leads to the other.
type traced struct{ slog.Handler }

func (t traced) Handle(ctx context.Context, r slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()))
	}
	return t.Handler.Handle(ctx, r)
}

func (t traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{t.Handler.WithAttrs(attrs)} }

func (t traced) WithGroup(name string) slog.Handler { return traced{t.Handler.WithGroup(name)} }
