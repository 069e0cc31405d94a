package search

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
)

// Two modifiers search identifiers by what lies beside the values of a slot: ":of-type" by the type of an Identifier,
// ":identifier" by the Identifier of a Reference (http://hl7.org/fhir/R4/search.html#token, #reference). Both are tokens
// in slots of their own.

// narrowed is a slot for the references that lead to one type of target.
type narrowed struct {
	target string // "" = any
	slot   *Slot
}

// derive gives a source its further slots.
func (p *Params) derive(s *Source, t *typeParams) {
	term := &t.terms[slices.IndexFunc(t.terms, func(x term) bool { return x.slot == s.Slot })]
	further := func(suffix string) *Slot {
		return p.slot(s.Slot.Type, r4.TokenParam, s.Slot.Term+suffix)
	}
	switch {
	case s.Slot.Kind == r4.TokenParam && p.mayBe(s.Slot.Term, "Identifier"):
		if term.ofType == nil {
			term.ofType = further(":of-type")
		}
		s.OfType = term.ofType
	case s.Slot.Kind == r4.ReferenceParam && p.mayBe(s.Slot.Term, "Reference"):
		i := slices.IndexFunc(term.identifiers, func(n narrowed) bool { return n.target == s.Target })
		if i < 0 {
			suffix := ":identifier"
			if s.Target != "" {
				suffix = ":" + s.Target + suffix
			}
			i = len(term.identifiers)
			term.identifiers = append(term.identifiers, narrowed{s.Target, further(suffix)})
		}
		s.Identifier = term.identifiers[i].slot
	}
}

// mayBe reports whether a term may give values of a data type: yes, where there is no telling.
func (p *Params) mayBe(term, dataType string) bool {
	element := p.element(term)
	return element == nil || slices.ContainsFunc(element.Types, func(t r4.TypeRef) bool { return t.Type == nil || t.Type.Name == dataType })
}

// Modified gives the slot in which the modifier looks, nil where there is none.
func (s *Source) Modified(m Modifier) *Slot {
	switch m {
	case ModOfType:
		return s.OfType
	case ModIdentifier:
		return s.Identifier
	}
	return s.Slot
}

// looksIn reports whether the parameter with the modifier looks in the slot.
func (p *Param) looksIn(slot *Slot, m Modifier) bool {
	for i := range p.Sources {
		if p.Sources[i].Modified(m) == slot {
			return true
		}
	}
	return false
}

// takes reports whether any source has something for the modifier to look in.
func (p *Param) takes(m Modifier) bool {
	return slices.ContainsFunc(p.Sources, func(s Source) bool { return s.Modified(m) != nil })
}

// parseOfType reads "system|code|value". It becomes a token whose system is the type.
func parseOfType(c criterion) (Expr, error) {
	t := &Token{criterion: c}
	for _, raw := range c.raw {
		parts := splitEscaped(raw, '|')
		if len(parts) != 3 || slices.Contains(parts, "") {
			return nil, fhir.Errorf(fhir.Invalid, "a value of '%s:of-type' must have three parts, system|code|value; escape a '|' that belongs to one of them as '\\|'", c.Param.Code)
		}
		t.Any = append(t.Any, TokenTest{System: identifierType(unescape(parts[0]), unescape(parts[1])), Code: unescape(parts[2])})
	}
	return t, nil
}

// identifierType makes one name of the system and the code of a type.
func identifierType(system, code string) string {
	escape := strings.NewReplacer(`\`, `\\`, "|", `\|`)
	return escape.Replace(system) + "|" + escape.Replace(code)
}

// addOfType adds an Identifier under each of its types. All three parts are there or nothing can be asked for.
func (v *Values) addOfType(t *term, value path.Value) {
	if t.ofType == nil || typeName(value) != "Identifier" {
		return
	}
	e := value.Element()
	id := e.Get("value").Text()
	for coding := range e.Get("type").Each("coding") {
		if system, code := coding.Get("system").Text(), coding.Get("code").Text(); id != "" && system != "" && code != "" {
			v.Tokens = append(v.Tokens, TokenValue{Slot: t.ofType, System: identifierType(system, code), Code: id})
		}
	}
}

// addIdentifier adds Reference.identifier, where a parameter is narrowed to one type of target for those references that may
// lead there: those that do not say where they lead may lead anywhere.
func (p *Params) addIdentifier(v *Values, t *term, value path.Value) {
	if typeName(value) != "Reference" {
		return
	}
	e := value.Element()
	system, id := e.Get("identifier").Get("system").Text(), e.Get("identifier").Get("value").Text()
	if system == "" && id == "" {
		return
	}
	target := p.referenceValue(e.Get("reference").Text()).Type
	if target == "" {
		target = strings.TrimPrefix(e.Get("type").Text(), "http://hl7.org/fhir/StructureDefinition/")
	}
	for _, n := range t.identifiers {
		if n.target == "" || target == "" || n.target == target {
			v.Tokens = append(v.Tokens, TokenValue{Slot: n.slot, System: system, Code: id})
		}
	}
}
