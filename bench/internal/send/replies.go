package send

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Everything that is known about the wire is in this file: how a message is
// answered, and the twelve replies that clients have been seen to break on.

// Numbers returns n different invented numbers.
func Numbers(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("+2547110%05d", i)
	}
	return out
}

// AcceptAll is the answer to a message that was handed on for everybody.
func AcceptAll(to []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"SMSMessageData":{"Message":"Sent to %d/%d Total Cost: KES %d.0000","Recipients":[`, len(to), len(to), len(to))
	for i, number := range to {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(sent(number))
	}
	b.WriteString("]}}")
	return b.String()
}

func sent(number string) string {
	return fmt.Sprintf(`{"cost":"KES 1.0000","messageId":"ATXid_%s","messageParts":1,"number":%q,"status":"Success","statusCode":101}`,
		strings.TrimPrefix(number, "+"), number)
}

func refused(number, status string, code int) string {
	return fmt.Sprintf(`{"cost":"0","messageId":"None","number":%q,"status":%q,"statusCode":%d}`, number, status, code)
}

func data(message string, recipients ...string) string {
	return fmt.Sprintf(`{"SMSMessageData":{"Message":%q,"Recipients":[%s]}}`, message, strings.Join(recipients, ","))
}

func write(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

const jsonType = "application/json"

// reply is one answer, and what became of the message that it answers.
type reply struct {
	name, fate string
	to         int
	serve      func(w http.ResponseWriter, r *http.Request, to []string)
}

// replies returns the answers that clients break on. One that hangs waits for
// release.
func replies(release <-chan struct{}) []reply {
	fixed := func(status int, contentType string, body func(to []string) string) func(http.ResponseWriter, *http.Request, []string) {
		return func(w http.ResponseWriter, _ *http.Request, to []string) { write(w, status, contentType, body(to)) }
	}
	text := func(s string) func([]string) string { return func([]string) string { return s } }
	return []reply{
		{"201, `InvalidSenderId`, nobody listed", "refused", 1,
			fixed(http.StatusCreated, jsonType, text(data("InvalidSenderId")))},
		{"401 as text", "refused", 1,
			fixed(http.StatusUnauthorized, "text/plain; charset=UTF-8", text("The supplied authentication is invalid"))},
		{"409 with a recipient", "refused", 1,
			fixed(http.StatusConflict, jsonType, func(to []string) string {
				return data("Sent to 0/1 Total Cost: 0", refused(to[0], "DoNotDisturbRejection", 409))
			})},
		{"a recipient without `statusCode`", "refused", 1,
			fixed(http.StatusCreated, jsonType, func(to []string) string {
				return data("Sent to 0/1 Total Cost: 0", fmt.Sprintf(`{"number":%q,"status":"Could Not Send","cost":"0","messageId":"None"}`, to[0]))
			})},
		{"`messageId` is `None`", "refused", 1,
			fixed(http.StatusCreated, jsonType, func(to []string) string {
				return data("Sent to 0/1 Total Cost: 0", refused(to[0], "InsufficientBalance", 405))
			})},
		{"one of two refused", "accepted for the first", 2,
			fixed(http.StatusCreated, jsonType, func(to []string) string {
				return data("Sent to 1/2 Total Cost: KES 1.0000", sent(to[0]), refused(to[1], "InvalidPhoneNumber", 403))
			})},
		{"502, HTML", "unknown", 1,
			fixed(http.StatusBadGateway, "text/html", text("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"))},
		{"201, XML", "unknown", 1,
			fixed(http.StatusCreated, "application/xml", text(`<?xml version="1.0"?><AfricasTalkingResponse><SMSMessageData><Message>Sent to 1/1</Message></SMSMessageData></AfricasTalkingResponse>`))},
		{"201, JSON cut short", "unknown", 1,
			fixed(http.StatusCreated, jsonType, func(to []string) string { s := AcceptAll(to); return s[:len(s)/2] })},
		{"no answer", "unknown", 1,
			func(_ http.ResponseWriter, r *http.Request, _ []string) {
				select {
				case <-release:
				case <-r.Context().Done():
				}
			}},
		{"307 to another address", "not accepted here", 1,
			func(w http.ResponseWriter, r *http.Request, to []string) {
				if r.URL.Path == "/elsewhere" {
					write(w, http.StatusCreated, jsonType, AcceptAll(to))
					return
				}
				http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			}},
		{"200, empty", "unknown", 1, fixed(http.StatusOK, jsonType, text(""))},
	}
}
