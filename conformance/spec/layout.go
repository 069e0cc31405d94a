package spec

import (
	"strings"

	"andiron.dev/fhir"
)

// width is how long a line of JSON may be.
const width = 120

// layout writes JSON so that it can be read and compared by lines: what fits on a line stands on one.
func layout(text string) (string, bool) {
	root, err := fhir.Parse(text, fhir.Limits{})
	if err != nil && !root.Exists() {
		return "", false
	}
	var b strings.Builder
	write(&b, root, "", 0)
	return b.String(), true
}

// write writes a value whose first line has used some columns already.
func write(b *strings.Builder, e fhir.Element, indent string, used int) {
	var open, end string
	switch e.Kind() {
	case fhir.Object:
		open, end = "{", "}"
	case fhir.Array:
		open, end = "[", "]"
	default:
		b.WriteString(e.Raw())
		return
	}
	if line := oneLine(e); used+len(line) <= width {
		b.WriteString(line)
		return
	}
	b.WriteString(open)
	deeper := indent + "  "
	for c := e.First(); c.Exists(); c = c.Next() {
		b.WriteString("\n" + deeper)
		name := ""
		if e.Kind() == fhir.Object {
			name = `"` + c.Name() + `": `
		}
		b.WriteString(name)
		write(b, c, deeper, len(deeper)+len(name)+1)
		if c.Next().Exists() {
			b.WriteString(",")
		}
	}
	b.WriteString("\n" + indent + end)
}

func oneLine(e fhir.Element) string {
	var parts []string
	for c := e.First(); c.Exists(); c = c.Next() {
		part := oneLine(c)
		if e.Kind() == fhir.Object {
			part = `"` + c.Name() + `": ` + part
		}
		parts = append(parts, part)
	}
	switch e.Kind() {
	case fhir.Object:
		return "{" + strings.Join(parts, ", ") + "}"
	case fhir.Array:
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return e.Raw()
}
