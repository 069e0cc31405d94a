package scheduling

import (
	"time"

	"andiron.dev/fhir"
)

// object is a JSON object that is being put together.
type object = map[string]any

// list is a JSON array of any values.
func list(values ...any) []any { return values }

// objectOf is a resource as an object, without what belongs to its version.
func objectOf(root fhir.Element) object {
	o, _ := fhir.Tree(root).(object)
	if o == nil {
		o = object{}
	}
	if meta, is := o["meta"].(object); is {
		delete(meta, "versionId")
		delete(meta, "lastUpdated")
		if len(meta) == 0 {
			delete(o, "meta")
		}
	}
	return o
}

// build makes a resource of an object. Errors: those of fhir.ParseResource.
func build(o object) (*fhir.Resource, error) { return fhir.FromTree(o, fhir.DefaultLimits()) }

// changed is a resource with something done to it.
func changed(r *fhir.Resource, fn func(object)) (*fhir.Resource, error) {
	o := objectOf(r.Root())
	fn(o)
	next, err := build(o)
	if err != nil {
		return nil, err
	}
	return next.Versioned(r.VersionID(), r.LastUpdated()), nil
}

// reference is a Reference to a resource.
func reference(to string) object { return object{"reference": to} }

// newer is the URL of an extension that has an element of R5.
func newer(name string) string {
	return "http://hl7.org/fhir/5.0/StructureDefinition/extension-" + name
}

// extend gives an object an extension in the place of the one that it has with that URL; nil takes that away.
func extend(o object, url string, x object) {
	var rest []any
	old, _ := o["extension"].([]any)
	for _, one := range old {
		if it, _ := one.(object); it == nil || it["url"] != url {
			rest = append(rest, one)
		}
	}
	if x != nil {
		x["url"] = url
		rest = append(rest, x)
	}
	if o["extension"] = rest; len(rest) == 0 {
		delete(o, "extension")
	}
}

// instant is how times are written: to the millisecond.
func instant(t time.Time) string { return t.UTC().Truncate(time.Millisecond).Format(time.RFC3339Nano) }

// moment reads an instant or a dateTime with a time; zero for what is none.
func moment(e fhir.Element) time.Time {
	t, ok := fhir.ParseTemporal(e.Text(), time.UTC)
	if !ok || len(e.Text()) < len("2006-01-02T") {
		return time.Time{}
	}
	return t.Low
}

// concept is a CodeableConcept.
func concept(system, code, text string) object {
	c := object{"coding": list(object{"system": system, "code": code})}
	if text != "" {
		c["text"] = text
	}
	return c
}

// hasCode reports whether a CodeableConcept has a code, of whatever system.
func hasCode(e fhir.Element, code string) bool {
	for coding := range e.Each("coding") {
		if coding.Get("code").Text() == code {
			return true
		}
	}
	return false
}
