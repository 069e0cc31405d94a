package scheduling

import (
	"context"
	"encoding/json"
	"time"

	"andiron.dev/fhir"
)

// diagnostics is the machine-readable half of an issue.
func diagnostics(o object) string {
	text, err := json.Marshal(o)
	if err != nil {
		return ""
	}
	return string(text)
}

// mostAlternatives is how many other times a refusal offers.
const mostAlternatives = 3

// taken is the error for a time that cannot be had: for one that is taken the two issues of domain.md §3.2, the first as IHE has it, and what else there is.
func (m *Module) taken(ctx context.Context, tx fhir.Tx, a *appointment, claims []claim, r *refusal, schedule *fhir.Resource) error {
	if r.detail != "slot-unavailable" {
		return refuse(r.code, r.detail, r.text, "Appointment.start")
	}
	var schedules []*fhir.Resource
	var service *fhir.Resource
	for _, c := range claims {
		schedules = append(schedules, c.schedule)
		if service == nil {
			service = c.service
		}
	}
	facts, offers := object{"schedule": schedule.Reference()}, []any(nil)
	if service != nil {
		found, err := m.alternatives(ctx, tx, schedules, service, later(a.start, m.config.Now()), mostAlternatives)
		if err != nil && fhir.CodeOf(err) != fhir.BusinessRule {
			return err
		}
		for _, offer := range found {
			offers = append(offers, offer.Reference())
		}
		facts["alternatives"] = offers
	}
	if staff(ctx) && len(r.blocking) > 0 {
		facts["blocking"] = r.blocking
	}
	text := "the time that was asked for is not available: " + r.text
	o := &fhir.Outcome{Refinement: fhir.Unavailable, Issues: []fhir.Issue{
		{Severity: fhir.Fatal, Code: fhir.NotFound, Detail: r.detail, Text: text, Expression: []string{"Appointment.start"}},
		{Severity: fhir.Error, Code: fhir.Conflict, Detail: r.detail, Text: text, Expression: []string{"Appointment.start"}, Diagnostics: diagnostics(facts)},
	}}
	if len(offers) > 0 {
		o.Issues = append(o.Issues, fhir.Issue{Severity: fhir.Information, Code: fhir.Informational, Detail: "alternatives", Text: "other times that are free", Diagnostics: diagnostics(object{"alternatives": offers})})
	}
	return o
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
