package path

import (
	"github.com/cockroachdb/apd/v3"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// Kind says what a Value is: a node of a resource, or a value of FHIRPath's System model
// (http://hl7.org/fhirpath/N1/#literals).
type Kind uint8

// The kinds. None is the kind of the zero Value.
const (
	None Kind = iota
	Node
	SystemBoolean
	SystemString
	SystemInteger
	SystemDecimal
	SystemDate
	SystemDateTime
	SystemTime
	SystemQuantity
	TypeInfo // what type() gives
)

// Value is an item of a collection: small, immutable, copied freely.
//
// Numbers and dates are kept as text, which preserves their precision and costs nothing to make from a node; operators
// read it when they need it.
type Value struct {
	kind  Kind
	flag  bool  // of a SystemBoolean: its value; of a SystemQuantity: the unit is a calendar word
	num   int32 // of a SystemInteger
	text  string
	typ   *r4.Type // of a Node; nil where R4 does not know it. Of a TypeInfo: the type described
	node  fhir.Element
	scope *scope // of a Node: the resource it stands in
}

// scope is a resource and what it stands in: what resolve(), %resource and %rootResource need to know of a node.
type scope struct {
	spec     *r4.Spec
	resource fhir.Element
	typ      *r4.Type
	parent   *scope
}

// Root makes the Value of a resource, or of any element that stands for itself. typ names its type; "" takes the
// resourceType. The Value costs one allocation, so one should serve all expressions of the resource.
func Root(spec *r4.Spec, e fhir.Element, typ string) Value {
	if typ == "" {
		typ = e.Get("resourceType").Text()
	}
	s := &scope{spec: spec, resource: e, typ: typeByName(spec, typ)}
	return Value{kind: Node, typ: s.typ, node: e, scope: s}
}

func typeByName(spec *r4.Spec, name string) *r4.Type {
	if spec == nil {
		return nil
	}
	return spec.Type(name)
}

// Bool makes a System.Boolean.
func Bool(b bool) Value { return Value{kind: SystemBoolean, flag: b} }

// String makes a System.String.
func String(s string) Value { return Value{kind: SystemString, text: s} }

// Integer makes a System.Integer.
func Integer(i int32) Value { return Value{kind: SystemInteger, num: i} }

// Kind says what v is.
func (v Value) Kind() Kind { return v.kind }

// Element is the element of a Node; absent for a System value.
func (v Value) Element() fhir.Element { return v.node }

// Type is the R4 type of a Node; nil for a System value and where R4 does not know the type.
func (v Value) Type() *r4.Type {
	if v.kind != Node {
		return nil
	}
	return v.typ
}

// TypeName is the name of the FHIR type that v has or, of a System value, that it would have in a resource; "" where there is none.
func (v Value) TypeName() string {
	switch v.kind {
	case Node:
		if v.typ != nil {
			return v.typ.Name
		}
	case SystemBoolean:
		return "boolean"
	case SystemString:
		return "string"
	case SystemInteger:
		return "integer"
	case SystemDecimal:
		return "decimal"
	case SystemDate:
		return "date"
	case SystemDateTime:
		return "dateTime"
	case SystemTime:
		return "time"
	case SystemQuantity:
		return "Quantity"
	}
	return ""
}

// Within returns v itself when it is a resource, and the resource it stands in otherwise: what %resource means to it.
// It is the zero Value for a System value.
func (v Value) Within() Value {
	if v.scope == nil {
		return Value{}
	}
	return v.scope.value()
}

func (s *scope) value() Value {
	return Value{kind: Node, typ: s.typ, node: s.resource, scope: s}
}

// Bool is the value of a System.Boolean or of a FHIR boolean; ok is false for anything else.
func (v Value) Bool() (b, ok bool) {
	v = v.system()
	return v.flag, v.kind == SystemBoolean
}

// Integer is the value of a System.Integer or of a FHIR integer; ok is false for anything else.
func (v Value) Integer() (i int32, ok bool) {
	v = v.system()
	return v.num, v.kind == SystemInteger
}

// Decimal is the value of an Integer, a Decimal or a Quantity; ok is false for anything else.
func (v Value) Decimal() (d *apd.Decimal, ok bool) {
	v = v.system()
	switch v.kind {
	case SystemInteger:
		return apd.New(int64(v.num), 0), true
	case SystemDecimal:
		return parseDecimal(v.text)
	case SystemQuantity:
		n, _ := v.parts()
		return parseDecimal(n)
	}
	return nil, false
}

// Unit is the unit of a Quantity; calendar says that it is a word such as "days" and no UCUM code.
func (v Value) Unit() (unit string, calendar bool) {
	v = v.system()
	if v.kind != SystemQuantity {
		return "", false
	}
	_, unit = v.parts()
	return unit, v.flag
}

// is reports whether v is a node of exactly the named type.
func (v *Value) is(name string) bool {
	return v.kind == Node && v.typ != nil && v.typ.Name == name
}
