package search

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"github.com/cockroachdb/apd/v3"
)

// Quantity is a criterion on numbers with units (http://hl7.org/fhir/R4/search.html#quantity).
type Quantity struct {
	criterion
	Any []QuantityTest
}

// QuantityTest is one alternative. Its interval is in the unit that it says; without any, in whatever unit the value has.
type QuantityTest struct {
	NumberTest
	In   string // "5.4|system|code": see QuantityValue.In
	Name string // "5.4||code": a code or the text of a unit, as they are written
}

// QuantityValue is a Quantity, Money or Range, or what of SampledData and Ratio can be compared with one.
type QuantityValue struct {
	Slot       *Slot
	Interval          // as written
	Code, Unit string // as written: the code of the unit, and its text; "" = none

	// In is the unit in which values compare: that which is canonical in UCUM for what the value measures, or, where UCUM does
	// not know the unit, system and code. Without a code there is none.
	In string
	// Amount is the interval in that unit; without one, as written.
	Amount Interval
}

// ucumSystem is the system of UCUM's codes.
const ucumSystem = "http://unitsofmeasure.org"

// parseQuantity reads "5.4", "5.4|system|code" and "5.4||code".
func (in *parsing) parseQuantity(c criterion) (Expr, error) {
	q := &Quantity{criterion: c}
	for _, raw := range c.raw {
		parts := splitEscaped(raw, '|')
		for i := range parts {
			parts[i] = unescape(parts[i])
		}
		prefix, text := cutPrefix(parts[0])
		s, ok := searched(prefix, text)
		if !ok || len(parts) != 1 && (len(parts) != 3 || parts[2] == "") {
			return nil, badNumber(c, ", number|system|code or number||code")
		}
		test := QuantityTest{NumberTest: NumberTest{Prefix: prefix, Interval: s.interval()}}
		switch {
		case len(parts) == 1:
		case parts[1] == "":
			test.Name = parts[2]
		default:
			test.In, test.Interval = in.params.comparable(s, parts[1], parts[2])
			if parts[1] == ucumSystem && in.params.units != nil && in.params.units.Valid(parts[2]) != nil {
				in.remark(fhir.CodeInvalid, "a value of the parameter '"+c.Param.Code+"' has a unit that UCUM does not know; it is compared with values in that very unit only")
			}
		}
		q.Any = append(q.Any, test)
	}
	return q, nil
}

// remark adds a warning about something that counts all the same.
func (in *parsing) remark(code fhir.IssueType, text string) {
	if !slices.ContainsFunc(in.warnings, func(w fhir.Issue) bool { return w.Text == text }) {
		in.warnings = append(in.warnings, fhir.Issue{Severity: fhir.Warning, Code: code, Text: text})
	}
}

// comparable gives the unit in which a value compares, and the value in it.
func (p *Params) comparable(s span, system, code string) (in string, amount Interval) {
	if system == ucumSystem {
		if converted, unit, ok := p.convert(s, code); ok {
			return unit, converted.interval()
		}
	}
	if strings.ContainsAny(system, `\|`) {
		system = strings.NewReplacer(`\`, `\\`, `|`, `\|`).Replace(system)
	}
	return system + "|" + code, s.interval() // UCUM has no '|', so this is never taken for what has been converted
}

// convert converts both ends to the canonical unit. No unit that UCUM converts falls while another rises.
func (p *Params) convert(s span, code string) (out span, unit string, ok bool) {
	convert := func(n *apd.Decimal) (c *apd.Decimal) {
		if c, unit, ok = p.units.Canonical(n, code); !ok || !canBound(c) {
			ok = false
		}
		return c
	}
	out, ok = s, true
	if s.low.number != nil {
		out.low.number = convert(s.low.number)
	}
	if out.high.number = out.low.number; ok && s.high.number != s.low.number {
		out.high.number = nil
		if s.high.number != nil {
			out.high.number = convert(s.high.number)
		}
	}
	return out, unit, ok
}

// Matches reports whether one indexed quantity passes the test.
func (t QuantityTest) Matches(v QuantityValue) bool {
	switch {
	case t.In != "":
		return t.In == v.In && t.holds(v.Amount)
	case t.Name != "":
		return (t.Name == v.Code || t.Name == v.Unit) && t.holds(v.Interval)
	}
	return t.holds(v.Interval)
}

func (q *Quantity) match(v *Values) bool {
	return anyValue(v.Quantities, q.Any, func(v *QuantityValue) bool { return q.Param.has(v.Slot) }, QuantityTest.Matches)
}
