package proto_test

import (
	"math/rand/v2"
	"slices"
	"strings"

	"andiron.dev/fhir"
)

// ofValues are mutations that concern the values of primitives, codes and references.
func ofValues() []mutation {
	return []mutation{
		{"wrong JSON kind", false, primitive, func(s site, _ *rand.Rand) string {
			s.each(func(n *node) *node {
				if n.kind == fhir.String {
					return scalar("17")
				}
				return quoted(n.literal)
			})
			return s.ref.Type.Name
		}},
		{"wrong value", false, func(s site) bool { return primitive(s) && wrongValues(s.ref.Type.Name) != nil && !requiredCode(s) }, func(s site, r *rand.Rand) string {
			with := pick(r, wrongValues(s.ref.Type.Name))
			s.each(func(*node) *node { return scalar(with) })
			return s.ref.Type.Name + " " + with
		}},
		{"unusual value", true, func(s site) bool {
			return free(s) && rightValues(s.ref.Type.Name) != nil && !pointer(s) && !(s.depth > 0 && s.name() == "id")
		}, func(s site, r *rand.Rand) string {
			with := pick(r, rightValues(s.ref.Type.Name))
			s.each(func(*node) *node { return scalar(with) })
			return s.ref.Type.Name + " " + with
		}},
		{"malformed JSON", false, primitive, func(s site, r *rand.Rand) string {
			with := pick(r, []string{"NaN", "01", "1.", "True", "'x'", `"\ud800"`, "\"\xff\"", "\"a\nb\"", `"\x"`, `1,`, `{"a":1,}`, `[1`})
			s.each(func(*node) *node { return scalar(with) })
			return s.ref.Type.Name + " " + with
		}},
		{"code not in the required value set", false, requiredCode, func(s site, _ *rand.Rand) string {
			s.each(func(*node) *node { return quoted("no-such-code") })
			return ""
		}},
		{"code in another case", false, func(s site) bool {
			text := strings.Trim(s.value().literal, `"`)
			return requiredCode(s) && s.value().kind == fhir.String && !s.element.Binding.ValueSet.Codes[strings.ToUpper(text)]
		}, func(s site, _ *rand.Rand) string { s.replace(scalar(strings.ToUpper(s.value().literal))); return "" }},
		{"concept not in the required value set", false, func(s site) bool {
			b := s.element.Binding
			return complexOne(s) && b != nil && b.Strength == "required" && b.ValueSet != nil
		}, func(s site, _ *rand.Rand) string {
			s.each(func(*node) *node { return scalar(`{"coding":[{"system":"http://example.org","code":"x"}]}`) })
			return ""
		}},
		{"language no tag", false, func(s site) bool {
			return primitive(s) && s.name() == "language" && s.element.Binding != nil && s.element.Binding.Strength == "preferred"
		},
			func(s site, _ *rand.Rand) string { s.replace(quoted("en_US")); return "" }},
		{"reference to a wrong type", false, func(s site) bool { return s.ref.Type.Name == "Reference" && len(s.ref.Targets) > 0 && !s.companion() }, wrongTarget("/1")},
		{"absolute reference to a wrong type", false, func(s site) bool { return s.ref.Type.Name == "Reference" && len(s.ref.Targets) > 0 && !s.companion() },
			wrongTarget("/1/_history/2")},
		{"reference to no type", false, func(s site) bool { return s.ref.Type.Name == "Reference" && !s.companion() }, func(s site, _ *rand.Rand) string {
			s.each(func(*node) *node { return scalar(`{"reference":"Nonsense/1"}`) })
			return ""
		}},
		{"reference to nothing contained", false, func(s site) bool { return s.ref.Type.Name == "Reference" && !s.companion() }, func(s site, _ *rand.Rand) string {
			s.each(func(*node) *node { return scalar(`{"reference":"#nobody"}`) })
			return ""
		}},
		{"narrative unsafe", false, func(s site) bool { return s.ref.Type.Name == "xhtml" && !s.companion() }, func(s site, r *rand.Rand) string {
			with := pick(r, wrongNarratives())
			s.replace(quoted(with))
			return with
		}},
		{"value replaced by an extension", true, func(s site) bool {
			return free(s) && single(s) && s.object.get("_"+s.name()) == nil && s.name() != "url" && s.name() != "id" && !pointer(s)
		},
			func(s site, _ *rand.Rand) string {
				s.object.names[s.index] = "_" + s.name()
				s.replace(scalar(`{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`))
				return s.ref.Type.Name
			}},
		{"properties in another order", true, func(s site) bool { return s.index == 0 }, func(s site, _ *rand.Rand) string {
			slices.Reverse(s.object.names)
			slices.Reverse(s.object.items)
			return ""
		}},
		{"two halves of null", false, func(s site) bool { return repeating(s) && primitive(s) && s.object.get("_"+s.name()) == nil }, func(s site, _ *rand.Rand) string {
			n := len(s.value().items)
			half := make([]*node, n+1)
			for i := range half {
				half[i] = scalar("null")
			}
			half[0] = scalar(`{"id":"x"}`)
			s.value().items = append(s.value().items, scalar("null"))
			s.object.put("_"+s.name(), array(half...))
			return s.ref.Type.Name
		}},
		{"id in an array of primitives", true, func(s site) bool { return repeating(s) && free(s) && s.object.get("_"+s.name()) == nil }, func(s site, _ *rand.Rand) string {
			half := make([]*node, len(s.value().items)+1)
			for i := range half {
				half[i] = scalar("null")
			}
			half[len(half)-1] = scalar(`{"id":"x","extension":[{"url":"http://example.org","valueBoolean":true}]}`)
			s.value().items = append(s.value().items, scalar("null"))
			s.object.put("_"+s.name(), array(half...))
			return s.ref.Type.Name
		}},
	}
}

// pointer reports whether another rule depends on the value: a reference, or the system of a code in a required value set.
func pointer(s site) bool { return s.name() == "reference" || s.owner.Name == "Coding" }

// wrongTarget makes a reference to a type that the element does not allow.
func wrongTarget(rest string) func(site, *rand.Rand) string {
	return func(s site, _ *rand.Rand) string {
		target := "Basic"
		if slices.Contains(s.ref.Targets, target) {
			target = "Linkage"
		}
		if strings.Contains(rest, "_history") {
			target = "http://example.org/fhir/" + target
		}
		s.each(func(*node) *node { return scalar(`{"reference":"` + target + rest + `"}`) })
		return ""
	}
}
