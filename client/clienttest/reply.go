package clienttest

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/sautigo/africastalking/internal/gateway/messaging"
)

// Reply is a way to answer a request to send. The comment of each constant states the
// answer, whether the server sends the message, and the [client.Outcome] of its
// recipients.
type Reply string

// The replies that break clients.
const (
	// InvalidSenderID: 201, the word InvalidSenderId and no recipients. Not sent;
	// Refused, with a [*client.RefusedError]. Recorded.
	InvalidSenderID Reply = "201 InvalidSenderId"
	// Unauthorized: 401 in plain text. Not sent; Refused, with
	// [client.ErrAuthentication]. Recorded.
	Unauthorized Reply = "401 in plain text"
	// DoNotDisturb: 409 and each recipient with the code 409. Not sent; Refused.
	// Documented in prose; the sample of it states no status.
	DoNotDisturb Reply = "409 with recipients"
	// NoStatusCode: 201 and each recipient with a text but no code, its messageId the
	// word None. Not sent; Refused. Observed in 2016.
	NoStatusCode Reply = "201 without statusCode"
	// None: 201 and each recipient without balance, its messageId the word None. Not
	// sent; Refused. Observed.
	None Reply = "201 with None"
	// PartialRefusal: 201, and the last recipient has an invalid number. Sent to the
	// others; Accepted and Refused. Documented.
	PartialRefusal Reply = "201 with a partial refusal"
	// HTML502: 502 and a proxy's page. Sent; OutcomeUnknown.
	HTML502 Reply = "502 in HTML"
	// XMLBody: 201 and the usual reply, in XML although the client asked for JSON.
	// Sent; OutcomeUnknown. XML is documented as the default.
	XMLBody Reply = "201 in XML"
	// CutJSON: 201, and the connection is cut in the middle of the body. Sent;
	// OutcomeUnknown.
	CutJSON Reply = "201 cut short"
	// Hang: no answer until the client gives up, after 30 seconds by default, or the
	// test ends. Sent; OutcomeUnknown. Make the client with a short
	// [client.WithTimeout], or run the test in a testing/synctest bubble
	// ([WithInMemory]).
	Hang Reply = "no answer"
	// Redirect: 307 to another host. Not sent; Refused. A client that follows it
	// takes the message and the API key to a stranger; through [Server.Transport]
	// the request reaches the server again.
	Redirect Reply = "307 to another host"
	// Empty: 200 and nothing. Sent; OutcomeUnknown.
	Empty Reply = "200 and nothing"
)

// More replies.
const (
	// Accept: the reply as recorded, which accepts every recipient but those of
	// [Server.Refuse]. It fills a place between other replies in [Server.Next].
	Accept Reply = "201 as recorded"
	// TooManyRequests: 429 that asks to wait a second. Not sent; Transient. No real
	// one is public.
	TooManyRequests Reply = "429 with Retry-After"
	// Unavailable: 503 that asks to wait a second. Not sent; Transient.
	Unavailable Reply = "503 with Retry-After"
	// Silent503: 503 that asks for nothing, the answer of the API's server when its
	// own handling took too long. Sent; OutcomeUnknown.
	Silent503 Reply = "503 without Retry-After"
)

// Breaks returns the replies that break clients, each once.
func Breaks() []Reply {
	return []Reply{
		InvalidSenderID, Unauthorized, DoNotDisturb, NoStatusCode, None, PartialRefusal,
		HTML502, XMLBody, CutJSON, Hang, Redirect, Empty,
	}
}

func (r Reply) known() bool {
	switch r {
	case Accept, TooManyRequests, Unavailable, Silent503:
		return true
	}
	return slices.Contains(Breaks(), r)
}

// sends reports whether the message goes out although the client cannot know.
func (r Reply) sends() bool {
	switch r {
	case HTML502, XMLBody, CutJSON, Hang, Empty, Silent503:
		return true
	}
	return false
}

// write answers a request. Recipients are those of the reply as recorded.
func (s *Server) write(w http.ResponseWriter, r *http.Request, reply Reply, q messaging.Request, recipients []messaging.Recipient) {
	all := func(status string, code int) []messaging.Recipient {
		out := make([]messaging.Recipient, len(recipients))
		for i := range recipients {
			out[i] = messaging.Recipient{Cost: "0", MessageID: "None", Number: recipients[i].Number, Status: status, Code: code}
		}
		return out
	}
	switch reply {
	case Accept, PartialRefusal:
		q.Reply(recipients).Write(w)
	case InvalidSenderID:
		q.Summarize(http.StatusCreated, "InvalidSenderId", nil).Write(w)
	case Unauthorized:
		messaging.Unauthorized().Write(w)
	case DoNotDisturb:
		refusal := q.Reply(all("DoNotDisturbRejection", 409))
		refusal.Status = http.StatusConflict
		refusal.Write(w)
	case NoStatusCode:
		q.Reply(all("Could Not Send", 0)).Write(w)
	case None:
		q.Reply(all("InsufficientBalance", 405)).Write(w)
	case HTML502:
		messaging.NewReply(http.StatusBadGateway, "text/html", []byte("<html>\n<head><title>502 Bad Gateway</title></head>\n<body>\n<center><h1>502 Bad Gateway</h1></center>\n</body>\n</html>\n")).Write(w)
	case XMLBody:
		q.XML = true
		q.Reply(recipients).Write(w)
	case CutJSON:
		whole := q.Reply(recipients)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(whole.Body)))
		w.WriteHeader(whole.Status)
		_, _ = w.Write(whole.Body[:len(whole.Body)/2]) // the server then cuts the connection
	case Hang:
		select {
		case <-r.Context().Done():
		case <-s.closing:
		}
		panic(http.ErrAbortHandler)
	case Redirect:
		moved := messaging.TextReply(http.StatusTemporaryRedirect, "The request should be repeated with another URI.")
		moved.Header.Set("Location", "http://elsewhere.invalid"+r.URL.Path)
		moved.Write(w)
	case Empty:
		messaging.NewReply(http.StatusOK, "application/json", nil).Write(w)
	case TooManyRequests, Unavailable, Silent503:
		status, text := http.StatusServiceUnavailable, "The server is currently unavailable (because it is overloaded or down for maintenance)."
		if reply == TooManyRequests {
			status, text = http.StatusTooManyRequests, "Too many requests"
		}
		busy := messaging.TextReply(status, text)
		if reply != Silent503 {
			busy.Header.Set("Retry-After", "1")
		}
		busy.Write(w)
	}
}
