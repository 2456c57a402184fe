package africastalking

import (
	"errors"
	"time"
)

var timeLayouts = [...]string{
	"2006-01-02 15:04:05",
	time.RFC3339Nano,
	"02-01-2006",
}

// ParseTime reads a date in any of the forms that were observed in Africa's
// Talking's callbacks and replies:
//
//	2017-05-03 06:04:45        most callbacks
//	2017-05-03T06:04:45Z       incoming messages, older
//	2018-03-19T08:34:18.445Z   fetched messages
//	2021-10-13+19:10:16        voice: encoded twice on the wire
//	21-07-2018                 SIM swap
//
// ParseTime takes a date without a zone for UTC: Africa's Talking documents that for
// the USSD end-of-session notification and leaves it open elsewhere. The result is
// always in UTC. The empty string and "None" stand for no date: ParseTime returns the
// zero time and no error. The error never quotes s.
func ParseTime(s string) (time.Time, error) {
	if absent(s) {
		return time.Time{}, nil
	}
	if len(s) > 10 && s[10] == '+' {
		s = s[:10] + " " + s[11:]
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("africastalking: date has an unknown form")
}
