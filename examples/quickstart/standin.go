package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// standIn returns an HTTP client whose every request is answered in this process
// as Africa's Talking's messaging endpoint would answer it, and whose messages are
// printed to w.
func standIn(w io.Writer) *http.Client {
	return &http.Client{Transport: transport{printer(w)}}
}

// printer accepts messages on the wire format of Africa's Talking and prints them
// to w.
func printer(w io.Writer) http.Handler {
	type recipient struct {
		StatusCode int    `json:"statusCode"`
		Number     string `json:"number"`
		Status     string `json:"status"`
		Cost       string `json:"cost"`
		MessageID  string `json:"messageId"`
	}
	type data struct {
		Message    string
		Recipients []recipient
	}
	type reply struct{ SMSMessageData data }

	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/version1/messaging" {
			http.NotFound(rw, r)
			return
		}
		var recipients []recipient
		for number := range strings.SplitSeq(r.PostFormValue("to"), ",") {
			fmt.Fprintf(w, "SMS from %q to %q: %q\n", r.PostFormValue("from"), number, r.PostFormValue("message"))
			recipients = append(recipients, recipient{101, number, "Success", "KES 0.8000", "ATXid_" + rand.Text()})
		}
		n := len(recipients)
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(rw).Encode(reply{data{
			// The price is 0.8 each, counted in ten-thousandths.
			Message:    fmt.Sprintf("Sent to %d/%d Total Cost: KES %d.%04d", n, n, n*8000/10_000, n*8000%10_000),
			Recipients: recipients,
		}})
	})
}

// transport hands requests to a handler without a network.
type transport struct{ handler http.Handler }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	defer r.Body.Close()
	a := answer{header: make(http.Header), status: http.StatusOK}
	t.handler.ServeHTTP(&a, r.Clone(r.Context()))
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.header,
		Body:          io.NopCloser(&a.body),
		ContentLength: int64(a.body.Len()),
		Request:       r,
	}, nil
}

// answer collects what a handler writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
