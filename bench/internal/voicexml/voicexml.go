// Package voicexml measures writing a voice document: this library beside a
// hand-written append, encoding/xml, and the builders of other providers.
package voicexml

import (
	"context"
	"fmt"
	"reflect"

	"github.com/sautigo/africastalking/bench/internal/measure"
	"github.com/sautigo/africastalking/bench/internal/report"
)

const (
	baseline    = "hand-written append"
	baselineNew = "hand-written append, new memory"
	ours        = "this library"
	oursNew     = "this library, new memory"
)

// Targets of the library.
const (
	maxRatio = 1.3
	minPeers = 5
)

// document is what was written, as bytes or as a string: turning one into the
// other would be measured too.
type document struct {
	bytes []byte
	text  string
}

func (d document) String() string { return d.text + string(d.bytes) }

// writer writes the document. It may use the buffer that it is given.
type writer struct {
	name string
	// peer is set for those that the library should be much faster than.
	peer  bool
	write func(f *flow, buf []byte) (document, error)
}

// writers returns the baseline and all others that can write f.
func writers(f *flow) []writer {
	ws := []writer{
		{baseline, false, func(f *flow, buf []byte) (document, error) { return document{bytes: f.appended(buf)}, nil }},
		{ours, false, func(f *flow, buf []byte) (document, error) {
			b, err := f.library().AppendText(buf)
			return document{bytes: b}, err
		}},
		{baselineNew, false, func(f *flow, _ []byte) (document, error) {
			return document{bytes: f.appended(make([]byte, 0, 640))}, nil
		}},
		{oursNew, false, func(f *flow, _ []byte) (document, error) { return document{text: f.library().String()}, nil }},
		{"encoding/xml", true, func(f *flow, _ []byte) (document, error) {
			b, err := f.encoded()
			return document{bytes: b}, err
		}},
	}
	if f.rich {
		return ws
	}
	return append(ws,
		writer{"twilio-go v1.31.0, twiml", true, func(f *flow, _ []byte) (document, error) {
			s, err := f.twilio()
			return document{text: s}, err
		}},
		writer{"plivo-go v7.60.2, xml", true, func(f *flow, _ []byte) (document, error) { return document{text: f.plivo()}, nil }})
}

// check compares what all documents mean with what the baseline's means.
func check(f *flow, ws []writer) error {
	var want []step
	for i, w := range ws {
		doc, err := w.write(f, nil)
		if err != nil {
			return fmt.Errorf("voice XML: %s: %w", w.name, err)
		}
		got, err := meaning(doc.String())
		if err != nil {
			return fmt.Errorf("voice XML: %s writes %s: %w", w.name, doc, err)
		}
		if i == 0 {
			want = got
		}
		if !reflect.DeepEqual(got, want) {
			return fmt.Errorf("voice XML: %s means %+v, %s %+v", w.name, got, ws[0].name, want)
		}
	}
	return nil
}

// Run checks that all documents mean the same, then measures writing them.
func Run(ctx context.Context, p measure.Plan) (report.Section, error) {
	s := report.Section{
		Title: "Voice XML",
		Intro: "Building and writing a greeting, a menu that waits for a digit, and a dial, from values known at run time. " +
			"The documents were parsed and compared in meaning first, since vocabularies differ (`GetDigits` and `Gather`, `Say` and `Speak`). " +
			"The first two lines append to a buffer that is used again, as handlers do; all others return new memory.",
	}
	for _, f := range []*flow{newFlow(false), newFlow(true)} {
		caption := "Say, GetDigits and Dial"
		if f.rich {
			caption += ", recorded and with a tone"
		}
		p.Logf("voice XML: %s", caption)
		ws := writers(f)
		if err := check(f, ws); err != nil {
			return s, err
		}
		var cs []measure.Contender
		for _, w := range ws {
			cs = append(cs, measure.Contender{Name: w.name, Run: w.repeat(f)})
		}
		series, err := measure.Interleaved(ctx, p, cs)
		if err != nil {
			return s, fmt.Errorf("voice XML: %w", err)
		}
		table, bars := report.Compare("**"+caption+"**", series, baseline, ours)
		s.Tables = append(s.Tables, table)
		if !f.rich {
			s.Panels = append(s.Panels, report.Panel{Title: "Voice XML", Better: caption + ", time beside an append; shorter is better", Bars: bars})
		}
		library := report.Find(series, oursNew).Nanos()
		s.Verdicts = append(s.Verdicts,
			report.AtMost("Voice XML beside an append, both to new memory. "+caption, maxRatio,
				measure.Ratios(library, report.Find(series, baselineNew).Nanos())))
		for _, w := range ws {
			if w.peer {
				s.Verdicts = append(s.Verdicts, report.AtLeast("Voice XML, faster than "+w.name+". "+caption, minPeers,
					measure.Ratios(report.Find(series, w.name).Nanos(), library)))
			}
		}
	}
	return s, nil
}

func (w writer) repeat(f *flow) func(n int) error {
	return func(n int) error {
		buf := make([]byte, 0, 1024)
		for range n {
			if _, err := w.write(f, buf); err != nil {
				return err
			}
		}
		return nil
	}
}
