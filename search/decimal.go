package search

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// What decimals are kept exactly: those of a client must be such, those of a resource that are not become an interval
// that encloses them.
const (
	maxDigits   = 100
	maxExponent = 1000
)

// decimal is a literal taken apart: ±0.digits × 10^exponent, without zeros at either end of the digits; zero has none.
type decimal struct {
	negative bool
	digits   string
	exponent int
}

// readDecimal takes a literal apart. The grammar is that of a FHIR decimal (http://hl7.org/fhir/R4/datatypes.html#decimal),
// which is that of JSON. Exponents of any size are read; where they leave the int they end up at its rim.
func readDecimal(text string) (d decimal, ok bool) {
	rest, negative := strings.CutPrefix(text, "-")
	mantissa, exponent := rest, 0
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		if exponent, ok = readExponent(rest[i+1:]); !ok {
			return d, false
		}
		mantissa = rest[:i]
	}
	whole, fraction, point := strings.Cut(mantissa, ".")
	if !areDigits(whole) || len(whole) > 1 && whole[0] == '0' || point && !areDigits(fraction) {
		return d, false
	}
	digits := strings.TrimRight(whole+fraction, "0")
	d = decimal{negative: negative, digits: strings.TrimLeft(digits, "0")}
	if d.digits == "" {
		return decimal{}, true
	}
	d.exponent = exponent + len(whole) - (len(digits) - len(d.digits))
	return d, true
}

func readExponent(text string) (exponent int, ok bool) {
	if text != "" && (text[0] == '+' || text[0] == '-') && !areDigits(text[1:]) || text != "" && text[0] >= '0' && !areDigits(text) {
		return 0, false
	}
	const rim = 1 << 30 // leaves room to add the length of any text
	exponent, err := strconv.Atoi(text)
	switch {
	case err == nil:
		return min(max(exponent, -rim), rim), true
	case text == "" || text[len(text)-1] < '0' || text[len(text)-1] > '9':
		return 0, false
	case text[0] == '-':
		return -rim, true
	}
	return rim, true
}

func areDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// exact reports whether the decimal is kept as it is.
func (d decimal) exact() bool {
	return len(d.digits) <= maxDigits && d.exponent > -maxExponent && d.exponent <= maxExponent+1
}

// number gives an exact decimal as one to calculate with.
func (d decimal) number() *apd.Decimal {
	n := new(apd.Decimal)
	if d.digits != "" {
		n.Coeff.SetString(d.digits, 10)
		n.Exponent = int32(d.exponent - len(d.digits)) //nolint:gosec // bounded by maxExponent and maxDigits
	}
	n.Negative = d.negative
	return n
}

// enclosing gives decimals that are kept, of which one does not lie above d and one not below it, and nothing that a client
// may send lies between. nil is an end of the line.
func (d decimal) enclosing() (low, high *apd.Decimal) {
	switch {
	case d.exact():
		low = d.number()
		return low, low
	case d.exponent > maxExponent+1:
		low = decimal{digits: "1", exponent: maxExponent + 2}.number()
	case d.exponent <= -maxExponent:
		low, high = new(apd.Decimal), decimal{digits: "1", exponent: 1 - maxExponent}.number()
	default:
		low = decimal{digits: d.digits[:maxDigits], exponent: d.exponent}.number()
		high = new(apd.Decimal).Set(low)
		high.Coeff.Add(&high.Coeff, apd.NewBigInt(1))
	}
	if !d.negative {
		return low, high
	}
	low.Negative = true // of zero, which means nothing
	if high != nil {
		high.Negative = true
	}
	return high, low
}

// rounded gives what a number may have been rounded from: half a unit of its last digit to either side. R4 takes 1e2 for a
// number of two digits, [95, 105), and so is every number of one digit in the exponential form.
func rounded(n *apd.Decimal, exponential bool) (low, high *apd.Decimal) {
	places := int32(1)
	if exponential && n.NumDigits() == 1 {
		places = 2
	}
	return plus(n, -5, places), plus(n, 5, places)
}

// plus adds units of the digit that many places behind the last one.
func plus(n *apd.Decimal, units int64, places int32) *apd.Decimal {
	out := times(n, 1, places)
	var c apd.BigInt
	c.Set(&out.Coeff)
	if out.Negative {
		c.Neg(&c)
	}
	c.Add(&c, apd.NewBigInt(units))
	out.Negative = c.Sign() < 0
	out.Coeff.Abs(&c)
	return out
}

// times multiplies exactly, and writes as many places more.
func times(n *apd.Decimal, factor int64, places int32) *apd.Decimal {
	out := &apd.Decimal{Negative: n.Negative, Exponent: n.Exponent - places}
	for range places {
		factor *= 10
	}
	out.Coeff.Mul(&n.Coeff, apd.NewBigInt(factor))
	return out
}

// tenths multiplies by a number of tenths, exactly.
func tenths(n *apd.Decimal, factor int64) *apd.Decimal {
	out := times(n, factor, 0)
	out.Exponent--
	return out
}

func least(list ...*apd.Decimal) *apd.Decimal {
	return slices.MinFunc(list, func(a, b *apd.Decimal) int { return a.Cmp(b) })
}

func greatest(list ...*apd.Decimal) *apd.Decimal {
	return slices.MaxFunc(list, func(a, b *apd.Decimal) int { return a.Cmp(b) })
}
