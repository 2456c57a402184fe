package gateway

import (
	"strconv"
	"time"
)

// dateForm is how dates are written in most callbacks, in UTC.
const dateForm = "2006-01-02 15:04:05"

// Message is an SMS that somebody has sent to one of the app's numbers. The fields
// are documented on Africa's Talking's page on incoming messages; their order is
// that of its list, and none was observed.
//
// It is posted again until it is answered with status 200, for up to 12 hours
// (help centre, article 742510); at which intervals is not documented.
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
}

// Callback returns the message as it is posted.
func (m Message) Callback() Callback {
	f := []Field{{"date", m.Date.UTC().Format(dateForm)}, {"from", m.From}, {"id", m.ID}}
	if m.LinkID != "" {
		f = append(f, Field{"linkId", m.LinkID})
	}
	f = append(f, Field{"text", m.Text}, Field{"to", m.To})
	if m.NetworkCode != "" {
		f = append(f, Field{"networkCode", m.NetworkCode})
	}
	return Form(agentUnknown, f...)
}

// DeliveryReport says how far a sent message has come. Order and presence of its
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
func (r DeliveryReport) Callback() Callback {
	f := []Field{{"phoneNumber", r.PhoneNumber}}
	if r.FailureReason != "" {
		f = append(f, Field{"failureReason", r.FailureReason})
	}
	f = append(f, Field{"retryCount", strconv.Itoa(r.RetryCount)}, Field{"id", r.ID}, Field{"status", r.Status})
	if r.NetworkCode != "" {
		f = append(f, Field{"networkCode", r.NetworkCode})
	}
	if r.RequestID != "" {
		f = append(f, Field{"requestId", r.RequestID})
	}
	return Form(agentUnknown, f...)
}

// OptOut says that somebody wants no more bulk messages from a sender. Its fields
// are documented; their order is assumed.
type OptOut struct{ SenderID, PhoneNumber string }

// Callback returns the opt-out as it is posted.
func (o OptOut) Callback() Callback {
	return Form(agentUnknown, Field{"senderId", o.SenderID}, Field{"phoneNumber", o.PhoneNumber})
}

// Subscription says that somebody has joined or left a premium product. Its fields
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
func (s Subscription) Callback() Callback {
	f := []Field{{"phoneNumber", s.PhoneNumber}, {"shortCode", s.ShortCode}}
	if s.Keyword != "" {
		f = append(f, Field{"keyword", s.Keyword})
	}
	return Form(agentUnknown, append(f, Field{"updateType", s.UpdateType})...)
}
