package voice

import (
	"cmp"
	"log/slog"
	"strings"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/enum"
	"github.com/sautigo/africastalking/internal/record"
	"github.com/sautigo/africastalking/internal/redact"
	"github.com/sautigo/africastalking/webhook"
)

// Call describes a call at one moment: when Africa's Talking asks what to do, when
// something has happened, and when the call is over. Every callback has isActive and
// a session id; the other fields depend on the moment. Enumerations equal their
// constants, in whatever letter case Africa's Talking has written them.
type Call struct {
	// IsActive is set while the call goes on. The last callback of a call has it
	// unset and ignores the answer.
	IsActive bool `schema:"isActive"`
	// SessionID is the same for the whole call.
	SessionID string `schema:"sessionId"`
	// Direction is [Inbound] for calls that a WebRTC or SIP client makes, too: see
	// [Call.FromClient].
	Direction Direction `schema:"direction"`
	// CallerNumber is the number of the person, in outbound calls too, or the name
	// of a WebRTC client, such as "acme.agent1".
	CallerNumber string `schema:"callerNumber"`
	// DestinationNumber is the app's number or a SIP address.
	DestinationNumber string           `schema:"destinationNumber"`
	CallSessionState  CallSessionState `schema:"callSessionState"`
	// CallerCountryCode is a dialling code, such as "254"; "-1" for a WebRTC
	// client.
	CallerCountryCode string `schema:"callerCountryCode"`
	CallerCarrierName string `schema:"callerCarrierName"`
	// CallStartTime is zero for a call that was not answered. Africa's Talking
	// states no time zone; this package assumes UTC.
	CallStartTime time.Time `schema:"callStartTime"`
	// ClientDialedNumber is the number that a WebRTC or SIP client dialled, as
	// it was typed: "254…" or "07…".
	ClientDialedNumber string `schema:"clientDialedNumber"`
	// ClientRequestID is the id that the app gave when it made the call.
	ClientRequestID string `schema:"clientRequestId"`

	// DTMFDigits are the keys that the person pressed for a [GetDigits]. Africa's
	// Talking does not document whether they include the finish key.
	DTMFDigits string `schema:"dtmfDigits"`
	// RecordingURL is where the recording is, empty if nothing was recorded.
	// Africa's Talking does not sign the request, and was observed to send plain
	// http to a bare address: check the host before you fetch it.
	RecordingURL string `schema:"recordingUrl"`

	// DurationInSeconds is set when the call is over; 0 if it was not answered.
	DurationInSeconds int    `schema:"durationInSeconds"`
	CurrencyCode      string `schema:"currencyCode"`
	// Amount has a currency only if Africa's Talking wrote one into the amount, as
	// in "KES 1.50": use [Call.Cost].
	Amount africastalking.Money `schema:"amount"`
	Status Status               `schema:"status"`
	// HangupCause says why a call was not answered. Answered calls often have none.
	HangupCause HangupCause `schema:"hangupCause"`
	// LastBridgeHangupCause is why the last leg of a [Dial] ended.
	LastBridgeHangupCause HangupCause `schema:"lastBridgeHangupCause"`

	// DialDestinationNumber is the number that answered a [Dial].
	DialDestinationNumber string    `schema:"dialDestinationNumber"`
	DialDurationInSeconds int       `schema:"dialDurationInSeconds"`
	DialStartTime         time.Time `schema:"dialStartTime"`

	// QueueDurationInSeconds and the next three are set in the call of the person
	// whom a [Dequeue] has taken out of the queue.
	QueueDurationInSeconds int       `schema:"queueDurationInSeconds"`
	DequeuedToPhoneNumber  string    `schema:"dequeuedToPhoneNumber"`
	DequeuedToSessionID    string    `schema:"dequeuedToSessionId"`
	DequeueTime            time.Time `schema:"dequeueTime"`

	// CallTransferParam and the next three are set in the events of a call
	// transfer. The parameter is the number and the seconds, "+254711000001:20".
	CallTransferParam       string        `schema:"callTransferParam"`
	CallTransferredToNumber string        `schema:"callTransferredToNumber"`
	CallTransferState       TransferState `schema:"callTransferState"`
	CallTransferHangupCause HangupCause   `schema:"callTransferHangupCause"`
}

// Direction says who has called. The set is open: unknown values pass through as
// they came.
type Direction string

// The documented values (voice notifications).
const (
	Inbound  Direction = "Inbound"
	Outbound Direction = "Outbound"
)

// CallSessionState says how far a call has come. The set is open: unknown values
// pass through as they came.
type CallSessionState string

