package fhir

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Tree is the value of an element as encoding/json has it, to become part of a resource that is being put together; nil for an absent one.
// Numbers keep their digits, as json.Number.
func Tree(e Element) any {
	d := json.NewDecoder(strings.NewReader(e.Raw()))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil // an absent element: nothing else fails to be JSON
	}
	return v
}

// FromTree makes a resource of an object. Errors: those of ParseResource.
func FromTree(o map[string]any, limits Limits) (*Resource, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(o); err != nil {
		return nil, err
	}
	return ParseResource(b.String(), limits)
}
