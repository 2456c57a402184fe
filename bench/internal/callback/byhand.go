package callback

import (
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// What one writes by hand on net/http: no limit, no checks, no deadline.

func readMessage(r *http.Request) (message, error) {
	if err := r.ParseForm(); err != nil {
		return message{}, err
	}
	date, err := parseTime(r.PostForm.Get("date"))
	if err != nil {
		return message{}, err
	}
	return message{
		ID:          r.PostForm.Get("id"),
		Date:        date,
		From:        r.PostForm.Get("from"),
		To:          r.PostForm.Get("to"),
		Text:        r.PostForm.Get("text"),
		LinkID:      r.PostForm.Get("linkId"),
		NetworkCode: r.PostForm.Get("networkCode"),
	}, nil
}

func readHop(r *http.Request) (hop, error) {
	if err := r.ParseForm(); err != nil {
		return hop{}, err
	}
	return hop{
		SessionID:   r.PostForm.Get("sessionId"),
		PhoneNumber: r.PostForm.Get("phoneNumber"),
		NetworkCode: r.PostForm.Get("networkCode"),
		ServiceCode: r.PostForm.Get("serviceCode"),
		Text:        r.PostForm.Get("text"),
	}, nil
}

func readCall(r *http.Request) (call, error) {
	if err := r.ParseForm(); err != nil {
		return call{}, err
	}
	start, err := parseTime(r.PostForm.Get("callStartTime"))
	if err != nil {
		return call{}, err
	}
	return call{
		IsActive:          r.PostForm.Get("isActive"),
		SessionID:         r.PostForm.Get("sessionId"),
		Direction:         r.PostForm.Get("direction"),
		CallerNumber:      r.PostForm.Get("callerNumber"),
		DestinationNumber: r.PostForm.Get("destinationNumber"),
		CallSessionState:  r.PostForm.Get("callSessionState"),
		CallerCountryCode: r.PostForm.Get("callerCountryCode"),
		CallerCarrierName: r.PostForm.Get("callerCarrierName"),
		CallStartTime:     start,
	}, nil
}

// answer is a handler of a payload that something has read, with the answer
// written by hand.
func answer[T any](read func(*http.Request) (T, error), write func(http.ResponseWriter, T)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := read(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		write(w, v)
	})
}

func writeGood(w http.ResponseWriter, _ message) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "GOOD")
}

func writeNumber(w http.ResponseWriter, h hop) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "CON Your number is "+h.PhoneNumber)
}

func writeCalled(w http.ResponseWriter, c call) {
	if c.IsActive != "1" {
		w.WriteHeader(http.StatusOK)
		return
	}
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><Response><Say>You called `)
	if err := xml.EscapeText(&b, []byte(c.DestinationNumber)); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	b.WriteString(`</Say></Response>`)
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = io.WriteString(w, b.String())
}
