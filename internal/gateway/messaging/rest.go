package messaging

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/gsm7"
)

// Paths of the messaging API, documented. Premium messages go to another host, under
// the first path.
const (
	Path     = "/version1/messaging"
	PathBulk = "/version1/messaging/bulk"
)

// liveHost takes ordinary messages. Premium ones moved to another host in 2020.
const liveHost = "api.africastalking.com"

// MaxRequest is how large a request may be, in bytes: 8 MiB, the stock limit of the
// server that the API was observed to run on.
const MaxRequest = 8 << 20

// Request is a message that an app asks to have sent, as documented for the form
// and for the JSON of the bulk endpoint.
type Request struct {
	Username, APIKey string
	To               []string
	Text, From       string
	// Premium is bulkSMSMode=0.
	Premium bool
	// Enqueue is "0", "1" or, where the request leaves it out, "". Observed: a
	// message is queued only if it is "1".
	Enqueue                    string
	Keyword, LinkID, RequestID string
	RetryHours                 int
	// Masked is the hash that stands for a number, documented for Safaricom. To
	// has it, too.
	Masked string
	// Bulk is set on the bulk endpoint.
	Bulk bool
	// XML is set if the request does not accept JSON: documented as the default.
	XML bool
}

// Reply is what the API answers.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// NewReply returns a reply with a media type.
func NewReply(status int, contentType string, body []byte) Reply {
	return Reply{Status: status, Header: http.Header{"Content-Type": {contentType}}, Body: body}
}

// TextReply returns a reply in plain text, as errors were observed to be.
func TextReply(status int, text string) Reply {
	return NewReply(status, "text/plain; charset=UTF-8", []byte(text))
}

// Unauthorized is the recorded reply to a username and a key that do not go together.
func Unauthorized() Reply {
	r := TextReply(http.StatusUnauthorized, "The supplied authentication is invalid")
	r.Header.Set("WWW-Authenticate", `Basic realm="api",charset=UTF-8`)
	return r
}

// Write writes the reply, with its length.
func (r Reply) Write(w http.ResponseWriter) {
	for name, values := range r.Header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(r.Body)))
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // the client has gone
}

// Read reads a request to send a message. If it cannot be one, ok is false and
// the reply says why. Of these replies the one for a missing form field was
// observed. The one for a premium message at the host of ordinary ones is in words
// of our own: the real one is not public. The others are the stock texts of the
// server that the API runs on.
//
// A request for the inbox, GET, is not ok either. Its reply has status 200, and no
// messages.
func Read(r *http.Request) (q Request, reply Reply, ok bool) {
	path := r.URL.Path
	q.Bulk = path == PathBulk
	q.APIKey = r.Header.Get("apiKey")
	q.XML = !acceptsJSON(r.Header)
	switch {
	case path != Path && !q.Bulk:
		return q, notFound(), false
	case r.Method == http.MethodGet && !q.Bulk:
		q.Username = r.URL.Query().Get("username")
		if q.Username == "" {
			return q, TextReply(http.StatusNotFound, "Request is missing required query parameter 'username'"), false
		}
		return q, NewReply(http.StatusOK, gateway.JSONType, []byte(`{"SMSMessageData":{"Messages":[]}}`)), false
	case r.Method != http.MethodPost:
		methods := "GET, POST"
		if q.Bulk {
			methods = "POST"
		}
		return q, TextReply(http.StatusMethodNotAllowed, "HTTP method not allowed, supported methods: "+methods), false
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxRequest+1))
	switch {
	case err != nil:
		return q, TextReply(http.StatusBadRequest, "The request content was malformed:\n"+err.Error()), false
	case len(body) > MaxRequest:
		return q, TextReply(http.StatusRequestEntityTooLarge, fmt.Sprintf("EntityStreamSizeException: incoming entity size exceeded size limit (%d bytes)!", MaxRequest)), false
	}
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var problem string
	switch {
	case mediaType == "application/x-www-form-urlencoded":
		problem = q.readForm(body)
	case mediaType == "application/json" && q.Bulk:
		problem = q.readJSON(body)
	default:
		return q, TextReply(http.StatusUnsupportedMediaType, "The request's Content-Type is not supported. Expected:\napplication/x-www-form-urlencoded"), false
	}
	if problem != "" {
		return q, TextReply(http.StatusBadRequest, problem), false
	}
	switch noLink := q.LinkID == "" || q.LinkID == "0" || q.LinkID == "None"; {
	case q.Bulk && q.sandbox():
		return q, notFound(), false // documented: the sandbox has none
	case strings.EqualFold(strings.TrimSuffix(r.Host, ":443"), liveHost) && (q.Premium || q.Keyword != "" || !noLink):
		return q, TextReply(http.StatusBadRequest, "Premium messages go to content.africastalking.com"), false
	}
	if q.Masked != "" {
		q.To = append(q.To, q.Masked)
	}
	return q, Reply{}, true
}