// The values that are documented or were observed.
const (
	Ringing           CallSessionState = "Ringing"           // waits for the app
	Answered          CallSessionState = "Answered"          // outbound and picked up
	Active            CallSessionState = "Active"            // goes on, as after a failed transfer
	NotAnswered       CallSessionState = "NotAnswered"       // over, never answered
	Completed         CallSessionState = "Completed"         // over
	Transferred       CallSessionState = "Transferred"       // connected to another number
	TransferCompleted CallSessionState = "TransferCompleted" // the transfer is over
)

// Status says how a call ended. The set is open: unknown values pass through as they
// came. The constants have a prefix because [NotAnswered] is a [CallSessionState].
type Status string

// The values that were observed. A call without a conversation may be a success.
const (
	StatusSuccess     Status = "Success"
	StatusNotAnswered Status = "NotAnswered"
	StatusAborted     Status = "Aborted"
)

// TransferState says how far a call transfer has come. The set is open: unknown
// values pass through as they came, without the blanks that Africa's Talking was
// observed to put around them.
type TransferState string

// The documented values (call transfer events).
const (
	TransferActive       TransferState = "Active"
	TransferDone         TransferState = "Completed"
	TransferCallerHangup TransferState = "CallerHangup"
	TransferCalleeHangup TransferState = "CalleeHangup"
)

// HangupCause says why a call, or a leg of it, ended. The set is open: unknown
// values pass through as they came.
type HangupCause string

// The documented values (help centre, hang-up causes, and call transfer events).
const (
	NormalClearing          HangupCause = "NORMAL_CLEARING"          // answered, and a side hung up
	CallRejected            HangupCause = "CALL_REJECTED"            // declined
	NormalTemporaryFailure  HangupCause = "NORMAL_TEMPORARY_FAILURE" // network fault
	RecoveryOnTimerExpire   HangupCause = "RECOVERY_ON_TIMER_EXPIRE" // the request timed out
	OriginatorCancel        HangupCause = "ORIGINATOR_CANCEL"        // the caller gave up
	LoseRace                HangupCause = "LOSE_RACE"                // another number was faster
	UserBusy                HangupCause = "USER_BUSY"                // engaged
	NoAnswer                HangupCause = "NO_ANSWER"                // rang, and was not picked up
	NoUserResponse          HangupCause = "NO_USER_RESPONSE"         // did not ring in time
	SubscriberAbsent        HangupCause = "SUBSCRIBER_ABSENT"        // off or out of reach
	ServiceUnavailable      HangupCause = "SERVICE_UNAVAILABLE"
	UserNotRegistered       HangupCause = "USER_NOT_REGISTERED" // SIP or WebRTC user offline
	UnallocatedNumber       HangupCause = "UNALLOCATED_NUMBER"  // not assigned
	Unspecified             HangupCause = "UNSPECIFIED"
	DestinationNotSupported HangupCause = "DestinationNotSupported" // call transfer
	InvalidPhoneNumber      HangupCause = "InvalidPhoneNumber"      // call transfer
	NoActiveClient          HangupCause = "NoActiveClient"          // call transfer
	NotAllowed              HangupCause = "NotAllowed"              // call transfer
)

func direction(s string) Direction { return enum.Fold(s, Inbound, Outbound) }

func callSessionState(s string) CallSessionState {
	return enum.Fold(s, Ringing, Answered, Active, NotAnswered, Completed, Transferred, TransferCompleted)
}

func status(s string) Status { return enum.Fold(s, StatusSuccess, StatusNotAnswered, StatusAborted) }

func transferState(s string) TransferState {
	return enum.Fold(strings.TrimSpace(s), TransferActive, TransferDone, TransferCallerHangup, TransferCalleeHangup)
}

func hangupCause(s string) HangupCause {
	return enum.Fold(s, NormalClearing, CallRejected, NormalTemporaryFailure, RecoveryOnTimerExpire,
		OriginatorCancel, LoseRace, UserBusy, NoAnswer, NoUserResponse, SubscriberAbsent, ServiceUnavailable,
		UserNotRegistered, UnallocatedNumber, Unspecified, DestinationNotSupported, InvalidPhoneNumber, NoActiveClient, NotAllowed)
}

// UnmarshalText folds the letter case of the known values.
func (d *Direction) UnmarshalText(text []byte) error { *d = direction(string(text)); return nil }

// UnmarshalText folds the letter case of the known values.
func (s *CallSessionState) UnmarshalText(text []byte) error {
	*s = callSessionState(string(text))
	return nil
}

// UnmarshalText folds the letter case of the known values.
func (s *Status) UnmarshalText(text []byte) error { *s = status(string(text)); return nil }

// UnmarshalText folds the letter case of the known values and removes blanks.
func (s *TransferState) UnmarshalText(text []byte) error {
	*s = transferState(string(text))
	return nil
}

