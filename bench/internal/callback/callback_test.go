package callback

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestContendersAgree(t *testing.T) {
	t.Parallel()
	for _, k := range kinds() {
		if err := k.check(); err != nil {
			t.Error(err)
		}
	}
}

func TestCheckFindsDifferences(t *testing.T) {
	t.Parallel()
	baseline := contender{byHand, answer(readHop, writeNumber), untyped(readHop)}
	forgetful := func(r *http.Request) (hop, error) {
		h, err := readHop(r)
		h.NetworkCode = ""
		return h, err
	}
	hesitant := answer(readHop, func(w http.ResponseWriter, h hop) {
		w.WriteHeader(http.StatusAccepted)
		writeNumber(w, h)
	})
	page := answer(readHop, func(w http.ResponseWriter, h hop) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "CON Your number is "+h.PhoneNumber)
	})
	answers := 0
	changing := answer(readHop, func(w http.ResponseWriter, h hop) {
		if answers++; answers > 1 {
			h.PhoneNumber = ""
		}
		writeNumber(w, h)
	})
	for _, tt := range []struct {
		name string
		peer contender
		want string // in the error; none if empty
	}{
		{"the same", contender{"peer", baseline.handler, baseline.read}, ""},
		{"another text", contender{"peer", answer(readMessage, writeGood), baseline.read}, "peer replies"},
		{"another status", contender{"peer", hesitant, baseline.read}, "peer replies"},
		{"another media type", contender{"peer", page, baseline.read}, "peer replies"},
		{"another text the second time", contender{"peer", changing, baseline.read}, "peer replies"},
		{"another value", contender{"peer", baseline.handler, untyped(forgetful)}, "peer reads"},
		{"a field that phada does not read", contender{"phada", baseline.handler, untyped(forgetful)}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := kind{name: "hop", body: LaterHop, contenders: []contender{baseline, tt.peer}}.check()
			if tt.want == "" && err == nil {
				return
			}
			if tt.want == "" || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestRepeatRenewsTheRequest(t *testing.T) {
	t.Parallel()
	seen := 0
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := readHop(r)
		if err != nil || got.PhoneNumber != "+254711000001" || len(w.Header()) != 0 {
			t.Errorf("request %d: %+v, %v, headers %v", seen, got, err, w.Header())
		}
		w.Header().Set("Content-Type", "text/plain")
		seen++
	})
	if err := Repeat(h, LaterHop)(3); err != nil || seen != 3 {
		t.Errorf("got %d requests, %v", seen, err)
	}
}

// What is measured is the handlers' alone.
func TestRepeatAllocatesNothing(t *testing.T) {
	const n = 1000
	run := Repeat(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), LaterHop)
	if got := testing.AllocsPerRun(10, func() { _ = run(n) }); got > n/10 {
		t.Errorf("%v allocations for %d requests", got, n)
	}
}
