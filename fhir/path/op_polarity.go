package path

import (
	"github.com/cockroachdb/apd/v3"
)

// polarity is a sign.
type polarity struct {
	x        op
	negative bool
	pos      int
}

func (x *polarity) eval(ev *Evaluator) error {
	v, ok, err := ev.single(x.x, x.pos)
	if err != nil || !ok {
		return err
	}
	v = v.system()
	if v.valueless() || v.unconvertible() {
		return nil
	}
	if !v.numeric() && v.kind != SystemQuantity {
		return faultAt(x.pos, "only numbers and quantities have a sign")
	}
	if x.negative {
		if v, ok = v.mapNumber(func(d *apd.Decimal) (*apd.Decimal, bool) { return new(apd.Decimal).Neg(d), true }); !ok {
			return nil
		}
	}
	return ev.push(v)
}

// mapNumber applies f to the number in v and keeps its type, and the unit of a quantity. An Integer stays one if the
// result fits.
func (v Value) mapNumber(f func(*apd.Decimal) (*apd.Decimal, bool)) (Value, bool) {
	d, ok := v.Decimal()
	if !ok {
		return v, false
	}
	if d, ok = f(d); !ok {
		return v, false
	}
	switch v.kind {
	case SystemInteger:
		return integer(d)
	case SystemQuantity:
		_, unit := v.parts()
		n, ok := formatDecimal(d)
		if !ok {
			return v, false
		}
		return quantity(n, unit, v.flag)
	}
	return decimal(d)
}
