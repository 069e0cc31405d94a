package search_test

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// TestWhatIsMeasured: what parameters of one's own find in values of every type. ucum: stands for UCUM's system.
func TestWhatIsMeasured(t *testing.T) {
	const ratio = "Medication.amount"
	p := newParams(t)
	for i, test := range []struct{ expression, resource, want string }{
		{ratio, `"amount":{"numerator":{"value":5,"system":"ucum:","code":"mg"},"denominator":{"value":2,"system":"ucum:","code":"mL"}}`, "[2.5, after 2.5); in g.m-3 [2.5E+3, after 2.5E+3)"},
		{ratio, `"amount":{"numerator":{"value":5,"system":"ucum:","code":"mg/kg"},"denominator":{"value":4,"system":"ucum:","code":"kg.d"}}`, "[1.25, after 1.25); in g-1.s-1 [1.446759259259259259259259259259259E-14, after 1.446759259259259259259259259259259E-14)"},
		{ratio, `"amount":{"numerator":{"value":1},"denominator":{"value":128}}`, "[0.0078125, after 0.0078125); in  [0.0078125, after 0.0078125)"},
		{ratio, `"amount":{"numerator":{"value":5,"comparator":"<","unit":"drops"},"denominator":{"value":-2}}`, "[after -2.5, open); in  [after -2.5, open)"},
		{ratio, `"amount":{"numerator":{"value":5,"comparator":">=","system":"urn:x","code":"a"},"denominator":{"value":2,"system":"urn:x","code":"b"}}`, "[2.5, open); in  [2.5, open)"},
		{ratio, `"amount":{"numerator":{"value":5,"system":"ucum:","code":"mg"},"denominator":{"value":0,"system":"ucum:","code":"mL"}}`, ""},
		{ratio, `"amount":{"numerator":{"value":5},"denominator":{"value":1,"comparator":">"}}`, ""},
		{ratio, `"amount":{"numerator":{"unit":"mg"},"denominator":{"value":1}}`, ""},
		{ratio, `"amount":{"denominator":{"value":1}}`, ""},
		{"Medication.ingredient.count()", `"ingredient":[{"isActive":true},{"isActive":false}]`, "[2, after 2); in  [2, after 2)"},
		{"Medication.amount.numerator.value", `"amount":{"numerator":{"value":5.50}}`, "[5.5, after 5.5); in  [5.5, after 5.5)"},
		{"Medication.amount.numerator", `"amount":{"numerator":{"value":5.50,"system":"ucum:","code":"kg"}}`, "[5.5, after 5.5); in g [5.5E+3, after 5.5E+3)"},
		{"Medication.amount.numerator + 1 'g'", `"amount":{"numerator":{"value":5.50,"system":"ucum:","code":"g"}}`, "[6.5, after 6.5); in g [6.5, after 6.5)"},
		{"Medication.ingredient.count() * 2 days", `"ingredient":[{"isActive":true},{"isActive":false}]`, "[4, after 4); in  [4, after 4)"},
		{"Medication.amount.numerator.unit", `"amount":{"numerator":{"value":5.50,"unit":"many"}}`, ""},
		{"Medication.amount.numerator.unit", `"amount":{"numerator":{"value":5.50,"unit":"7"}}`, ""},
		{"Medication.batch", `"batch":{"lotNumber":"7"}`, ""},
	} {
		for _, typ := range []r4.ParamType{r4.QuantityParam, r4.NumberParam} {
			p.SetCustom(int64(i), []search.Custom{{ID: "m", Complete: true, Def: &r4.SearchParam{URL: "urn:m", Code: "measured", Type: typ, Base: []string{"Medication"}, Expression: test.expression}}})
			text := `{"resourceType":"Medication","id":"1",` + strings.ReplaceAll(test.resource, "ucum:", "http://unitsofmeasure.org") + `}`
			r, err := fhir.ParseResource(text, fhir.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			got, want := "", test.want
			if typ == r4.NumberParam {
				want, _, _ = strings.Cut(want, ";")
			}
			for _, n := range p.Values(r).Numbers {
				got += fmt.Sprintf("[%s, %s)", n.Low, n.High)
			}
			for _, q := range p.Values(r).Quantities {
				got += fmt.Sprintf("[%s, %s); in %s [%s, %s)", q.Low, q.High, q.In, q.Amount.Low, q.Amount.High)
			}
			if got != want {
				t.Errorf("%s of %s as %s:\n got %s\nwant %s", test.expression, test.resource, typ, got, want)
			}
		}
	}
}

// TestQuantitiesWithoutUnits: without UCUM, equal codes compare and nothing else does.
func TestQuantitiesWithoutUnits(t *testing.T) {
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	p := search.NewParams(spec, nil)
	r, err := fhir.ParseResource(`{"resourceType":"Observation","id":"1","valueQuantity":{"value":5.4,"system":"http://unitsofmeasure.org","code":"mg"}}`, fhir.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]bool{"5.4|http://unitsofmeasure.org|mg": true, "0.0054|http://unitsofmeasure.org|g": false, "5.4||mg": true, "5.4": true, "5.4|http://unitsofmeasure.org|nonsense": false} {
		q, warnings, err := p.Parse("Observation", fhir.Params{{Name: "value-quantity", Value: query}}, search.Options{})
		if err != nil || len(warnings) > 0 {
			t.Fatal(query, err, warnings)
		}
		if got := search.Match(q.Where, r, p.Values(r), nil); got != want {
			t.Errorf("%s: %v", query, got)
		}
	}
}
