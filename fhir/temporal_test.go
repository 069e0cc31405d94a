package fhir_test

import (
	"testing"
	"time"

	"andiron.dev/fhir"
)

func TestParseTemporalIsAnInterval(t *testing.T) {
	plus2 := time.FixedZone("", 2*3600)
	for _, test := range []struct{ text, low, high string }{
		{"2024", "2023-12-31T22:00:00Z", "2024-12-31T22:00:00Z"},
		{"2024-02", "2024-01-31T22:00:00Z", "2024-02-29T22:00:00Z"},
		{"2024-02-29", "2024-02-28T22:00:00Z", "2024-02-29T22:00:00Z"},
		{"2024-05-01T10:30", "2024-05-01T08:30:00Z", "2024-05-01T08:31:00Z"},
		{"2024-05-01T10:30:15Z", "2024-05-01T10:30:15Z", "2024-05-01T10:30:16Z"},
		{"2024-05-01T10:30:15.5-05:30", "2024-05-01T16:00:15.5Z", "2024-05-01T16:00:15.6Z"},
		{"2024-05-01T10:30:15.1234567891Z", "2024-05-01T10:30:15.123456789Z", "2024-05-01T10:30:15.12345679Z"},
		{"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", "2017-01-01T00:00:01Z"},
		{"9999-12-31", "9999-12-30T22:00:00Z", "9999-12-31T22:00:00Z"},
	} {
		got, ok := fhir.ParseTemporal(test.text, plus2)
		low, high := got.Low.Format(time.RFC3339Nano), got.High.Format(time.RFC3339Nano)
		if !ok || low != test.low || high != test.high {
			t.Errorf("%s: got [%s, %s) %v, want [%s, %s)", test.text, low, high, ok, test.low, test.high)
		}
	}
}

func TestParseTemporalRefusesWhatIsNoDate(t *testing.T) {
	for _, text := range []string{"", "24", "0000", "2024-13", "2024-00", "2024-02-30", "2023-02-29", "2024-1", "2024-01-1", "2024-01-01 10:00",
		"2024-01-01T", "2024-01-01T24:00:00Z", "2024-01-01T10", "2024-01-01T10:60:00Z", "2024-01-01T10:00:61Z", "2024-01-01T10:00:00.Z",
		"2024-01-01T10:00:00+1", "2024-01-01T10:00:00+15:00", "2024-01-01T10:00:00+14:01", "2024-01-01T10:00:00z", "2024-01-01Z", "x"} {
		if got, ok := fhir.ParseTemporal(text, time.UTC); ok {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

func TestValidTime(t *testing.T) {
	for text, want := range map[string]bool{"10:00:00": true, "23:59:60": true, "10:00:00.001": true, "10:00": false, "24:00:00": false, "10:00:00Z": false, "": false} {
		if got := fhir.ValidTime(text); got != want {
			t.Errorf("ValidTime(%q) = %v", text, got)
		}
	}
}
