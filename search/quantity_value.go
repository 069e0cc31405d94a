package search

import (
	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
	"github.com/cockroachdb/apd/v3"
)

// measure is a value in the making: an interval, and the unit it is in.
type measure struct {
	span
	system, code, unit string
}

// currencies is the system of the codes of Money (http://hl7.org/fhir/R4/datatypes.html#Money).
const currencies = "urn:iso:std:iso:4217"

func (v *Values) addNumber(slot *Slot, value path.Value) {
	if m, ok := measured(value); ok {
		v.Numbers = append(v.Numbers, NumberValue{Slot: slot, Interval: m.interval()})
	}
}

func (p *Params) addQuantity(v *Values, slot *Slot, value path.Value) {
	m, ok := measured(value)
	if !ok {
		return
	}
	q := QuantityValue{Slot: slot, Interval: m.interval(), Code: m.code, Unit: m.unit}
	if q.Amount = q.Interval; m.code != "" {
		q.In, q.Amount = p.comparable(m.span, m.system, m.code)
	}
	v.Quantities = append(v.Quantities, q)
}

// measured reads a number, a Quantity, or what is made of them. It is false for what has no number.
func measured(value path.Value) (measure, bool) {
	e := value.Element()
	switch typeName(value) {
	case "Money":
		m, ok := numeral(e.Get("value").Text())
		if m.code = e.Get("currency").Text(); m.code != "" {
			m.system = currencies
		}
		return m, ok
	case "Range":
		return rangeOf(e)
	case "SampledData":
		return sampled(e)
	case "Ratio":
		return ratio(e)
	}
	switch t := value.Type(); {
	case t.Is("Quantity"):
		return quantity(e)
	case t.Is("decimal"), t.Is("integer"):
		return numeral(e.Text())
	case e.Exists():
		return measure{}, false
	}
	d, ok := value.Decimal() // what an expression has worked out
	if !ok {
		return measure{}, false
	}
	m := measure{span: closed(d, d)}
	if unit, calendar := value.Unit(); calendar {
		m.unit = unit // "days" is no code
	} else if unit != "" {
		m.system, m.code = ucumSystem, unit
	}
	return m, true
}

// numeral reads a number.
func numeral(text string) (measure, bool) {
	d, ok := readDecimal(text)
	if !ok {
		return measure{}, false
	}
	return measure{span: closed(d.enclosing())}, true
}

// quantity reads a Quantity; its comparator opens the interval.
func quantity(e fhir.Element) (measure, bool) {
	m, ok := numeral(e.Get("value").Text())
	if !ok {
		return m, false
	}
	m.system, m.code, m.unit = e.Get("system").Text(), e.Get("code").Text(), e.Get("unit").Text()
	switch e.Get("comparator").Text() {
	case "<":
		m.low, m.high.above = place{}, false
	case "<=":
		m.low = place{}
	case ">":
		m.low.above, m.high = true, place{}
	case ">=":
		m.high = place{}
	}
	return m, true
}

// rangeOf reads a Range, whose ends belong to it. An end that is missing is open. Both ends shall have the same unit: one
// without any has that of the other, and two that disagree say nothing.
func rangeOf(e fhir.Element) (measure, bool) {
	low, hasLow := quantity(e.Get("low"))
	high, hasHigh := quantity(e.Get("high"))
	switch {
	case !hasLow && !hasHigh:
		return measure{}, false
	case !hasLow:
		high.low = place{}
		return high, true
	case !hasHigh:
		low.high = place{}
		return low, true
	}
	out := low
	if low.system+low.code+low.unit == "" {
		out.system, out.code, out.unit = high.system, high.code, high.unit
	} else if high.system+high.code+high.unit != "" && (low.system != high.system || low.code != high.code || low.code == "" && low.unit != high.unit) {
		return measure{}, false
	}
	out.high = high.high
	if from, to := low.low.number, high.high.number; from != nil && to != nil && from.Cmp(to) > 0 {
		out.low, out.high = high.low, low.high // the wrong way round: every interval has to begin before it ends
	}
	return out, true
}

// ratio reads a Ratio as what its numerator is for each unit of its denominator.
func ratio(e fhir.Element) (measure, bool) {
	m, ok := quantity(e.Get("numerator"))
	d, isNumber := readDecimal(e.Get("denominator").Get("value").Text())
	by := e.Get("denominator")
	if !ok || !isNumber || !d.exact() || d.digits == "" || by.Get("comparator").Exists() {
		return measure{}, false
	}
	divisor := d.number()
	m.low, m.high = m.low.over(divisor), m.high.over(divisor)
	if divisor.Negative {
		m.low, m.high = place{m.high.number, m.high.number != nil && !m.high.above}, place{m.low.number, m.low.number != nil && !m.low.above}
	}
	system, code := by.Get("system").Text(), by.Get("code").Text()
	switch {
	case code == "" && by.Get("unit").Text() == "", code == "1": // a plain number
	case m.system == ucumSystem && system == ucumSystem && m.code != "" && code != "":
		m.code, m.unit = m.code+"/("+code+")", ""
	default:
		m.system, m.code, m.unit = "", "", ""
	}
	return m, true
}

// over divides, to more digits than anything is measured with.
func (p place) over(divisor *apd.Decimal) place {
	if p.number == nil {
		return p
	}
	quotient := new(apd.Decimal)
	if _, err := apd.BaseContext.WithPrecision(maxDigits).Quo(quotient, p.number, divisor); err != nil {
		return place{}
	}
	return place{quotient, p.above}
}
