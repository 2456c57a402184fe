package session

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/sautigo/africastalking/internal/gateway"
)

// Event is the notification at the end of a USSD session. Names, order and
// meaning of its fields are documented on Africa's Talking's USSD pages; no
// captured one is public.
type Event struct {
	Date        time.Time
	SessionID   string
	ServiceCode string
	NetworkCode string
	PhoneNumber string
	// Status is "Success" if the app has ended the session, "Incomplete" if it
	// was dropped while an answer was expected, "Failed" after a bad answer.
	Status       string
	Cost         string
	Duration     time.Duration
	HopsCount    int
	HopsMetadata []string
	// Input is the text of the last hop.
	Input string
	// LastAppResponse is the last body that the app has answered, good or bad. That
	// an earlier one is repeated if the last hop had none is assumed.
	LastAppResponse string
	ErrorMessage    string
}

// Callback returns the event as it is posted. hopsMetadata is documented to be
// there only if hops had metadata, and errorMessage is for sessions that did not
// succeed. That the User-Agent is that of the session is assumed.
func (e Event) Callback() gateway.Callback {
	f := []gateway.Field{
		{"date", e.Date.UTC().Format(time.DateTime)},
		{"sessionId", e.SessionID},
		{"serviceCode", e.ServiceCode},
		{"networkCode", e.NetworkCode},
		{"phoneNumber", e.PhoneNumber},
		{"status", e.Status},
		{"cost", e.Cost},
		{"durationInMillis", strconv.FormatInt(e.Duration.Milliseconds(), 10)},
		{"hopsCount", strconv.Itoa(e.HopsCount)},
	}
	f = gateway.Present(f, "hopsMetadata", strings.Join(e.HopsMetadata, "|"))
	f = append(f, gateway.Field{"input", e.Input}, gateway.Field{"lastAppResponse", e.LastAppResponse})
	if e.Status != "Success" {
		f = append(f, gateway.Field{"errorMessage", e.ErrorMessage})
	}
	return gateway.Form(Agent, f...)
}

func (s *Session) end(ctx context.Context, status, message string) {
	s.event = &Event{
		Date:            time.Now().UTC(),
		SessionID:       s.c.SessionID,
		ServiceCode:     s.c.ServiceCode,
		NetworkCode:     s.c.NetworkCode,
		PhoneNumber:     s.c.PhoneNumber,
		Status:          status,
		Cost:            s.c.Cost,
		Duration:        time.Since(s.start),
		HopsCount:       len(s.hops),
		HopsMetadata:    s.metadata,
		Input:           s.hops[len(s.hops)-1].Text,
		LastAppResponse: string(s.last),
		ErrorMessage:    message,
	}
	if s.c.Events == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, s.c.Timeout)
	defer cancel()
	s.eventAck = s.c.Events.Post(ctx, s.event.Callback())
}
