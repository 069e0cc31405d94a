package r4

// Spec is the specification. It is immutable and safe for concurrent use.
type Spec struct {
	types        map[string]*Type
	resources    []string
	params       []*SearchParam
	compartments map[string]*Compartment
	operations   []*Operation
	valueSets    map[string]*ValueSet
}

// Type returns a type by its name: "Patient", "HumanName", "string"; a backbone element by its path: "Patient.contact".
// It returns nil for what R4 does not have.
func (s *Spec) Type(name string) *Type { return s.types[name] }

// IsResource reports whether name is one of R4's concrete resource types.
func (s *Spec) IsResource(name string) bool {
	t := s.types[name]
	return t != nil && t.Kind == Resource && !t.Abstract
}

// Resources are the names of the concrete resource types in alphabetical order.
func (s *Spec) Resources() []string { return s.resources }

// SearchParams are all official search parameters in the order of their URLs.
func (s *Spec) SearchParams() []*SearchParam { return s.params }

// Compartment returns a compartment by its code ("Patient"), or nil.
func (s *Spec) Compartment(code string) *Compartment { return s.compartments[code] }

// Operations are the official operation definitions in the order of their URLs.
func (s *Spec) Operations() []*Operation { return s.operations }

// ValueSet returns a value set that a required binding names, by its URL without version, or nil.
func (s *Spec) ValueSet(url string) *ValueSet { return s.valueSets[url] }
