package r4

// ParamType is a code of http://hl7.org/fhir/search-param-type.
type ParamType string

// The search parameter types.
const (
	NumberParam    ParamType = "number"
	DateParam      ParamType = "date"
	StringParam    ParamType = "string"
	TokenParam     ParamType = "token"
	ReferenceParam ParamType = "reference"
	CompositeParam ParamType = "composite"
	QuantityParam  ParamType = "quantity"
	URIParam       ParamType = "uri"
	SpecialParam   ParamType = "special"
)

// SearchParam is a SearchParameter resource (http://hl7.org/fhir/R4/searchparameter.html).
type SearchParam struct {
	URL        string
	Code       string // the name in a query
	Type       ParamType
	Base       []string // resource types; "Resource" and "DomainResource" mean all that are
	Expression string   // FHIRPath; "" for special parameters
	Targets    []string // of a reference
	Comparator []string // prefixes that R4 lists; empty = all of the type
	Modifier   []string
	Components []Component // of a composite
}

// Component is a part of a composite parameter; its expression starts at what the composite's expression gives.
type Component struct {
	Definition string // URL of the SearchParam
	Expression string
}

// Compartment is a CompartmentDefinition (http://hl7.org/fhir/R4/compartmentdefinition.html).
type Compartment struct {
	Code string              // "Patient"
	URL  string              //
	Each map[string][]string // search parameters by resource type that is in the compartment, "{def}" included
}

// Operation is an OperationDefinition (http://hl7.org/fhir/R4/operationdefinition.html).
type Operation struct {
	URL, Name, Code        string
	AffectsState           bool
	Resource               []string
	System, Type, Instance bool
	Parameters             []OperationParam
}

// OperationParam is a parameter of an operation.
type OperationParam struct {
	Name       string
	Out        bool
	Min, Max   int // Max may be Unbounded
	Type       string
	SearchType string
	Targets    []string
	Parts      []OperationParam
}
