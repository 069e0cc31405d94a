package r4

import (
	_ "embed" // the tables
)

// The tables that cmd/fhirgen writes.
var (
	//go:embed types.tsv
	typesTable string
	//go:embed constraints.tsv
	constraintsTable string
	//go:embed searchparameters.tsv
	searchParametersTable string
	//go:embed compartments.tsv
	compartmentsTable string
	//go:embed operations.tsv
	operationsTable string
	//go:embed valuesets.tsv
	valueSetsTable string
	//go:embed codesystems.tsv
	codeSystemsTable string
)

// Decode reads the tables. It fails, telling the line, only where they are not what cmd/fhirgen writes, which a test rules
// out for the committed ones. Every call makes a new Spec.
func Decode() (*Spec, error) {
	return decode(tables{typesTable, constraintsTable, searchParametersTable, compartmentsTable, operationsTable, valueSetsTable, codeSystemsTable})
}

type tables struct {
	types, constraints, searchParameters, compartments, operations, valueSets, codeSystems string
}

// decoder keeps what parts of the Spec have in common while it is made.
type decoder struct {
	spec     *Spec
	types    slab[Type]
	elements slab[Element]
	refs     slab[TypeRef]
	members  slab[*Element]
	words    slab[string]
	bindings map[string]*Binding // by their text
	targets  map[string][]string // by their text
}

func decode(t tables) (*Spec, error) {
	d := &decoder{spec: new(Spec), bindings: map[string]*Binding{}, targets: map[string][]string{}}
	// Bindings refer to value sets and constraints to types.
	for _, step := range []func(tables) error{
		d.decodeValueSets, d.decodeCodeSystems, d.decodeTypes, d.decodeConstraints, d.decodeSearchParams, d.decodeCompartments, d.decodeOperations,
	} {
		if err := step(t); err != nil {
			return nil, err
		}
	}
	return d.spec, nil
}
