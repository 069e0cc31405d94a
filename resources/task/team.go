package task

import (
	"context"

	"andiron.dev/fhir"
)

// performer finds who does a Task: of the active care team of the encounter, or else of the patient, the only member with one of its
// performer types. Of several it is the team's, and one of them claims it. "" = there is nobody.
func (m *Module) performer(ctx context.Context, tx fhir.Tx, r *fhir.Resource) (string, error) {
	root := r.Root()
	if !root.Get("performerType").Exists() {
		return "", nil
	}
	for _, by := range []struct{ param, reference string }{{"encounter", root.Get("encounter").Get("reference").Text()}, {"patient", root.Get("for").Get("reference").Text()}} {
		ref := fhir.ParseReference(by.reference)
		if ref.ID == "" || by.param == "patient" && ref.Type != "Patient" {
			continue
		}
		found := ""
		err := m.each(ctx, tx, "CareTeam", fhir.Params{{Name: by.param, Value: ref.Relative()}, {Name: "status", Value: "active"}}, func(team *fhir.Resource) bool {
			found = memberFor(team, root)
			return found == ""
		})
		if found != "" || err != nil {
			return found, err
		}
	}
	return "", nil
}

// memberFor is who of a team has a role that a Task is for.
func memberFor(team *fhir.Resource, task fhir.Element) string {
	found := ""
	for p := range team.Root().Each("participant") {
		member := p.Get("member").Get("reference").Text()
		if member == "" || member == found || !plays(p, task) {
			continue
		}
		if found != "" {
			return team.Reference()
		}
		found = member
	}
	return found
}

func plays(participant, task fhir.Element) bool {
	for wanted := range task.Each("performerType") {
		for coding := range wanted.Each("coding") {
			for role := range participant.Each("role") {
				if code := coding.Get("code").Text(); code != "" && hasCode(role, code) {
					return true
				}
			}
		}
	}
	return false
}
