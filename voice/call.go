package voice

import (
	"log/slog"
	"strings"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/redact"
	"github.com/sautigo/africastalking/webhook"
)

// Call is what Africa's Talking tells about a call at one moment: when it asks
// what to do, when something has happened, and when the call is over. SessionID is
// always set and IsActive was always sent; which other fields are set depends on
// the moment.
type Call struct {
	// IsActive is set while the call goes on. A call that is not active asks
	// for nothing.
	IsActive bool `schema:"isActive"`
	// SessionID is the same for the whole call.
	SessionID string `schema:"sessionId"`
	// Direction is Inbound or Outbound. A call that a WebRTC or SIP client
	// makes is Inbound too: see [Call.FromClient].
	Direction Direction `schema:"direction"`
	// CallerNumber is the person's number, of outbound calls too, or the name of
	// a WebRTC client, such as "acme.agent1".
	CallerNumber string `schema:"callerNumber"`
	// DestinationNumber is the app's number or a SIP address.
	DestinationNumber string           `schema:"destinationNumber"`
	CallSessionState  CallSessionState `schema:"callSessionState"`
	// CallerCountryCode is a dialling code, such as "254"; "-1" for a WebRTC
	// client.
	CallerCountryCode string `schema:"callerCountryCode"`
	CallerCarrierName string `schema:"callerCarrierName"`
	// CallStartTime is zero for a call that nobody has answered. Africa's
	// Talking states no time zone; UTC is taken.
	CallStartTime time.Time `schema:"callStartTime"`
	// ClientDialedNumber is the number that a WebRTC or SIP client dialled, as
	// it was typed: "254…" or "07…".
	ClientDialedNumber string `schema:"clientDialedNumber"`
	// ClientRequestID is the one given when the call was made.
	ClientRequestID string `schema:"clientRequestId"`

	// DTMFDigits are the keys that the person pressed in answer to [GetDigits].
	// Whether the key that ends the input is among them is not documented.
	DTMFDigits string `schema:"dtmfDigits"`
	// RecordingURL is where the recording is, empty if nothing was recorded. It
	// comes in a request that nobody signs, and plain http to a bare address
	// was observed: before fetching it, check that it leads where recordings
	// come from.
	RecordingURL string `schema:"recordingUrl"`

	// DurationInSeconds is set when the call is over; 0 if it was not answered.
	DurationInSeconds int    `schema:"durationInSeconds"`
	CurrencyCode      string `schema:"currencyCode"`
	// Amount is what the call cost, without its currency: see [Call.Cost].
	Amount africastalking.Money `schema:"amount"`
	Status Status               `schema:"status"`
	// HangupCause says why a call ended that was not answered. Calls that end
	// as usual often have none.
	HangupCause HangupCause `schema:"hangupCause"`
	// LastBridgeHangupCause is why the last leg of a [Dial] ended.
	LastBridgeHangupCause HangupCause `schema:"lastBridgeHangupCause"`

	// DialDestinationNumber is who answered a [Dial].
	DialDestinationNumber string    `schema:"dialDestinationNumber"`
	DialDurationInSeconds int       `schema:"dialDurationInSeconds"`
	DialStartTime         time.Time `schema:"dialStartTime"`

	// QueueDurationInSeconds and the three below are set for the person who was
	// waiting in a queue and has been taken out of it.
	QueueDurationInSeconds int       `schema:"queueDurationInSeconds"`
	DequeuedToPhoneNumber  string    `schema:"dequeuedToPhoneNumber"`
	DequeuedToSessionID    string    `schema:"dequeuedToSessionId"`
	DequeueTime            time.Time `schema:"dequeueTime"`

	// CallTransferParam and the three below are set in the events of a call
	// transfer. The parameter is the number and the seconds, "+254711000001:20".
	CallTransferParam       string        `schema:"callTransferParam"`
	CallTransferredToNumber string        `schema:"callTransferredToNumber"`
	CallTransferState       TransferState `schema:"callTransferState"`
	CallTransferHangupCause HangupCause   `schema:"callTransferHangupCause"`
}

