package patient

import (
	"context"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// visit is an Appointment that takes the patient's time.
type visit struct {
	r          *fhir.Resource
	start, end time.Time
}

// overlaps tells which Appointments of the two are at the same time: they stay as they are, and somebody has to look at them.
func (j *joining) overlaps(sys context.Context, tx fhir.Tx, source, target *fhir.Resource) (issues []fhir.Issue, err error) {
	from, err := j.visits(sys, tx, source)
	if err != nil || len(from) == 0 {
		return nil, err
	}
	to, err := j.visits(sys, tx, target)
	if err != nil {
		return nil, err
	}
	for _, a := range from {
		for _, b := range to {
			if a.r.ID() == b.r.ID() || !a.start.Before(b.end) || !b.start.Before(a.end) {
				continue
			}
			issues = append(issues, fhir.Issue{
				Severity: fhir.Warning, Code: fhir.Conflict, Detail: "patient-overlap", Text: "two appointments of the merged record are at the same time: " + a.r.Reference() + " and " + b.r.Reference(),
				Diagnostics: textOf(object{"appointments": []string{a.r.Reference(), b.r.Reference()}}),
			})
		}
	}
	return issues, nil
}

// visits are the Appointments of a patient that are still to come or going on.
func (j *joining) visits(sys context.Context, tx fhir.Tx, patient *fhir.Resource) (list []visit, err error) {
	q, err := j.m.query(j.base, "Appointment", fhir.Param{Name: "patient", Value: patient.Reference()}, fhir.Param{Name: "status", Value: "pending,booked,arrived,checked-in"})
	if err != nil {
		return nil, err
	}
	return list, search.Each(sys, tx, q, func(r *fhir.Resource) bool {
		start, ok := fhir.ParseTemporal(r.Root().Get("start").Text(), time.UTC)
		end, also := fhir.ParseTemporal(r.Root().Get("end").Text(), time.UTC)
		if ok && also {
			list = append(list, visit{r, start.Low, end.Low})
		}
		return true
	})
}
