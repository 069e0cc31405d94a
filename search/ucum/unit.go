package ucum

import (
	"cmp"
	"errors"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Bounds of what is worked with. §19 leaves it to an implementation which dimensions it can tell apart.
const (
	maxExponent = 100
	maxBits     = 1024 // of the numerator and of the denominator of a factor
)

var (
	errExponent = errors.New("an exponent is beyond the bounds of this implementation")
	errFactor   = errors.New("the factor of the unit is beyond the bounds of this implementation")
)

// unit is the meaning of a term (§§18-22): a value v of it is v·scale+offset of the product of its base units.
type unit struct {
	scale     *big.Rat
	offset    *big.Rat // of special units that are linear; nil for none
	dimension []power  // in the order of the codes, no exponent 0
	special   bool     // not on a ratio scale: takes factors only
	opaque    bool     // has a special unit in a place where it has no meaning
}

// power is a base unit with its exponent. Units that convert to no other count as base units.
type power struct {
	base     string
	exponent int
}

func number(r *big.Rat) unit { return unit{scale: r} }

func unity() unit { return number(big.NewRat(1, 1)) }

// base is a unit on which others are built, or that converts to no other.
func base(code string) unit {
	return unit{scale: big.NewRat(1, 1), dimension: []power{{code, 1}}}
}

func (u unit) zero() *big.Rat {
	if u.offset == nil {
		return new(big.Rat)
	}
	return u.offset
}

// pureNumber reports whether a special unit may be multiplied with u.
func (u unit) pureNumber() bool { return len(u.dimension) == 0 && !u.special && !u.opaque }

// times is the product with v to the power of sign, which is 1 or -1.
func (u unit) times(v unit, sign int) (unit, error) {
	w := unit{scale: new(big.Rat), opaque: u.opaque || v.opaque}
	switch {
	case u.special && v.pureNumber():
		w.special, w.offset = true, u.offset
	case v.special && u.pureNumber() && sign > 0:
		w.special, w.offset = true, v.offset
	case u.special || v.special:
		w.opaque = true
	}
	if sign > 0 {
		w.scale.Mul(u.scale, v.scale)
	} else {
		w.scale.Quo(u.scale, v.scale)
	}
	if w.scale.Num().BitLen() > maxBits || w.scale.Denom().BitLen() > maxBits {
		return w, errFactor
	}
	w.dimension = slices.Clone(u.dimension)
	for _, p := range v.dimension {
		i, found := slices.BinarySearchFunc(w.dimension, p.base, func(p power, base string) int { return cmp.Compare(p.base, base) })
		if !found {
			w.dimension = slices.Insert(w.dimension, i, power{base: p.base})
		}
		e := &w.dimension[i].exponent
		*e += sign * p.exponent
		if *e < -maxExponent || *e > maxExponent {
			return w, errExponent
		}
		if *e == 0 {
			w.dimension = slices.Delete(w.dimension, i, i+1)
		}
	}
	return w, nil
}

// pow raises a unit to a power of at most maxExponent.
func (u unit) pow(n int) (unit, error) {
	if n == 1 {
		return u, nil
	}
	w := unit{scale: new(big.Rat), opaque: u.opaque || u.special}
	for _, p := range u.dimension {
		p.exponent *= n
		if p.exponent < -maxExponent || p.exponent > maxExponent {
			return w, errExponent
		}
		if n != 0 {
			w.dimension = append(w.dimension, p)
		}
	}
	num, den := u.scale.Num(), u.scale.Denom()
	if n < 0 {
		num, den, n = den, num, -n
	}
	if (num.BitLen()-1)*n > maxBits || (den.BitLen()-1)*n > maxBits {
		return w, errFactor
	}
	e := big.NewInt(int64(n))
	w.scale.SetFrac(new(big.Int).Exp(num, e, nil), new(big.Int).Exp(den, e, nil))
	return w, nil
}

// term writes the product of the base units.
func (u unit) term() string {
	if len(u.dimension) == 0 {
		return "1"
	}
	var b strings.Builder
	for i, p := range u.dimension {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(p.base)
		if p.exponent != 1 {
			b.WriteString(strconv.Itoa(p.exponent))
		}
	}
	return b.String()
}
