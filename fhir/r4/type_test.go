package r4_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"andiron.dev/fhir/r4"
)

// describe spells an element: cardinality, flags, types with their targets, binding.
func describe(e *r4.Element) string {
	if e == nil {
		return "none"
	}
	most := fmt.Sprint(e.Max)
	if e.Max == r4.Unbounded {
		most = "*"
	}
	says := fmt.Sprintf("%d..%s", e.Min, most)
	for i, flag := range []bool{e.Choice, e.Summary, e.Modifier, e.XMLAttr} {
		if flag {
			says += " " + [...]string{"choice", "summary", "modifier", "attribute"}[i]
		}
	}
	for _, ref := range e.Types {
		says += " " + ref.Type.Name
		if ref.Profile != "" {
			says += ":" + ref.Profile
		}
		if ref.Targets != nil {
			says += "(" + strings.Join(ref.Targets, "|") + ")"
		}
	}
	if e.Binding != nil {
		says += " " + string(e.Binding.Strength) + " " + e.Binding.URL[strings.LastIndexByte(e.Binding.URL, '/')+1:]
	}
	return says
}

func TestElements(t *testing.T) {
	spec := decoded(t)
	for _, c := range []struct{ typ, element, want string }{
		{"Patient", "id", "0..1 summary id"},
		{"Patient", "meta", "0..1 summary Meta"},
		{"Patient", "implicitRules", "0..1 summary modifier uri"},
		{"Patient", "language", "0..1 code preferred languages"},
		{"Patient", "text", "0..1 Narrative"},
		{"Patient", "contained", "0..* Resource"},
		{"Patient", "extension", "0..* Extension"},
		{"Patient", "modifierExtension", "0..* modifier Extension"},
		{"Patient", "gender", "0..1 summary code required administrative-gender"},
		{"Patient", "deceased", "0..1 choice summary modifier boolean dateTime"},
		{"Patient", "generalPractitioner", "0..* Reference(Organization|Practitioner|PractitionerRole)"},
		{"Patient", "link", "0..* summary modifier Patient.link"},
		{"Patient.link", "id", "0..1 attribute string"},
		{"Patient.link", "modifierExtension", "0..* summary modifier Extension"},
		{"Patient.link", "other", "1..1 summary Reference(Patient|RelatedPerson)"},
		{"Observation", "value", "0..1 choice summary Quantity CodeableConcept string boolean integer Range Ratio SampledData time dateTime Period"},
		{"Observation", "focus", "0..* summary Reference"},
		{"Observation.component", "referenceRange", "0..* Observation.referenceRange"},
		{"Questionnaire.item", "item", "0..* Questionnaire.item"},
		{"Questionnaire.item", "answerValueSet", "0..1 canonical(ValueSet)"},
		{"QuestionnaireResponse.item.answer", "item", "0..* QuestionnaireResponse.item"},
		{"Bundle", "entry", "0..* summary Bundle.entry"},
		{"Bundle.entry", "link", "0..* summary Bundle.link"},
		{"Bundle.entry", "resource", "0..1 summary Resource"},
		{"Bundle.entry.response", "outcome", "0..1 summary Resource"},
		{"Parameters.parameter", "part", "0..* summary Parameters.parameter"},
		{"Timing", "repeat", "0..1 summary Timing.repeat"},
		{"Timing.repeat", "bounds", "0..1 choice summary Duration Range Period"},
		{"Timing.repeat", "when", "0..* summary code required event-timing"},
		{"Timing.repeat", "modifierExtension", "none"},
		{"ElementDefinition", "type", "0..* summary ElementDefinition.type"},
		{"ElementDefinition.type", "targetProfile", "0..* summary canonical(StructureDefinition|ImplementationGuide)"},
		{"Extension", "url", "1..1 attribute uri"},
		{"Extension", "id", "0..1 attribute string"},
		{"Narrative", "div", "1..1 xhtml"},
		{"xhtml", "value", "1..1 xhtml"},
		{"xhtml", "extension", "0..0 Extension"},
		{"string", "value", "0..1 attribute string"},
		{"positiveInt", "value", "0..1 attribute positiveInt"},
		{"Range", "low", "0..1 summary Quantity:SimpleQuantity"},
		{"Age", "value", "0..1 summary decimal"},
		{"Money", "currency", "0..1 summary code required currencies"},
		{"Meta", "profile", "0..* summary canonical(StructureDefinition)"},
		// where the npm package departs from R4
		{"Meta", "project", "none"},
		{"Binary", "url", "none"},
		{"DeviceDefinition", "classification", "none"},
		{"ObservationDefinition", "publisher", "none"},
		{"EvidenceVariable.characteristic", "linkId", "none"},
		{"ResearchStudy", "label", "none"},
		{"DetectedIssue", "status", "1..1 summary modifier code required observation-status"},
		{"MeasureReport", "subject", "0..1 summary Reference(Patient|Practitioner|PractitionerRole|Location|Device|RelatedPerson|Group)"},
	} {
		typ := spec.Type(c.typ)
		if typ == nil {
			t.Errorf("no type %s", c.typ)
			continue
		}
		if got := describe(typ.Element(c.element)); got != c.want {
			t.Errorf("%s.%s: %s, want %s", c.typ, c.element, got, c.want)
		}
	}
}

