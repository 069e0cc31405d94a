package proto_test

import (
	"math/rand/v2"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// mutation changes a valid resource in one place.
type mutation struct {
	name  string
	valid bool // what comes out is valid R4 still
	at    func(site) bool
	do    func(site, *rand.Rand) (detail string)
}

func primitive(s site) bool { return s.primitive() && s.ref.Type.Name != "xhtml" }
func complexOne(s site) bool {
	return !s.companion() && s.ref.Type.Kind != r4.Primitive && s.ref.Type.Kind != r4.Resource
}
func repeating(s site) bool { return s.repeats() && s.value().kind == fhir.Array }
func single(s site) bool    { return !s.repeats() && s.name() != "resourceType" }
func requiredCode(s site) bool {
	b := s.element.Binding
	return primitive(s) && b != nil && b.Strength == r4.RequiredBinding && b.ValueSet != nil
}
func free(s site) bool { return primitive(s) && s.element.Binding == nil && s.ref.Type.Name != "code" }

func both(conditions ...func(site) bool) func(site) bool {
	return func(s site) bool {
		for _, condition := range conditions {
			if !condition(s) {
				return false
			}
		}
		return true
	}
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// structural mutations concern names, cardinality and JSON kinds.
func structural() []mutation {
	return []mutation{
		{"required element dropped", false, func(s site) bool {
			return s.element.Min > 0 && !s.companion() && s.object.get("_"+s.name()) == nil && len(s.object.items) > 1
		}, func(s site, _ *rand.Rand) string { name := s.element.Name; s.object.remove(s.index); return name }},
		{"element renamed", false, single, func(s site, _ *rand.Rand) string { s.object.names[s.index] = s.name() + "X"; return "" }},
		{"first letter in upper case", false, func(s site) bool { return !s.companion() }, func(s site, _ *rand.Rand) string {
			s.object.names[s.index] = strings.ToUpper(s.name()[:1]) + s.name()[1:]
			return ""
		}},
		{"name in lower case", false, func(s site) bool { return strings.ToLower(s.name()) != s.name() }, func(s site, _ *rand.Rand) string {
			s.object.names[s.index] = strings.ToLower(s.name())
			return ""
		}},
		{"unknown element", false, complexOne, func(s site, _ *rand.Rand) string {
			s.each(func(n *node) *node { n.put("nonsense", quoted("x")); return n })
			return ""
		}},
		{"element twice", false, single, func(s site, _ *rand.Rand) string { s.object.put(s.name(), s.value()); return "" }},
		{"array for one", false, single, func(s site, _ *rand.Rand) string { s.replace(array(s.value())); return "" }},
		{"one for array", false, repeating, func(s site, _ *rand.Rand) string {
			s.replace(s.value().items[len(s.value().items)-1])
			return string(kindOf(s.value()))
		}},
		{"object for primitive", false, primitive, func(s site, _ *rand.Rand) string {
			s.each(func(*node) *node { return scalar(`{"id":"x"}`) })
			return ""
		}},
		{"string for object", false, complexOne, func(s site, _ *rand.Rand) string {
			s.each(func(*node) *node { return quoted("x") })
			return s.ref.Type.Name
		}},
		{"array in array", false, repeating, func(s site, _ *rand.Rand) string { s.replace(array(s.value())); return "" }},
		{"null", false, func(site) bool { return true }, func(s site, _ *rand.Rand) string { s.replace(scalar("null")); return "" }},
		{"null in array", false, both(repeating, complexOne), func(s site, _ *rand.Rand) string {
			s.value().items = append(s.value().items, scalar("null"))
			return ""
		}},
		{"null in array of primitives", false, func(s site) bool { return repeating(s) && primitive(s) && s.object.get("_"+s.name()) == nil },
			func(s site, _ *rand.Rand) string {
				s.value().items = append(s.value().items, scalar("null"))
				return s.ref.Type.Name
			}},
		{"empty string", false, primitive, func(s site, _ *rand.Rand) string {
			s.each(func(*node) *node { return quoted("") })
			return s.ref.Type.Name
		}},
		{"empty array", false, repeating, func(s site, _ *rand.Rand) string { s.replace(array()); return "" }},
		{"empty object", false, complexOne, func(s site, _ *rand.Rand) string {
			s.each(func(*node) *node { return scalar("{}") })
			return ""
		}},
		{"two types of a choice", false, func(s site) bool { return s.element.Choice && len(s.element.Types) > 1 && !s.companion() }, secondChoice(false)},
		{"two types of a choice, one an extension", false, func(s site) bool { return s.element.Choice && primitiveChoices(s) > 0 && !s.companion() }, secondChoice(true)},
		{"companion of an object", false, complexOne, func(s site, _ *rand.Rand) string {
			s.object.put("_"+s.name(), scalar(`{"id":"x"}`))
			return ""
		}},
		{"companion no object", false, both(primitive, single), func(s site, _ *rand.Rand) string {
			s.object.names, s.object.items = append(s.object.names, "_"+s.name()), append(s.object.items, quoted("x"))
			return s.ref.Type.Name
		}},
		{"companions too few", false, func(s site) bool { return repeating(s) && primitive(s) && s.object.get("_"+s.name()) == nil },
			func(s site, _ *rand.Rand) string {
				s.value().items = append(s.value().items, s.value().items[0])
				s.object.put("_"+s.name(), array(scalar(`{"id":"x"}`)))
				return ""
			}},
		{"comparator in a SimpleQuantity", false, func(s site) bool { return s.ref.Profile != "" && complexOne(s) }, func(s site, _ *rand.Rand) string {
			s.each(func(n *node) *node { n.put("comparator", quoted("<")); return n })
			return ""
		}},
		{"extension on the id of an element", false, func(s site) bool { return s.element.XMLAttr && s.primitive() }, func(s site, _ *rand.Rand) string {
			s.object.put("_"+s.name(), scalar(`{"extension":[{"url":"http://example.org/e","valueString":"x"}]}`))
			return s.name()
		}},
		{"extension on a narrative", false, func(s site) bool { return s.ref.Type.Name == "xhtml" && !s.companion() }, func(s site, _ *rand.Rand) string {
			s.object.put("_div", scalar(`{"extension":[{"url":"http://example.org/e","valueString":"x"}]}`))
			return ""
		}},
		{"copied into contained", true, func(s site) bool {
			return isResource(s) && !strings.Contains(s.object.String(), `"#`) && s.object.get("contained") == nil
		},
			wrap},
		{"copied into contained with its own", false, func(s site) bool { return isResource(s) && s.object.get("contained") != nil }, wrap},
		{"resource type unknown", false, func(s site) bool { return s.object.get("resourceType") != nil }, func(s site, r *rand.Rand) string {
			s.object.items[slices.Index(s.object.names, "resourceType")] = quoted(pick(r, []string{"Nonsense", "patient", "DomainResource"}))
			return ""
		}},
	}
}

// isResource reports whether the site is the first property of a resource that is not contained in another.
func isResource(s site) bool {
	return s.index == 1 && s.object.names[0] == "resourceType" && s.depth == 0
}

// wrap puts the resource into another one.
func wrap(s site, _ *rand.Rand) string {
	inner := *s.object
	*s.object = *newObject("resourceType", quoted("Basic"), "contained", array(&inner), "code", scalar(`{"text":"x"}`))
	return ""
}

// kindOf tells primitives from objects.
func kindOf(n *node) string {
	if n.kind == fhir.Object {
		return "object"
	}
	return "primitive"
}

func primitiveChoices(s site) (n int) {
	for i := range s.element.Types {
		if other := &s.element.Types[i]; other != s.ref && other.Type.Kind == r4.Primitive {
			n++
		}
	}
	return n
}

// secondChoice adds a value of another type.
func secondChoice(extension bool) func(site, *rand.Rand) string {
	return func(s site, r *rand.Rand) string {
		others := []*r4.TypeRef{}
		for i := range s.element.Types {
			if other := &s.element.Types[i]; other != s.ref && (other.Type.Kind == r4.Primitive || !extension) {
				others = append(others, other)
			}
		}
		other := others[r.IntN(len(others))]
		switch {
		case extension:
			s.object.put("_"+other.Name, scalar(`{"extension":[{"url":"http://example.org/e","valueString":"x"}]}`))
		case other.Type.Kind != r4.Primitive:
			s.object.put(other.Name, scalar(`{"id":"x"}`))
		default:
			s.object.put(other.Name, scalar(plain(other.Type.Name)))
		}
		return other.Name
	}
}

// plain is a value of a primitive type.
func plain(typ string) string {
	switch typ {
	case "boolean":
		return "true"
	case "integer", "positiveInt", "unsignedInt", "decimal":
		return "1"
	case "date", "dateTime":
		return `"2024-05-01"`
	case "instant":
		return `"2024-05-01T10:00:00Z"`
	case "time":
		return `"10:00:00"`
	case "oid":
		return `"urn:oid:1.2"`
	case "uuid":
		return `"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"`
	case "base64Binary":
		return `"aGVsbG8="`
	}
	return `"x"`
}
