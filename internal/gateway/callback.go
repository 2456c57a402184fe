package gateway

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
)

// Media types of callbacks: that of forms was observed, that of JSON is assumed.
const (
	FormType = "application/x-www-form-urlencoded; charset=UTF-8"
	JSONType = "application/json"
)

// AgentUnknown is the User-Agent of products whose callbacks were never seen with
// their headers. It keeps net/http from sending its own.
const AgentUnknown = ""

// Callback is a request that Africa's Talking posts. It can be delivered any number of
// times, and several times at once.
type Callback struct {
	// Header is the header without Host and Content-Length, which delivery adds.
	Header http.Header
	Body   []byte
}

// Field is a form field: its name and its value. The order of fields is part of
// the wire.
type Field [2]string

// Present appends a field that is left out if its value is empty.
func Present(fields []Field, name, value string) []Field {
	if value == "" {
		return fields
	}
	return append(fields, Field{name, value})
}

// Form returns the callback that carries fields. All products that post forms
// were seen to encode them alike; agent is the product's User-Agent.
func Form(agent string, fields ...Field) Callback {
	return callback(agent, FormType, EncodeForm(fields...))
}

// JSON returns the callback that carries v as JSON.
func JSON(agent string, v any) Callback {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // the callbacks of this package can be encoded
	}
	return callback(agent, JSONType, body)
}

func callback(agent, contentType string, body []byte) Callback {
	return Callback{
		Header: http.Header{"User-Agent": {agent}, "Content-Type": {contentType}, "Accept-Encoding": {"gzip"}},
		Body:   body,
	}
}

// EncodeForm encodes fields in their order, as observed: a space as "+", and "+",
// "*" and "#" as "%2B", "%2A" and "%23".
func EncodeForm(fields ...Field) []byte {
	var b []byte
	for i, f := range fields {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, url.QueryEscape(f[0])...)
		b = append(b, '=')
		b = append(b, url.QueryEscape(f[1])...)
	}
	return b
}

// NewID returns a new id of the shape that was observed for all products: a
// prefix such as "ATUid_" and 32 hexadecimal digits.
func NewID(prefix string) string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return prefix + hex.EncodeToString(b[:])
}
