package encounter

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// readmission assesses how likely the patient is to come back: a RiskAssessment by LACE. It decides nothing.
func (w *work) readmission(r *fhir.Resource, at time.Time) error {
	s := w.m.stayOf(r)
	if !inpatient(s.class) || s.patient == "" || s.start.IsZero() {
		return nil
	}
	var codings []fhir.Element
	var basis []any
	err := w.m.find(w.ctx, w.tx, "Condition", fhir.Params{{Name: "patient", Value: "Patient/" + s.patient}}, func(c *fhir.Resource) bool {
		root := c.Root()
		status := root.Get("clinicalStatus")
		if status.Exists() && !hasCode(status, "active") && !hasCode(status, "recurrence") && !hasCode(status, "relapse") ||
			hasCode(root.Get("verificationStatus"), "refuted") || hasCode(root.Get("verificationStatus"), mistaken) {
			return true
		}
		for coding := range root.Get("code").Each("coding") {
			codings = append(codings, coding)
		}
		basis = append(basis, reference(c.Reference()))
		return true
	})
	if err != nil {
		return err
	}
	names, points, err := diseases(codings)
	if err != nil {
		return err
	}
	before := s.start.AddDate(0, -6, 0)
	visits := 0
	err = w.m.find(w.ctx, w.tx, "Encounter", fhir.Params{
		{Name: "patient", Value: "Patient/" + s.patient}, {Name: "class", Value: "EMER"}, {Name: "status", Value: "arrived,triaged,in-progress,onleave,finished"},
		{Name: "date", Value: "ge" + instant(before)}, {Name: "date", Value: "lt" + instant(s.start)},
	}, func(e *fhir.Resource) bool {
		if start := w.m.stayOf(e).start; e.ID() != s.ID() && !start.Before(before) && start.Before(s.start) {
			visits++
			basis = append(basis, reference(e.Reference()))
		}
		return true
	})
	if err != nil {
		return err
	}
	stayed := calendar(s.start, at)
	l := lace{length: days(stayed), comorbidity: points, emergency: min(visits, 4)}
	if acute(s.root) {
		l.acuity = 3
	}
	_, err = w.create(assessment(r, l, basis, fmt.Sprintf("LACE %d: %d days of stay give %d, the admission %d, %s %d, %d emergency visits in six months %d.",
		l.score(), stayed, l.length, l.acuity, illnesses(names), l.comorbidity, visits, l.emergency), at))
	return err
}

// illnesses are diseases in words.
func illnesses(names []string) string {
	if len(names) == 0 {
		return "no other illness that counts"
	}
	return strings.Join(names, ", ")
}

// assessment is the RiskAssessment. The points of its parts add up to the score.
func assessment(r *fhir.Resource, l lace, basis []any, rationale string, at time.Time) object {
	part := func(name string, points int) any {
		return object{"url": ours("feature-contribution"), "extension": list(object{"url": "name", "valueString": name}, object{"url": "contribution", "valueDecimal": json.Number(strconv.Itoa(points))})}
	}
	o := object{
		"resourceType": "RiskAssessment", "status": "final", "code": coded(codes("risk-model"), "readmission", "Readmission"), "method": coded(codes("risk-model"), "lace", "LACE index"),
		"subject": fhir.Tree(r.Root().Get("subject")), "encounter": reference(r.Reference()), "occurrenceDateTime": instant(at),
		"prediction": list(object{
			"extension": list(part("length", l.length), part("acuity", l.acuity), part("comorbidity", l.comorbidity), part("emergency", l.emergency)),
			"outcome":   object{"text": "Unplanned readmission within 30 days"}, "probabilityDecimal": json.Number(strconv.FormatFloat(l.probability(), 'f', 4, 64)),
			"qualitativeRisk": coded("http://terminology.hl7.org/CodeSystem/risk-probability", l.band(), ""),
			"whenPeriod":      object{"start": instant(at), "end": instant(at.AddDate(0, 0, 30))}, "rationale": rationale,
		}),
	}
	if basis != nil {
		o["basis"] = basis
	}
	return o
}
