package automation

import (
	"strings"

	"andiron.dev/fhir"
)

// object is a JSON object that is being put together.
type object = map[string]any

// list is a JSON array of any values.
func list(values ...any) []any { return values }

// carry copies properties of an element under the names that they have there, or under "to" of "from:to". As a list where the name ends in "[]".
func carry(to object, from fhir.Element, names ...string) {
	for _, name := range names {
		source, target, renamed := strings.Cut(name, ":")
		if !renamed {
			target = source
		}
		target, many := strings.CutSuffix(target, "[]")
		v := fhir.Tree(from.Get(strings.TrimSuffix(source, "[]")))
		switch {
		case v == nil:
		case many:
			if _, is := v.([]any); !is {
				v = list(v)
			}
			to[target] = v
		default:
			to[target] = v
		}
	}
}

// choice copies a choice element: the properties of from that begin with the name source, renamed. Only some types are taken.
func choice(to object, from fhir.Element, source, target string, types ...string) {
	for p := from.First(); p.Exists(); p = p.Next() {
		typ, ok := strings.CutPrefix(p.Name(), source)
		if !ok {
			continue
		}
		for _, t := range types {
			if t == typ {
				to[target+typ] = fhir.Tree(p)
			}
		}
	}
}

// build makes a resource of an object. Errors: those of fhir.ParseResource.
func build(o object) (*fhir.Resource, error) { return fhir.FromTree(o, fhir.DefaultLimits()) }

// reference is a Reference to a resource.
func reference(to string) object { return object{"reference": to} }

// coded is a CodeableConcept of one of our code systems.
func coded(system, code, text string) object {
	coding := object{"system": fhir.CanonicalBase + "/CodeSystem/" + system, "code": code}
	if text == "" {
		return object{"coding": list(coding)}
	}
	return object{"coding": list(coding), "text": text}
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
