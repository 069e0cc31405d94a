package money

import (
	"strings"

	"andiron.dev/fhir"
	"github.com/cockroachdb/apd/v3"
)

// Decimal is an exact decimal number. It keeps its digits: 120.00 is not written as 120. The zero value is 0.
type Decimal struct{ d apd.Decimal }

// Bounds of what is accepted: more digits stand in no invoice, and a large exponent would make a small text a large number.
const (
	maxDigits   = 34
	maxExponent = 34
	precision   = 200 // sums and products of what is within the bounds are exact
)

func exact() *apd.Context {
	return &apd.Context{Precision: precision, MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent, Rounding: apd.RoundHalfUp, Traps: apd.DefaultTraps}
}

// ParseDecimal reads a literal of FHIR's type decimal. Errors: Value.
func ParseDecimal(text string) (Decimal, error) {
	var d Decimal
	if !isLiteral(text) { // apd reads "NaN", "+1" and ".5" too
		return Decimal{}, notDecimal()
	}
	if _, _, err := d.d.SetString(text); err != nil || d.d.Form != apd.Finite {
		return Decimal{}, notDecimal()
	}
	if d.d.NumDigits() > maxDigits || d.d.Exponent > maxExponent || d.d.Exponent < -maxExponent {
		return Decimal{}, fhir.Errorf(fhir.Value, "a decimal has more than %d digits, or too large an exponent", maxDigits)
	}
	return d, nil
}

// isLiteral reports whether text is -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?, the pattern of http://hl7.org/fhir/R4/datatypes.html#decimal.
func isLiteral(text string) bool {
	digits := func(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }
	number := text
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		power := text[i+1:]
		if power != "" && (power[0] == '+' || power[0] == '-') {
			power = power[1:]
		}
		if !digits(power) {
			return false
		}
		number = text[:i]
	}
	whole, part, point := strings.Cut(strings.TrimPrefix(number, "-"), ".")
	return digits(whole) && (whole == "0" || whole[0] != '0') && (!point || digits(part))
}

func notDecimal() error { return fhir.NewOutcome(fhir.Value, "this is not a decimal") }

// Int is a whole number.
func Int(n int64) Decimal { return Decimal{*apd.New(n, 0)} }

// Add is the sum.
func (d Decimal) Add(other Decimal) (sum Decimal) {
	_, _ = exact().Add(&sum.d, &d.d, &other.d)
	return sum
}

// Sub is the difference.
func (d Decimal) Sub(other Decimal) (difference Decimal) {
	_, _ = exact().Sub(&difference.d, &d.d, &other.d)
	return difference
}

// Mul is the product.
func (d Decimal) Mul(other Decimal) (product Decimal) {
	_, _ = exact().Mul(&product.d, &d.d, &other.d)
	return product
}

// Neg is the number with the other sign; that of zero is zero.
func (d Decimal) Neg() (n Decimal) {
	if d.Sign() == 0 {
		return d
	}
	n.d.Neg(&d.d)
	return n
}

// Round rounds to so many places behind the point, halves away from zero, and writes exactly so many.
func (d Decimal) Round(places int) (rounded Decimal) {
	_, _ = exact().Quantize(&rounded.d, &d.d, int32(-places))
	if rounded.Sign() == 0 {
		rounded.d.Negative = false
	}
	return rounded
}

// Sign is -1, 0 or 1.
func (d Decimal) Sign() int { return d.d.Sign() }

// Cmp compares by value: -1, 0 or 1.
func (d Decimal) Cmp(other Decimal) int { return d.d.Cmp(&other.d) }

// String is the literal, without an exponent.
func (d Decimal) String() string { return d.d.Text('f') }
