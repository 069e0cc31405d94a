package main

import (
	"slices"
	"strings"
)

// boundTerminology finds the value sets that required bindings name and the code systems and value sets they draw on:
// the fraction of R4's terminology that the generated data holds.
func boundTerminology(d definitions) (map[key]bool, error) {
	structures, err := decodeAll[structureDefinition](d, "StructureDefinition")
	if err != nil {
		return nil, err
	}
	sets, err := decodeAll[valueSet](d, "ValueSet")
	if err != nil {
		return nil, err
	}
	byURL := map[string]valueSet{}
	for _, set := range sets {
		byURL[set.URL] = set
	}
	needed := map[key]bool{}
	var need func(url string)
	need = func(url string) {
		k := key{"ValueSet", url}
		if needed[k] {
			return
		}
		needed[k] = true
		compose := byURL[url].Compose
		for _, part := range slices.Concat(compose.Include, compose.Exclude) {
			if part.Concept == nil && part.System != "" {
				needed[key{"CodeSystem", part.System}] = true
			}
			for _, nested := range part.ValueSet {
				need(unversioned(nested))
			}
		}
	}
	for _, url := range requiredValueSets(structures) {
		need(url)
	}
	return needed, nil
}

// keepTerminology drops the code systems and value sets that are not needed.
func (d definitions) keepTerminology(needed map[key]bool) {
	for k := range d {
		if (k.resourceType == "CodeSystem" || k.resourceType == "ValueSet") && !needed[k] {
			delete(d, k)
		}
	}
}

// requiredValueSets lists the value sets of required bindings, each once, in the order in which they come.
func requiredValueSets(structures []structureDefinition) []string {
	var urls []string
	seen := map[string]bool{}
	for _, sd := range structures {
		for _, e := range sd.Snapshot.Element {
			if e.Binding == nil || e.Binding.Strength != "required" || e.Binding.ValueSet == "" {
				continue
			}
			if url := unversioned(e.Binding.ValueSet); !seen[url] {
				seen[url] = true
				urls = append(urls, url)
			}
		}
	}
	return urls
}

// unversioned cuts the version off a canonical: R4's own all say |4.0.1.
func unversioned(canonical string) string {
	url, _, _ := strings.Cut(canonical, "|")
	return url
}
