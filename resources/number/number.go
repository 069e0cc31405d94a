// Package number gives out the numbers that a hospital counts by (domain.md §4.3): unique, and without gaps where the law wants none.
package number

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"andiron.dev/fhir"
)

// kind is the kind of the records that hold the last number of a sequence.
const kind = "sequence"

// Guard is the guard of a sequence. An update that takes it waits for its turn instead of running again after another has got its number;
// it is right without it.
func Guard(sequence string) string { return "seq:" + sequence }

// Next is the next number of a sequence, from 1. It is used up with the update's commit and with nothing else, so there are no gaps.
// ctx must be the server's own where the store is guarded, since nobody else has records.
func Next(ctx context.Context, tx fhir.Tx, sequence string) (int64, error) {
	var last int64
	r, err := tx.Record(ctx, kind, sequence)
	switch {
	case err == nil:
		if err := json.Unmarshal(r.Value, &last); err != nil {
			return 0, fhir.Internal(fmt.Errorf("the sequence %s: %w", sequence, err))
		}
	case fhir.CodeOf(err) != fhir.NotFound:
		return 0, err
	}
	last++
	value, err := json.Marshal(last)
	if err != nil {
		return 0, fhir.Internal(err)
	}
	return last, tx.Keep(ctx, &fhir.Record{Kind: kind, Key: sequence, Value: value})
}

// Identifier is a number as it stands in a resource.
type Identifier struct{ System, Value string }

// Sequence is one of §4.3: where its numbers are counted, and how they are written.
type Sequence struct {
	Name   string // for Guard and Next
	System string
	write  func(n int64) string
}

// Identifier writes a number of the sequence.
func (s Sequence) Identifier(n int64) Identifier { return Identifier{s.System, s.write(n)} }

const systems = fhir.CanonicalBase + "/sid/"

func yearly(what, prefix, org string, year int) Sequence {
	place := fmt.Sprintf("%s/%s/%04d", what, org, year)
	return Sequence{place, systems + place, func(n int64) string { return fmt.Sprintf("%s-%04d-%06d", prefix, year, n) }}
}

// Invoices are the numbers of an organization's invoices of a year: INV-2026-000001.
func Invoices(org string, year int) Sequence { return yearly("invoice", "INV", org, year) }

// Receipts are the numbers of an organization's receipts of a year: RCT-2026-000001.
func Receipts(org string, year int) Sequence { return yearly("receipt", "RCT", org, year) }

// Visits are the numbers of the visits of a day, in the zone of day: V20260504-0001.
func Visits(day time.Time) Sequence {
	text := day.Format("20060102")
	return Sequence{"visit/" + text, systems + "visit", func(n int64) string { return fmt.Sprintf("V%s-%04d", text, n) }}
}

// Records are an organization's medical record numbers: eight digits and a check digit (modulus 10, ISO/IEC 7812).
func Records(org string) Sequence {
	return Sequence{"mrn/" + org, systems + "mrn/" + org, func(n int64) string {
		digits := fmt.Sprintf("%08d", n)
		return digits + string(checkDigit(digits))
	}}
}

// ValidRecord reports whether a medical record number has the right check digit.
func ValidRecord(mrn string) bool {
	if len(mrn) < 9 {
		return false
	}
	for i := range len(mrn) {
		if mrn[i] < '0' || mrn[i] > '9' {
			return false
		}
	}
	last := len(mrn) - 1
	return mrn[last] == checkDigit(mrn[:last])
}

func checkDigit(digits string) byte {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}
