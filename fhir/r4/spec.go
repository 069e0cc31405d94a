package r4

// Spec is the specification. It is immutable and safe for concurrent use.
type Spec struct {
	types        map[string]*Type
	hierarchy    []*Type
	resources    []string
	params       []*SearchParam
	compartments []*Compartment
	operations   []*Operation
	valueSets    map[string]*ValueSet
	codeSystems  map[string]*CodeSystem
}

// Type returns a type by its name: "Patient", "HumanName", "string"; a backbone element by its path: "Patient.contact".
// It returns nil for what R4 does not have.
func (s *Spec) Type(name string) *Type { return s.types[name] }

// Types are all types, backbone elements included, each after its base.
func (s *Spec) Types() []*Type { return s.hierarchy }

// IsResource reports whether name is one of R4's concrete resource types.
func (s *Spec) IsResource(name string) bool {
	t := s.types[name]
	return t != nil && t.Kind == Resource && !t.Abstract
}

// Resources are the names of the concrete resource types in alphabetical order.
func (s *Spec) Resources() []string { return s.resources }

// SearchParams are all official search parameters in the order of their URLs, without HL7's three examples of
// SearchParameter, which would redefine others. Some have no Base or no Expression: R4 published them so.
func (s *Spec) SearchParams() []*SearchParam { return s.params }

// Compartments are the compartments in alphabetical order of their codes.
func (s *Spec) Compartments() []*Compartment { return s.compartments }

// Compartment returns a compartment by its code ("Patient"), or nil.
func (s *Spec) Compartment(code string) *Compartment {
	for _, c := range s.compartments {
		if c.Code == code {
			return c
		}
	}
	return nil
}

// Operations are the official operation definitions in the order of their URLs.
func (s *Spec) Operations() []*Operation { return s.operations }

// ValueSet returns a value set that a required binding names, by its URL without version, or nil.
func (s *Spec) ValueSet(url string) *ValueSet { return s.valueSets[url] }

// CodeSystem returns a code system from which the value set of a required binding draws, by its URL, or nil.
func (s *Spec) CodeSystem(url string) *CodeSystem { return s.codeSystems[url] }
