package conformance

import "andiron.dev/fhir"

// operations lists the operations at the system, or, where there is a name, those of a resource type and its instances.
func (s *Statement) operations(w *fhir.Writer, name, base string) {
	open := false
	for _, d := range s.Registry.Operations() {
		if name == "" && !d.System || name != "" && (!d.Type && !d.Instance || !d.For(name)) {
			continue
		}
		if !open {
			w.Name("operation").Array()
			open = true
		}
		w.Object().Name("name").String(d.Code).Name("definition").String(d.URL(base))
		if text := d.Resource.Root().Get("title").Text(); text != "" && name == "" {
			w.Name("documentation").String(text)
		}
		w.EndObject()
	}
	if open {
		w.EndArray()
	}
}
