package webhook

// Callback is a callback as it was received: enough to handle it later, in another
// process and by another version of the program. It holds everything that was sent,
// phone numbers and texts included: do not log it.
type Callback struct {
	// MediaType is the body's, without parameters.
	MediaType string
	Body      []byte
}
