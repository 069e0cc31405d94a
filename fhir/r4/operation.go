package r4

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
