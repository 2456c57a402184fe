package webhook

import (
	"errors"
	"fmt"
	"net/http"
)

var (
	// ErrMalformed is wrapped by the errors for a body that cannot be read as
	// what it claims to be: a bad percent-escape, broken JSON, a repeated key,
	// a key whose letter case differs from the documented one, a value of the
	// wrong shape in a field that decides what happens.
	ErrMalformed = errors.New("malformed")

	// ErrMissing is wrapped by the errors for a body without a field that the
	// callback is worthless without, or that [WithRequired] asks for.
	ErrMissing = errors.New("missing")
)

// Error is an error with the HTTP status that answers it. A function that
// handles a callback returns one to choose the status; the engine and [Parse]
// return one for what they refuse (400, 405, 413, 415).
//
// A status outside 200 to 599 counts as 500. A status below 300 tells Africa's
// Talking that the callback was received, while the error is still logged and
// observed.
//
// The sender gets the status. It gets the text only of the engine's own refusals, which
// name fields and never values, and say nothing of the server.
type Error struct {
	Status int
	// Err is the cause.
	Err error
	// own is set for the engine's own refusals.
	own bool
}

// Error returns the text of the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return "webhook: " + http.StatusText(e.status())
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil // the app returned a nil *Error as an error
	}
	return e.Err
}

func (e *Error) status() int {
	if e.Status < 200 || e.Status > 599 {
		return http.StatusInternalServerError
	}
	return e.Status
}

// FieldError says which field of a callback is at fault. It names the field and
// never its value: values are phone numbers, message texts and PINs.
type FieldError struct {
	// Field is the name on the wire, such as "sessionId".
	Field string
	// Err is the fault, [ErrMissing] or an error that wraps [ErrMalformed].
	Err error
	// own is set if [Fields] made the error.
	own bool
}

// Error returns a text such as "webhook: field sessionId: missing".
func (e *FieldError) Error() string { return "webhook: field " + e.Field + ": " + e.Err.Error() }

// Unwrap returns the fault.
func (e *FieldError) Unwrap() error { return e.Err }

// PanicError is the error that stands for a panic in a handler's function.
type PanicError struct {
	// Value is what was passed to panic. It may hold anything, so
	// [PanicError.Error] does not quote it.
	Value any
	// Stack is the stack of the goroutine that panicked.
	Stack []byte
}

// Error names the type of the value that was passed to panic.
func (e *PanicError) Error() string { return fmt.Sprintf("webhook: panic of type %T", e.Value) }

// Unwrap returns the value that was passed to panic if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

func refusal(status int, format string, args ...any) *Error {
	return &Error{Status: status, Err: fmt.Errorf("webhook: "+format, args...), own: true}
}

// refusalOf returns the refusal of a payload that cannot be decoded because of err.
func refusalOf(err error) *Error {
	if e, ok := err.(*Error); ok && e.own {
		return e
	}
	refused := &Error{Status: http.StatusBadRequest, Err: err, own: true}
	var app appError
	if errors.As(err, &app) {
		refused.Err, refused.own = app.error, false
	}
	var chosen *Error
	if errors.As(err, &chosen) && chosen != nil {
		refused.Status = chosen.status()
	}
	return refused
}

// appError marks an error that code of the app's returned while the engine decoded a
// payload. It may quote anything.
type appError struct{ error }

func (e appError) Unwrap() error { return e.error }

// fromApp returns the error of an UnmarshalForm or an UnmarshalHeader as one of the
// app's, unless it comes from [Fields].
func fromApp(err error) error {
	if f, ok := err.(*FieldError); err == nil || ok && f != nil && f.own {
		return err
	}
	return appError{err}
}
