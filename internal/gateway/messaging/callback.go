// Package messaging plays Africa's Talking towards apps that receive and send SMS:
// the callbacks that it posts, and the API that takes requests to send.
package messaging

import (
	"strconv"
	"time"

	"github.com/sautigo/africastalking/internal/gateway"
)

// Message is an SMS to one of the app's numbers. The fields
// are documented on Africa's Talking's page on incoming messages; their order is
// that of its list, and none was observed. cost is documented elsewhere.
//
// Africa's Talking posts it again until the app answers with status 200, for up to 12
// hours (help centre, article 742510). The intervals are not documented.
type Message struct {
	ID   string
	Date time.Time
	From string
	To   string
	Text string
	// LinkID is of on-demand messages only; the field is left out if it is empty.
	LinkID string
	// NetworkCode is left out if it is empty, as the sandbox was observed to do.
	NetworkCode string
	// Cost is left out if it is empty: documented as three letters, a blank and a
	// number, and captured as "None".
	Cost string
}

// Callback returns the message as it is posted.
func (m Message) Callback() gateway.Callback {
	f := []gateway.Field{{"date", m.Date.UTC().Format(time.DateTime)}, {"from", m.From}, {"id", m.ID}}
	f = gateway.Present(f, "linkId", m.LinkID)
	f = append(f, gateway.Field{"text", m.Text}, gateway.Field{"to", m.To})
	f = gateway.Present(f, "networkCode", m.NetworkCode)
	return gateway.Form(gateway.AgentUnknown, gateway.Present(f, "cost", m.Cost)...)
}

// DeliveryReport is the state of a message that the app has sent. Order and presence of its
// fields are those of one captured report on a bulk message.
type DeliveryReport struct {
	ID          string
	Status      string
	PhoneNumber string
	// NetworkCode is left out if it is empty.
	NetworkCode string
	// FailureReason is left out if it is empty; documented for Rejected and
	// Failed, and not from every network.
	FailureReason string
	// RetryCount is documented for premium messages, and was observed as 0 on a
	// bulk one.
	RetryCount int
	// RequestID is the sender's own; reported, not documented, and left out if
	// it is empty.
	RequestID string
}

// Callback returns the report as it is posted.
func (r DeliveryReport) Callback() gateway.Callback {
	f := []gateway.Field{{"phoneNumber", r.PhoneNumber}}
	f = gateway.Present(f, "failureReason", r.FailureReason)
	f = append(f, gateway.Field{"retryCount", strconv.Itoa(r.RetryCount)}, gateway.Field{"id", r.ID}, gateway.Field{"status", r.Status})
	f = gateway.Present(f, "networkCode", r.NetworkCode)
	f = gateway.Present(f, "requestId", r.RequestID)
	return gateway.Form(gateway.AgentUnknown, f...)
}

// OptOut says that a subscriber wants no more bulk messages from a sender. Its fields
// are documented; their order is assumed.
type OptOut struct{ SenderID, PhoneNumber string }

// Callback returns the opt-out as it is posted.
func (o OptOut) Callback() gateway.Callback {
	return gateway.Form(gateway.AgentUnknown, gateway.Field{"senderId", o.SenderID}, gateway.Field{"phoneNumber", o.PhoneNumber})
}

// Subscription says that a subscriber has joined or left a premium product. Its fields
// are documented; their order is assumed.
type Subscription struct {
	PhoneNumber, ShortCode string
	// Keyword is left out if it is empty.
	Keyword string
	// UpdateType is written "addition" on Africa's Talking's page and "Addition"
	// in its sample.
	UpdateType string
}

// Callback returns the subscription as it is posted.
func (s Subscription) Callback() gateway.Callback {
	f := []gateway.Field{{"phoneNumber", s.PhoneNumber}, {"shortCode", s.ShortCode}}
	f = gateway.Present(f, "keyword", s.Keyword)
	return gateway.Form(gateway.AgentUnknown, append(f, gateway.Field{"updateType", s.UpdateType})...)
}
