package patient

import (
	"context"
	"encoding/json"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// patientDefinition is how the definition of an item begins that says something of the patient
// (http://hl7.org/fhir/R4/questionnaire-definitions.html#Questionnaire.item.definition).
const patientDefinition = "http://hl7.org/fhir/StructureDefinition/Patient#Patient."

// extract fills in what the patient lacks from the answers of a form, as definition-based extraction of SDC has it: items whose definition is an
// element of Patient, or an element of one. Answers below the same group belong together. Errors: BusinessRule 'not-supported' where the
// Questionnaire is not known or maps nothing.
func (m *Module) extract(ctx context.Context, patient *draft, response fhir.Element) error {
	form, err := m.questionnaire(ctx, response)
	if err != nil {
		return err
	}
	x := &extraction{spec: m.config.Spec, elements: make(map[string][]string), groups: make(map[string]*object), lists: make(map[string][]*object), values: make(map[string]any)}
	if form.Exists() {
		x.mapped(form)
	}
	if len(x.elements) == 0 {
		return refusal(fhir.BusinessRule, "not-supported", "nothing can be taken from the answers: the Questionnaire is not here, or none of its items has a definition that is an element of Patient", response.Path()+".questionnaire")
	}
	x.answers(response, "")
	for name, list := range x.lists {
		if patient.has(name) {
			continue
		}
		if x.repeats(name) {
			patient.set(name, list)
		} else {
			patient.set(name, list[0])
		}
	}
	for name, value := range x.values {
		if !patient.has(name) {
			patient.set(name, value)
		}
	}
	return nil
}

// questionnaire finds the form that was answered: one that the answers contain, or one of this server by its url.
func (m *Module) questionnaire(ctx context.Context, response fhir.Element) (fhir.Element, error) {
	canonical := response.Get("questionnaire").Text()
	if id, ok := strings.CutPrefix(canonical, "#"); ok {
		for r := range response.Each("contained") {
			if r.Get("resourceType").Text() == "Questionnaire" && r.Get("id").Text() == id {
				return r, nil
			}
		}
		return fhir.Element{}, nil
	}
	url, version, _ := strings.Cut(canonical, "|")
	if url == "" {
		return fhir.Element{}, nil
	}
	params := []fhir.Param{{Name: "url", Value: search.Escape(url)}}
	if version != "" {
		params = append(params, fhir.Param{Name: "version", Value: search.Escape(version)})
	}
	q, err := m.query(m.config.BaseURL, "Questionnaire", params...)
	if err != nil {
		return fhir.Element{}, err
	}
	var form fhir.Element
	return form, m.config.Store.View(ctx, func(tx fhir.Tx) error {
		err := search.Each(ctx, tx, q, func(r *fhir.Resource) bool {
			form = r.Root()
			return r.Root().Get("status").Text() != "active"
		})
		if missing(err) {
			return nil
		}
		return err
	})
}

// extraction is one call of extract.
type extraction struct {
	spec     *r4.Spec
	elements map[string][]string // of Patient, by linkId: "name", "family"
	groups   map[string]*object  // what belongs together, by element and group of answers
	lists    map[string][]*object
	values   map[string]any // primitive elements
}

// mapped finds out what the items are about. Slices are taken for what they are slices of.
func (x *extraction) mapped(parent fhir.Element) {
	for item := range parent.Each("item") {
		if path, ok := strings.CutPrefix(item.Get("definition").Text(), patientDefinition); ok {
			var steps []string
			for step := range strings.SplitSeq(path, ".") {
				name, _, _ := strings.Cut(step, ":")
				steps = append(steps, strings.TrimSuffix(name, "[x]"))
			}
			if x.known(steps) {
				x.elements[item.Get("linkId").Text()] = steps
			}
		}
		x.mapped(item)
	}
}

// known reports whether Patient has an element that can be filled in from an answer.
func (x *extraction) known(steps []string) bool {
	p, ok := x.spec.Type("Patient").Property(steps[0])
	if !ok || len(steps) > 2 {
		return false
	}
	if len(steps) == 2 {
		_, ok = p.Ref.Type.Property(steps[1])
		return ok
	}
	return p.Ref.Type.Kind == r4.Primitive || p.Ref.Type.Name == "CodeableConcept"
}

func (x *extraction) repeats(name string) bool {
	p, _ := x.spec.Type("Patient").Property(name)
	return p.Element.Max != 1
}

// answers takes what is answered below a group; group is its place.
func (x *extraction) answers(parent fhir.Element, group string) {
	for item := range parent.Each("item") {
		steps := x.elements[item.Get("linkId").Text()]
		for answer := range item.Each("answer") {
			x.take(steps, answer, group)
			x.answers(answer, answer.Path())
		}
		x.answers(item, item.Path())
	}
}

func (x *extraction) take(steps []string, answer fhir.Element, group string) {
	if len(steps) == 0 {
		return
	}
	typ := x.spec.Type("Patient")
	if len(steps) == 1 {
		p, _ := typ.Property(steps[0])
		if value := answered(answer, p.Ref.Type); value != nil && x.values[steps[0]] == nil {
			x.values[steps[0]] = value
		}
		return
	}
	outer, _ := typ.Property(steps[0])
	inner, _ := outer.Ref.Type.Property(steps[1])
	value := answered(answer, inner.Ref.Type)
	if value == nil {
		return
	}
	key := steps[0] + " " + group
	o := x.groups[key]
	if o == nil {
		o = &object{}
		x.groups[key], x.lists[steps[0]] = o, append(x.lists[steps[0]], o)
	}
	if inner.Element.Max != 1 {
		there, _ := (*o)[steps[1]].([]any)
		value = append(there, value)
	}
	(*o)[steps[1]] = value
	if text := answer.Get("valueString").Text(); steps[0] == "telecom" && steps[1] == "value" && (*o)["system"] == nil {
		(*o)["system"] = "phone"
		if strings.Contains(text, "@") {
			(*o)["system"] = "email"
		}
	}
}

// answered is the value of an answer as one of a type; nil where it is none.
func answered(answer fhir.Element, typ *r4.Type) any {
	for v := answer.First(); v.Exists(); v = v.Next() {
		if !strings.HasPrefix(v.Name(), "value") {
			continue
		}
		switch {
		case v.Name() == "valueCoding" && typ.Name == "CodeableConcept":
			return object{"coding": []any{raw(v)}}
		case v.Name() == "valueCoding" && typ.Kind == r4.Primitive:
			if typ.Name == "code" {
				return v.Get("code").Text()
			}
			if display := v.Get("display").Text(); display != "" {
				return display
			}
			return v.Get("code").Text()
		case typ.Name == "CodeableConcept" && v.Text() != "":
			return object{"text": v.Text()}
		case typ.Kind == r4.Primitive && v.Text() != "":
			return json.RawMessage(v.Raw())
		case strings.TrimPrefix(v.Name(), "value") == typ.Name:
			return raw(v)
		}
	}
	return nil
}
