package path

import (
	"strings"

	"andiron.dev/fhir/r4"
)

// typeSpecifier is a resolved type name (http://hl7.org/fhirpath/N1/#models). Quantity without a namespace is both.
type typeSpecifier struct {
	typ  *r4.Type // FHIR
	kind Kind     // System
	any  bool     // System.Any
}

// resolveType finds the type that a qualified name means: R4's own first, then System's.
func (c *compiler) resolveType(names []string, pos int) (t typeSpecifier, err error) {
	namespace := ""
	if len(names) > 1 && (names[0] == "System" || names[0] == "FHIR") {
		namespace, names = names[0], names[1:]
	}
	name := strings.Join(names, ".")
	if namespace != "System" {
		t.typ = typeByName(c.spec, name)
	}
	if namespace != "FHIR" {
		t.kind, t.any = systemType(name, namespace == "System")
	}
	if t.typ == nil && t.kind == None && !t.any && namespace != "System" {
		return t, faultAt(pos, "there is no type %s", name)
	}
	return t, nil
}

// systemType is the Kind of a System type. R4 writes System.string, so with the namespace the case of the first
// letter does not matter.
func systemType(name string, qualified bool) (kind Kind, any bool) {
	if qualified && name != "" {
		name = strings.ToUpper(name[:1]) + name[1:]
	}
	switch name {
	case "Any":
		return None, true
	case "Boolean":
		return SystemBoolean, false
	case "String":
		return SystemString, false
	case "Integer":
		return SystemInteger, false
	case "Decimal":
		return SystemDecimal, false
	case "Date":
		return SystemDate, false
	case "DateTime":
		return SystemDateTime, false
	case "Time":
		return SystemTime, false
	case "Quantity":
		return SystemQuantity, false
	}
	return None, false
}

// is reports whether v is of the type or a specialization of it.
func (t *typeSpecifier) is(v *Value) bool {
	if v.kind != Node {
		return t.any || t.kind == v.kind && t.kind != None
	}
	return t.typ != nil && v.typ != nil && (v.typ == t.typ || v.typ.Is(t.typ.Name))
}

// selects is is() as ofType() and as mean it: "all primitives are considered to be independent types", and a FHIR
// primitive can be had as the System type that it converts to (http://hl7.org/fhir/R4/fhirpath.html#functions). R4's
// own code-value-date relies on the latter with value.as(DateTime).
func (t *typeSpecifier) selects(v *Value) bool {
	if v.kind != Node || v.typ == nil {
		return t.is(v)
	}
	if t.typ != nil && v.typ.Kind == r4.Primitive {
		return v.typ == t.typ
	}
	if t.typ == nil && t.kind != None {
		kind := systemKind(v.typ.Name)
		return kind == t.kind || kind == SystemDate && t.kind == SystemDateTime
	}
	return t.is(v)
}

// static is what a filter by the type leaves of s.
func (t *typeSpecifier) static(s static) static {
	left := static{unordered: s.unordered, kinds: s.kinds & setOf(t.kind)}
	switch {
	case t.any || t.typ == nil && t.kind == None:
		return s
	case t.typ != nil && s.mayBe(t.typ):
		left.types = []*r4.Type{t.typ}
		left.open = t.typ.Kind == r4.Resource && t.typ.Abstract
	case t.typ == nil && s.mayBeKind(t.kind):
		left.open = true
	}
	return left
}