// Direction says who has called. The set is open.
type Direction string

// The documented values (voice notifications).
const (
	Inbound  Direction = "Inbound"
	Outbound Direction = "Outbound"
)

// CallSessionState says how far a call has come. The set is open: unknown values
// are passed on as they came.
type CallSessionState string

// The values that are documented or were observed.
const (
	Ringing           CallSessionState = "Ringing"           // waits for instructions
	Answered          CallSessionState = "Answered"          // outbound and picked up
	Active            CallSessionState = "Active"            // goes on, as after a failed transfer
	NotAnswered       CallSessionState = "NotAnswered"       // over, never picked up
	Completed         CallSessionState = "Completed"         // over
	Transferred       CallSessionState = "Transferred"       // connected to another number
	TransferCompleted CallSessionState = "TransferCompleted" // the transfer is over
)

// Status says how a call ended. The set is open: unknown values are passed on as
// they came.
type Status string

// The values that were observed. A call that nobody talked on may be a Success.
const (
	StatusSuccess     Status = "Success"
	StatusNotAnswered Status = "NotAnswered"
	StatusAborted     Status = "Aborted"
)

// TransferState says how far a call transfer has come. The set is open: unknown
// values are passed on as they came, without the blanks that were observed
// around them.
type TransferState string

// The documented values (call transfer events).
const (
	TransferActive       TransferState = "Active"
	TransferDone         TransferState = "Completed"
	TransferCallerHangup TransferState = "CallerHangup"
	TransferCalleeHangup TransferState = "CalleeHangup"
)

// UnmarshalText takes the blanks away.
func (s *TransferState) UnmarshalText(text []byte) error {
	*s = TransferState(strings.TrimSpace(string(text)))
	return nil
}

// HangupCause says why a call, or a leg of it, ended. The set is open: unknown
// values are passed on as they came.
type HangupCause string

// The documented values (help centre, hang-up causes, and call transfer events).
const (
	NormalClearing          HangupCause = "NORMAL_CLEARING"          // answered, and somebody hung up
	CallRejected            HangupCause = "CALL_REJECTED"            // declined
	NormalTemporaryFailure  HangupCause = "NORMAL_TEMPORARY_FAILURE" // network fault
	RecoveryOnTimerExpire   HangupCause = "RECOVERY_ON_TIMER_EXPIRE" // the request timed out
	OriginatorCancel        HangupCause = "ORIGINATOR_CANCEL"        // the caller gave up
	LoseRace                HangupCause = "LOSE_RACE"                // another number was faster
	UserBusy                HangupCause = "USER_BUSY"                // engaged
	NoAnswer                HangupCause = "NO_ANSWER"                // rang, and nobody picked up
	NoUserResponse          HangupCause = "NO_USER_RESPONSE"         // did not ring in time
	SubscriberAbsent        HangupCause = "SUBSCRIBER_ABSENT"        // off or out of reach
	ServiceUnavailable      HangupCause = "SERVICE_UNAVAILABLE"
	UserNotRegistered       HangupCause = "USER_NOT_REGISTERED" // SIP or WebRTC user offline
	UnallocatedNumber       HangupCause = "UNALLOCATED_NUMBER"  // assigned to nobody
	Unspecified             HangupCause = "UNSPECIFIED"
	DestinationNotSupported HangupCause = "DestinationNotSupported" // call transfer
	InvalidPhoneNumber      HangupCause = "InvalidPhoneNumber"      // call transfer
	NoActiveClient          HangupCause = "NoActiveClient"          // call transfer
	NotAllowed              HangupCause = "NotAllowed"              // call transfer
)

// FromClient reports whether a WebRTC or SIP client has made the call.
func (c Call) FromClient() bool { return c.ClientDialedNumber != "" }

// Person returns the number of the person on the phone network, whoever has
// called: the number that a client dialled, and otherwise the caller's.
func (c Call) Person() string {
	if c.FromClient() {
		return c.ClientDialedNumber
	}
	return c.CallerNumber
}

