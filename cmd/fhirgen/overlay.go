package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// An overlayEntry repairs one definition of the package: it states what R4 4.0.1 says instead, and why it had to.
type overlayEntry struct {
	Op           string          `json:"op"` // add, replace or remove
	ResourceType string          `json:"resourceType"`
	URL          string          `json:"url"`
	Why          string          `json:"why"`
	Definition   json.RawMessage `json:"definition,omitempty"`
}

// apply makes the repair. A repair that no longer fits the package is an error, never a silent no-op.
func (d definitions) apply(e overlayEntry) error {
	k := key{e.ResourceType, e.URL}
	_, present := d[k]
	switch {
	case e.Op == "add" && !present, e.Op == "replace" && present:
		d[k] = e.Definition
	case e.Op == "remove" && present:
		delete(d, k)
	default:
		return fmt.Errorf("overlay cannot %s %v: in the package: %t; run fhirgen extract", e.Op, k, present)
	}
	return nil
}

// compareOverlay lists the repairs that turn the package's definitions into the official ones.
func compareOverlay(pkg, official definitions) ([]overlayEntry, error) {
	var entries []overlayEntry
	for k, raw := range official.sorted() {
		e := overlayEntry{Op: "add", ResourceType: k.resourceType, URL: k.url, Why: "the package lacks it", Definition: raw}
		if was, ok := pkg[k]; ok {
			if bytes.Equal(was, raw) {
				continue
			}
			e.Op = "replace"
			var err error
			if e.Why, err = why(k.resourceType, was, raw); err != nil {
				return nil, fmt.Errorf("%v: %w", k, err)
			}
		}
		entries = append(entries, e)
	}
	for k := range pkg.sorted() {
		if _, ok := official[k]; !ok {
			entries = append(entries, overlayEntry{Op: "remove", ResourceType: k.resourceType, URL: k.url, Why: "R4 4.0.1 has no such definition"})
		}
	}
	slices.SortStableFunc(entries, func(a, b overlayEntry) int {
		return compareKeys(key{a.ResourceType, a.URL}, key{b.ResourceType, b.URL})
	})
	return entries, nil
}

// why says in words what the package did to a definition: elements by path, of other resources the properties.
func why(resourceType string, pkg, official json.RawMessage) (string, error) {
	split := properties
	if resourceType == "StructureDefinition" {
		split = elements
	}
	was, order, err := split(pkg)
	if err != nil {
		return "", err
	}
	is, officialOrder, err := split(official)
	if err != nil {
		return "", err
	}
	var added, lacking, changed []string
	for _, name := range order {
		switch now, ok := is[name]; {
		case !ok:
			added = append(added, name)
		case !bytes.Equal(now, was[name]):
			changed = append(changed, name)
		}
	}
	for _, name := range officialOrder {
		if _, ok := was[name]; !ok {
			lacking = append(lacking, name)
		}
	}
	var says []string
	for verb, names := range [][]string{added, lacking, changed} {
		if len(names) > 0 {
			says = append(says, [...]string{"adds ", "leaves out ", "changes "}[verb]+strings.Join(names, ", "))
		}
	}
	if says == nil {
		return "the package has another order", nil
	}
	return "the package " + strings.Join(says, "; "), nil
}

func properties(raw json.RawMessage) (map[string]json.RawMessage, []string, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, nil, err
	}
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return m, names, nil
}

func elements(raw json.RawMessage) (map[string]json.RawMessage, []string, error) {
	var sd struct {
		Snapshot struct{ Element []json.RawMessage }
	}
	if err := json.Unmarshal(raw, &sd); err != nil {
		return nil, nil, err
	}
	m := map[string]json.RawMessage{}
	var paths []string
	for _, e := range sd.Snapshot.Element {
		var head struct{ Path string }
		if err := json.Unmarshal(e, &head); err != nil {
			return nil, nil, err
		}
		m[head.Path] = e
		paths = append(paths, head.Path)
	}
	return m, paths, nil
}
