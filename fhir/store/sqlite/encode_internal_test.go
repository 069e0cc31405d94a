package sqlite

import (
	"slices"
	"testing"
	"time"
)

func TestInstantsSortLikeTime(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	times := []time.Time{at("0001-01-02T00:00:00Z"), at("1582-10-15T00:00:00Z"), at("1969-12-31T23:59:59.999999999Z"), at("1970-01-01T00:00:00Z"),
		at("1970-01-01T00:00:00.000000001Z"), at("1970-01-01T00:00:00.5Z"), at("1970-01-01T00:00:01Z"), at("2262-04-12T00:00:00Z"), at("9999-12-31T23:59:59.9Z")}
	keys := []string{lowInstant(time.Time{})}
	for _, v := range times {
		keys = append(keys, instant(v))
	}
	keys = append(keys, highInstant(time.Time{}))
	if !slices.IsSorted(keys) || len(slices.Compact(slices.Clone(keys))) != len(keys) {
		t.Errorf("keys are not strictly ascending: %x", keys)
	}
}

func TestPackUUID(t *testing.T) {
	var b [16]byte
	for id, want := range map[string]bool{
		"01234567-89ab-cdef-0123-456789abcdef": true,
		"01234567-89AB-cdef-0123-456789abcdef": false,
		"01234567-89ab-cdef-0123-456789abcdeg": false,
		"0123456789ab-cdef-0123-456789abcdef0": false,
		"a":                                    false,
	} {
		if got := packUUID(&b, id); got != want {
			t.Errorf("packUUID(%s) = %v", id, got)
		}
	}
}
