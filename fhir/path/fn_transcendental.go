package path

import (
	"github.com/cockroachdb/apd/v3"
)

// transcendental makes a Decimal of a result without end; its arguments are bounded so that it is quick.
func transcendental(compute func(c *apd.Context, r *apd.Decimal) error) (Value, bool) {
	r := new(apd.Decimal)
	if err := compute(apd.BaseContext.WithPrecision(divisionDigits+12), r); err != nil || r.Form != apd.Finite {
		return Value{}, false
	}
	if _, err := rounded().Round(r, r); err != nil {
		return Value{}, false
	}
	r.Reduce(r)
	return decimal(r)
}

func exponential(v Value, _ *apd.Decimal) (Value, bool) {
	d, ok := v.Decimal()
	if !ok || v.kind == SystemQuantity || d.Cmp(apd.New(maxDigits*3, 0)) > 0 || d.Cmp(apd.New(-maxDigits*3, 0)) < 0 {
		return v, false
	}
	return transcendental(func(c *apd.Context, r *apd.Decimal) error {
		_, err := c.Exp(r, d)
		return err
	})
}

// logarithm is the one to the given base, or the natural one.
func logarithm(v Value, base *apd.Decimal) (Value, bool) {
	d, ok := v.Decimal()
	if !ok || v.kind == SystemQuantity || d.Sign() <= 0 || base != nil && base.Sign() <= 0 {
		return v, false
	}
	return transcendental(func(c *apd.Context, r *apd.Decimal) error {
		if _, err := c.Ln(r, d); err != nil || base == nil {
			return err
		}
		b := new(apd.Decimal)
		if _, err := c.Ln(b, base); err != nil {
			return err
		}
		_, err := c.Quo(r, r, b)
		return err
	})
}

func squareRoot(v Value, _ *apd.Decimal) (Value, bool) {
	d, ok := v.Decimal()
	if !ok || v.kind == SystemQuantity || d.Sign() < 0 {
		return v, false
	}
	return transcendental(func(c *apd.Context, r *apd.Decimal) error {
		_, err := c.Sqrt(r, d)
		return err
	})
}

func power(v Value, exponent *apd.Decimal) (Value, bool) {
	d, ok := v.Decimal()
	limit := apd.New(10_000, 0)
	if !ok || v.kind == SystemQuantity || new(apd.Decimal).Abs(exponent).Cmp(limit) > 0 {
		return v, false
	}
	result, ok := transcendental(func(c *apd.Context, r *apd.Decimal) error {
		_, err := c.Pow(r, d, exponent)
		return err
	})
	if ok && v.kind == SystemInteger && exponent.Exponent >= 0 && exponent.Sign() >= 0 {
		if i, fits := toInteger(&Value{kind: SystemString, text: result.text}); fits {
			return i, true
		}
	}
	return result, ok
}
