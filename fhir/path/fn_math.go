package path

import (
	"github.com/cockroachdb/apd/v3"
)

// mathFunction finds the functions of http://hl7.org/fhirpath/N1/#math-1. What has no result, or overflows, is empty.
func mathFunction(name string) (function, bool) {
	f := function{}
	switch name {
	case "abs":
		f.eval = onNumber(func(v Value, _ *apd.Decimal) (Value, bool) {
			return v.mapNumber(func(d *apd.Decimal) (*apd.Decimal, bool) { return new(apd.Decimal).Abs(d), true })
		})
	case "ceiling":
		f.eval = onNumber(whole(up))
	case "floor":
		f.eval = onNumber(whole(down))
	case "truncate":
		f.eval = onNumber(whole(toZero))
	case "exp":
		f.eval = onNumber(exponential)
	case "ln":
		f.eval = onNumber(func(v Value, _ *apd.Decimal) (Value, bool) { return logarithm(v, nil) })
	case "sqrt":
		f.eval = onNumber(squareRoot)
	case "log":
		f.min, f.max, f.eval = 1, 1, onNumber(logarithm)
	case "power":
		f.min, f.max, f.eval = 1, 1, onNumber(power)
	case "round":
		f.max, f.eval = 1, onNumber(round)
	default:
		return f, false
	}
	return f, true
}

// onNumber makes a function of a number or quantity, with a number as its argument where it has one; an argument left
// out is nil, an empty one makes the result empty.
func onNumber(f func(v Value, arg *apd.Decimal) (Value, bool)) func(*Evaluator, *call, int) error {
	return func(ev *Evaluator, c *call, mark int) error {
		v, ok, err := c.single(ev, mark)
		if err != nil || !ok {
			return err
		}
		if !v.numeric() && v.kind != SystemQuantity {
			return faultAt(c.pos, "%s() needs a number", c.name)
		}
		var arg *apd.Decimal
		if len(c.args) > 0 {
			a, present, err := ev.single(c.args[0], c.pos)
			if err != nil {
				return err
			}
			if a = a.system(); present && !a.numeric() {
				return faultAt(c.pos, "%s() needs a number as its argument", c.name)
			}
			if arg, ok = a.Decimal(); !ok {
				ev.stack = ev.stack[:mark]
				return nil
			}
		}
		ev.stack = ev.stack[:mark]
		// Numbers can have a hundred digits, and power() takes a tenth of a millisecond then.
		if err := ev.step(500); err != nil {
			return err
		}
		if v, ok = f(v, arg); !ok {
			return nil
		}
		return ev.push(v)
	}
}

// whole makes a function that rounds to an Integer, and the number of a quantity to a whole one.
func whole(direction int) func(Value, *apd.Decimal) (Value, bool) {
	return func(v Value, _ *apd.Decimal) (Value, bool) {
		v, ok := v.mapNumber(func(d *apd.Decimal) (*apd.Decimal, bool) { return quantize(d, 0, direction) })
		if !ok || v.kind != SystemDecimal {
			return v, ok
		}
		d, ok := v.Decimal()
		if !ok {
			return v, false
		}
		return integer(d)
	}
}

// round rounds to so many digits after the point, none if there is no argument.
func round(v Value, arg *apd.Decimal) (Value, bool) {
	places := int64(0)
	if arg != nil {
		var err error
		if places, err = arg.Int64(); err != nil || places < 0 {
			return v, false
		}
	}
	if v.kind == SystemInteger {
		return v, true
	}
	return v.mapNumber(func(d *apd.Decimal) (*apd.Decimal, bool) {
		if places >= int64(-d.Exponent) {
			return d, true
		}
		return roundTo(d, int(places))
	})
}
