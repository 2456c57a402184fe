package sms

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/redact"
	"github.com/sautigo/africastalking/webhook"
)

// DeliveryReport says how far a sent message has come. A message has several:
// they may arrive in any order, twice, or before the call that sent the message
// returns. ID and Status are always set.
type DeliveryReport struct {
	// ID is the message's, as in the reply of the call that sent it.
	ID     string `schema:"id"`
	Status Status `schema:"status"`
	// PhoneNumber is the recipient's.
	PhoneNumber string                 `schema:"phoneNumber"`
	NetworkCode africastalking.Network `schema:"networkCode"`
	// FailureReason says why, with some networks, if Status is [Rejected] or
	// [Failed].
	FailureReason FailureReason `schema:"failureReason"`
	// RetryCount is how often a premium message was tried again.
	RetryCount int `schema:"retryCount"`
	// RequestID is the one given when a premium message was sent (observed by
	// others; not documented).
	RequestID string `schema:"requestId"`
}

// Status is how far a message has come. The set is open: unknown values are
// passed on as they came, and are not final.
type Status string

// The statuses of delivery reports that Africa's Talking documents (SMS
// notifications), and Expired and AbsentSubscriber, which were observed.
const (
	Sent             Status = "Sent"             // left Africa's Talking
	Submitted        Status = "Submitted"        // handed to the network
	Buffered         Status = "Buffered"         // queued by the network
	Rejected         Status = "Rejected"         // refused by the network
	Success          Status = "Success"          // delivered to the phone
	Failed           Status = "Failed"           // could not be delivered
	Expired          Status = "Expired"          // could not be delivered in time
	AbsentSubscriber Status = "AbsentSubscriber" // the phone is off or out of reach
)

// Final reports whether no further report follows: the status is [Success],
// [Rejected], [Failed] or [Expired]. Some networks never send a final report.
func (s Status) Final() bool {
	switch s {
	case Success, Rejected, Failed, Expired:
		return true
	}
	return false
}

// FailureReason says why a message was not delivered. The set is open: unknown
// values are passed on as they came.
type FailureReason string

// The reasons that Africa's Talking documents (SMS notifications).
const (
	InsufficientCredit         FailureReason = "InsufficientCredit"         // no airtime for a premium message
	InvalidLinkID              FailureReason = "InvalidLinkId"              // on-demand reply with a bad link ID
	UserIsInactive             FailureReason = "UserIsInactive"             // the line is inactive
	UserInBlackList            FailureReason = "UserInBlackList"            // opted out
	UserAccountSuspended       FailureReason = "UserAccountSuspended"       // suspended by the network
	NotNetworkSubscriber       FailureReason = "NotNetworkSubscriber"       // the number belongs to another network
	UserNotSubscribedToProduct FailureReason = "UserNotSubscribedToProduct" // not subscribed to the premium product
	UserDoesNotExist           FailureReason = "UserDoesNotExist"           // the number is not in use
	DeliveryFailure            FailureReason = "DeliveryFailure"            // anything else
)

// DeliveryReportHandler returns a handler for the dashboard's "SMS → SMS Callback
// URLs → Delivery Reports". It answers 200 "OK", and 500 if fn returns an error.
func DeliveryReportHandler(fn func(context.Context, DeliveryReport) error, opts ...webhook.Option) http.Handler {
	return webhook.Handler(fn, opts...)
}

// ParseDeliveryReport reads a delivery report from a request, for handlers of
// one's own. Its errors are those of [webhook.Parse].
func ParseDeliveryReport(r *http.Request) (DeliveryReport, error) {
	return webhook.Parse[DeliveryReport](r)
}

// UnmarshalForm implements [webhook.FormUnmarshaler].
func (d *DeliveryReport) UnmarshalForm(f webhook.Form) error {
	r := f.Fields()
	v := DeliveryReport{
		ID:            r.Required("id"),
		Status:        Status(r.Required("status")),
		PhoneNumber:   r.Optional("phoneNumber"),
		NetworkCode:   r.Network("networkCode"),
		FailureReason: FailureReason(r.Optional("failureReason")),
		RetryCount:    r.Int("retryCount"),
		RequestID:     r.Optional("requestId"),
	}
	if err := r.Err(); err != nil {
		return err
	}
	*d = v
	return nil
}

// LogValue hides the recipient.
func (d DeliveryReport) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", d.ID),
		slog.String("status", string(d.Status)),
		slog.String("phoneNumber", redact.Phone(d.PhoneNumber)),
		slog.String("networkCode", string(d.NetworkCode)),
		slog.String("failureReason", string(d.FailureReason)),
	)
}
