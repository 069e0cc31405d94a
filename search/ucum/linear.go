package ucum

import (
	"math/big"

	"github.com/cockroachdb/apd/v3"
)

const (
	divisionDigits   = 34 // of a result that has no end
	maxDigits        = 1000
	maxValueExponent = 1000
)

// inBounds keeps values where their digits can be worked with.
func inBounds(v *apd.Decimal) bool {
	return v != nil && v.Form == apd.Finite &&
		-maxValueExponent <= v.Exponent && v.Exponent <= maxValueExponent && v.NumDigits() <= maxDigits
}

// linear is the function (v·mul+add)/div. div has no factor 2 or 5, so that a quotient is whole or has no end. The
// decimals are not written to once they are made.
type linear struct {
	mul, add, div *apd.Decimal // nil for 1, 0 and 1
}

// newLinear makes the function v·scale+offset.
func newLinear(scale, offset *big.Rat) linear {
	// The least common denominator is 2^twos·5^fives·div.
	common := new(big.Int).GCD(nil, nil, scale.Denom(), offset.Denom())
	div := new(big.Int).Mul(new(big.Int).Quo(scale.Denom(), common), offset.Denom())
	mul := new(big.Int).Quo(div, scale.Denom())
	mul.Mul(mul, scale.Num())
	add := new(big.Int).Quo(div, offset.Denom())
	add.Mul(add, offset.Num())
	twos, fives := divideOut(div, 2), divideOut(div, 5)
	places := max(twos, fives)
	missing := raise(2, places-twos)
	missing.Mul(missing, raise(5, places-fives))
	l := linear{
		mul: decimal(mul.Mul(mul, missing), -places),
		add: decimal(add.Mul(add, missing), -places),
		div: decimal(div, 0),
	}
	one := apd.New(1, 0)
	if l.mul.Cmp(one) == 0 {
		l.mul = nil
	}
	if l.add.IsZero() {
		l.add = nil
	}
	if l.div.Cmp(one) == 0 {
		l.div = nil
	}
	return l
}

// divideOut divides n by a prime as often as it can, and counts.
func divideOut(n *big.Int, prime int64) int {
	p, q, r := big.NewInt(prime), new(big.Int), new(big.Int)
	for times := 0; ; times++ {
		if q.QuoRem(n, p, r); r.Sign() != 0 {
			return times
		}
		n.Set(q)
	}
}

func raise(base int64, n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(base), big.NewInt(int64(n)), nil)
}

// decimal is n·10^exponent without zeros at its end.
func decimal(n *big.Int, exponent int) *apd.Decimal {
	d := apd.NewWithBigInt(new(apd.BigInt).SetMathBigInt(n), int32(exponent))
	d.Reduce(d)
	return d
}

// apply gives the value of the function in a new decimal.
func (l linear) apply(v *apd.Decimal) (*apd.Decimal, bool) {
	d := new(apd.Decimal)
	if v.IsZero() && l.add == nil {
		return d, true // and not 0E+3, which Text('f') writes as 0000
	}
	d.Set(v)
	c := apd.BaseContext // rounds nothing
	if l.mul != nil {
		if _, err := c.Mul(d, d, l.mul); err != nil {
			return nil, false
		}
	}
	if l.add != nil {
		if _, err := c.Add(d, d, l.add); err != nil {
			return nil, false
		}
	}
	if l.div == nil {
		return d, true
	}
	var quotient, rest apd.BigInt
	if quotient.QuoRem(&d.Coeff, &l.div.Coeff, &rest); rest.Sign() == 0 {
		d.Coeff.Set(&quotient)
		return d, true
	}
	c.Precision = divisionDigits
	_, err := c.Quo(d, d, l.div)
	return d, err == nil
}
