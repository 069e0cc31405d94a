package search

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
)

// Summary is the value of _summary; "" stands for false (http://hl7.org/fhir/R4/search.html#summary).
type Summary string

// The summaries. A parsed query never has SummaryCount: that is Count 0.
const (
	SummaryTrue  Summary = "true"
	SummaryText  Summary = "text"
	SummaryData  Summary = "data"
	SummaryCount Summary = "count"
)

// settleElements reads the names that _elements lists: elements of the resources that the answer may hold, as "name" or
// "Patient.name". What lies below an element cannot be asked for alone, so "name.family" is "name".
func (in *parsing) settleElements() error {
	if in.elements == nil {
		return nil
	}
	if in.query.Summary != "" {
		in.forget("_summary")
		in.query.Summary = ""
		if err := in.ignore(fhir.Invalid, "_summary cannot be combined with _elements"); err != nil {
			return err
		}
	}
	for _, name := range in.elements {
		element, ok := in.element(strings.TrimSpace(name))
		if !ok {
			if err := in.ignore(fhir.NotSupported, "_elements names what is no element of the resources searched for"); err != nil {
				return err
			}
			continue
		}
		if !slices.Contains(in.query.Elements, element) {
			in.query.Elements = append(in.query.Elements, element)
		}
	}
	for i, p := range in.query.honoured {
		if p.Name == "_elements" {
			in.query.honoured[i].Value = strings.Join(in.query.Elements, ",")
		}
	}
	if len(in.query.Elements) == 0 {
		in.forget("_elements")
	}
	return nil
}

// element finds the element that a name in _elements stands for.
func (in *parsing) element(name string) (string, bool) {
	first, rest, nested := strings.Cut(name, ".")
	if nested && in.params.spec.IsResource(first) {
		rest, _, _ = strings.Cut(rest, ".")
		base, ok := in.params.elementOf(first, rest)
		return first + "." + base, ok
	}
	if in.query.Type != "" {
		if base, ok := in.params.elementOf(in.query.Type, first); ok || len(in.query.Include)+len(in.query.RevInclude) == 0 {
			return base, ok
		}
	}
	for _, typ := range in.params.spec.Resources() { // what may be included, is hard to say
		if base, ok := in.params.elementOf(typ, first); ok {
			return base, true
		}
	}
	return "", false
}

// elementOf gives the base name of an element, "value" for "value", "value[x]" and "valueQuantity".
func (p *Params) elementOf(typ, name string) (string, bool) {
	name = strings.TrimSuffix(name, "[x]")
	if name == "resourceType" {
		return name, true
	}
	t := p.spec.Type(typ)
	if e := t.Element(name); e != nil {
		return e.Name, true
	}
	if property, ok := t.Property(name); ok {
		return property.Element.Name, true
	}
	return "", false
}
