package search

import (
	"context"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
)

// IndexVersion changes with every change to what Values gives for a resource: stores that were indexed by another version
// have to be indexed anew. A golden test pins the values.
const IndexVersion = "2"

// Values computes the index values of a resource. Without a resource type that R4 knows there are none.
func (p *Params) Values(r *fhir.Resource) *Values { return p.ValuesIn(nil, r) }

// ValuesIn is Values for the sake of some slots, which are given by their keys; nil = all. It may give more than was asked for.
func (p *Params) ValuesIn(slots map[string]bool, r *fhir.Resource) *Values {
	v := &Values{}
	types := p.of(r.Type())
	terms := types.terms
	if len(terms) == 0 {
		return v
	}
	ev := p.evaluators.Get().(*path.Evaluator)
	defer p.evaluators.Put(ev)
	focus := path.Root(p.spec, r.Root(), r.Type())
	var found []path.Value
	for i := range terms {
		if !terms[i].isFor(slots) {
			continue
		}
		types.bounded.limit(ev, i, types.bounded.terms)
		var err error
		// An expression that fails on this resource (a limit is reached) finds nothing: the resource is stored all the same.
		if found, err = ev.Eval(context.Background(), terms[i].expr, focus, found[:0]); err != nil {
			continue
		}
		for _, value := range found {
			p.add(v, &terms[i], value)
		}
	}
	for i, c := range types.composites {
		if c.isFor(slots) {
			types.bounded.limit(ev, i, types.bounded.composites)
			p.addComposites(v, c, ev, focus)
		}
	}
	types.bounded.limit(ev, -1, 0)
	return v
}

func (p *Params) add(v *Values, t *term, value path.Value) {
	switch t.slot.Kind {
	case r4.TokenParam:
		v.addToken(t, value)
		v.addTokenTexts(t.slot, value)
		v.addOfType(t, value)
	case r4.StringParam:
		v.addString(t.slot, value)
	case r4.DateParam:
		v.addDate(t.slot, value)
	case r4.ReferenceParam:
		p.addReference(v, t.slot, value)
		p.addIdentifier(v, t, value)
	case r4.URIParam:
		if uri, version, _ := strings.Cut(value.String(), "|"); uri != "" {
			v.URIs = append(v.URIs, URIValue{Slot: t.slot, URI: uri, Version: version})
		}
	case r4.NumberParam:
		v.addNumber(t.slot, value)
	case r4.QuantityParam:
		p.addQuantity(v, t.slot, value)
	case r4.SpecialParam:
		v.addPosition(t.slot, value)
	}
}

// specialValues is the system that R4 gives to booleans (http://hl7.org/fhir/R4/search.html#token).
const specialValues = "http://terminology.hl7.org/CodeSystem/special-values"

func typeName(value path.Value) string {
	if t := value.Type(); t != nil {
		return t.Name
	}
	return ""
}

func (v *Values) addToken(t *term, value path.Value) {
	e := value.Element()
	add := func(system, code string) {
		if code != "" || system != "" {
			v.Tokens = append(v.Tokens, TokenValue{Slot: t.slot, System: system, Code: code})
		}
	}
	switch typeName(value) {
	case "Coding":
		add(e.Get("system").Text(), e.Get("code").Text())
	case "CodeableConcept":
		for coding := range e.Each("coding") {
			add(coding.Get("system").Text(), coding.Get("code").Text())
		}
	case "Identifier":
		add(e.Get("system").Text(), e.Get("value").Text())
	case "ContactPoint":
		add("", e.Get("value").Text())
	case "boolean":
		add(specialValues, e.Text())
	case "code":
		add(t.binding.SystemOf(e.Text()), e.Text())
	default:
		if b, ok := value.Bool(); ok && value.Kind() == path.SystemBoolean {
			add(specialValues, map[bool]string{true: "true", false: "false"}[b])
			return
		}
		add("", value.String())
	}
}

func (v *Values) addString(slot *Slot, value path.Value) {
	e := value.Element()
	add := func(text string) {
		if text != "" {
			v.Strings = append(v.Strings, StringValue{Slot: slot, Folded: Fold(text), Text: text})
		}
	}
	parts := func(names ...string) {
		for _, name := range names {
			for part := range e.Each(name) {
				add(part.Text())
			}
		}
	}
	switch typeName(value) {
	case "HumanName":
		parts("family", "given", "prefix", "suffix", "text")
	case "Address":
		parts("line", "city", "district", "state", "postalCode", "country", "text")
	default:
		add(value.String())
	}
}

func (v *Values) addDate(slot *Slot, value path.Value) {
	e := value.Element()
	switch typeName(value) {
	case "Period":
		v.addPeriod(slot, e)
	case "Timing":
		for event := range e.Each("event") {
			v.addTemporal(slot, event.Text())
		}
		v.addPeriod(slot, e.Get("repeat").Get("boundsPeriod"))
	default:
		v.addTemporal(slot, value.String())
	}
}

func (v *Values) addTemporal(slot *Slot, text string) {
	if t, ok := fhir.ParseTemporal(text, time.UTC); ok {
		v.Dates = append(v.Dates, DateValue{Slot: slot, Low: t.Low, High: t.High})
	}
}

// addPeriod adds a Period. A side that is missing is open; a Period without any says nothing.
func (v *Values) addPeriod(slot *Slot, e fhir.Element) {
	start, hasStart := fhir.ParseTemporal(e.Get("start").Text(), time.UTC)
	end, hasEnd := fhir.ParseTemporal(e.Get("end").Text(), time.UTC)
	if !hasStart && !hasEnd {
		return
	}
	d := DateValue{Slot: slot}
	if hasStart {
		d.Low = start.Low
	}
	if hasEnd {
		d.High = end.High
	}
	if hasStart && hasEnd && !d.Low.Before(d.High) {
		d.Low, d.High = end.Low, start.High // the wrong way round: every interval has to begin before it ends
	}
	v.Dates = append(v.Dates, d)
}

// addReference adds a reference. What is contained in the resource itself cannot be searched for.
func (p *Params) addReference(v *Values, slot *Slot, value path.Value) {
	text := value.String()
	if typeName(value) == "Reference" {
		text = value.Element().Get("reference").Text()
	}
	if text == "" || text[0] == '#' {
		return
	}
	r := p.referenceValue(text)
	r.Slot = slot
	v.References = append(v.References, r)
}
