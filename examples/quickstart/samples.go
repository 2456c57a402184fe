package main

import "github.com/sautigo/africastalking/examples/internal/curl"

// sample is a callback to try a route with.
type sample struct {
	title, path, body string
}

// samples returns at least one callback for each route.
func samples() []sample {
	const (
		phone   = "+254711000001"
		session = "ATUid_7c898d72eb11f723ed8ea05ef232f279"
		call    = "ATVId_8727006c461fa5d03e10c621887746ec"
		sent    = "ATXid_dda018a640edfcc5d2ce455de3e4a6e7"
	)
	hop := func(text string) string {
		return curl.Form("sessionId", session, "phoneNumber", phone, "networkCode", "63902", "serviceCode", "*384*123#", "text", text)
	}
	return []sample{
		{"Incoming SMS. Pasted twice it is the same message again, and gets no second reply.", "/api/sms/twoway",
			curl.Form("id", "ec9adc86-51d5-4bc8-8eb0-d8ab0bb53dc3", "date", "2025-11-30 08:15:42", "from", phone, "to", "21512",
				"text", "Is it 100% true? & how", "networkCode", "63902")},
		{"SMS delivery report", "/api/sms/delivery-reports",
			curl.Form("id", sent, "status", "Success", "phoneNumber", phone, "networkCode", "63902", "retryCount", "0")},
		{"Bulk SMS opt-out", "/api/sms/opt-out",
			curl.Form("senderId", "21512", "phoneNumber", phone)},
		{"Premium SMS subscription", "/api/sms/subscription",
			curl.Form("phoneNumber", phone, "shortCode", "21512", "keyword", "NEWS", "updateType", "addition")},

		{"USSD: the code was dialled", "/api/ussd/session", hop("")},
		{"USSD: 1 was answered, then 1 again", "/api/ussd/session", hop("1*1")},
		{"USSD end of session", "/api/ussd/status",
			curl.Form("date", "2025-11-30 08:15:42", "sessionId", session, "serviceCode", "*384*123#", "networkCode", "63902",
				"phoneNumber", phone, "status", "Success", "cost", "KES 0.10", "durationInMillis", "12345", "hopsCount", "3",
				"input", "1*1", "lastAppResponse", "END Your account number is ACC1001")},

		{"Voice: a call comes in", "/api/voice/instruct",
			curl.Form("isActive", "1", "sessionId", call, "direction", "Inbound", "callerNumber", phone,
				"destinationNumber", "+254711000942", "callSessionState", "Ringing", "callerCountryCode", "254")},
		{"Voice: a call has ended", "/api/voice/events",
			curl.Form("isActive", "0", "sessionId", call, "direction", "Inbound", "callerNumber", phone,
				"destinationNumber", "+254711000942", "callSessionState", "Completed", "status", "Success",
				"durationInSeconds", "39", "currencyCode", "KES", "amount", "1.25")},

		{"Airtime: may this be sent?", "/api/airtime/validation",
			`{"transactionId":"SomeTransactionID","phoneNumber":"` + phone + `","sourceIpAddress":"127.12.32.24","currencyCode":"KES","amount":500.00}`},
		{"Airtime status", "/api/airtime/status",
			`{"requestId":"ATQid_SampleTxnId123","status":"Success","phoneNumber":"` + phone + `","description":"Airtime Delivered Successfully","value":"KES 100.0000","discount":"KES 0.6000"}`},

		{"SIM swap result", "/api/sim-swap/status",
			`{"status":"Swapped","lastSimSwapDate":"21-07-2018","providerRefId":"fe3b-46fd-931c-b2ef3a64da93311064104","requestId":"ATSwpid_4032b7bfddd5fdca0c401184a84cbb0d","transactionId":"738e202b-ea2f-43e5-b451-a85334e90fb5"}`},

		{"Any other callback, form or JSON", "/webhook",
			`{"payload":"42","topic":"myusername/devicegroup/sensor/id/1/temperature"}`},
	}
}
