package r4

// Element is an ElementDefinition. A type and those that specialize it share the elements they have in common.
type Element struct {
	Name        string       // without "[x]"
	Choice      bool         // JSON spells the type in the property name
	Index       int          // position in Type.Elements
	Min, Max    int          // Max may be Unbounded
	Types       []TypeRef    // one, or the alternatives of a choice
	Summary     bool         // isSummary: part of _summary=true
	Modifier    bool         // isModifier
	XMLAttr     bool         // representation: XML writes it as an attribute
	Binding     *Binding     // nil where no value set is bound
	Constraints []Constraint // the element's own; those of its type hold as well
}

// TypeRef is one of the types that an element may have.
type TypeRef struct {
	Type    *Type    // a backbone element of its own, or another's: Bundle.entry.link is a Bundle.link
	Name    string   // JSON property name: "valueQuantity"; the element's own name where it is no choice
	Profile string   // "SimpleQuantity" where R4 allows no comparator; "" otherwise
	Targets []string // resource types that a Reference or canonical may point to; nil = any
}

// Constraint is an invariant (http://hl7.org/fhir/R4/conformance-rules.html#constraints), as HL7 published it. R4 4.0.1 has
// expressions that cannot work: app-4 asks for the status 'no-show' (it is noshow), tim-9 fails on several codes.
type Constraint struct {
	Key        string // "pat-1"
	Severity   string // "error" or "warning"
	Expression string // FHIRPath, evaluated on the element
	Human      string
}
