package main

import "fmt"

// codeSystemsTable lists the code systems from which the value sets of required bindings draw, with their hierarchies.
func codeSystemsTable(d definitions) ([]byte, error) {
	all, err := decodeAll[codeSystem](d, "CodeSystem")
	if err != nil {
		return nil, err
	}
	t := newTable("code system: URL", "  code; a code below another is subsumed by it")
	for _, system := range all {
		if system.Content != "complete" || system.Concept == nil {
			continue
		}
		if system.HierarchyMeaning != "" && system.HierarchyMeaning != "is-a" {
			return nil, fmt.Errorf("the hierarchy of %s means %s, which the table cannot say", system.URL, system.HierarchyMeaning)
		}
		t.row(0, system.URL)
		t.concepts(1, system.Concept)
	}
	return t.bytes()
}

func (t *table) concepts(depth int, concepts []codeSystemConcept) {
	for _, concept := range concepts {
		t.row(depth, concept.Code)
		t.concepts(depth+1, concept.Concept)
	}
}
