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
