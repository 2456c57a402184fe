package sms

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/enum"
	"github.com/sautigo/africastalking/internal/redact"
	"github.com/sautigo/africastalking/webhook"
)

// DeliveryReport says how far a sent message has come. A message has several:
// they may arrive in any order, twice, or before the call that sent the message
// returns. ID and Status are always set; [Status.Supersedes] says which of two
// reports about one message counts.
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
// passed on as they came, and are not final. The known ones equal their constants
// in whatever letter case they arrive.
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

// UnmarshalText folds the letter case of the known values.
func (s *Status) UnmarshalText(text []byte) error {
	*s = foldStatus(string(text))
	return nil
}

func foldStatus(s string) Status {
	return enum.Fold(s, Success, Sent, Submitted, Buffered, Failed, Rejected, Expired, AbsentSubscriber)
}

// Final reports whether no further report follows: the status is [Success],
// [Rejected], [Failed] or [Expired]. Some networks never send a final report.
func (s Status) Final() bool { return s.rank() >= finalRank }

// Supersedes reports whether a report with status s counts more than one with
// status other about the same message. Reports arrive in any order and more than
// once, so an app that keeps one status a message writes
//
//	if r.Status.Supersedes(kept) {
//		kept = r.Status
//	}
//
// and has the same one in the end whatever the order.
//
// Each of these supersedes those before it: no status at all, [Sent], [Submitted],
// [Buffered], [AbsentSubscriber], a status that this package does not know, which
// may be final; then [Failed], [Rejected] and [Expired]; then [Success]. A message
// that is on the phone stays there, so Success supersedes a failure that was
// reported too early, and a failure that comes late does not supersede Success. No
// status supersedes itself, and of two failures or two unknown statuses the first
// to arrive stays.
func (s Status) Supersedes(other Status) bool { return s.rank() > other.rank() }

const finalRank = 6

// rank orders the statuses by how much is known of the message.
func (s Status) rank() int {
	switch foldStatus(string(s)) {
	case "":
		return 0
	case Sent:
		return 1
	case Submitted:
		return 2
	case Buffered:
		return 3
	case AbsentSubscriber:
		return 4
	case Failed, Rejected, Expired:
		return finalRank
	case Success:
		return finalRank + 1
	}
	return 5
}

// FailureReason says why a message was not delivered. The set is open: unknown
// values are passed on as they came. The known ones equal their constants in
// whatever letter case they arrive; the reply to a call that sends spells
// [UserInBlackList] in another one.
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

// UnmarshalText folds the letter case of the known values.
func (r *FailureReason) UnmarshalText(text []byte) error {
	*r = foldReason(string(text))
	return nil
}

func foldReason(s string) FailureReason {
	return enum.Fold(s, DeliveryFailure, UserInBlackList, InsufficientCredit, InvalidLinkID, UserIsInactive,
		UserAccountSuspended, NotNetworkSubscriber, UserNotSubscribedToProduct, UserDoesNotExist)
}

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
		ID:            r.RequiredID("id"),
		Status:        foldStatus(r.Required("status")),
		PhoneNumber:   r.Optional("phoneNumber"),
		NetworkCode:   r.Network("networkCode"),
		FailureReason: foldReason(r.Optional("failureReason")),
		RetryCount:    r.Int("retryCount"),
		RequestID:     r.ID("requestId"),
	}
	if err := r.Err(); err != nil {
		return err
	}
	*d = v
	return nil
}

// Identity implements [webhook.Identifier]: a message has a report for each status.
func (d DeliveryReport) Identity() string { return strconv.Quote(d.ID) + " " + string(d.Status) }

// LogValue hides the recipient.
func (d DeliveryReport) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", d.ID),
		slog.String("status", redact.Digits(string(d.Status))),
		slog.String("phoneNumber", redact.Phone(d.PhoneNumber)),
		slog.String("networkCode", redact.Digits(string(d.NetworkCode))),
		slog.String("failureReason", redact.Digits(string(d.FailureReason))),
	)
}

// String returns what LogValue shows, so %v, %+v and %s mask what a log would. %#v
// prints everything.
func (d DeliveryReport) String() string { return redact.String(d) }
