package patient

import (
	"encoding/json"

	"andiron.dev/fhir"
)

// draft is a resource that is being put together: properties in their order, as JSON text.
type draft struct {
	names  []string
	values map[string]string
}

// object is JSON that is written out in the program.
type object map[string]any

// draftOf copies an object.
func draftOf(e fhir.Element) *draft {
	d := &draft{values: make(map[string]string)}
	for p := e.First(); p.Exists(); p = p.Next() {
		d.put(p.Name(), string(fhir.NewWriter(len(p.Raw())).Element(p).Take()))
	}
	return d
}

// draftResource copies what a store keeps of a resource.
func draftResource(r *fhir.Resource) *draft {
	root, _ := fhir.Parse(r.Body(), fhir.Limits{}) // it is canonical text
	return draftOf(root)
}

func (d *draft) put(name, text string) {
	if _, there := d.values[name]; !there {
		d.names = append(d.names, name)
	}
	d.values[name] = text
}

// has reports whether there is a property, or the other half of one.
func (d *draft) has(name string) bool {
	_, there := d.values[name]
	_, half := d.values["_"+name]
	return there || half
}

// set gives a property a value; nil takes it away.
func (d *draft) set(name string, value any) {
	if value == nil {
		delete(d.values, name)
		return
	}
	d.put(name, textOf(value))
}

// add appends a value to a list.
func (d *draft) add(list string, value any) {
	text := textOf(value)
	if there := d.values[list]; len(there) > 2 {
		d.put(list, there[:len(there)-1]+","+text+"]")
		return
	}
	d.put(list, "["+text+"]")
}

// object is what has been put together.
func (d *draft) object() json.RawMessage {
	w := fhir.NewWriter(1024).Object()
	written := make(map[string]bool)
	for _, name := range d.names {
		if text, there := d.values[name]; there && !written[name] {
			written[name] = true
			w.Name(name).Raw(text)
		}
	}
	return w.EndObject().Take()
}

// resource is the same as a resource. Errors: Structure, where what it was copied from is none.
func (d *draft) resource() (*fhir.Resource, error) {
	return fhir.ParseResource(string(d.object()), fhir.Limits{})
}

// textOf is a value as JSON. What goes in is made of texts, numbers, lists and objects, which cannot fail.
func textOf(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return "null"
	}
	return string(text)
}

// raw is JSON text as it stands in a resource.
func raw(e fhir.Element) json.RawMessage { return json.RawMessage(e.Raw()) }

// made is a resource that is written out in the program.
func made(o object) (*fhir.Resource, error) {
	return fhir.ParseResource(textOf(o), fhir.Limits{})
}

func reference(to string) object { return object{"reference": to} }

func concept(system, code, display string) object {
	return object{"coding": []any{object{"system": system, "code": code, "display": display}}}
}
