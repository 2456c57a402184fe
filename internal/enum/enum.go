// Package enum reads the open enumerations of Africa's Talking, which spells some
// values in two letter cases.
package enum

import "strings"

// Fold returns the constant that s spells in any ASCII letter case, and s itself
// if there is none: the sets are open.
func Fold[T ~string](s string, constants ...T) T {
	for _, c := range constants {
		if s == string(c) {
			return c
		}
	}
	for _, c := range constants {
		// Of equal length, so that no letter outside ASCII can stand for one inside.
		if len(s) == len(c) && strings.EqualFold(s, string(c)) {
			return c
		}
	}
	return T(s)
}
