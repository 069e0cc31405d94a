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
	Name     string // "Patient"; "Patient.contact" for a backbone element
	Kind     Kind
	Abstract bool
	Base     *Type      // "DomainResource" of Patient; nil at the root of the hierarchy
	Elements []*Element // in the specification's order, inherited ones first

	properties map[string]Property
	elements   map[string]*Element
}

// Property resolves a JSON property name: "birthDate", or "valueQuantity" of a choice. A leading '_' is the caller's
// business. It reports false for what the type does not have.
func (t *Type) Property(name string) (Property, bool) {
	p, ok := t.properties[name]
	return p, ok
}

// Element returns an element by its FHIRPath name, "value" for value[x]; nil for what the type does not have.
func (t *Type) Element(name string) *Element { return t.elements[name] }

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

// Element is an ElementDefinition.
type Element struct {
	Name     string    // without "[x]"
	Choice   bool      // JSON spells the type in the property name
	Index    int       // position in Type.Elements
	Min, Max int       // Max may be Unbounded
	Types    []TypeRef // one, or the alternatives of a choice
	Summary  bool      // isSummary: part of _summary=true
	Modifier bool      // isModifier
	Binding  *Binding  // nil where no value set is bound
}

// TypeRef is one of the types that an element may have.
type TypeRef struct {
	Type    *Type
	Name    string   // JSON property name: "valueQuantity"; the element's own name where it is no choice
	Targets []string // resource types that a Reference or canonical may point to; nil = any
}

// Strength is a code of http://hl7.org/fhir/binding-strength.
type Strength string

// The binding strengths.
const (
	RequiredBinding   Strength = "required"
	ExtensibleBinding Strength = "extensible"
	PreferredBinding  Strength = "preferred"
	ExampleBinding    Strength = "example"
)

// Binding ties a coded element to a value set.
type Binding struct {
	Strength Strength
	URL      string    // canonical of the value set, without version
	ValueSet *ValueSet // of a required binding whose codes are known; nil otherwise
}

// ValueSet is the expansion of a value set that a required binding names. Value sets that no list can hold (media
// types, languages, UCUM) have no Codes and are told by their URL.
type ValueSet struct {
	URL    string
	System string          // the code system, where all codes come from one; "" otherwise
	Codes  map[string]bool // nil where the set cannot be enumerated
}
