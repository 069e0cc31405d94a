package encounter

import (
	"context"
	"slices"

	"andiron.dev/fhir"
)

// refused is an error with a code of outcome-detail.
func refused(code fhir.IssueType, detail, text string, expression ...string) *fhir.Outcome {
	expression = slices.DeleteFunc(expression, func(path string) bool { return path == "" })
	o := fhir.NewOutcome(code, text, expression...)
	o.Issues[0].Detail = detail
	return o
}

// blockedBy is a conflict with a resource, which it names if the caller may see it.
func (m *Module) blockedBy(ctx context.Context, detail, text, expression string, r *fhir.Resource) error {
	o := refused(fhir.Conflict, detail, text, expression)
	err := m.config.Store.View(ctx, func(tx fhir.Tx) error {
		_, err := tx.Read(ctx, r.Type(), r.ID())
		return err
	})
	if err == nil {
		o.Issues[0].Diagnostics = `{"blocking":["` + r.Reference() + `"]}`
	}
	return o
}

// The codes of outcome-detail that more than one rule or operation answers with.
const (
	illegalTransition = "illegal-transition"
	alreadyAdmitted   = "already-admitted"
	bedNotAvailable   = "bed-not-available"
	periodOverlap     = "period-overlap"
)
