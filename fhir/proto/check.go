package proto

import (
	"andiron.dev/fhir"
)

// Check is google/fhir's opinion of a resource: nil, or its issues. It checks JSON kinds, unknown elements, primitive formats, codes of
// required bindings, required elements and reference targets. It stops before the last two where it finds one of the others, and
// does not look for them in contained resources.
//
// An expression below a choice follows google/fhir's messages: Observation.value.quantity.
func (b *Bridge) Check(r *fhir.Resource) *fhir.Outcome { return b.CheckJSON(r.JSON()) }

// CheckJSON is Check for JSON text, which need not be a resource.
func (b *Bridge) CheckJSON(text []byte) *fhir.Outcome {
	var found findings
	_, err := b.strict.UnmarshalWithErrorReporter(text, &found)
	switch {
	case err != nil:
		return outcome(err)
	case len(found.issues) > 0:
		return &fhir.Outcome{Issues: found.issues}
	}
	return nil
}

// findings collects the issues of google/fhir's validation; it implements errorreporter.ErrorReporter.
type findings struct {
	issues []fhir.Issue
}

// ReportValidationError takes an issue. It never fails.
func (f *findings) ReportValidationError(path string, err error) error {
	for _, m := range mistakes(err) {
		if m.path == "" {
			m.path = path
		}
		f.issues = append(f.issues, m.issue())
	}
	return nil
}

// ReportValidationWarning ignores a warning; google/fhir v0.7.4 has none.
func (f *findings) ReportValidationWarning(string, error) error { return nil }
