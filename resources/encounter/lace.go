package encounter

import (
	_ "embed"
	"encoding/json"
	"math"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// charlson are the groups of diseases that LACE counts (van Walraven 2010), with the codes of ICD-10 (Quan 2005) and SNOMED CT that they are told by.
//
//go:embed charlson.json
var charlson string

// disease is one of them.
type disease struct {
	Name   string
	Weight int
	Unless string   // the graver one that counts instead
	ICD    []string // prefixes
	SNOMED []string
}

// lace is the index: length of stay, acuity, comorbidity, emergency visits in the six months before (domain.md §13.3).
type lace struct {
	length, acuity, comorbidity, emergency int
}

func (l lace) score() int { return l.length + l.acuity + l.comorbidity + l.emergency }

// probability is that of an unplanned readmission within thirty days: it goes through the published 2.0 %, 12.2 % and 43.7 % at 0, 10 and 19.
func (l lace) probability() float64 { return 1 / (1 + math.Exp(3.8918-0.1914986*float64(l.score()))) }

// band is how high that is.
func (l lace) band() string {
	switch score := l.score(); {
	case score >= 10:
		return "high"
	case score >= 5:
		return "moderate"
	}
	return "low"
}

// days are the points for the length of a stay in days.
func days(n int) int {
	switch {
	case n <= 0:
		return 0
	case n <= 3:
		return n
	case n <= 6:
		return 4
	case n <= 13:
		return 5
	}
	return 7
}

// diseases are the groups that codes are of, and what they weigh together.
func diseases(codings []fhir.Element) (names []string, points int, err error) {
	var table []disease
	if err := json.Unmarshal([]byte(charlson), &table); err != nil {
		return nil, 0, fhir.Internal(err)
	}
	found := make(map[string]bool)
	for _, d := range table {
		for _, c := range codings {
			found[d.Name] = found[d.Name] || d.is(c.Get("system").Text(), c.Get("code").Text())
		}
	}
	for _, d := range table {
		if found[d.Name] && !found[d.Unless] {
			names = append(names, d.Name)
			points += d.Weight
		}
	}
	if points >= 4 {
		points = 5
	}
	return names, points, nil
}

func (d *disease) is(system, code string) bool {
	switch {
	case strings.HasPrefix(system, "http://hl7.org/fhir/sid/icd-10"):
		for _, prefix := range d.ICD {
			if strings.HasPrefix(code, prefix) {
				return true
			}
		}
	case system == "http://snomed.info/sct":
		for _, one := range d.SNOMED {
			if code == one {
				return true
			}
		}
	}
	return false
}

// acute reports whether a stay began as an emergency: by its priority, where the patient came from, or what it was before.
func acute(stay fhir.Element) bool {
	for _, code := range []string{"EM", "UR", "CR"} {
		if hasCode(stay.Get("priority"), code) {
			return true
		}
	}
	for e := range stay.Each("classHistory") {
		if e.Get("class").Get("code").Text() == "EMER" {
			return true
		}
	}
	return hasCode(stay.Get("hospitalization").Get("admitSource"), "emd")
}

// calendar is the difference of two days.
func calendar(from, to time.Time) int {
	day := func(t time.Time) time.Time {
		y, m, d := t.UTC().Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(day(to).Sub(day(from)) / (24 * time.Hour))
}
