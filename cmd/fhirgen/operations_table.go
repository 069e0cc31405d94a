package main

import (
	"fmt"
	"strings"
)

func operationsTable(d definitions) ([]byte, error) {
	all, err := decodeAll[operationDefinition](d, "OperationDefinition")
	if err != nil {
		return nil, err
	}
	t := newTable("operation: URL, code, name, levels, resource types, affectsState",
		"  parameter: name, use, cardinality, type, targets, search type; its parts below it")
	for _, o := range all {
		if isExample(o.URL) {
			continue
		}
		affects := ""
		if o.AffectsState {
			affects = "affectsState"
		}
		t.row(0, o.URL, o.Code, o.Name, levels(o), strings.Join(o.Resource, " "), affects)
		operationParameters(t, 1, o.Parameter)
	}
	return t.bytes()
}

func levels(o operationDefinition) string {
	var at []string
	for i, is := range []bool{o.System, o.Type, o.Instance} {
		if is {
			at = append(at, [...]string{"system", "type", "instance"}[i])
		}
	}
	return strings.Join(at, " ")
}

func operationParameters(t *table, depth int, params []operationParameter) {
	for _, p := range params {
		var targets []string
		for _, profile := range p.TargetProfile {
			targets = append(targets, strings.TrimPrefix(profile, structureBase))
		}
		t.row(depth, p.Name, p.Use, fmt.Sprintf("%d..%s", p.Min, p.Max), p.Type, strings.Join(targets, " "), p.SearchType)
		operationParameters(t, depth+1, p.Part)
	}
}