func notFound() Reply {
	return TextReply(http.StatusNotFound, "The requested resource could not be found.")
}

func acceptsJSON(h http.Header) bool {
	for accepted := range strings.SplitSeq(strings.Join(h.Values("Accept"), ","), ",") {
		if mediaType, _, err := mime.ParseMediaType(accepted); err == nil && mediaType == gateway.JSONType {
			return true
		}
	}
	return false
}

func (q *Request) readForm(body []byte) (problem string) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "The request content was malformed:\n" + err.Error()
	}
	to, from := "to", "from"
	if q.Bulk {
		to, from = "phoneNumbers", "senderId"
	}
	q.Masked = form.Get("maskedNumber")
	for _, name := range []string{"username", to, "message"} {
		if !form.Has(name) && (name != to || q.Masked == "") {
			return "Request is missing required form field '" + name + "'"
		}
	}
	q.Username, q.Text, q.From = form.Get("username"), form.Get("message"), form.Get(from)
	q.To = split(form.Get(to))
	q.Keyword, q.LinkID, q.RequestID = form.Get("keyword"), form.Get("linkId"), form.Get("requestId")
	q.Enqueue = form.Get("enqueue")
	for _, name := range []string{"enqueue", "bulkSMSMode"} {
		if v := form.Get(name); v != "" && v != "0" && v != "1" {
			return "The form field '" + name + "' was malformed:\n'" + v + "' is not a valid 32-bit signed integer value"
		}
	}
	q.Premium = form.Get("bulkSMSMode") == "0"
	if v := form.Get("retryDurationInHours"); v != "" {
		if q.RetryHours, err = strconv.Atoi(v); err != nil {
			return "The form field 'retryDurationInHours' was malformed:\n'" + v + "' is not a valid 32-bit signed integer value"
		}
	}
	return ""
}

func (q *Request) readJSON(body []byte) (problem string) {
	var doc struct {
		Username, Message, SenderID, MaskedNumber string
		PhoneNumbers                              []string
		Enqueue                                   json.Number
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return "The request content was malformed:\n" + err.Error()
	}
	const missing = "The request content was malformed:\nObject is missing required member "
	switch {
	case doc.Username == "":
		return missing + "'username'"
	case doc.Message == "":
		return missing + "'message'"
	case doc.PhoneNumbers == nil && doc.MaskedNumber == "":
		return missing + "'phoneNumbers'"
	}
	if e := doc.Enqueue.String(); e != "" && e != "0" && e != "1" {
		return "The request content was malformed:\nenqueue is neither 0 nor 1"
	}
	q.Username, q.Text, q.From, q.Enqueue = doc.Username, doc.Message, doc.SenderID, doc.Enqueue.String()
	q.To, q.Masked = doc.PhoneNumbers, doc.MaskedNumber
	return ""
}

// split splits a list of numbers, which are separated by commas.
func split(list string) []string {
	var out []string
	for number := range strings.SplitSeq(list, ",") {
		if number = strings.TrimSpace(number); number != "" {
			out = append(out, number)
		}
	}
	return out
}

// Recipient is what a reply says about one recipient. The order of its fields is
// that of the recorded replies.
type Recipient struct {
	Cost      string `json:"cost" xml:"cost"`
	MessageID string `json:"messageId" xml:"messageId"`
	// Parts is there in live replies about accepted messages alone.
	Parts  int    `json:"messageParts,omitempty" xml:"messageParts,omitempty"`
	Number string `json:"number" xml:"number"`
	Status string `json:"status" xml:"status"`
	// Code is 0 where a reply has none, as was once observed.
	Code int `json:"statusCode,omitempty" xml:"statusCode,omitempty"`
}

// Accepted reports whether the recipient gets the message: its code is 100, 101 or
// 102.
func (r Recipient) Accepted() bool { return 100 <= r.Code && r.Code <= 102 }

const codeInvalidPhoneNumber = 403

