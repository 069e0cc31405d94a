package money

import (
	"andiron.dev/fhir"
	"andiron.dev/search/ucum"
)

// UCUM is the system of units that can be converted.
const UCUM = "http://unitsofmeasure.org"

// Quantity is how much of something there is.
type Quantity struct {
	Value  Decimal
	System string // of Code; "" = none
	Code   string // of the unit
}

// QuantityOf reads an element of type Quantity. Errors, with its path: Required without a value; Value.
func QuantityOf(e fhir.Element) (Quantity, error) {
	if e.Get("value").Text() == "" {
		return Quantity{}, fhir.NewOutcome(fhir.Required, "a quantity needs a value", e.Path()+".value")
	}
	d, err := ParseDecimal(e.Get("value").Text())
	if err != nil {
		return Quantity{}, fhir.AsOutcome(err).Within(e.Path() + ".value")
	}
	return Quantity{d, e.Get("system").Text(), e.Get("code").Text()}, nil
}

// In expresses a quantity in the unit of another. Units that are not UCUM's can only be the same. Errors: Value (unit-not-convertible).
func (q Quantity) In(units *ucum.Units, base Quantity) (Quantity, error) {
	if q.System == base.System && q.Code == base.Code {
		return q, nil
	}
	if q.System == UCUM && base.System == UCUM {
		if value, ok := units.Convert(&q.Value.d, q.Code, base.Code); ok {
			return Quantity{Decimal{*value}, base.System, base.Code}, nil
		}
	}
	o := fhir.NewOutcome(fhir.Value, "the unit cannot be converted into the one that this is counted in")
	o.Issues[0].Detail = "unit-not-convertible"
	return Quantity{}, o
}

// Cmp compares two quantities, whatever units they are in: -1, 0 or 1. Errors: Value (unit-not-convertible).
func (q Quantity) Cmp(units *ucum.Units, other Quantity) (int, error) {
	other, err := other.In(units, q)
	if err != nil {
		return 0, err
	}
	return q.Value.Cmp(other.Value), nil
}

// Write writes an element of type Quantity.
func (q Quantity) Write(w *fhir.Writer) {
	w.Object().Name("value").Raw(q.Value.String())
	if q.System != "" {
		w.Name("system").String(q.System)
	}
	if q.Code != "" {
		w.Name("code").String(q.Code)
	}
	w.EndObject()
}
