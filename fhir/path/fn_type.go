package path

// typeOf gives a TypeInfo for each item.
func typeOf(ev *Evaluator, _ *call, mark int) error {
	for i := mark; i < len(ev.stack); i++ {
		v := &ev.stack[i]
		info := Value{kind: TypeInfo, typ: v.typ}
		switch {
		case v.kind != Node:
			info.typ, info.text = nil, "System."+v.kind.systemName()
		case v.typ != nil:
			info.text = "FHIR." + v.typ.Name
		default:
			info.text = "FHIR.Element"
		}
		*v = info
	}
	return nil
}

// systemName is the name of a System type.
func (k Kind) systemName() string {
	switch k {
	case SystemBoolean:
		return "Boolean"
	case SystemString:
		return "String"
	case SystemInteger:
		return "Integer"
	case SystemDecimal:
		return "Decimal"
	case SystemDate:
		return "Date"
	case SystemDateTime:
		return "DateTime"
	case SystemTime:
		return "Time"
	case SystemQuantity:
		return "Quantity"
	}
	return "Any"
}

// typeInfoElement is an element of SimpleTypeInfo or ClassInfo.
func (v *Value) typeInfoElement(name string) (Value, bool) {
	const fhir, system = "FHIR", "System"
	namespace := fhir
	if len(v.text) > len(system) && v.text[:len(system)] == system {
		namespace = system
	}
	switch name {
	case "namespace":
		return String(namespace), true
	case "name":
		return String(v.text[len(namespace)+1:]), true
	case "baseType":
		switch {
		case namespace == system:
			return String("System.Any"), true
		case v.typ != nil && v.typ.Base != nil:
			return String("FHIR." + v.typ.Base.Name), true
		}
	}
	return Value{}, false
}
