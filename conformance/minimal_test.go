package conformance_test

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// minimal writes the smallest valid resource of a type: what is mandatory, and nothing else.
func minimal(spec *r4.Spec, name, id string) string {
	w := fhir.NewWriter(256)
	w.Object().Name("resourceType").String(name).Name("id").String(id)
	mandatory(w, spec, spec.Type(name))
	w.EndObject()
	text := string(w.Take())
	if name == "SearchParameter" { // an active one takes effect, and has to say more for that
		return strings.Replace(text, `"status":"active"`, `"status":"draft"`, 1)
	}
	return text
}

func mandatory(w *fhir.Writer, spec *r4.Spec, typ *r4.Type) {
	for _, element := range typ.Elements {
		if element.Min == 0 {
			continue
		}
		ref := &element.Types[0]
		w.Name(ref.Name)
		repeats := element.Max == r4.Unbounded || element.Max > 1
		if repeats {
			w.Array()
		}
		value(w, spec, element, ref)
		if repeats {
			w.EndArray()
		}
	}
}

// value writes a value of a type.
func value(w *fhir.Writer, spec *r4.Spec, element *r4.Element, ref *r4.TypeRef) {
	switch typ := ref.Type; {
	case typ.Kind == r4.Primitive:
		primitive(w, typ.Name, element.Binding)
	case typ.Name == "Reference":
		w.Object().Name("reference").String(targetOf(ref) + "/1").EndObject()
	case typ.Kind == r4.Resource:
		w.Raw(minimal(spec, "Basic", "inner"))
	default:
		w.Object()
		before := w.Len()
		if codes := codesOf(element.Binding); codes != nil && typ.Name == "Coding" {
			w.Name("system").String(element.Binding.ValueSet.SystemOf(codes[0])).Name("code").String(codes[0])
		}
		if mandatory(w, spec, typ); w.Len() == before {
			w.Name("extension").Array().Object().Name("url").String("http://example.org/e").Name("valueBoolean").Bool(true).EndObject().EndArray()
		}
		w.EndObject()
	}
}

func targetOf(ref *r4.TypeRef) string {
	if len(ref.Targets) == 0 || slices.Contains(ref.Targets, "Resource") {
		return "Patient"
	}
	return ref.Targets[0]
}

func codesOf(b *r4.Binding) []string {
	if b == nil || b.ValueSet == nil || len(b.ValueSet.Codes) == 0 {
		return nil
	}
	var codes []string
	for code := range b.ValueSet.Codes {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return codes
}

func primitive(w *fhir.Writer, typ string, b *r4.Binding) {
	if codes := codesOf(b); codes != nil {
		w.String(codes[0])
		return
	}
	switch typ {
	case "boolean":
		w.Bool(true)
	case "integer", "unsignedInt", "positiveInt", "decimal":
		w.Int(1)
	case "date":
		w.String("2024-05-01")
	case "dateTime", "instant":
		w.String("2024-05-01T10:00:00Z")
	case "time":
		w.String("10:00:00")
	case "base64Binary":
		w.String("AAAA")
	case "xhtml":
		w.String(`<div xmlns="http://www.w3.org/1999/xhtml">x</div>`)
	case "uri", "url", "canonical":
		w.String("http://example.org/x")
	case "oid":
		w.String("urn:oid:1.2.3")
	case "uuid":
		w.String("urn:uuid:c757873d-ec9a-4326-a141-556f43239520")
	case "code":
		w.String("text/plain") // a media type, for those that must be one
	default:
		w.String("x")
	}
}
