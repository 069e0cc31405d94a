// Package ucum is the Unified Code for Units of Measure (https://ucum.org/ucum): which codes are valid, and the exact
// conversion of values between units that measure the same.
//
// Section numbers in comments are those of the specification. The definitions are those of version 2.2.
package ucum

import (
	"math/big"
	"slices"

	"github.com/cockroachdb/apd/v3"
)

// Units are the units of UCUM, made once by [Decode]. They are safe for concurrent use. A nil *Units knows no unit.
//
// Conversions are exact wherever the result has an end. A result without one (5 ft of the US survey in metres) is
// rounded to 34 digits, from the exact fraction: equal quantities have equal canonical values, whatever their units.
// [pi] and the constants of nature are the decimals that the definitions give.
//
// Arbitrary units ([iU], [arb'U]; §24) are dimensions of their own, and so are the special units (§21) on scales that
// are logarithmic or otherwise no line ([pH], B, Np, bit_s, %[slope], [hp'_X]): 10 dB are 1 B, but neither is a number.
// A canonical pH in mol/l would besides turn round what is more and what less. Special units that are linear (Cel,
// [degF], [degRe]) convert to K. A special unit may be scaled by a prefix or number; a product with other units, a power
// or an inverse of it is valid and converts to nothing (§22).
//
// Bounds: codes of 256 characters, 32 parentheses deep; exponents from -100 to 100; factors of 1,024 bits; values of
// 1,000 digits and exponents up to 1,000.
type Units struct {
	prefixes map[string]*big.Rat
	atoms    map[string]atom
	parsed   cache
}

// atom is a unit that has a symbol.
type atom struct {
	unit
	metric bool // takes prefixes
}

// Valid reports what is wrong with a code of the case-sensitive form; nil if nothing. The error names a character's
// place and nothing of the code. The empty string is no code: that of the unity is 1.
func (u *Units) Valid(code string) error {
	if u == nil {
		return errUnknown
	}
	return u.entry(code).err
}

// Canonical expresses a value that is given in unit code in base units: m, s, g, rad, K, C and cd, with powers in the
// byte order of their codes ("g", "m.s-2"; "1" without any), so that units that measure the same have the same
// canonical unit. ok is false for an unknown unit and for one that has no conversion. The value has as many digits as
// the factor demands; print it with Text('f').
func (u *Units) Canonical(value *apd.Decimal, code string) (canonical *apd.Decimal, unit string, ok bool) {
	if u == nil || !inBounds(value) {
		return nil, "", false
	}
	e := u.entry(code)
	if e.err != nil || e.opaque {
		return nil, "", false
	}
	canonical, ok = e.toCanonical.apply(value)
	return canonical, e.canonical, ok
}

// Convert expresses in unit to a value that is given in unit from. It reports false when a unit is unknown or the two do
// not measure the same.
func (u *Units) Convert(value *apd.Decimal, from, to string) (*apd.Decimal, bool) {
	if u == nil || !inBounds(value) {
		return nil, false
	}
	f, t := u.entry(from), u.entry(to)
	if f.err != nil || t.err != nil || f.opaque || t.opaque || !slices.Equal(f.dimension, t.dimension) {
		return nil, false
	}
	scale := new(big.Rat).Quo(f.scale, t.scale)
	offset := new(big.Rat).Sub(f.zero(), t.zero())
	return newLinear(scale, offset.Quo(offset, t.scale)).apply(value)
}
