package gateway

import (
	"fmt"
	"strconv"
	"time"
)

// AgentVoice is the User-Agent of voice callbacks. An allow-list in public has its
// name; the version is assumed.
const AgentVoice = "at-voice-api/1.0"

// active is a callback of a live call. The order of its fields was captured for the
// first one; that what was collected follows, and that the state is Active once the
// call is under way, is assumed.
func (c *Call) active(state string, more ...Field) Callback {
	f := []Field{
		{"callSessionState", state},
		{"direction", c.direction()},
		{"callerCountryCode", c.v.CountryCode},
		{"callerNumber", c.v.CallerNumber},
		{"sessionId", c.v.SessionID},
	}
	f = present(f, "clientDialedNumber", c.v.ClientDialedNumber)
	f = append(f, Field{"destinationNumber", c.v.DestinationNumber})
	f = present(f, "callerCarrierName", c.v.Carrier)
	f = append(f, Field{"callStartTime", date(c.v.Start)}, Field{"isActive", "1"})
	f = present(f, "clientRequestId", c.v.ClientRequestID)
	return Form(AgentVoice, append(f, more...)...)
}

// final is the notification at the end of a call. The order of its fields up to
// currencyCode was captured. A call that was not picked up is NotAnswered, as
// captured; that one which was rejected is too, and that one without a sound or a
// connection is Aborted, is assumed.
func (c *Call) final() Callback {
	state, status, start := "Completed", "Success", date(c.v.Start)
	switch {
	case c.missed != "":
		state, status, start = "NotAnswered", "NotAnswered", "None"
	case !c.established:
		status = "Aborted"
	}
	f := []Field{{"callSessionState", state}}
	f = present(f, "hangupCause", c.missed)
	f = append(f,
		Field{"direction", c.direction()},
		Field{"callerCountryCode", c.v.CountryCode},
		Field{"durationInSeconds", seconds(c.charged())},
		Field{"amount", c.amount()},
		Field{"callerNumber", c.v.CallerNumber},
		Field{"destinationNumber", c.v.DestinationNumber},
	)
	f = present(f, "callerCarrierName", c.v.Carrier)
	f = append(f, Field{"status", status}, Field{"sessionId", c.v.SessionID}, Field{"callStartTime", start})
	if c.keep != nil {
		f = append(f, Field{"recordingUrl", *c.keep})
	}
	f = append(f, Field{"isActive", "0"}, Field{"currencyCode", c.v.Currency})
	f = present(f, "clientDialedNumber", c.v.ClientDialedNumber)
	f = present(f, "clientRequestId", c.v.ClientRequestID)
	f = present(f, "lastBridgeHangupCause", c.bridge)
	f = append(f, c.dial...)
	f = append(f, c.queue...)
	return Form(AgentVoice, present(f, "callTransferParam", c.transfer)...)
}

func present(f []Field, name, value string) []Field {
	if value == "" {
		return f
	}
	return append(f, Field{name, value})
}

func (c *Call) direction() string {
	if c.v.Outbound {
		return "Outbound"
	}
	return "Inbound"
}

// charged returns the time that is paid for.
func (c *Call) charged() time.Duration {
	if !c.established || c.missed != "" {
		return 0
	}
	return c.elapsed - c.answeredAt
}

// amount has three decimals, or none if nothing was paid for, as captured.
func (c *Call) amount() string {
	if !c.established || c.missed != "" {
		return "0"
	}
	thousandths := (c.v.Minute*wholeSeconds(c.charged()) + 60_000 - 1) / 60_000
	return fmt.Sprintf("%d.%03d", thousandths/1000, thousandths%1000)
}

// date is now, in the time of the call.
func (c *Call) date() string { return date(c.v.Start.Add(c.elapsed)) }

// date writes a date as it was captured. Its time zone is not documented; UTC is
// assumed.
func date(t time.Time) string { return t.UTC().Format(time.DateTime) }

func seconds(d time.Duration) string { return strconv.FormatInt(wholeSeconds(d), 10) }

func wholeSeconds(d time.Duration) int64 { return int64(d / time.Second) }
