// Package airtime plays Africa's Talking towards apps that send airtime: the
// callbacks that it posts, and how it reads a decision.
package airtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"

	"github.com/sautigo/africastalking/internal/gateway"
)

// Status is the outcome of one recipient's airtime. Its fields and their order are
// those of the sample on Africa's Talking's airtime notification page. Older accounts
// are documented to get requestId and status alone: empty fields are left out.
type Status struct {
	PhoneNumber string `json:"phoneNumber,omitempty"`
	Description string `json:"description,omitempty"`
	// Status is "Success" or "Failed".
	Status    string `json:"status"`
	RequestID string `json:"requestId"`
	// Discount and Value have a currency and four decimals, "KES 100.0000".
	Discount string `json:"discount,omitempty"`
	Value    string `json:"value,omitempty"`
}

// Callback returns the status as Africa's Talking posts it.
func (s Status) Callback() gateway.Callback { return gateway.JSON(gateway.AgentUnknown, s) }

// FormCallback returns the status as a form: an old PHP sample of Africa's Talking
// reads it so. The order of the fields is assumed.
func (s Status) FormCallback() gateway.Callback {
	f := gateway.Present(nil, "phoneNumber", s.PhoneNumber)
	f = gateway.Present(f, "description", s.Description)
	f = append(f, gateway.Field{"status", s.Status}, gateway.Field{"requestId", s.RequestID})
	f = gateway.Present(f, "discount", s.Discount)
	return gateway.Form(gateway.AgentUnknown, gateway.Present(f, "value", s.Value)...)
}

// Validation asks whether a request for airtime is the app's own. Its fields
// and their order are those of the sample on Africa's Talking's airtime validation
// page.
type Validation struct {
	TransactionID string `json:"transactionId"`
	PhoneNumber   string `json:"phoneNumber"`
	// SourceIPAddress is left out if it is empty, as on older accounts.
	SourceIPAddress string `json:"sourceIpAddress,omitempty"`
	CurrencyCode    string `json:"currencyCode"`
	// Amount is a number with two decimals.
	Amount json.Number `json:"amount"`
}

// Callback returns the validation as it is posted.
func (v Validation) Callback() gateway.Callback { return gateway.JSON(gateway.AgentUnknown, v) }

// Decide reads the answer to a validation: documented are status 200,
// application/json and {"status":"Validated"}, which lets the airtime be sent, or {"status":"Failed"},
// which does not. Everything else, which the error names, is assumed not to.
func Decide(a gateway.Answer) (validated bool, err error) {
	switch {
	case a.Err != nil:
		return false, a.Err
	case a.Status != http.StatusOK:
		return false, fmt.Errorf("gateway: status %d", a.Status)
	}
	var decision map[string]any
	if err := json.Unmarshal(a.Body, &decision); err != nil {
		return false, fmt.Errorf("gateway: the answer is no JSON object: %w", err)
	}
	switch status := decision["status"]; status {
	case "Validated", "Failed":
		contentType := a.Header.Get("Content-Type")
		if mediaType, _, err := mime.ParseMediaType(contentType); err != nil || mediaType != gateway.JSONType {
			return false, fmt.Errorf("gateway: the answer is of type %q, not "+gateway.JSONType, contentType)
		}
		return status == "Validated", nil
	case nil:
		return false, errors.New("gateway: the answer has no status")
	default:
		return false, fmt.Errorf("gateway: the answer's status is %q", fmt.Sprint(status))
	}
}
