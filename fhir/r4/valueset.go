package r4

// Strength is a code of http://hl7.org/fhir/binding-strength.
type Strength string

// The binding strengths.
const (
	RequiredBinding   Strength = "required"
	ExtensibleBinding Strength = "extensible"
	PreferredBinding  Strength = "preferred"
	ExampleBinding    Strength = "example"
)

// Binding ties a coded element to a value set. Elements that share a binding share the value.
type Binding struct {
	Strength Strength
	URL      string    // canonical of the value set, without version
	ValueSet *ValueSet // of a required binding whose codes are known; nil otherwise

	bound *ValueSet // of every required binding, whether its codes are known or not
}

// SystemOf returns the code system of an element of type code: the code stands alone, but a search may name the system
// that its required binding implies. It is "" where the binding implies none.
func (b *Binding) SystemOf(code string) string {
	if b == nil || b.bound == nil {
		return ""
	}
	return b.bound.SystemOf(code)
}

// ValueSet is the expansion of a value set that a required binding names. Value sets that no list can hold (media
// types, UCUM) or that R4 does not list have no Codes and are told by their URL.
type ValueSet struct {
	URL    string
	System string          // the code system, where all codes come from one; "" otherwise
	Codes  map[string]bool // nil where the set cannot be enumerated

	systems map[string]string // by code, where they come from several
}

// SystemOf returns the code system of a code, "" where it has none or is not in the set.
func (v *ValueSet) SystemOf(code string) string {
	if v.Codes != nil && !v.Codes[code] {
		return ""
	}
	if v.systems != nil {
		return v.systems[code]
	}
	return v.System
}
