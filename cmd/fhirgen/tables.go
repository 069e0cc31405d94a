package main

import (
	"fmt"
	"slices"
	"strings"
)

// build renders every file of fhir/r4, by name.
func build(d definitions) (map[string][]byte, error) {
	s, err := newStructures(d)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for name, render := range map[string]func() ([]byte, error){
		"types.tsv":            s.typesTable,
		"constraints.tsv":      s.constraintsTable,
		"searchparameters.tsv": func() ([]byte, error) { return searchParametersTable(d) },
		"compartments.tsv":     func() ([]byte, error) { return compartmentsTable(d) },
		"operations.tsv":       func() ([]byte, error) { return operationsTable(d) },
		"valuesets.tsv":        func() ([]byte, error) { return valueSetsTable(d) },
		"codesystems.tsv":      func() ([]byte, error) { return codeSystemsTable(d) },
	} {
		if files[name], err = render(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, nil
}

// typesTable lists of each type the elements that it does not inherit as they are: a resource does not repeat
// the id, a primitive repeats the value, which is of its own type.
func (s *structures) typesTable() ([]byte, error) {
	t := newTable(
		"type: name, kind, base, abstract",
		"  element: name, cardinality, flags, types, binding. Inherited elements come first and are listed where they differ.",
		"flags: S isSummary, M isModifier, A XML attribute. types: type:profile(targets), a backbone element by its path.")
	for _, m := range s.hierarchy() {
		for _, each := range slices.Concat([]*typeModel{m}, m.backbones) {
			abstract := ""
			if each.abstract {
				abstract = "abstract"
			}
			t.row(0, each.name, each.kind, each.base, abstract)
			var inherited []elementModel
			if base := s.models[each.base]; base != nil {
				inherited = base.elements
			}
			for i, e := range each.elements {
				if i < len(inherited) && inherited[i].name != e.name {
					return nil, fmt.Errorf("%s.%s: expected the inherited %s", each.name, e.name, inherited[i].name)
				}
				if i >= len(inherited) || !slices.Equal(inherited[i].row, e.row) {
					t.row(1, e.row...)
				}
			}
		}
	}
	return t.bytes()
}

// constraintsTable lists the invariants where they are stated first.
func (s *structures) constraintsTable() ([]byte, error) {
	t := newTable("constraint: type or element, key, severity, FHIRPath expression, meaning")
	row := func(path string, c constraint) {
		t.row(0, path, c.Key, c.Severity, c.Expression, oneLine(c.Human))
	}
	for _, m := range s.hierarchy() {
		for _, each := range slices.Concat([]*typeModel{m}, m.backbones) {
			for _, c := range each.constraints {
				row(each.name, c)
			}
			for _, e := range each.elements {
				for _, c := range e.constraints {
					row(each.name+"."+strings.TrimSuffix(e.name, "[x]"), c)
				}
			}
		}
	}
	return t.bytes()
}

func searchParametersTable(d definitions) ([]byte, error) {
	all, err := decodeAll[searchParameter](d, "SearchParameter")
	if err != nil {
		return nil, err
	}
	t := newTable("search parameter: URL, code, type, base, expression, targets, comparators, modifiers",
		"  component: definition, expression")
	for _, p := range all {
		if isExample(p.URL) {
			continue
		}
		t.row(0, p.URL, p.Code, p.Type, strings.Join(p.Base, " "), oneLine(p.Expression),
			strings.Join(p.Target, " "), strings.Join(p.Comparator, " "), strings.Join(p.Modifier, " "))
		for _, c := range p.Component {
			t.row(1, c.Definition, c.Expression)
		}
	}
	return t.bytes()
}

// compartmentsTable leaves out the resource types without a parameter: they are not in the compartment.
func compartmentsTable(d definitions) ([]byte, error) {
	all, err := decodeAll[compartmentDefinition](d, "CompartmentDefinition")
	if err != nil {
		return nil, err
	}
	t := newTable("compartment: code, URL", "  resource type, search parameters")
	for _, c := range all {
		if isExample(c.URL) {
			continue
		}
		t.row(0, c.Code, c.URL)
		for _, r := range c.Resource {
			if r.Param != nil {
				t.row(1, r.Code, strings.Join(r.Param, " "))
			}
		}
	}
	return t.bytes()
}
