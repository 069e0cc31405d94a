package fhir

import (
	"iter"
	"strings"
)

// Parameters are what goes into an operation: the content of a Parameters resource
// (http://hl7.org/fhir/R4/parameters.html).
type Parameters []Parameter

// Parameter is one of them: a value, a resource, or parts.
type Parameter struct {
	Name  string
	Type  string  // of the value or resource; "" where it has parts
	Value Element // the value or resource
	Parts Parameters
}

// ParametersOf reads a Parameters resource that has been through the write gate.
func ParametersOf(root Element) Parameters { return parametersOf(root, "parameter") }

func parametersOf(e Element, name string) (list Parameters) {
	for item := range e.Each(name) {
		p := Parameter{Name: item.Get("name").Text(), Parts: parametersOf(item, "part")}
		if p.Value = item.Get("resource"); p.Value.Exists() {
			p.Type = p.Value.Get("resourceType").Text()
		}
		for property := item.First(); property.Exists(); property = property.Next() {
			if typ, ok := strings.CutPrefix(strings.TrimPrefix(property.Name(), "_"), "value"); ok && typ != "" {
				p.Type, p.Value = typeOfValue(typ), item.Get("value"+typ)
			}
		}
		list = append(list, p)
	}
	return list
}

// typeOfValue is the data type that value[x] names: names of primitive types begin with a small letter.
func typeOfValue(x string) string {
	small := strings.ToLower(x[:1]) + x[1:]
	switch small {
	case "base64Binary", "boolean", "canonical", "code", "date", "dateTime", "decimal", "id", "instant", "integer", "markdown", "oid", "positiveInt",
		"string", "time", "unsignedInt", "uri", "url", "uuid":
		return small
	}
	return x
}

// Get returns the first parameter of a name; the zero Parameter where there is none.
func (p Parameters) Get(name string) Parameter {
	for one := range p.Each(name) {
		return one
	}
	return Parameter{}
}

// Each yields the parameters of a name.
func (p Parameters) Each(name string) iter.Seq[Parameter] {
	return func(yield func(Parameter) bool) {
		for _, one := range p {
			if one.Name == name && !yield(one) {
				return
			}
		}
	}
}

// Text is the value of the first parameter of a name as text, "" where there is none.
func (p Parameters) Text(name string) string { return p.Get(name).Value.Text() }

// Texts are the values of all parameters of a name as text.
func (p Parameters) Texts(name string) (list []string) {
	for one := range p.Each(name) {
		list = append(list, one.Value.Text())
	}
	return list
}

// ParametersWriter writes the Parameters resource that an operation answers with.
type ParametersWriter struct {
	w    *Writer
	open bool // the list has been begun
	list string
}

// NewParameters returns a writer of a Parameters resource without any.
func NewParameters() *ParametersWriter {
	w := NewWriter(512)
	w.Object().Name("resourceType").String("Parameters")
	return &ParametersWriter{w: w, list: "parameter"}
}

func (p *ParametersWriter) begin(name string) *Writer {
	if !p.open {
		p.w.Name(p.list).Array()
		p.open = true
	}
	return p.w.Object().Name("name").String(name)
}

// Text writes a value of a primitive type that JSON has as a string: "code", "string", "uri", "dateTime".
func (p *ParametersWriter) Text(name, typ, value string) *ParametersWriter {
	p.begin(name).Name("value" + strings.ToUpper(typ[:1]) + typ[1:]).String(value).EndObject()
	return p
}

// Int writes a value of type integer.
func (p *ParametersWriter) Int(name string, value int) *ParametersWriter {
	p.begin(name).Name("valueInteger").Int(value).EndObject()
	return p
}

// Decimal writes a value of type decimal, given as its literal.
func (p *ParametersWriter) Decimal(name, literal string) *ParametersWriter {
	p.begin(name).Name("valueDecimal").Raw(literal).EndObject()
	return p
}

// Bool writes a value of type boolean.
func (p *ParametersWriter) Bool(name string, value bool) *ParametersWriter {
	p.begin(name).Name("valueBoolean").Bool(value).EndObject()
	return p
}

// JSON writes a value of a complex data type, "Meta", given as JSON text.
func (p *ParametersWriter) JSON(name, typ, json string) *ParametersWriter {
	p.begin(name).Name("value" + typ).Raw(json).EndObject()
	return p
}

// WithResource writes a resource.
func (p *ParametersWriter) WithResource(name string, r *Resource) *ParametersWriter {
	p.begin(name).Name("resource").Resource(r).EndObject()
	return p
}

// Part writes a parameter that has parts, which fn writes.
func (p *ParametersWriter) Part(name string, fn func(part *ParametersWriter)) *ParametersWriter {
	part := &ParametersWriter{w: p.begin(name), list: "part"}
	fn(part)
	part.close()
	return p
}

func (p *ParametersWriter) close() {
	if p.open {
		p.w.EndArray()
	}
	p.w.EndObject()
}

// Resource ends the writing and returns the resource.
func (p *ParametersWriter) Resource() *Resource {
	p.close()
	return FromWriter("Parameters", "", p.w)
}
