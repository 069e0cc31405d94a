package task

import (
	"bytes"
	"encoding/json"

	"andiron.dev/fhir"
)

// object is a JSON object that is being put together.
type object = map[string]any

// edited is the next version of a resource, which fn changes.
func edited(r *fhir.Resource, fn func(o object)) (*fhir.Resource, error) {
	o, ok := fhir.Tree(r.Root()).(object)
	if !ok {
		return nil, fhir.NewOutcome(fhir.Structure, "a resource is no object")
	}
	if meta, ok := o["meta"].(object); ok {
		delete(meta, "versionId")
		delete(meta, "lastUpdated")
		if len(meta) == 0 {
			delete(o, "meta")
		}
	}
	fn(o)
	return built(o)
}

// built makes a resource of an object.
func built(o object) (*fhir.Resource, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(o); err != nil {
		return nil, err
	}
	return fhir.ParseResource(b.String(), fhir.DefaultLimits())
}

func reference(to string) object { return object{"reference": to} }

// appended adds to a list that an object has, or has not yet.
func appended(o object, name string, values ...any) {
	list, _ := o[name].([]any)
	o[name] = append(list, values...)
}
