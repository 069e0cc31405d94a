package storetest

import (
	"strconv"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// testRandomMeasured is testRandom for numbers and quantities alone: among all that resources have, they are too rare to be met.
func testRandomMeasured(t *testing.T, s *suite) {
	eachSeed(t, func(t *testing.T, seed int) {
		d := newDuel(t, s, seed)
		d.types = []string{"Observation", "RiskAssessment", "Condition", "ChargeItem"}
		d.maker.measured = true
		d.run()
	})
}

// measuredResource makes a resource with numbers, or without.
func (m *maker) measuredResource(typ, id string) *fhir.Resource {
	w := fhir.NewWriter(1024)
	w.Object()
	w.Name("resourceType").String(typ)
	w.Name("id").String(id)
	value := func(name, t string) {
		if m.IntN(8) == 0 {
			return
		}
		if w.Name(name); !m.measure(w, t) {
			w.Raw(m.number())
		}
	}
	choice := func(name string, types ...string) {
		t := pick(m.Rand, types)
		value(name+t, t)
	}
	each := func(name string, part func()) {
		if m.IntN(3) == 0 {
			return
		}
		w.Name(name).Array()
		for range 1 + m.IntN(3) {
			w.Object()
			w.Name("id").String("x")
			part()
			w.EndObject()
		}
		w.EndArray()
	}
	switch typ {
	case "Observation":
		choice("value", "Quantity", "Quantity", "SampledData", "Range")
		each("component", func() { choice("value", "Quantity", "Quantity", "SampledData") })
	case "RiskAssessment":
		each("prediction", func() { choice("probability", "Decimal", "Decimal", "Range") })
	case "Condition":
		choice("onset", "Age", "Range")
	case "ChargeItem":
		value("priceOverride", "Money")
		value("quantity", "Quantity")
		value("factorOverride", "decimal")
	}
	w.EndObject()
	return fhir.FromWriter(typ, id, w)
}

// measuredQuery asks for numbers and quantities, and sorts by them.
func (a *asker) measuredQuery(typ string) (fhir.Params, *search.Query) {
	codes := map[string][]string{"Observation": {"value-quantity", "component-value-quantity", "combo-value-quantity"}, "RiskAssessment": {"probability"}, "Condition": {"onset-age"},
		"ChargeItem": {"factor-override", "quantity", "price-override"}}[typ]
	for {
		var params fhir.Params
		for range a.IntN(3) {
			p := a.params.Param(typ, pick(a.Rand, codes))
			if a.IntN(8) == 0 {
				params = append(params, fhir.Param{Name: p.Code + ":missing", Value: strconv.FormatBool(a.IntN(2) == 0)})
				continue
			}
			values := make([]string, pick(a.Rand, []int{1, 1, 1, 2, 3, 20}))
			for i := range values {
				values[i] = a.value(p)
			}
			params = append(params, fhir.Param{Name: p.Code, Value: strings.Join(values, ",")})
		}
		if a.IntN(2) == 0 {
			params = append(params, fhir.Param{Name: "_sort", Value: pick(a.Rand, []string{"", "-"}) + pick(a.Rand, codes) + pick(a.Rand, []string{"", ",_id"})})
		}
		params = append(params, fhir.Param{Name: "_count", Value: pick(a.Rand, []string{"1", "3", "1000"})}, fhir.Param{Name: "_total", Value: pick(a.Rand, []string{"none", "accurate"})})
		if q, _, err := a.params.Parse(typ, params, a.options()); err == nil {
			return params, q
		}
	}
}
