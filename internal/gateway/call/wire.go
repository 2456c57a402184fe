package call

import (
	"fmt"
	"strconv"
	"time"

	"github.com/sautigo/africastalking/internal/gateway"
)

// Agent is the User-Agent of voice callbacks. An allow-list in public has its
// name; the version is assumed.
const Agent = "at-voice-api/1.0"

// active is a callback of a live call. The order of its fields was captured for the
// first one; that what was collected follows, and that the state is Active once the
// call is under way, is assumed.
func (c *Call) active(state string, more ...gateway.Field) gateway.Callback {
	f := []gateway.Field{
		{"callSessionState", state},
		{"direction", c.direction()},
		{"callerCountryCode", c.v.CountryCode},
		{"callerNumber", c.v.CallerNumber},
		{"sessionId", c.v.SessionID},
	}
	f = gateway.Present(f, "clientDialedNumber", c.v.ClientDialedNumber)
	f = append(f, gateway.Field{"destinationNumber", c.v.DestinationNumber})
	f = gateway.Present(f, "callerCarrierName", c.v.Carrier)
	f = append(f, gateway.Field{"callStartTime", date(c.v.Start)}, gateway.Field{"isActive", "1"})
	f = gateway.Present(f, "clientRequestId", c.v.ClientRequestID)
	return gateway.Form(Agent, append(f, more...)...)
}

// final is the notification at the end of a call. The order of its fields up to
// currencyCode was captured. A call that was not picked up is NotAnswered, as
// captured; that one which was rejected is too, and that one without a sound or a
// connection is Aborted, is assumed.
func (c *Call) final() gateway.Callback {
	state, status, start := "Completed", "Success", date(c.v.Start)
	switch {
	case c.missed != "":
		state, status, start = "NotAnswered", "NotAnswered", "None"
	case !c.established:
		status = "Aborted"
	}
	f := []gateway.Field{{"callSessionState", state}}
	f = gateway.Present(f, "hangupCause", c.missed)
	f = append(f,
		gateway.Field{"direction", c.direction()},
		gateway.Field{"callerCountryCode", c.v.CountryCode},
		gateway.Field{"durationInSeconds", seconds(c.charged())},
		gateway.Field{"amount", c.amount()},
		gateway.Field{"callerNumber", c.v.CallerNumber},
		gateway.Field{"destinationNumber", c.v.DestinationNumber},
	)
	f = gateway.Present(f, "callerCarrierName", c.v.Carrier)
	f = append(f, gateway.Field{"status", status}, gateway.Field{"sessionId", c.v.SessionID}, gateway.Field{"callStartTime", start})
	if c.keep != nil {
		f = append(f, gateway.Field{"recordingUrl", *c.keep})
	}
	f = append(f, gateway.Field{"isActive", "0"}, gateway.Field{"currencyCode", c.v.Currency})
	f = gateway.Present(f, "clientDialedNumber", c.v.ClientDialedNumber)
	f = gateway.Present(f, "clientRequestId", c.v.ClientRequestID)
	f = gateway.Present(f, "lastBridgeHangupCause", c.bridge)
	f = append(f, c.dial...)
	f = append(f, c.queue...)
	return gateway.Form(Agent, gateway.Present(f, "callTransferParam", c.transfer)...)
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