// smsStatus has the documented texts of codes.
var smsStatus = map[int]string{
	401: "RiskHold", 402: "InvalidSenderId", codeInvalidPhoneNumber: "InvalidPhoneNumber", 404: "UnsupportedNumberType",
	405: "InsufficientBalance", 406: "UserInBlacklist", 407: "CouldNotRoute", 409: "DoNotDisturbRejection",
	500: "InternalServerError", 501: "GatewayError", 502: "RejectedByGateway",
}

// Costs of a part of a message, in ten-thousandths: those of the recorded replies,
// of which the sandbox's state the total in another currency.
const (
	smsCost    = 8000 // KES
	smsCostUSD = 79
)

// Recipients decides about each recipient, once, in the order of the request. Code
// returns the code of a refusal, or 0; newID names an accepted message. A number that
// is not in international form is refused, as was observed of local ones. Whether
// Africa's Talking keeps the order, and what it makes of a number that is there
// twice, is not documented.
func (q Request) Recipients(code func(number string) int, newID func() string) []Recipient {
	parts, _ := gsm7.Parts(q.Text)
	seen := map[string]bool{}
	var out []Recipient
	for _, number := range q.To {
		if seen[number] {
			continue
		}
		seen[number] = true
		r := Recipient{Cost: "0", MessageID: "None", Number: number}
		r.Code = code(number)
		if r.Code == 0 && number != q.Masked && !international(number) {
			r.Code = codeInvalidPhoneNumber
		}
		if r.Code != 0 {
			r.Status = cmp.Or(smsStatus[r.Code], "Unknown")
			out = append(out, r)
			continue
		}
		r.Status, r.Code, r.MessageID = "Success", 101, newID()
		if q.Enqueue == "1" {
			r.Code = 102
		}
		if !q.Premium {
			r.Cost = amount("KES", smsCost*parts)
		}
		if !q.sandbox() {
			r.Parts = parts
		}
		out = append(out, r)
	}
	return out
}

// international reports whether a number is a plus sign and 7 to 15 digits.
func international(number string) bool {
	digits, plus := strings.CutPrefix(number, "+")
	return plus && 7 <= len(digits) && len(digits) <= 15 && strings.Trim(digits, "0123456789") == ""
}

func (q Request) sandbox() bool { return q.Username == "sandbox" }

func amount(currency string, tenThousandths int) string {
	return fmt.Sprintf("%s %d.%04d", currency, tenThousandths/10_000, tenThousandths%10_000)
}

// Reply answers the request, with status 201 whatever has become of it, as was
// observed. The summary is that of the recorded replies: of the sandbox it states
// the parts, and of a premium message neither cost nor parts.
func (q Request) Reply(recipients []Recipient) Reply {
	parts, _ := gsm7.Parts(q.Text)
	accepted := 0
	for _, r := range recipients {
		if r.Accepted() {
			accepted++
		}
	}
	summary := fmt.Sprintf("Sent to %d/%d", accepted, len(recipients))
	switch {
	case q.Premium:
	case accepted == 0:
		summary += " Total Cost: 0"
	case q.sandbox():
		summary += fmt.Sprintf(" Total Cost: %s Message parts: %d", amount("USD", smsCostUSD*parts*accepted), parts)
	default:
		summary += " Total Cost: " + amount("KES", smsCost*parts*accepted)
	}
	return q.Summarize(http.StatusCreated, summary, recipients)
}

// Summarize answers the request with a status and a summary of its own. With no
// recipients that is how a request is refused as a whole, "InvalidSenderId" with
// status 201 was recorded.
func (q Request) Summarize(status int, summary string, recipients []Recipient) Reply {
	type data struct {
		Message    string      `xml:"Message"`
		Recipients []Recipient `xml:"Recipients>Recipient"`
	}
	if recipients == nil {
		recipients = []Recipient{}
	}
	d := data{summary, recipients}
	if q.XML {
		body, err := xml.Marshal(struct {
			XMLName        xml.Name `xml:"AfricasTalkingResponse"`
			SMSMessageData data
		}{SMSMessageData: d})
		if err != nil {
			panic(err) // strings and numbers can be encoded
		}
		return NewReply(status, "application/xml", body)
	}
	body, err := json.Marshal(struct{ SMSMessageData data }{d})
	if err != nil {
		panic(err) // strings and numbers can be encoded
	}
	return NewReply(status, gateway.JSONType, body)
}

// NewIDs returns a func that names messages one after the other, in the shape that
// was observed. It is safe for concurrent use.
func NewIDs() func() string {
	var mu sync.Mutex
	n := 0
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return fmt.Sprintf("ATXid_%032x", n)
	}
}
