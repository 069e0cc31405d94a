package automation

import (
	"encoding/json"
	"strconv"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
)

// segment is a part of the path of a dynamic value: "payload[0]", "occurrence.ofType(dateTime)".
type segment struct {
	name  string
	index int    // -1 = none: the only one, or all
	typ   string // of a choice; "" = as the value is
}

// parsePath reads the path of a dynamicValue: the part of FHIRPath by which an element can be named rather than searched for
// (http://hl7.org/fhir/R4/plandefinition-definitions.html#PlanDefinition.action.dynamicValue.path).
func parsePath(text string) ([]segment, error) {
	bad := fhir.NewOutcome(fhir.Invalid, "the path of a dynamicValue is made of names, indexes and ofType()")
	var out []segment
	text = strings.TrimPrefix(strings.TrimPrefix(text, "%resource."), "$this.")
	for i, part := range strings.Split(text, ".") {
		if typ, ok := strings.CutPrefix(part, "ofType("); ok && len(out) > 0 {
			out[len(out)-1].typ = strings.TrimSuffix(typ, ")")
			continue
		}
		s := segment{name: part, index: -1}
		if name, index, ok := strings.Cut(part, "["); ok {
			index = strings.TrimSuffix(index, "]")
			s.name = name
			if index != "x" { // "occurrence[x]" is a way to write the choice
				n, err := strconv.Atoi(index)
				if err != nil || n < 0 || n > 1000 {
					return nil, bad
				}
				s.index = n
			}
		}
		if s.name == "" || strings.Trim(s.name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
			return nil, bad
		}
		if i == 0 && s.name[0] >= 'A' && s.name[0] <= 'Z' { // the name of the type
			continue
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, bad
	}
	return out, nil
}

// put sets what a path names to values, which may be none: then it is taken away.
func (m *Module) put(o object, typ *r4.Type, segments []segment, values []path.Value) error {
	s := segments[0]
	var first path.Value
	if len(values) > 0 {
		first = values[0]
	}
	property, many, target, err := elementOf(typ, s, first)
	if err != nil {
		return err
	}
	if len(segments) == 1 {
		return assign(o, property, many, target, s.index, values)
	}
	if !many {
		inner, _ := o[property].(object)
		if inner == nil {
			inner = object{}
		}
		err := m.put(inner, target, segments[1:], values)
		if o[property] = inner; len(inner) == 0 {
			delete(o, property)
		}
		return err
	}
	items, _ := o[property].([]any)
	at := max(s.index, 0)
	if at > len(items) {
		return fhir.NewOutcome(fhir.Invalid, "a dynamicValue leaves a gap in a list")
	}
	if at == len(items) {
		items = append(items, object{})
	}
	inner, ok := items[at].(object)
	if !ok {
		return fhir.NewOutcome(fhir.Invalid, "a dynamicValue goes into what has no elements")
	}
	o[property] = items
	return m.put(inner, target, segments[1:], values)
}

// elementOf finds the element that a segment names, with the JSON property that it is written as.
func elementOf(typ *r4.Type, s segment, v path.Value) (property string, many bool, target *r4.Type, err error) {
	if typ != nil {
		if p, ok := typ.Property(s.name); ok && !p.Element.Choice {
			return s.name, p.Element.Max != 1, p.Ref.Type, nil
		} else if ok {
			return s.name, false, p.Ref.Type, nil
		}
		if e := typ.Element(s.name); e != nil && e.Choice {
			wanted := s.typ
			if wanted == "" {
				wanted = typeName(v)
			}
			for _, ref := range e.Types {
				if ref.Type.Name == wanted {
					return ref.Name, false, ref.Type, nil
				}
			}
			for _, near := range []string{"dateTime", "string", "Quantity", "Duration"} { // what System values can stand for
				for _, ref := range e.Types {
					if s.typ == "" && ref.Type.Name == near && fits(v, near) {
						return ref.Name, false, ref.Type, nil
					}
				}
			}
			return "", false, nil, fhir.Errorf(fhir.Invalid, "a dynamicValue has no type that '%s' may have", s.name)
		}
	}
	return "", false, nil, fhir.Errorf(fhir.Invalid, "a dynamicValue names '%s', which is not there", s.name)
}

func typeName(v path.Value) string {
	switch v.Kind() {
	case path.Node:
		if v.Type() != nil {
			return v.Type().Name
		}
	case path.SystemBoolean:
		return "boolean"
	case path.SystemString:
		return "string"
	case path.SystemInteger:
		return "integer"
	case path.SystemDecimal:
		return "decimal"
	case path.SystemDate:
		return "date"
	case path.SystemDateTime:
		return "dateTime"
	case path.SystemTime:
		return "time"
	case path.SystemQuantity:
		return "Quantity"
	}
	return ""
}

func fits(v path.Value, typ string) bool {
	switch name := typeName(v); typ {
	case "dateTime":
		return name == "date" || name == "instant"
	case "string":
		return name == "code" || name == "id" || name == "uri" || name == "markdown"
	default:
		return name == "Quantity" || name == "Duration" || name == "SimpleQuantity"
	}
}

func assign(o object, property string, many bool, target *r4.Type, index int, values []path.Value) error {
	var items []any
	for _, v := range values {
		item, err := jsonOf(v, target)
		if err != nil {
			return err
		}
		items = append(items, item)
	}
	switch {
	case len(items) == 0:
		delete(o, property)
	case many && index >= 0:
		old, _ := o[property].([]any)
		if index > len(old) {
			return fhir.NewOutcome(fhir.Invalid, "a dynamicValue leaves a gap in a list")
		}
		o[property] = append(append(append([]any{}, old[:index]...), items[0]), old[min(index+1, len(old)):]...)
	case many:
		o[property] = items
	case len(items) > 1:
		return fhir.Errorf(fhir.Invalid, "a dynamicValue gives several values for '%s', which holds one", property)
	default:
		o[property] = items[0]
	}
	return nil
}

// jsonOf is a value as JSON of the type that its place has.
func jsonOf(v path.Value, target *r4.Type) (any, error) {
	name := ""
	if target != nil {
		name = target.Name
	}
	e := v.Element()
	if e.Kind() == fhir.Object {
		switch {
		case name == "Reference" && e.Get("resourceType").Exists():
			if e.Get("id").Text() == "" {
				return nil, fhir.NewOutcome(fhir.Invalid, "a dynamicValue refers to a resource that has no id")
			}
			return reference(e.Get("resourceType").Text() + "/" + e.Get("id").Text()), nil
		case name == "CodeableConcept" && v.Type() != nil && v.Type().Name == "Coding":
			return object{"coding": list(fhir.Tree(e))}, nil
		}
		return fhir.Tree(e), nil
	}
	text := v.String()
	switch name {
	case "Reference":
		return reference(text), nil
	case "CodeableConcept", "Annotation":
		return object{"text": text}, nil
	case "boolean", "integer", "decimal", "positiveInt", "unsignedInt":
		if !json.Valid([]byte(text)) || text[0] == '"' || text[0] == '{' || text[0] == '[' {
			return nil, fhir.Errorf(fhir.Invalid, "a dynamicValue is no %s", name)
		}
		return json.RawMessage(text), nil
	case "Quantity", "Duration", "Age", "Count", "Distance":
		if n, ok := v.Decimal(); ok {
			q := object{"value": json.RawMessage(n.Text('f'))}
			if unit, calendar := v.Unit(); unit != "" && !calendar && unit != "1" {
				q["unit"], q["system"], q["code"] = unit, "http://unitsofmeasure.org", unit
			} else if unit != "" && calendar {
				q["unit"] = unit
			}
			return q, nil
		}
	}
	if target != nil && target.Kind != r4.Primitive {
		return nil, fhir.Errorf(fhir.Invalid, "a dynamicValue is no %s", name)
	}
	return text, nil
}
