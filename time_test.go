package africastalking_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
)

func ExampleParseTime() {
	for _, s := range []string{"2017-05-03 06:04:45", "2021-10-13+19:10:16", "21-07-2018", "None"} {
		t, err := africastalking.ParseTime(s)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(t.Format(time.RFC3339), t.IsZero())
	}
	// Output:
	// 2017-05-03T06:04:45Z false
	// 2021-10-13T19:10:16Z false
	// 2018-07-21T00:00:00Z false
	// 0001-01-01T00:00:00Z true
}

const errDate = "africastalking: date has an unknown form"

func TestParseTime(t *testing.T) {
	t.Parallel()
	utc := func(year int, month time.Month, day, hour, minute, sec, millis int) time.Time {
		return time.Date(year, month, day, hour, minute, sec, millis*1e6, time.UTC)
	}
	for _, tt := range []struct {
		in   string
		want time.Time
	}{
		{"", time.Time{}},
		{"None", time.Time{}},
		{"2017-05-03 06:04:45", utc(2017, 5, 3, 6, 4, 45, 0)},
		{"2017-05-03 06:04:45.5", utc(2017, 5, 3, 6, 4, 45, 500)},
		{"2017-05-03T06:04:45Z", utc(2017, 5, 3, 6, 4, 45, 0)},
		{"2017-05-03T06:04:45+03:00", utc(2017, 5, 3, 3, 4, 45, 0)},
		{"2017-05-03T01:04:45-03:00", utc(2017, 5, 3, 4, 4, 45, 0)},
		{"2018-03-19T08:34:18.445Z", utc(2018, 3, 19, 8, 34, 18, 445)},
		{"2021-10-13+19:10:16", utc(2021, 10, 13, 19, 10, 16, 0)},
		{"21-07-2018", utc(2018, 7, 21, 0, 0, 0, 0)},
		{"01-01-1900", utc(1900, 1, 1, 0, 0, 0, 0)},
		{"2024-02-29 23:59:59", utc(2024, 2, 29, 23, 59, 59, 0)},
	} {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			got, err := africastalking.ParseTime(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("ParseTime (-want +got):\n%s", diff)
			}
			if got.Location() != time.UTC {
				t.Errorf("location %v, want UTC", got.Location())
			}
		})
	}
}

func TestParseTimeError(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"none", " ", "yesterday", "+254711000001",
		"2017-05-03", "2017-05-03 06:04", "2017-05-03 06:04:45 ",
		"2017-05-03 25:04:45", "2017-13-03 06:04:45", "2023-02-29 06:04:45",
		"2017-05-03+", "2017-05-03+03:00", "2017-05-03%2B06:04:45",
		"2018-21-07", "32-01-2018", "1-1-1900", "1493791485",
	} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			got, err := africastalking.ParseTime(in)
			if err == nil || err.Error() != errDate {
				t.Errorf("error %v, want %q", err, errDate)
			}
			if diff := cmp.Diff(time.Time{}, got); diff != "" {
				t.Errorf("value beside an error (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{
		"", "None", "2017-05-03 06:04:45", "2017-05-03T06:04:45Z", "2018-03-19T08:34:18.445Z",
		"2021-10-13+19:10:16", "21-07-2018", "0000-01-01T00:00:00+23:59", "2017-05-03+",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := africastalking.ParseTime(s)
		if err != nil && (err.Error() != errDate || !got.IsZero()) {
			t.Errorf("ParseTime(%q) = %v, %v", s, got, err)
		}
		if got.Location() != time.UTC {
			t.Errorf("ParseTime(%q) is in %v, want UTC", s, got.Location())
		}
	})
}
