package path

import "strings"

// variable is %name (http://hl7.org/fhirpath/N1/#environment-variables).
type variable struct {
	name string
	pos  int
}

// standardVariable is a variable whose value never changes (http://hl7.org/fhir/R4/fhirpath.html#vars).
func standardVariable(name string) (Value, bool) {
	switch name {
	case "ucum":
		return String(ucum), true
	case "sct":
		return String("http://snomed.info/sct"), true
	case "loinc":
		return String("http://loinc.org"), true
	}
	if id, ok := strings.CutPrefix(name, "vs-"); ok && id != "" {
		return String("http://hl7.org/fhir/ValueSet/" + id), true
	}
	if id, ok := strings.CutPrefix(name, "ext-"); ok && id != "" {
		return String("http://hl7.org/fhir/StructureDefinition/" + id), true
	}
	return Value{}, false
}

func (x *variable) eval(ev *Evaluator) error {
	if values, ok := ev.env.Variables[x.name]; ok {
		return constant{values}.eval(ev)
	}
	var v Value
	switch x.name {
	case "context":
		v = ev.context
	case "resource":
		v = ev.context.Within()
	case "rootResource":
		v = ev.context.container()
	default:
		return faultAt(x.pos, "there is no variable %%%s", x.name)
	}
	if v.kind == None {
		return nil
	}
	return ev.push(v)
}

// container is what %rootResource means to v: the resource that contains the one v stands in, or the latter itself
// (http://hl7.org/fhir/R4/fhirpath.html#variables). A Bundle contains nothing in this sense.
func (v Value) container() Value {
	if v.scope == nil {
		return Value{}
	}
	if p := v.scope.parent; p != nil && p.typ != nil && p.typ.Is("DomainResource") {
		return p.value()
	}
	return v.scope.value()
}
