package encounter

import (
	"strings"

	"andiron.dev/fhir"
)

// laboratory: specimens that were taken during the stay, and of which there is no result.
func (q *inquiry) laboratory() error {
	asked := make(map[string]bool) // requests of the stay; true = answered
	err := q.each("ServiceRequest", "encounter", "", func(r *fhir.Resource) { asked[r.Reference()] = false })
	if err != nil {
		return err
	}
	err = q.each("DiagnosticReport", "encounter", "", func(r *fhir.Resource) {
		switch r.Root().Get("status").Text() {
		case "registered", "partial", "preliminary":
			if r.Root().Get("specimen").Exists() {
				q.add(specimenPending, r.Reference(), "a result is not final")
			}
		}
		for on := range r.Root().Each("basedOn") { // also what is not final: it has been told
			if ref, ok := q.m.local(on.Get("reference").Text()); ok {
				asked[ref.Relative()] = true
			}
		}
	})
	if err != nil || len(asked) == 0 || q.stay.patient == "" {
		return err
	}
	return q.m.find(q.ctx, q.tx, "Specimen", fhir.Params{{Name: "patient", Value: "Patient/" + q.stay.patient}, {Name: "status", Value: "available"}}, func(r *fhir.Resource) bool {
		for request := range r.Root().Each("request") {
			ref, ok := q.m.local(request.Get("reference").Text())
			if answered, own := asked[ref.Relative()]; ok && own && !answered {
				q.add(specimenPending, r.Reference(), "a specimen is not examined")
				break
			}
		}
		return true
	})
}

// results: critical ones that nobody has said to have seen. A completed Task about one says so.
func (q *inquiry) results() error {
	var critical []string
	err := q.each("Observation", "encounter", "final,amended,corrected,preliminary", func(r *fhir.Resource) {
		for interpretation := range r.Root().Each("interpretation") {
			if hasCode(interpretation, "HH") || hasCode(interpretation, "LL") || hasCode(interpretation, "AA") {
				critical = append(critical, r.Reference())
				return
			}
		}
	})
	const atOnce = 100
	for err == nil && len(critical) > 0 {
		n := min(atOnce, len(critical))
		seen := make(map[string]bool)
		err = q.m.find(q.ctx, q.tx, "Task", fhir.Params{{Name: "focus", Value: strings.Join(critical[:n], ",")}, {Name: "status", Value: "completed"}}, func(r *fhir.Resource) bool {
			ref, _ := q.m.local(r.Root().Get("focus").Get("reference").Text())
			seen[ref.Relative()] = true
			return true
		})
		for _, one := range critical[:n] {
			if !seen[one] {
				q.add(resultUnacknowledged, one, "nobody has acknowledged a critical result")
			}
		}
		critical = critical[n:]
	}
	return err
}

// overlaps: another stay in the same bed at the same time, as far as the records say when.
func (q *inquiry) overlaps() error {
	for _, p := range q.m.places(q.stay) {
		if p.id == "" || p.start.IsZero() || p.status == "planned" || p.status == "reserved" {
			continue
		}
		bed, err := q.tx.Read(q.ctx, "Location", p.id)
		if gone(err) || err == nil && !isBed(bed) {
			continue
		}
		if err != nil {
			return err
		}
		err = q.m.find(q.ctx, q.tx, "Encounter", fhir.Params{
			{Name: "location", Value: bed.Reference()}, {Name: "date", Value: "ge" + p.start.UTC().Format("2006-01-02T15:04:05Z")}, {Name: "status:not", Value: mistaken},
		}, func(r *fhir.Resource) bool {
			other := q.m.stayOf(r)
			if other.ID() == q.stay.ID() {
				return true
			}
			for _, o := range q.m.places(other) {
				if o.id == p.id && !o.start.IsZero() && o.status != "planned" && o.status != "reserved" &&
					(p.end.IsZero() || o.start.Before(p.end)) && (o.end.IsZero() || p.start.Before(o.end)) {
					q.add(bedPeriodOverlap, r.Reference(), "two stays have the same bed at the same time")
					return true
				}
			}
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}
