package storetest

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// coding writes a Coding; most have a code, and many a text.
func (m *maker) coding(w *fhir.Writer) {
	w.Object()
	w.Name("id").String("x")
	if m.IntN(3) > 0 {
		w.Name("system").String(m.uri())
	}
	if m.IntN(5) > 0 {
		w.Name("code").String(pick(m.Rand, []string{"a", "A", "b", "final", "x|y", "1$2", `c\d`}))
	}
	if m.IntN(2) == 0 {
		w.Name("display").String(m.text())
	}
	w.EndObject()
}

// refer writes a Reference: literal, logical, both, or neither.
func (m *maker) refer(w *fhir.Writer) {
	w.Object()
	w.Name("id").String("x")
	if m.IntN(8) > 0 {
		w.Name("reference").String(m.reference())
	}
	if m.IntN(4) == 0 {
		w.Name("type").String(pick(m.Rand, []string{"Patient", "Group", "http://hl7.org/fhir/StructureDefinition/Patient"}))
	}
	if m.IntN(3) == 0 {
		w.Name("identifier").Object().Name("id").String("x")
		if m.IntN(3) > 0 {
			w.Name("system").String(m.uri())
		}
		if m.IntN(5) > 0 {
			w.Name("value").String(m.text())
		}
		w.EndObject()
	}
	w.EndObject()
}

// beside makes a criterion on what lies beside the plain values of parameters: composites, the texts and types of tokens, the
// identifiers of references. It is false where no resource of the type has any.
func (a *asker) beside(typ string) (fhir.Param, bool) {
	type choice struct {
		param    *search.Param
		modifier string
	}
	var choices []choice
	for _, p := range a.params.Of(typ) {
		for _, modifier := range map[r4.ParamType][]string{r4.CompositeParam: {""}, r4.TokenParam: {"text", "of-type"}, r4.ReferenceParam: {"identifier"}}[p.Type] {
			if a.valuesBeside(p, modifier) != nil {
				choices = append(choices, choice{p, modifier})
			}
		}
	}
	if len(choices) == 0 {
		return fhir.Param{}, false
	}
	if composites := slices.DeleteFunc(slices.Clone(choices), func(c choice) bool { return c.modifier != "" }); len(composites) > 0 && a.IntN(2) == 0 {
		choices = composites // of which there are few
	}
	c := pick(a.Rand, choices)
	values := make([]string, 1+a.IntN(2))
	for i := range values {
		values[i] = a.modified(c.param, c.modifier)
	}
	name := c.param.Code
	if c.modifier != "" {
		name += ":" + c.modifier
	}
	return fhir.Param{Name: name, Value: strings.Join(values, ",")}, true
}

// valuesBeside are the values of some resource that has what a parameter with the modifier looks at; nil = none has.
func (a *asker) valuesBeside(p *search.Param, modifier string) *search.Values {
	var having []*search.Values
	for _, reference := range a.references(p.Resource) {
		v := a.known.Values(reference)
		if len(of(v.Composites, func(c *search.CompositeValue) *search.Slot { return c.Slot }, p)) > 0 ||
			modifier == "text" && len(of(v.TokenTexts, func(t *search.TokenTextValue) *search.Slot { return t.Slot }, p)) > 0 ||
			modifier != "text" && len(tokensOf(p, v, search.Modifier(modifier))) > 0 {
			having = append(having, v)
		}
	}
	if len(having) == 0 {
		return nil
	}
	return pick(a.Rand, having)
}

// modified makes a value for a parameter with a modifier; some modifiers look elsewhere than the parameter itself.
func (a *asker) modified(p *search.Param, modifier string) string {
	switch {
	case slices.Contains([]string{"in", "not-in", "below", "above"}, modifier) && p.Type == r4.TokenParam:
		return a.terms(p, modifier)
	case modifier == "text" && p.Type == r4.TokenParam:
		text := a.text()
		if v := a.valuesBeside(p, modifier); v != nil && a.IntN(5) > 0 {
			text = pick(a.Rand, of(v.TokenTexts, func(t *search.TokenTextValue) *search.Slot { return t.Slot }, p)).Folded
		}
		runes := []rune(text)
		return escaped(string(runes[:1+a.IntN(len(runes))]))
	case modifier == "of-type" && p.Type == r4.TokenParam:
		if v := a.valuesBeside(p, modifier); v != nil && a.IntN(5) > 0 {
			t := pick(a.Rand, tokensOf(p, v, search.ModOfType))
			return t.System + "|" + escaped(t.Code) // the system of such a token is the type, escaped already
		}
		return escaped(a.uri()) + "|" + pick(a.Rand, []string{"a", "A", "b"}) + "|" + escaped(a.text())
	case modifier == "identifier" && p.Type == r4.ReferenceParam:
		system, code := a.uri(), a.text()
		if v := a.valuesBeside(p, modifier); v != nil && a.IntN(5) > 0 {
			t := pick(a.Rand, tokensOf(p, v, search.ModIdentifier))
			system, code = t.System, t.Code
		}
		return pick(a.Rand, []string{escaped(code), escaped(system) + "|" + escaped(code), escaped(system) + "|", "|" + escaped(code)})
	}
	return a.value(p)
}

// tokensOf are the tokens that a parameter looks at with a modifier.
func tokensOf(p *search.Param, v *search.Values, m search.Modifier) (found []search.TokenValue) {
	for _, t := range v.Tokens {
		for i := range p.Sources {
			if p.Sources[i].Modified(m) == t.Slot {
				found = append(found, t)
			}
		}
	}
	return found
}

// composite makes a value of a composite, preferably one whose parts stand together somewhere.
func (a *asker) composite(p *search.Param) string {
	var values [search.MaxParts]any
	if v := a.valuesBeside(p, ""); v != nil && a.IntN(5) > 0 {
		values = pick(a.Rand, of(v.Composites, func(c *search.CompositeValue) *search.Slot { return c.Slot }, p)).Parts
	}
	parts := make([]string, len(p.Parts))
	for i, part := range p.Parts {
		parts[i] = a.part(part, values[i])
	}
	return strings.Join(parts, "$")
}

// part makes a value of a part; value is what some resource has there, nil for no matter what.
func (a *asker) part(p *search.Param, value any) string {
	if value == nil || a.IntN(8) == 0 {
		return a.value(p)
	}
	switch v := value.(type) {
	case search.TokenValue:
		system, code := escaped(v.System), escaped(v.Code)
		return pick(a.Rand, []string{code, system + "|" + code, system + "|", "|" + code})
	case search.StringValue:
		runes := []rune(v.Text)
		return escaped(string(runes[:1+a.IntN(len(runes))]))
	case search.ReferenceValue:
		if v.Type == "" || a.IntN(3) == 0 {
			return escaped(v.ID)
		}
		return v.Type + "/" + v.ID
	case search.URIValue:
		return escaped(v.URI)
	case search.NumberValue:
		return pick(a.Rand, prefixes()) + a.numberNear(pick(a.Rand, []search.Bound{v.Low, v.High}))
	case search.QuantityValue:
		text := pick(a.Rand, prefixes()) + a.numberNear(pick(a.Rand, []search.Bound{v.Low, v.High}))
		return text + pick(a.Rand, []string{"", "||" + escaped(v.Unit), "||" + escaped(v.Code), "|http://unitsofmeasure.org|" + escaped(v.Code)})
	}
	return a.value(p)
}
