package path

import (
	"strings"
)

// conversionFunction finds toX() and convertsToX() (http://hl7.org/fhirpath/N1/#conversion).
func conversionFunction(name string) (function, bool) {
	target, converts := strings.CutPrefix(name, "convertsTo")
	if !converts {
		var ok bool
		if target, ok = strings.CutPrefix(name, "to"); !ok {
			return function{}, false
		}
	}
	var convert func(v *Value) (Value, bool)
	switch target {
	case "Boolean":
		convert = toBoolean
	case "Integer":
		convert = toInteger
	case "Decimal":
		convert = toDecimal
	case "String":
		convert = toString
	case "Date", "DateTime", "Time":
		kind, _ := systemType(target, true)
		convert = func(v *Value) (Value, bool) { return toTemporal(v, kind) }
	case "Quantity":
		if converts {
			return function{max: 1, result: resultBoolean, truth: convertsToQuantity}, true
		}
		return function{max: 1, eval: toQuantityUnit}, true
	default:
		return function{}, false
	}
	if converts {
		return function{result: resultBoolean, truth: func(ev *Evaluator, c *call, mark int) (truth, error) {
			v, ok, err := c.single(ev, mark)
			if err != nil || !ok {
				return isEmpty, err
			}
			_, ok = convert(&v)
			return truthOf(ok), nil
		}}, true
	}
	return function{eval: func(ev *Evaluator, c *call, mark int) error {
		v, ok, err := c.single(ev, mark)
		if err != nil || !ok {
			return err
		}
		ev.stack = ev.stack[:mark]
		if v, ok = convert(&v); !ok {
			return nil
		}
		return ev.push(v)
	}}, true
}
