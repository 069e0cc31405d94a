package encounter

import (
	"slices"
	"strconv"
	"time"

	"andiron.dev/fhir"
)

// account is the open account of a patient, or a new one: what the visit costs is put there. Coverages are those in force, in their order.
func (w *work) account(patient string, at time.Time) (*fhir.Resource, []*fhir.Resource, error) {
	if err := w.hold(accountGuard(patient)); err != nil {
		return nil, nil, err
	}
	coverages, err := w.coverages(patient, at)
	if err != nil {
		return nil, nil, err
	}
	var found *fhir.Resource
	var since time.Time
	err = w.m.find(w.ctx, w.tx, "Account", fhir.Params{{Name: "subject", Value: patient}, {Name: "status", Value: "active"}}, func(r *fhir.Resource) bool {
		period := r.Root().Get("servicePeriod")
		start, _ := when(period.Get("start"))
		if during(period, at) && (found == nil || start.After(since)) {
			found, since = r, start
		}
		return true
	})
	if err != nil {
		return nil, nil, err
	}
	if found != nil {
		w.show(found, nil)
		return found, coverages, nil
	}
	o := object{
		"resourceType": "Account", "status": "active", "subject": list(reference(patient)), "servicePeriod": object{"start": instant(at)},
		"type": coded("http://terminology.hl7.org/CodeSystem/v3-ActCode", "PBILLACCT", "patient billing account"),
	}
	var covers []any
	for i, c := range coverages {
		covers = append(covers, object{"coverage": reference(c.Reference()), "priority": i + 1})
	}
	if covers != nil {
		o["coverage"] = covers
	}
	r, err := w.create(o)
	return r, coverages, err
}

// accountGuard is the guard of what a patient has one of at a time: an open account, and a visit to a service.
func accountGuard(patient string) string { return "acct-open:" + hashed(patient) }

// coverages are those of a patient in force at a time, by their order; those without one come last.
func (w *work) coverages(patient string, at time.Time) (sorted []*fhir.Resource, err error) {
	err = w.m.find(w.ctx, w.tx, "Coverage", fhir.Params{{Name: "beneficiary", Value: patient}, {Name: "status", Value: "active"}}, func(r *fhir.Resource) bool {
		if during(r.Root().Get("period"), at) {
			sorted = append(sorted, r)
		}
		return true
	})
	place := func(r *fhir.Resource) int {
		if n, err := strconv.Atoi(r.Root().Get("order").Text()); err == nil {
			return n
		}
		return 1 << 30
	}
	slices.SortStableFunc(sorted, func(a, b *fhir.Resource) int { return place(a) - place(b) })
	return sorted, err
}

// during reports whether a time is within a period; what the period leaves open has no end.
func during(period fhir.Element, at time.Time) bool {
	if start, ok := fhir.ParseTemporal(period.Get("start").Text(), time.UTC); ok && at.Before(start.Low) {
		return false
	}
	end, ok := fhir.ParseTemporal(period.Get("end").Text(), time.UTC)
	return !ok || at.Before(end.High)
}

// hold takes guards that only show while the update runs.
func (w *work) hold(guards ...string) error {
	return w.m.config.Store.Update(w.ctx, guards, func(fhir.Tx) error { return nil })
}