// AfterDial reports whether a [Dial] has been tried. Africa's Talking asks again
// around a Dial, and answering with another one was observed to go round in
// circles: answer with an empty [Response] unless the call is meant to go on.
func (c Call) AfterDial() bool {
	return c.DialDestinationNumber != "" || c.DialDurationInSeconds > 0 || !c.DialStartTime.IsZero()
}

// Transfer reports whether this is an event of a call transfer.
func (c Call) Transfer() bool {
	return c.CallSessionState == Transferred || c.CallSessionState == TransferCompleted ||
		c.CallTransferParam != "" || c.CallTransferredToNumber != "" ||
		c.CallTransferState != "" || c.CallTransferHangupCause != ""
}

// Duration returns how long the call took; 0 until it is over.
func (c Call) Duration() time.Duration { return time.Duration(c.DurationInSeconds) * time.Second }

// Cost returns what the call cost, in its currency; zero until it is over.
func (c Call) Cost() africastalking.Money {
	return africastalking.Money{Currency: c.CurrencyCode, Micros: c.Amount.Micros}
}

// UnmarshalForm implements [webhook.FormUnmarshaler].
func (c *Call) UnmarshalForm(f webhook.Form) error {
	r := f.Fields()
	v := Call{
		IsActive:                r.Flag("isActive"),
		SessionID:               r.Required("sessionId"),
		Direction:               Direction(r.Optional("direction")),
		CallerNumber:            r.Optional("callerNumber"),
		DestinationNumber:       r.Optional("destinationNumber"),
		CallSessionState:        CallSessionState(r.Optional("callSessionState")),
		CallerCountryCode:       r.Optional("callerCountryCode"),
		CallerCarrierName:       r.Optional("callerCarrierName"),
		CallStartTime:           r.Time("callStartTime"),
		ClientDialedNumber:      r.Optional("clientDialedNumber"),
		ClientRequestID:         r.Optional("clientRequestId"),
		DTMFDigits:              r.Optional("dtmfDigits"),
		RecordingURL:            r.Optional("recordingUrl"),
		DurationInSeconds:       r.Int("durationInSeconds"),
		CurrencyCode:            r.Optional("currencyCode"),
		Amount:                  r.Money("amount"),
		Status:                  Status(r.Optional("status")),
		HangupCause:             HangupCause(r.Optional("hangupCause")),
		LastBridgeHangupCause:   HangupCause(r.Optional("lastBridgeHangupCause")),
		DialDestinationNumber:   r.Optional("dialDestinationNumber"),
		DialDurationInSeconds:   r.Int("dialDurationInSeconds"),
		DialStartTime:           r.Time("dialStartTime"),
		QueueDurationInSeconds:  r.Int("queueDurationInSeconds"),
		DequeuedToPhoneNumber:   r.Optional("dequeuedToPhoneNumber"),
		DequeuedToSessionID:     r.Optional("dequeuedToSessionId"),
		DequeueTime:             r.Time("dequeueTime"),
		CallTransferParam:       r.Optional("callTransferParam"),
		CallTransferredToNumber: r.Optional("callTransferredToNumber"),
		CallTransferState:       TransferState(strings.TrimSpace(r.Optional("callTransferState"))),
		CallTransferHangupCause: HangupCause(r.Optional("callTransferHangupCause")),
	}
	if err := r.Err(); err != nil {
		return err
	}
	*c = v
	return nil
}

// LogValue hides the people, the digits they pressed and the recording.
func (c Call) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("sessionId", c.SessionID),
		slog.Bool("isActive", c.IsActive),
		slog.String("direction", string(c.Direction)),
		slog.String("state", string(c.CallSessionState)),
		slog.String("callerNumber", redact.Phone(c.CallerNumber)),
		slog.String("destinationNumber", redact.Digits(c.DestinationNumber)),
		slog.String("dtmfDigits", redact.Text(c.DTMFDigits)),
		slog.String("status", string(c.Status)),
		slog.String("hangupCause", string(c.HangupCause)),
		slog.Duration("duration", c.Duration()),
		slog.String("cost", c.Cost().String()),
	)
}
