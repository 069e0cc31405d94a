package r4

// Kind tells primitive types, data types, backbone elements and resources apart.
type Kind uint8

// The kinds.
const (
	Primitive Kind = iota + 1
	Complex
	Backbone
	Resource
)

// Unbounded is the Max of an element that may repeat without limit ("*").
const Unbounded = -1

// Type is a data type, a backbone element or a resource type (http://hl7.org/fhir/R4/structuredefinition.html).
type Type struct {
	Name        string // "Patient"; "Patient.contact" for a backbone element
	Kind        Kind
	Abstract    bool
	Base        *Type        // "DomainResource" of Patient, "BackboneElement" of Patient.contact; nil at the root of the hierarchy
	Elements    []*Element   // in the specification's order, inherited ones first
	Constraints []Constraint // the type's own; those of Base hold as well

	properties map[string]Property // a choice has an entry without Ref for the element, and one for each type
}

// Property resolves a JSON property name: "birthDate", or "valueQuantity" of a choice. A leading '_' is the caller's
// business. It reports false for what the type does not have.
func (t *Type) Property(name string) (Property, bool) {
	p := t.properties[name]
	if p.Ref == nil {
		return Property{}, false
	}
	return p, true
}

// Element returns an element by its FHIRPath name, "value" for value[x]; nil for what the type does not have.
func (t *Type) Element(name string) *Element {
	if e := t.properties[name].Element; e != nil && e.Name == name {
		return e
	}
	return nil
}

// Is reports whether t is the named type or a specialization of it.
func (t *Type) Is(name string) bool {
	for ; t != nil; t = t.Base {
		if t.Name == name {
			return true
		}
	}
	return false
}

// Property is a JSON property: an element together with the one type that the property name stands for.
type Property struct {
	Element *Element
	Ref     *TypeRef
}
