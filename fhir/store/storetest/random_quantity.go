package storetest

import (
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// number makes a decimal; most are close to each other in some unit.
func (m *maker) number() string {
	return pick(m.Rand, []string{"1", "1.0", "1.10", "-2.5", "1e3", "0", "-0.0", "5.4", "5.40", "5.45", "0.0054", "5400", "5.4e3", "99.5", "100", "100.5", "1e2", "36.6", "98", "-40", "1e-12", "6.02e23", "1e80", "-1e-80",
		"1e4000", "-1e4000", "1e-4000", "5." + strings.Repeat("4", 120)})
}

// unit makes system, code and text of a unit: UCUM's, its mistakes, others', or parts of one.
func (m *maker) unit() (system, code, text string) {
	code = pick(m.Rand, []string{"mg", "mg", "g", "ug", "kg", "Cel", "[degF]", "K", "%", "1", "{score}", "[pH]", "drops", "x|y"})
	text = pick(m.Rand, []string{code, code, "mg", "milligram", ""})
	switch m.IntN(8) {
	case 0:
		return "urn:local", code, text
	case 1:
		return "", code, text
	case 2:
		return pick(m.Rand, []string{"", "http://unitsofmeasure.org"}), "", text
	}
	return "http://unitsofmeasure.org", code, text
}

// measure writes a value of a type that is measured; false for any other type.
func (m *maker) measure(w *fhir.Writer, typ string) bool {
	texts := func(pairs ...string) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i+1] != "" {
				w.Name(pairs[i]).String(pairs[i+1])
			}
		}
	}
	quantity := func(name, system, code, text string) {
		if name != "" {
			w.Name(name)
		}
		w.Object()
		w.Name("id").String("x")
		if m.IntN(10) > 0 {
			w.Name("value").Raw(m.number())
		}
		if m.IntN(4) == 0 {
			texts("comparator", pick(m.Rand, []string{"<", "<=", ">", ">="}))
		}
		texts("system", system, "code", code, "unit", text)
		w.EndObject()
	}
	system, code, text := m.unit()
	switch typ {
	case "Quantity", "Age", "Count", "Distance", "Duration":
		quantity("", system, code, text)
		return true
	case "Money":
		w.Object()
		w.Name("value").Raw(m.number())
		texts("currency", pick(m.Rand, []string{"USD", "EUR", ""}))
	case "Range", "Ratio":
		ends := map[string][]string{"Range": {"low", "high"}, "Ratio": {"numerator", "denominator"}}[typ]
		w.Object()
		w.Name("id").String("x")
		for _, end := range ends {
			if m.IntN(4) > 0 {
				quantity(end, system, code, text)
			}
			if m.IntN(4) == 0 {
				system, code, text = m.unit()
			}
		}
	case "SampledData":
		w.Object()
		quantity("origin", system, code, text)
		for _, name := range []string{"factor", "lowerLimit", "upperLimit"} {
			if m.IntN(2) == 0 {
				w.Name(name).Raw(m.number())
			}
		}
		texts("data", pick(m.Rand, []string{"", "E", "L", "U L", "1 2 3", "5 L", "U -2.5 1e3 E", m.number() + " " + m.number()}))
	default:
		return false
	}
	w.EndObject()
	return true
}

// numberNear writes the number beside a bound with more digits or fewer.
func (a *asker) numberNear(b search.Bound) string {
	d, _, ok := b.Number()
	if !ok {
		return a.number()
	}
	text := d.Text(pick(a.Rand, []byte{'G', 'f', 'E'}))
	switch {
	case strings.ContainsAny(text, "eE"):
	case a.IntN(4) == 0 && strings.Contains(text, "."):
		text = strings.TrimSuffix(text[:len(text)-1], ".")
	case a.IntN(4) == 0 && strings.Contains(text, "."):
		text += "0"
	case a.IntN(4) == 0:
		text += ".0"
	}
	return text
}

// numberValue makes a value for a number parameter.
func (a *asker) numberValue(p *search.Param, v *search.Values, own bool) string {
	number := a.number()
	if own {
		if found := of(v.Numbers, func(n *search.NumberValue) *search.Slot { return n.Slot }, p); len(found) > 0 {
			n := pick(a.Rand, found)
			number = a.numberNear(pick(a.Rand, []search.Bound{n.Low, n.High}))
		}
	}
	return pick(a.Rand, prefixes()) + number
}

// quantityValue makes a value for a quantity parameter.
func (a *asker) quantityValue(p *search.Param, v *search.Values, own bool) string {
	system, code, text := a.unit()
	number := a.number()
	if own {
		if found := of(v.Quantities, func(q *search.QuantityValue) *search.Slot { return q.Slot }, p); len(found) > 0 {
			q := pick(a.Rand, found)
			number = a.numberNear(pick(a.Rand, []search.Bound{q.Low, q.High}))
			if a.IntN(4) > 0 {
				code, text = q.Code, q.Unit
			} else if !strings.Contains(q.In, "|") { // the same in another unit
				number, code = a.numberNear(pick(a.Rand, []search.Bound{q.Amount.Low, q.Amount.High})), q.In
			}
		}
	}
	number = pick(a.Rand, prefixes()) + number
	switch a.IntN(4) {
	case 0:
		return number
	case 1:
		return number + "||" + escaped(pick(a.Rand, []string{code, text}))
	}
	return number + "|" + escaped(system) + "|" + escaped(code)
}

// measuredKeys are the bounds by which a resource is sorted.
func measuredKeys(v *search.Values, p *search.Param) (keys []string) {
	for _, n := range of(v.Numbers, func(n *search.NumberValue) *search.Slot { return n.Slot }, p) {
		keys = append(keys, string(n.Low))
	}
	for _, compared := range []bool{true, false} {
		for _, q := range of(v.Quantities, func(q *search.QuantityValue) *search.Slot { return q.Slot }, p) {
			if compared == (q.In != "") {
				keys = append(keys, string(q.Amount.Low))
			}
		}
		if len(keys) > 0 {
			break
		}
	}
	return keys
}
