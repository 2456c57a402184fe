// Package numbering compares how ussd.Phone reads phone numbers with the numbering
// plans of libphonenumber. It is a module of its own, so that the library does not
// require those.
package numbering
