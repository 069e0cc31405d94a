package core

import (
	"strconv"

	"andiron.dev/fhir"
)

// observation is the answer for one code: a component for each statistic.
func (s *statistics) observation(g *group) *fhir.Resource {
	numbers, unit := s.m.common(g.values)
	set := newSample(numbers)
	w := fhir.NewWriter(1024).Object().Name("resourceType").String("Observation")
	w.Name("status").String("final").Name("code").Raw(g.concept)
	w.Name("subject").Object().Name("reference").String(s.subject).EndObject()
	if s.start != "" || s.end != "" {
		w.Name("effectivePeriod").Object()
		if s.start != "" {
			w.Name("start").String(s.start)
		}
		if s.end != "" {
			w.Name("end").String(s.end)
		}
		w.EndObject()
	}
	w.Name("component").Array()
	for _, name := range s.statistics {
		w.Object().Name("code").Object().Name("coding").Array().Object()
		w.Name("system").String("http://terminology.hl7.org/CodeSystem/observation-statistics").Name("code").String(name)
		w.Name("display").String(statisticName(name)).EndObject().EndArray().EndObject()
		switch value, ok := set.statistic(name); {
		case name == "count":
			number(w, strconv.Itoa(len(numbers)))
		case name == "total-count":
			number(w, strconv.Itoa(g.total))
		case !ok:
			w.Name("dataAbsentReason").Object().Name("coding").Array().Object().Name("system").String("http://terminology.hl7.org/CodeSystem/data-absent-reason")
			w.Name("code").String("not-applicable").EndObject().EndArray().Name("text").String("there are too few values").EndObject()
		case name == "skew", name == "kurtosis":
			number(w, value)
		default:
			u := unit
			if name == "variance" { // of the square of the unit
				u = valued{unit: squared(unit)}
			}
			quantity(w, value, u)
		}
		w.EndObject()
	}
	w.EndArray().EndObject()
	return fhir.FromWriter("Observation", "", w)
}

func squared(unit valued) string {
	text := unit.unit
	if text == "" {
		text = unit.code
	}
	if text == "" {
		return ""
	}
	return "(" + text + ")2"
}

// number writes a value that has no unit.
func number(w *fhir.Writer, value string) {
	w.Name("valueQuantity").Object().Name("value").Raw(value).Name("system").String(unitSystem).Name("code").String("1").EndObject()
}

func quantity(w *fhir.Writer, value string, unit valued) {
	w.Name("valueQuantity").Object().Name("value").Raw(value)
	if unit.unit != "" {
		w.Name("unit").String(unit.unit)
	}
	if unit.system != "" {
		w.Name("system").String(unit.system)
	}
	if unit.code != "" {
		w.Name("code").String(unit.code)
	}
	w.EndObject()
}
