package patient

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// stays refuses to merge two who are both in bed: of a person there is one open inpatient stay. Errors: Conflict.
func (j *joining) stays(sys context.Context, tx fhir.Tx, source, target *fhir.Resource) error {
	var open []string
	for _, r := range []*fhir.Resource{source, target} {
		q, err := j.m.query(j.base, "Encounter", fhir.Param{Name: "patient", Value: r.Reference()},
			fhir.Param{Name: "class", Value: "IMP,ACUTE,NONAC,OBSENC"}, fhir.Param{Name: "status", Value: "arrived,triaged,in-progress,onleave"})
		if err != nil {
			return err
		}
		before := len(open)
		err = search.Each(sys, tx, q, func(e *fhir.Resource) bool {
			open = append(open, e.Reference())
			return false
		})
		if err != nil || len(open) == before {
			return err
		}
	}
	o := refusal(fhir.Conflict, "open-stays", "both Patients have an open inpatient stay: end one of them first")
	o.Issues[0].Diagnostics = textOf(object{"blocking": open})
	return o
}
