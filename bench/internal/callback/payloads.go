package callback

import (
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/voice"
)

// The payloads as one writes them for a decoder: the fields that are sent, and
// nothing else. Both decoders read the schema tag.

type message struct {
	ID          string    `schema:"id"`
	Date        time.Time `schema:"date"`
	From        string    `schema:"from"`
	To          string    `schema:"to"`
	Text        string    `schema:"text"`
	LinkID      string    `schema:"linkId"`
	NetworkCode string    `schema:"networkCode"`
}

type hop struct {
	SessionID   string `schema:"sessionId"`
	PhoneNumber string `schema:"phoneNumber"`
	NetworkCode string `schema:"networkCode"`
	ServiceCode string `schema:"serviceCode"`
	Text        string `schema:"text"`
}

type call struct {
	IsActive          string    `schema:"isActive"`
	SessionID         string    `schema:"sessionId"`
	Direction         string    `schema:"direction"`
	CallerNumber      string    `schema:"callerNumber"`
	DestinationNumber string    `schema:"destinationNumber"`
	CallSessionState  string    `schema:"callSessionState"`
	CallerCountryCode string    `schema:"callerCountryCode"`
	CallerCarrierName string    `schema:"callerCarrierName"`
	CallStartTime     time.Time `schema:"callStartTime"`
}

// What the library has read, in the same words, to be compared.

func messageOf(m sms.IncomingMessage) message {
	return message{m.ID, m.Date, m.From, m.To, m.Text, m.LinkID, string(m.NetworkCode)}
}

func hopOf(r ussd.Request) hop {
	return hop{r.SessionID, r.PhoneNumber, string(r.NetworkCode), r.ServiceCode, r.Text}
}

func callOf(c voice.Call) call {
	active := "0"
	if c.IsActive {
		active = "1"
	}
	return call{active, c.SessionID, string(c.Direction), c.CallerNumber, c.DestinationNumber, string(c.CallSessionState),
		c.CallerCountryCode, c.CallerCarrierName, c.CallStartTime}
}

// The callbacks, field for field as Africa's Talking sends them.
const (
	formType = "application/x-www-form-urlencoded; charset=UTF-8"

	// FirstHop begins a USSD session, LaterHop goes on with one.
	FirstHop = "phoneNumber=%2B254711000001&serviceCode=%2A384%2A44135%23&text=&sessionId=ATUid_00000000000000000000000000000001&networkCode=99999"
	LaterHop = "phoneNumber=%2B254711000001&serviceCode=%2A384%2A44135%23&text=1%2A2%2A3&sessionId=ATUid_00000000000000000000000000000001&networkCode=99999"

	incoming = "date=2026-02-01+10%3A11%3A12&from=%2B254711000001&id=00000000-0000-4000-8000-000000000001&linkId=&text=Hello+%26+welcome%2C+100%25+%2B+more+%2A%23&to=12345&networkCode=63902"
	ringing  = "callSessionState=Ringing&direction=Inbound&callerCountryCode=254&callerNumber=%2B254711000001&sessionId=ATVId_00000000000000000000000000000001&destinationNumber=%2B254711000002&callerCarrierName=Safaricom&callStartTime=2026-02-13+08%3A35%3A15&isActive=1"
)

func parseTime(s string) (time.Time, error) { return africastalking.ParseTime(s) }
