package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/sautigo/africastalking/examples/internal/exampletest"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/sms/smstest"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
)

const (
	secret  = "q7Wn2vXc9LkT4bRz8MhY1sDf6GjP3aEu"
	text    = "two red chairs"
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
)

// private is what no label, span or log may hold.
var private = []string{secret, text, "711000001", "711000002", "711000003"}

// collector is an OpenTelemetry collector's receiver on loopback.
type collector struct {
	url     string
	spans   consumertest.TracesSink
	metrics consumertest.MetricsSink
}

func startCollector(t *testing.T) *collector {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c := &collector{url: "http://" + addr}
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	http := map[string]any{"endpoint": addr}
	if err := confmap.NewFromStringMap(map[string]any{"protocols": map[string]any{"http": http}}).Unmarshal(config); err != nil {
		t.Fatal(err)
	}
	settings := receivertest.NewNopSettings(factory.Type())
	traces, err := factory.CreateTraces(t.Context(), settings, config, &c.spans)
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := factory.CreateMetrics(t.Context(), settings, config, &c.metrics)
	if err != nil {
		t.Fatal(err)
	}
	for _, receiver := range []component.Component{traces, metrics} {
		if err := receiver.Start(t.Context(), componenttest.NewNopHost()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := receiver.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	return c
}

// outcomes counts what was observed, by kind and outcome.
type outcomes map[string]int

// spansOf returns the outcomes of the spans below the requests', and the routes of
// those requests.
func (c *collector) spansOf(t *testing.T) (got outcomes, routes []string) {
	t.Helper()
	got = outcomes{}
	names := map[string]string{}
	var below []ptrace.Span
	for _, traces := range c.spans.AllTraces() {
		for _, resource := range traces.ResourceSpans().All() {
			for _, scope := range resource.ScopeSpans().All() {
				for _, span := range scope.Spans().All() {
					names[span.SpanID().String()] = span.Name()
					if span.Kind() != ptrace.SpanKindServer {
						below = append(below, span)
					} else if id := span.TraceID().String(); id != traceID {
						t.Errorf("a request's trace is %s, want the caller's", id)
					}
				}
			}
		}
	}
	for _, span := range below {
		kind, _ := span.Attributes().Get("callback.kind")
		outcome, _ := span.Attributes().Get("callback.outcome")
		got[kind.Str()+" "+outcome.Str()]++
		failed := span.Status().Code() == ptrace.StatusCodeError
		if failed != (outcome.Str() != "ok") || span.Name() != "callback "+kind.Str() || span.EndTimestamp() < span.StartTimestamp() {
			t.Errorf("span %q of %s has status %v", span.Name(), outcome.Str(), span.Status().Code())
		}
		routes = append(routes, names[span.ParentSpanID().String()])
	}
	slices.Sort(routes)
	return got, slices.Compact(routes)
}

// metricsOf returns the outcomes that were counted, as exported last.
func (c *collector) metricsOf() outcomes {
	got := outcomes{}
	for _, metrics := range c.metrics.AllMetrics() {
		for _, resource := range metrics.ResourceMetrics().All() {
			for _, scope := range resource.ScopeMetrics().All() {
				for _, m := range scope.Metrics().All() {
					if m.Name() != "callback.duration" || m.Unit() != "s" {
						continue
					}
					for _, point := range m.Histogram().DataPoints().All() {
						kind, _ := point.Attributes().Get("callback.kind")
						outcome, _ := point.Attributes().Get("callback.outcome")
						got[kind.Str()+" "+outcome.Str()] = int(point.Count())
					}
				}
			}
		}
	}
	return got
}

// everything returns all that the collector has got, as text.
func (c *collector) everything(t *testing.T) string {
	t.Helper()
	var all bytes.Buffer
	for _, traces := range c.spans.AllTraces() {
		b, err := (&ptrace.JSONMarshaler{}).MarshalTraces(traces)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	for _, metrics := range c.metrics.AllMetrics() {
		b, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(metrics)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}

// scrape returns what Prometheus gets, as text and counted.
func scrape(t *testing.T, url string) (string, outcomes) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	got := outcomes{}
	for _, m := range families["callback_duration_seconds"].GetMetric() {
		labels := map[string]string{}
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		if names := slices.Sorted(maps.Keys(labels)); !slices.Equal(names, []string{"kind", "outcome"}) {
			t.Errorf("labels %v", names)
		}
		got[labels["kind"]+" "+labels["outcome"]] = int(samples(m))
	}
	return string(body), got
}

func samples(m *dto.Metric) uint64 { return m.GetHistogram().GetSampleCount() }

// inTrace sends requests as part of a trace.
type inTrace struct{}

func (inTrace) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Traceparent", "00-"+traceID+"-00f067aa0ba902b7-01")
	return http.DefaultTransport.RoundTrip(r)
}

func TestObservability(t *testing.T) {
	c := startCollector(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.url)
	release := make(chan struct{})
	order := func(_ context.Context, number string) error {
		switch number {
		case "+254711000001":
			return nil
		case "+254711000002":
			return errors.New("no credit left for " + number)
		case "+254711000003":
			panic("no idea who " + number + " is")
		}
		<-release
		return nil
	}
	p := start(t, order)
	callbacks := p.URL(t) + "/at/" + secret
	lines := p.Curls()
	metrics := strings.TrimPrefix(lines[len(lines)-1], "curl ")

	buy := func(number string) *ussdtest.Phone {
		return ussdtest.NewURL(t, callbacks+"/ussd", ussdtest.WithPhoneNumber(number), ussdtest.WithTransport(inTrace{}), ussdtest.WithLenient(ussdtest.Apology)).
			Dial("*384*123#").Send("1")
	}
	buy("+254711000001").Ends("Thank you for your order.")
	buy("+254711000002").Ends(ussd.Apology)
	buy("+254711000003").Ends(ussd.Apology)
	buy("+254711000004").Ends(ussd.Apology)
	app := smstest.NewURL(t, callbacks+"/sms", smstest.WithTransport(inTrace{}))
	app.Message(sms.IncomingMessage{From: "+254711000001", Text: text})
	app.Expect(http.StatusInternalServerError).Message(sms.IncomingMessage{From: "+254711000002", Text: text})
	app.Expect(http.StatusBadRequest).OptOut(sms.OptOut{PhoneNumber: "+254711000001"})
	smstest.NewURL(t, strings.Replace(callbacks, secret, strings.ToLower(secret), 1)+"/sms").Expect(http.StatusNotFound).Message(sms.IncomingMessage{})

	want := outcomes{
		"ussd.Request ok": 5, "ussd.Request failed": 1, "ussd.Request panic": 1, "ussd.Request deadline": 1,
		"sms.IncomingMessage ok": 1, "sms.IncomingMessage failed": 1, "sms.IncomingMessage refused": 1,
	}
	scraped, counted := scrape(t, metrics)
	if diff := cmp.Diff(want, counted); diff != "" {
		t.Errorf("Prometheus has (-want +got):\n%s", diff)
	}
	close(release)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	p.Stop()
	if err := <-p.Ended; err != nil {
		t.Fatal(err)
	}
	spans, routes := c.spansOf(t)
	if diff := cmp.Diff(want, spans); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"POST /at/{token}/sms", "POST /at/{token}/ussd"}, routes); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, c.metricsOf()); diff != "" {
		t.Errorf("measurements (-want +got):\n%s", diff)
	}
	if !strings.Contains(p.Stderr.String(), "trace_id="+traceID) {
		t.Errorf("the log leads to no trace:\n%s", p.Stderr.String())
	}
	for where, all := range map[string]string{"Prometheus": scraped, "the collector": c.everything(t)} {
		for _, s := range private {
			if strings.Contains(all, s) {
				t.Errorf("%s has got %q:\n%s", where, s, all)
			}
		}
	}
	if strings.Contains(p.Stderr.String(), secret) {
		t.Errorf("the log has the secret:\n%s", p.Stderr.String())
	}
}

