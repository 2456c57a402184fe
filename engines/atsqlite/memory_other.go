//go:build !linux

package atsqlite

// inMemory reports whether a file is on a file system that forgets it without power.
func inMemory(string) bool { return false }
