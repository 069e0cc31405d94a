package audit

import (
	"context"
	_ "embed"
	"strconv"
	"time"

	"andiron.dev/fhir"
)

// Verifier is a journal that can tell whether its entries are what they were.
type Verifier interface {
	fhir.Journal
	// VerifyJournal follows the chain of hashes. It returns the number of the first entry that is not what it was, 0 where there is none, and
	// calls fn, which may be nil, now and then with how many are sound.
	VerifyJournal(ctx context.Context, fn func(checked int64)) (firstBroken int64, err error)
}

// Verify is the module with the operation AuditEvent/$verify.
func (t *Trail) Verify(journal Verifier) fhir.Module { return &verifying{t, journal} }

type verifying struct {
	trail   *Trail
	journal Verifier
}

//go:embed definitions/verify.json
var verifyDefinition string

// Register implements fhir.Module.
func (v *verifying) Register(r *fhir.Registry) error { return r.Operation(verifyDefinition, v.verify) }

// verify says whether the events of a period are what was entered. An entry is bound to all before it, so these are looked at as well.
func (v *verifying) verify(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	from, to, err := period(req.Input)
	if err != nil {
		return nil, err
	}
	if err := v.trail.Flush(ctx); err != nil {
		return nil, err
	}
	report, err := Examine(ctx, v.journal, from, to, nil)
	if err != nil {
		return nil, err
	}
	out := fhir.NewParameters().Bool("intact", report.Intact()).Decimal("entries", strconv.FormatInt(report.Entries, 10))
	if report.FirstBroken != 0 {
		out.Decimal("first-broken", strconv.FormatInt(report.FirstBroken, 10))
	}
	if report.Last != 0 {
		out.Decimal("last", strconv.FormatInt(report.Last, 10)).Text("hash", "string", report.Hash)
	}
	return &fhir.Response{Resource: out.Resource()}, nil
}

// period reads the parameter of the operation: dates of a Period, each as long as it is.
func period(in fhir.Parameters) (from, to time.Time, err error) {
	p := in.Get("period").Value
	if text := p.Get("start").Text(); text != "" {
		t, ok := fhir.ParseTemporal(text, time.UTC)
		if !ok {
			return from, to, fhir.NewOutcome(fhir.Value, "the period has no valid start", "Parameters.parameter")
		}
		from = t.Low
	}
	if text := p.Get("end").Text(); text != "" {
		t, ok := fhir.ParseTemporal(text, time.UTC)
		if !ok {
			return from, to, fhir.NewOutcome(fhir.Value, "the period has no valid end", "Parameters.parameter")
		}
		to = t.High
	}
	return from, to, nil
}
