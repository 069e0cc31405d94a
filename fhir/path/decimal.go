package path

import (
	"math"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Bounds of decimals. N1 asks for 28 digits before and 8 after the point
// (http://hl7.org/fhirpath/N1/#decimal); beyond maxDigits a result has overflowed and is empty.
const (
	maxDigits      = 100
	divisionDigits = 28
)

// exact is the context of +, - and *, whose results have a finite number of digits.
func exact() *apd.Context {
	return apd.BaseContext.WithPrecision(maxDigits)
}

// rounded is the context of division and of the functions whose results have no end.
func rounded() *apd.Context {
	return apd.BaseContext.WithPrecision(divisionDigits)
}

// number reads a literal of the grammar. A whole number that is too large for an Integer is a Decimal.
func number(text string) (Value, bool) {
	if strings.IndexByte(text, '.') < 0 {
		if i, err := strconv.ParseInt(text, 10, 32); err == nil {
			return Integer(int32(i)), true
		}
	}
	text, ok := decimalText(text)
	return Value{kind: SystemDecimal, text: text}, ok
}

// decimalText checks a number and gives it the form in which decimals are kept: digits, a point only when digits
// follow, no exponent, no superfluous zero in front. Zeros at the end stay: they are precision.
func decimalText(text string) (string, bool) {
	if plainDecimal(text) {
		return text, true
	}
	d, ok := parseDecimal(text)
	if !ok {
		return "", false
	}
	return formatDecimal(d)
}

// plainDecimal reports whether a number needs no rewriting.
func plainDecimal(text string) bool {
	if len(text) > maxDigits {
		return false
	}
	digits := strings.TrimPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if whole == "" || whole[0] == '0' && len(whole) > 1 || point && fraction == "" {
		return false
	}
	for i := range len(digits) {
		if !digit(digits[i]) && digits[i] != '.' {
			return false
		}
	}
	return !strings.Contains(fraction, ".")
}

// parseDecimal reads a number as JSON or the grammar writes it.
func parseDecimal(text string) (*apd.Decimal, bool) {
	if len(text) > 2*maxDigits {
		return nil, false
	}
	d, _, err := apd.NewFromString(text)
	if err != nil || d.Form != apd.Finite || !inRange(d) {
		return nil, false
	}
	return d, true
}

// inRange keeps exponents where the digits can be written out.
func inRange(d *apd.Decimal) bool {
	return d.Exponent >= -maxDigits && int64(d.Exponent)+d.NumDigits() <= maxDigits
}

func formatDecimal(d *apd.Decimal) (string, bool) {
	if d.Form != apd.Finite || !inRange(d) {
		return "", false
	}
	if d.IsZero() && d.Negative {
		d = new(apd.Decimal).Abs(d)
	}
	return d.Text('f'), true
}

// decimal makes a System.Decimal; ok is false when d has overflowed.
func decimal(d *apd.Decimal) (Value, bool) {
	text, ok := formatDecimal(d)
	return Value{kind: SystemDecimal, text: text}, ok
}

// integer makes a System.Integer of a whole number; ok is false when it does not fit.
func integer(d *apd.Decimal) (Value, bool) {
	i, err := d.Int64()
	if err != nil || i < math.MinInt32 || i > math.MaxInt32 {
		return Value{}, false
	}
	return Integer(int32(i)), true
}

// quotient divides, and drops the zeros that only fill up the precision.
func quotient(a, b *apd.Decimal) (*apd.Decimal, bool) {
	d := new(apd.Decimal)
	if _, err := rounded().Quo(d, a, b); err != nil || d.Form != apd.Finite {
		return nil, false
	}
	d.Reduce(d)
	return d, true
}

// The directions of quantize.
const (
	down   = -1 // to the next lower number
	toZero = 0
	up     = 1
)

// quantize gives a number so many digits after the point. apd's own rounding modes miss numbers that are smaller than
// a unit of the last digit: it makes 0.001 rounded up to one digit 0.0.
func quantize(d *apd.Decimal, places, direction int) (*apd.Decimal, bool) {
	c := exact()
	c.Rounding = apd.RoundDown
	r := new(apd.Decimal)
	if _, err := c.Quantize(r, d, -int32(places)); err != nil {
		return nil, false
	}
	unit := apd.New(int64(direction), -int32(places))
	if r.Cmp(d) != -direction || direction == toZero {
		return r, true
	}
	_, err := c.Add(r, r, unit)
	return r, err == nil
}
