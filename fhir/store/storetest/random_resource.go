package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// maker makes random resources of any type from the specification. They are not valid (no rule is looked at), but their elements
// have the right types, and their values come from small pools, so that searches find several of them.
type maker struct {
	*rand.Rand
	spec  *r4.Spec
	types []string // resource types that are made, and that references lead to

	measured bool // resources have numbers and quantities, and nothing else
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func (m *maker) resource(typ, id string) *fhir.Resource {
	if m.measured {
		return m.measuredResource(typ, id)
	}
	w := fhir.NewWriter(1024)
	w.Object()
	w.Name("resourceType").String(typ)
	w.Name("id").String(id)
	m.elements(w, m.spec.Type(typ), 0)
	w.EndObject()
	return fhir.FromWriter(typ, id, w)
}

// elements writes some elements of a type.
func (m *maker) elements(w *fhir.Writer, t *r4.Type, depth int) {
	for _, e := range t.Elements {
		if e.Name == "text" && depth == 0 && m.IntN(3) == 0 {
			m.narrative(w)
		}
		switch e.Name {
		case "id", "extension", "modifierExtension", "implicitRules", "contained", "text", "versionId", "lastUpdated":
			continue
		}
		if m.Float64() > []float64{0.5, 0.6, 0.4, 0.15}[depth] {
			continue
		}
		ref := pick(m.Rand, e.Types)
		if ref.Type == nil || ref.Type.Kind == r4.Resource || depth == 3 && ref.Type.Kind != r4.Primitive {
			continue
		}
		w.Name(ref.Name)
		if e.Max == 1 {
			m.value(w, e, ref, depth)
			continue
		}
		w.Array()
		for range 1 + m.IntN(2) {
			m.value(w, e, ref, depth)
		}
		w.EndArray()
	}
}

func (m *maker) value(w *fhir.Writer, e *r4.Element, ref r4.TypeRef, depth int) {
	switch {
	case ref.Type.Kind == r4.Primitive:
		m.primitive(w, e, ref.Type.Name)
	case ref.Type.Name == "Reference":
		m.refer(w)
	case ref.Type.Name == "Coding":
		m.coding(w)
	case m.measure(w, ref.Type.Name):
	default:
		w.Object()
		w.Name("id").String("x") // an object must not be empty
		m.elements(w, ref.Type, depth+1)
		w.EndObject()
	}
}

func (m *maker) primitive(w *fhir.Writer, e *r4.Element, typ string) {
	switch typ {
	case "boolean":
		w.Raw(pick(m.Rand, []string{"true", "false"}))
	case "integer", "positiveInt", "unsignedInt":
		w.Raw(strconv.Itoa(m.IntN(5)))
	case "decimal":
		w.Raw(m.number())
	case "date", "dateTime", "instant":
		w.String(m.time(typ))
	case "time":
		w.String("10:00:00")
	case "code":
		if e.Binding != nil && e.Binding.ValueSet != nil && len(e.Binding.ValueSet.Codes) > 0 && m.IntN(4) > 0 {
			codes := make([]string, 0, len(e.Binding.ValueSet.Codes))
			for code := range e.Binding.ValueSet.Codes {
				codes = append(codes, code)
			}
			slices.Sort(codes)
			w.String(codes[m.IntN(min(len(codes), 3))])
			return
		}
		w.String(pick(m.Rand, []string{"a", "A", "b", "final", "x|y"}))
	case "uri", "url", "canonical", "oid", "uuid":
		w.String(m.uri())
	default:
		w.String(m.text())
	}
}

func (m *maker) text() string {
	return pick(m.Rand, []string{"Fox", "fox", "FOXGLOVE", "O'Neil", "oneil", "Müller", "Mueller", "müller-Lüdenscheidt", "van der Berg", "100%", "a_b", "...", "日本", "x y", "x  y", "1", "ﬁg", "İstanbul", `a\b`, "a,b"})
}

func (m *maker) uri() string {
	return pick(m.Rand, []string{"http://a.org", "http://a.org/", "http://a.org/x", "http://a.org/x/", "http://a.org/x/y", "http://a.org/xy", "urn:oid:1.2.3", "urn:oid:1.2", "http://a.org/x|1.0", "http://a.org/x|2.0",
		"http://example.org/fhir/Patient/a", "Patient/a", "/", "a", "http://b.org//x"})
}

func (m *maker) id() string {
	return pick(m.Rand, []string{"a", "b", "c", "A", "a.b", "0195f2c4-1111-7000-8000-0123456789ab", "0195f2c4-1111-7000-8000-0123456789ac", "0195F2C4-1111-7000-8000-0123456789AB", "7", strings.Repeat("z", 64)})
}

func (m *maker) reference() string {
	text := pick(m.Rand, m.types) + "/" + m.id()
	switch m.IntN(12) {
	case 0:
		text += "/_history/" + strconv.Itoa(1+m.IntN(2))
	case 1:
		text = "http://example.org/fhir/" + text
	case 2:
		text = "http://elsewhere.org/fhir/" + text
	case 3:
		text = pick(m.Rand, []string{"#x", "urn:uuid:0195f2c4-1111-7000-8000-0123456789ab", "a", "Nothing/a", "Patient?identifier=1"})
	}
	return text
}

// time makes a date or time; most are close to each other.
func (m *maker) time(typ string) string {
	year := pick(m.Rand, []int{2024, 2024, 2024, 2023, 1980, 1, 9999})
	full := fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02d%s%s", year, 5+m.IntN(2), pick(m.Rand, []int{1, 2, 30}), pick(m.Rand, []int{0, 12, 23}), m.IntN(2), m.IntN(2),
		pick(m.Rand, []string{"", ".5", ".123", ".123456789"}), pick(m.Rand, []string{"Z", "+02:00", "-05:00", "+14:00"}))
	switch n := m.IntN(5); {
	case typ == "instant":
		return full
	case n == 0:
		return full[:4]
	case n == 1:
		return full[:7]
	case n == 2 || typ == "date":
		return full[:10]
	}
	return full
}
