package main

// These structs say what of HL7's definitions the generator reads. Decoding into them and encoding them again is
// how extract strips narrative, descriptions, mappings and examples.

type structureDefinition struct {
	ResourceType   string   `json:"resourceType"`
	URL            string   `json:"url"`
	Kind           string   `json:"kind"`
	Abstract       bool     `json:"abstract"`
	Type           string   `json:"type"`
	BaseDefinition string   `json:"baseDefinition,omitempty"`
	Derivation     string   `json:"derivation,omitempty"`
	Snapshot       snapshot `json:"snapshot"`
}

type snapshot struct {
	Element []elementDefinition `json:"element"`
}

type elementDefinition struct {
	Path             string        `json:"path"`
	Representation   []string      `json:"representation,omitempty"`
	Min              int           `json:"min"`
	Max              string        `json:"max"`
	ContentReference string        `json:"contentReference,omitempty"`
	Type             []elementType `json:"type,omitempty"`
	Constraint       []constraint  `json:"constraint,omitempty"`
	IsModifier       bool          `json:"isModifier,omitempty"`
	IsSummary        bool          `json:"isSummary,omitempty"`
	Binding          *binding      `json:"binding,omitempty"`
}

type elementType struct {
	Extension     []typeExtension `json:"extension,omitempty"`
	Code          string          `json:"code"`
	Profile       []string        `json:"profile,omitempty"`
	TargetProfile []string        `json:"targetProfile,omitempty"`
}

type typeExtension struct {
	URL      string `json:"url"`
	ValueURL string `json:"valueUrl,omitempty"`
}

type constraint struct {
	Key        string `json:"key"`
	Severity   string `json:"severity"`
	Human      string `json:"human"`
	Expression string `json:"expression,omitempty"`
}

type binding struct {
	Strength string `json:"strength"`
	ValueSet string `json:"valueSet,omitempty"`
}

type searchParameter struct {
	ResourceType string                     `json:"resourceType"`
	URL          string                     `json:"url"`
	Code         string                     `json:"code"`
	Base         []string                   `json:"base,omitempty"`
	Type         string                     `json:"type"`
	Expression   string                     `json:"expression,omitempty"`
	Target       []string                   `json:"target,omitempty"`
	Comparator   []string                   `json:"comparator,omitempty"`
	Modifier     []string                   `json:"modifier,omitempty"`
	Component    []searchParameterComponent `json:"component,omitempty"`
}

type searchParameterComponent struct {
	Definition string `json:"definition"`
	Expression string `json:"expression"`
}

type compartmentDefinition struct {
	ResourceType string                `json:"resourceType"`
	URL          string                `json:"url"`
	Code         string                `json:"code"`
	Resource     []compartmentResource `json:"resource"`
}

type compartmentResource struct {
	Code  string   `json:"code"`
	Param []string `json:"param,omitempty"`
}

type operationDefinition struct {
	ResourceType string               `json:"resourceType"`
	URL          string               `json:"url"`
	Name         string               `json:"name"`
	AffectsState bool                 `json:"affectsState,omitempty"`
	Code         string               `json:"code"`
	Resource     []string             `json:"resource,omitempty"`
	System       bool                 `json:"system"`
	Type         bool                 `json:"type"`
	Instance     bool                 `json:"instance"`
	Parameter    []operationParameter `json:"parameter,omitempty"`
}

type operationParameter struct {
	Name          string               `json:"name"`
	Use           string               `json:"use"`
	Min           int                  `json:"min"`
	Max           string               `json:"max"`
	Type          string               `json:"type,omitempty"`
	TargetProfile []string             `json:"targetProfile,omitempty"`
	SearchType    string               `json:"searchType,omitempty"`
	Part          []operationParameter `json:"part,omitempty"`
}

type codeSystem struct {
	ResourceType     string              `json:"resourceType"`
	URL              string              `json:"url"`
	HierarchyMeaning string              `json:"hierarchyMeaning,omitempty"`
	Content          string              `json:"content"`
	Concept          []codeSystemConcept `json:"concept,omitempty"`
}

type codeSystemConcept struct {
	Code    string              `json:"code"`
	Concept []codeSystemConcept `json:"concept,omitempty"`
}

type valueSet struct {
	ResourceType string  `json:"resourceType"`
	URL          string  `json:"url"`
	Compose      compose `json:"compose"`
}

type compose struct {
	Include []conceptSet `json:"include,omitempty"`
	Exclude []conceptSet `json:"exclude,omitempty"`
}

type conceptSet struct {
	System   string              `json:"system,omitempty"`
	Concept  []codeSystemConcept `json:"concept,omitempty"`
	Filter   []conceptSetFilter  `json:"filter,omitempty"`
	ValueSet []string            `json:"valueSet,omitempty"`
}

type conceptSetFilter struct {
	Property string `json:"property"`
	Op       string `json:"op"`
	Value    string `json:"value"`
}
