package encounter

import (
	"time"

	"andiron.dev/fhir"
)

// object is a JSON object that is being put together.
type object = map[string]any

// list is a JSON array of any values.
func list(values ...any) []any { return values }

// objectOf is a resource as an object, without version and time.
func objectOf(r *fhir.Resource) object {
	root, err := fhir.Parse(r.Body(), fhir.Limits{})
	if err != nil {
		return object{}
	}
	o, _ := fhir.Tree(root).(object)
	return o
}

// build makes a resource of an object. Errors: those of fhir.ParseResource.
func build(o object) (*fhir.Resource, error) { return fhir.FromTree(o, fhir.BundleLimits()) }

// reference is a Reference to a resource.
func reference(to string) object { return object{"reference": to} }

// coded is a CodeableConcept with one coding.
func coded(system, code, display string) object {
	coding := object{"system": system, "code": code}
	if display != "" {
		coding["display"] = display
	}
	return object{"coding": list(coding)}
}

// ours is the URL of one of our extensions.
func ours(name string) string { return fhir.CanonicalBase + "/StructureDefinition/" + name }

// codes is the URL of one of our code systems.
func codes(name string) string { return fhir.CanonicalBase + "/CodeSystem/" + name }

// instant writes a time as a dateTime.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999Z07:00") }

// when reads a dateTime; false where there is none. A date without a zone is one of UTC.
func when(e fhir.Element) (time.Time, bool) {
	t, ok := fhir.ParseTemporal(e.Text(), time.UTC)
	return t.Low, ok
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

// extension is the first extension with a URL of ours.
func extension(e fhir.Element, name string) fhir.Element {
	for one := range e.Each("extension") {
		if one.Get("url").Text() == ours(name) {
			return one
		}
	}
	return fhir.Element{}
}

// part is a part of an extension.
func part(e fhir.Element, name string) fhir.Element {
	for one := range e.Each("extension") {
		if one.Get("url").Text() == name {
			return one
		}
	}
	return fhir.Element{}
}