func TestPropertyNames(t *testing.T) {
	spec := decoded(t)
	for _, c := range []struct{ typ, property, want string }{
		{"Observation", "valueQuantity", "value Quantity"},
		{"Observation", "valueCodeableConcept", "value CodeableConcept"},
		{"Patient", "multipleBirthInteger", "multipleBirth integer"},
		{"Extension", "valueBase64Binary", "value base64Binary"},
		{"MedicationRequest", "reportedReference", "reported Reference"},
		{"Dosage.doseAndRate", "doseQuantity", "dose Quantity"},
		{"Patient", "birthDate", "birthDate date"},
		{"Bundle.entry", "link", "link Bundle.link"},
		{"Observation", "value", ""},
		{"Observation", "value[x]", ""},
		{"Observation", "valueAttachment", ""},
		{"Observation", "_status", ""},
		{"Patient", "resourceType", ""},
	} {
		got := ""
		if p, ok := spec.Type(c.typ).Property(c.property); ok {
			got = p.Element.Name + " " + p.Ref.Type.Name
			if p.Ref.Name != c.property {
				t.Errorf("%s.%s: named %s", c.typ, c.property, p.Ref.Name)
			}
		}
		if got != c.want {
			t.Errorf("%s.%s: %q, want %q", c.typ, c.property, got, c.want)
		}
	}
}

// http://hl7.org/fhir/R4/datatypes.html#open: the open type list.
func TestExtensionValueIsOpen(t *testing.T) {
	value := decoded(t).Type("Extension").Element("value")
	if len(value.Types) != 50 || !value.Choice {
		t.Errorf("%d types, want 50", len(value.Types))
	}
}

func TestHierarchy(t *testing.T) {
	spec := decoded(t)
	for _, c := range []struct {
		typ   string
		bases []string
	}{
		{"Patient", []string{"DomainResource", "Resource"}},
		{"Bundle", []string{"Resource"}},
		{"Patient.contact", []string{"BackboneElement", "Element"}},
		{"Timing.repeat", []string{"Element"}},
		{"Timing", []string{"BackboneElement", "Element"}},
		{"Age", []string{"Quantity", "Element"}},
		{"canonical", []string{"uri", "Element"}},
		{"Element", nil},
		{"Resource", nil},
	} {
		var bases []string
		for b := spec.Type(c.typ).Base; b != nil; b = b.Base {
			bases = append(bases, b.Name)
			if !spec.Type(c.typ).Is(b.Name) {
				t.Errorf("%s is not %s", c.typ, b.Name)
			}
		}
		if !slices.Equal(bases, c.bases) {
			t.Errorf("%s: bases %v, want %v", c.typ, bases, c.bases)
		}
	}
	if spec.Type("Quantity").Is("Age") {
		t.Error("Quantity is Age")
	}
}

// What a caller relies on for every type, and no example of one would show.
func TestEveryType(t *testing.T) {
	spec := decoded(t)
	for _, typ := range spec.Types() {
		if spec.Type(typ.Name) != typ {
			t.Errorf("%s is not found by its name", typ.Name)
		}
		if len(typ.Elements) == 0 {
			t.Errorf("%s has no elements", typ.Name)
		}
		if typ.Base != nil {
			for i, e := range typ.Base.Elements {
				if typ.Elements[i].Name != e.Name {
					t.Errorf("%s.%s is not the inherited %s", typ.Name, typ.Elements[i].Name, e.Name)
				}
			}
		}
		for i, e := range typ.Elements {
			if e.Index != i || typ.Element(e.Name) != e {
				t.Errorf("%s.%s is not where its index or its name say", typ.Name, e.Name)
			}
			if len(e.Types) == 0 || !e.Choice && len(e.Types) != 1 {
				t.Errorf("%s.%s has %d types", typ.Name, e.Name, len(e.Types))
			}
			for j := range e.Types {
				if p, ok := typ.Property(e.Types[j].Name); !ok || p.Element != e || p.Ref != &e.Types[j] {
					t.Errorf("%s.%s is not the property of %s", typ.Name, e.Types[j].Name, e.Name)
				}
				for _, target := range e.Types[j].Targets {
					if !spec.IsResource(target) {
						t.Errorf("%s.%s points to %s", typ.Name, e.Name, target)
					}
				}
			}
		}
	}
}
