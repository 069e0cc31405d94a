package storetest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// testRandomFilter is testRandom for the special parameters: _filter, _content, _text, _list and near.
func testRandomFilter(t *testing.T, s *suite) {
	eachSeed(t, func(t *testing.T, seed int) {
		d := newDuel(t, s, seed)
		d.types = []string{"Patient", "Observation", "List", "Location", "ValueSet"}
		d.maker.types = append([]string{"Organization"}, d.types...)
		d.asker.special = []string{"_filter", "_filter", "_filter", "_content", "_content", "_text", "_list", "near"}
		d.run()
	})
}

// specially makes a parameter of those that are preferred, if there are any.
func (a *asker) specially(typ string) (fhir.Param, bool) {
	if len(a.special) == 0 || a.IntN(6) == 0 {
		return fhir.Param{}, false
	}
	p := a.params.Param(typ, pick(a.Rand, a.special))
	if p == nil {
		return fhir.Param{}, false
	}
	if p.Special != search.FilterExpression && p.Special != search.ListMember && a.IntN(10) == 0 {
		return fhir.Param{Name: p.Code + ":missing", Value: pick(a.Rand, []string{"true", "false"})}, true
	}
	value := a.specialValue(p)
	for a.IntN(4) == 0 && p.Special != search.FilterExpression {
		value += "," + a.specialValue(p)
	}
	return fhir.Param{Name: p.Code, Value: value}, true
}

// specialValue makes a value for a special parameter.
func (a *asker) specialValue(p *search.Param) string {
	switch p.Special {
	case search.NarrativeText, search.ContentText:
		return escaped(a.textQuery(0))
	case search.ListMember:
		return pick(a.Rand, []string{"", "", "List/", "http://example.org/fhir/List/"}) + a.id()
	case search.FilterExpression:
		return a.filter(p.Resource, "", 0)
	}
	return fmt.Sprintf("%d|%d|%d", a.IntN(7)-3, a.IntN(7)-3, pick(a.Rand, []int{0, 100, 300, 1000, 20000}))
}

// textQuery makes a question for full text, of words that resources have.
func (a *asker) textQuery(depth int) string {
	word := func() string {
		words := strings.Fields(a.text())
		return pick(a.Rand, words)
	}
	switch n := a.IntN(12); {
	case n < 4 || depth > 2:
		return word()
	case n == 4:
		return word() + "*"
	case n == 5:
		return `"` + a.text() + " " + a.text() + `"`
	case n == 6:
		return `"` + a.text() + `"` + pick(a.Rand, []string{"", "*"})
	case n == 7:
		return "NOT (" + a.textQuery(depth+1) + ")"
	case n == 8:
		return "-" + word()
	case n < 11:
		return a.textQuery(depth+1) + pick(a.Rand, []string{" ", " AND ", " and "}) + a.textQuery(depth+1)
	}
	return "(" + a.textQuery(depth+1) + " OR " + a.textQuery(depth+1) + ")"
}

// filter makes an expression on resources of a type. Those that make no sense are refused, and others made.
func (a *asker) filter(typ, reference string, depth int) string {
	before := a.focus
	a.focus = reference
	defer func() { a.focus = before }()
	if depth < 3 {
		operator := pick(a.Rand, []string{" and ", " or "})
		switch a.IntN(8) {
		case 0:
			return a.filter(typ, reference, depth+1) + operator + a.filter(typ, reference, depth+1)
		case 1:
			return "(" + a.filter(typ, reference, depth+1) + ")" + operator + "(" + a.filter(typ, reference, depth+1) + ")"
		case 2:
			return "not (" + a.filter(typ, reference, depth+1) + ")"
		}
	}
	prefix := ""
	if l, ok := a.link(typ, ""); ok && l.to != "" && depth < 3 && a.IntN(4) == 0 {
		target, _, _ := strings.Cut(l.to, "/")
		prefix = l.param.Code
		if a.IntN(3) == 0 {
			prefix += "[" + a.filter(target, l.to, 3) + "]"
		}
		prefix += "."
		typ, a.focus = target, l.to
	}
	p := a.param(typ)
	operator, value := a.comparison(p)
	return prefix + p.Code + " " + operator + " " + value
}

// comparison makes an operator that the parameter takes, and a value.
func (a *asker) comparison(p *search.Param) (operator, value string) {
	if a.IntN(10) == 0 {
		return "pr", pick(a.Rand, []string{"true", "false"})
	}
	v := a.anyValues(p.Resource)
	own := v != nil && a.IntN(5) > 0
	if p.Special != search.NotSpecial && p.Special != search.ID && p.Special != search.LastUpdated {
		return "eq", quotedText(a.specialValue(p))
	}
	switch p.Type {
	case r4.StringParam:
		return pick(a.Rand, []string{"eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le"}), quotedText(a.stringValue(p, v, own))
	case r4.TokenParam:
		if p.Special == search.ID {
			return pick(a.Rand, []string{"eq", "ne"}), a.id()
		}
		if a.IntN(6) == 0 {
			return pick(a.Rand, []string{"in", "ni"}), "urn:set:" + strconv.Itoa(a.IntN(valueSets))
		}
		return pick(a.Rand, []string{"eq", "ne"}), quotedText(a.token(p, v, own))
	case r4.DateParam:
		return pick(a.Rand, []string{"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap", "po"}), a.time("dateTime")
	case r4.ReferenceParam:
		return pick(a.Rand, []string{"eq", "ne", "re"}), quotedText(escaped(a.referenceValue(p, v, own)))
	case r4.URIParam:
		return pick(a.Rand, []string{"eq", "ne", "co", "sw", "ew"}), quotedText(a.uri())
	case r4.NumberParam, r4.QuantityParam:
		return pick(a.Rand, []string{"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"}), a.number()
	}
	return "eq", quotedText(a.value(p))
}

func quotedText(s string) string {
	text, _ := json.Marshal(s) // of a string
	return string(text)
}

// narrative writes a narrative of a few texts.
func (m *maker) narrative(w *fhir.Writer) {
	div := `<div xmlns="http://www.w3.org/1999/xhtml"><p>` + strings.ReplaceAll(m.text(), "&", "&amp;") + `</p>` + m.text() + pick(m.Rand, []string{" ", "<br/>", "<b>"}) + m.text() + `</div>`
	w.Name("text").Object()
	w.Name("status").String("generated")
	w.Name("div").String(div)
	w.EndObject()
}
