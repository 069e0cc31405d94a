package main

import (
	"slices"
)

// valueSetsTable expands the value sets of required bindings. The code system stands with the set where it is the
// only one, else with each code.
func valueSetsTable(d definitions) ([]byte, error) {
	all, err := decodeAll[structureDefinition](d, "StructureDefinition")
	if err != nil {
		return nil, err
	}
	terms, err := newTerminology(d)
	if err != nil {
		return nil, err
	}
	t := newTable("value set: URL, code system if there is one only",
		"  code, code system if there are several; a set without codes cannot be enumerated")
	for _, url := range slices.Sorted(slices.Values(requiredValueSets(all))) {
		x, err := terms.expand(url)
		if err != nil {
			return nil, err
		}
		if x.unlimited {
			t.row(0, url, x.only)
			continue
		}
		only, one := x.oneSystem()
		t.row(0, url, only)
		for _, code := range x.codes {
			if one {
				t.row(1, code)
			} else {
				t.row(1, code, x.system[code])
			}
		}
	}
	return t.bytes()
}

// oneSystem gives the code system of all codes, and false where there are several.
func (x *expansion) oneSystem() (string, bool) {
	for _, code := range x.codes {
		if x.system[code] != x.system[x.codes[0]] {
			return "", false
		}
	}
	if len(x.codes) == 0 {
		return "", true
	}
	return x.system[x.codes[0]], true
}
