package r4

// DecodeWith decodes the tables with one of them replaced.
func DecodeWith(file, table string) (*Spec, error) {
	t := tables{typesTable, constraintsTable, searchParametersTable, compartmentsTable, operationsTable, valueSetsTable, codeSystemsTable}
	*map[string]*string{
		"types.tsv": &t.types, "constraints.tsv": &t.constraints, "searchparameters.tsv": &t.searchParameters,
		"compartments.tsv": &t.compartments, "operations.tsv": &t.operations, "valuesets.tsv": &t.valueSets,
		"codesystems.tsv": &t.codeSystems,
	}[file] = table
	return decode(t)
}
