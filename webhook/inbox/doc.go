// Package inbox keeps callbacks before it answers them and handles them later, at least
// once each: a 200 means stored. A [Queue] keeps the deliveries; package inboxtest holds
// the tests that an engine must pass.
package inbox