// start runs the program, for a shop that keeps its orders with order.
func start(t *testing.T, order func(context.Context, string) error) *exampletest.Process {
	t.Helper()
	return exampletest.Start(t, func(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
		return run(ctx, args, getenv, order, stdout, stderr)
	}, map[string]string{"CALLBACK_SECRET": secret}, "-metrics", "127.0.0.1:0", "-timeout", "2s")
}

// The commands that the program prints work, once the shell has put the secret in.
func TestCurls(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", startCollector(t).url)
	p := start(t, func(context.Context, string) error { return nil })
	lines, wants := p.Curls(), []string{"END Thank you for your order.", "GOOD", `callback_duration_seconds_count{kind="ussd.Request",outcome="ok"} 1`}
	if len(lines) != len(wants) || strings.Contains(p.Intro, secret) {
		t.Fatalf("%d curl lines, or the secret, are printed, want %d:\n%s", len(lines), len(wants), p.Intro)
	}
	for i, want := range wants {
		line := strings.ReplaceAll(lines[i], `"$CALLBACK_SECRET"`, secret)
		if status, body := exampletest.Do(t, line); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s\nis answered %d %q, want 200 with %q", line, status, body, want)
		}
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	p.Stop()
	if err := <-p.Ended; err != nil {
		t.Error(err)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"-addr", "-metrics"} {
		args := append([]string{"-addr", "127.0.0.1:0"}, addr, "127.0.0.1:none")
		if err := run(t.Context(), args, exampletest.Environ(nil), nil, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "unknown port") {
			t.Errorf("%s: error %v", addr, err)
		}
	}
}