// UnmarshalText folds the letter case of the known values.
func (h *HangupCause) UnmarshalText(text []byte) error { *h = hangupCause(string(text)); return nil }

// FromClient reports whether a WebRTC or SIP client made the call.
func (c Call) FromClient() bool { return c.ClientDialedNumber != "" }

// Person returns the number of the person on the phone network: the number that a
// client dialled, and in all other calls CallerNumber.
func (c Call) Person() string {
	if c.FromClient() {
		return c.ClientDialedNumber
	}
	return c.CallerNumber
}

// AfterDial reports whether a [Dial] has been tried. Africa's Talking was observed to
// ask again around a Dial, and an app that answers with another Dial makes a loop:
// answer with an empty [Response] unless the call is to go on.
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

// Cost returns what the call cost, in the currency that the amount names or else in
// that of CurrencyCode; zero until the call is over.
func (c Call) Cost() africastalking.Money {
	return africastalking.Money{Currency: cmp.Or(c.Amount.Currency, c.CurrencyCode), Micros: c.Amount.Micros}
}

// UnmarshalForm implements [webhook.FormUnmarshaler].
func (c *Call) UnmarshalForm(f webhook.Form) error {
	r := f.Fields()
	v := Call{
		IsActive:                r.Flag("isActive"),
		SessionID:               r.RequiredID("sessionId"),
		Direction:               direction(r.Optional("direction")),
		CallerNumber:            r.Optional("callerNumber"),
		DestinationNumber:       r.Optional("destinationNumber"),
		CallSessionState:        callSessionState(r.Optional("callSessionState")),
		CallerCountryCode:       r.Optional("callerCountryCode"),
		CallerCarrierName:       r.Optional("callerCarrierName"),
		CallStartTime:           r.Time("callStartTime"),
		ClientDialedNumber:      r.Optional("clientDialedNumber"),
		ClientRequestID:         r.ID("clientRequestId"),
		DTMFDigits:              r.Optional("dtmfDigits"),
		RecordingURL:            r.Optional("recordingUrl"),
		DurationInSeconds:       r.Int("durationInSeconds"),
		CurrencyCode:            r.Optional("currencyCode"),
		Amount:                  r.Money("amount"),
		Status:                  status(r.Optional("status")),
		HangupCause:             hangupCause(r.Optional("hangupCause")),
		LastBridgeHangupCause:   hangupCause(r.Optional("lastBridgeHangupCause")),
		DialDestinationNumber:   r.Optional("dialDestinationNumber"),
		DialDurationInSeconds:   r.Int("dialDurationInSeconds"),
		DialStartTime:           r.Time("dialStartTime"),
		QueueDurationInSeconds:  r.Int("queueDurationInSeconds"),
		DequeuedToPhoneNumber:   r.Optional("dequeuedToPhoneNumber"),
		DequeuedToSessionID:     r.ID("dequeuedToSessionId"),
		DequeueTime:             r.Time("dequeueTime"),
		CallTransferParam:       r.Optional("callTransferParam"),
		CallTransferredToNumber: r.Optional("callTransferredToNumber"),
		CallTransferState:       transferState(r.Optional("callTransferState")),
		CallTransferHangupCause: hangupCause(r.Optional("callTransferHangupCause")),
	}
	if err := r.Err(); err != nil {
		return err
	}
	*c = v
	return nil
}

// Identity implements [webhook.Identifier] for calls that are over, by the session, the
// states and the transfer, none of which can be read in it. It is empty as long as a call
// is active: the same may happen twice in one call, such as a transfer, or a key that is
// pressed again.
func (c Call) Identity() string {
	if c.IsActive {
		return ""
	}
	return record.Key("call", c.SessionID, string(c.CallSessionState), string(c.CallTransferState),
		c.CallTransferredToNumber, c.CallTransferParam, string(c.CallTransferHangupCause))
}

// LogValue hides the people, the digits they pressed and the recording.
func (c Call) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("sessionId", c.SessionID),
		slog.Bool("isActive", c.IsActive),
		slog.String("direction", redact.Digits(string(c.Direction))),
		slog.String("callSessionState", redact.Digits(string(c.CallSessionState))),
		slog.String("callerNumber", redact.Phone(c.CallerNumber)),
		slog.String("destinationNumber", redact.Digits(c.DestinationNumber)),
		slog.String("dtmfDigits", redact.Text(c.DTMFDigits)),
		slog.String("status", redact.Digits(string(c.Status))),
		slog.String("hangupCause", redact.Digits(string(c.HangupCause))),
		slog.Duration("duration", c.Duration()),
		slog.String("cost", c.Cost().String()),
	)
}

// String returns what LogValue shows; %#v prints everything.
func (c Call) String() string { return redact.String(c) }
