package search

import (
	"strconv"

	"github.com/cockroachdb/apd/v3"
)

// Bound is a place on the line of numbers: just below a number or just above it. Numbers are exact decimals, and bounds are
// bytes that sort like the line, so that engines can keep and compare them as they are:
//
//	0x80                            zero
//	exponent, digits                a positive number, 0.digits × 10^exponent without zeros at either end of the digits:
//	  0x82 … 0xfd                     exponents -61 … 62
//	  0x81, 0xfe and two bytes        those below and above, plus 0x8000, big-endian
//	  2 × pair + 1, …, 2 × pair       the digits in pairs, an odd one with a zero behind it; the last byte is even
//	the same, every bit inverted    a negative number
//	… 0x01                          just above the number; without it, just below
//
// The bytes of one number never begin those of another, so what is appended cannot change the order.
type Bound string

// The ends of the line.
const (
	LineStart Bound = ""
	LineEnd   Bound = "\xff"
)

const (
	zeroBound  = "\x80"
	aboveBound = "\x01"
	smallest   = -61
	largest    = 62
	tiny, huge = 0x81, 0xfe
	firstByte  = 0x82
	wideOffset = 0x8000
)

// Below is the bound just below d.
func Below(d *apd.Decimal) Bound { return bound(d, false) }

// Above is the bound just above d.
func Above(d *apd.Decimal) Bound { return bound(d, true) }

func bound(d *apd.Decimal, above bool) Bound {
	var room [64]byte
	var text [64]byte
	digits := d.Coeff.Append(text[:0], 10)
	end := len(digits)
	for end > 0 && digits[end-1] == '0' {
		end--
	}
	b := room[:0]
	if end == 0 {
		b = append(b, zeroBound...)
	} else {
		b = appendNumber(b, digits[:end], len(digits)+int(d.Exponent))
		if d.Negative {
			for i := range b {
				b[i] = ^b[i]
			}
		}
	}
	if above {
		b = append(b, aboveBound...)
	}
	return Bound(b)
}

func appendNumber(b, digits []byte, exponent int) []byte {
	switch wide := exponent + wideOffset; {
	case exponent < smallest:
		b = append(b, tiny, byte(wide>>8), byte(wide)) //nolint:gosec // canBound has looked
	case exponent > largest:
		b = append(b, huge, byte(wide>>8), byte(wide)) //nolint:gosec // canBound has looked
	default:
		b = append(b, byte(firstByte-smallest+exponent)) //nolint:gosec // 0x82 … 0xfd
	}
	for i := 0; i < len(digits); i += 2 {
		pair := 10 * (digits[i] - '0')
		if i+1 < len(digits) {
			pair += digits[i+1] - '0'
		}
		if i+2 < len(digits) {
			b = append(b, 2*pair+1)
		} else {
			b = append(b, 2*pair)
		}
	}
	return b
}

// canBound reports whether there are bounds beside a number: what has been calculated may be without form or measure.
func canBound(d *apd.Decimal) bool {
	exponent := int64(d.Exponent) + d.NumDigits()
	return d.Form == apd.Finite && (d.IsZero() || exponent >= -wideOffset && exponent < wideOffset)
}

// Number takes a bound apart; ok is false for an end of the line, and for what is no bound.
func (b Bound) Number() (d *apd.Decimal, above, ok bool) {
	if b == LineStart {
		return nil, false, false
	}
	d = &apd.Decimal{Negative: b[0] < zeroBound[0]}
	at := 0
	next := func() (c int) {
		if at >= len(b) {
			return 0
		}
		if c = int(b[at]); d.Negative {
			c ^= 0xff
		}
		at++
		return c
	}
	if c := next(); c != int(zeroBound[0]) {
		exponent := c - firstByte + smallest
		if c == tiny || c == huge {
			exponent = next()<<8 + next() - wideOffset
		}
		var digits []byte
		for more := true; more; {
			c := next()
			digits, more = append(digits, '0'+byte(c/20), '0'+byte(c/2%10)), c%2 == 1 //nolint:gosec // two digits
		}
		if _, ok := d.Coeff.SetString(string(digits), 10); !ok {
			return nil, false, false
		}
		d.Exponent = int32(exponent - len(digits)) //nolint:gosec // two bytes
		d.Reduce(d)
	}
	above = at < len(b)
	return d, above, canBound(d) && bound(d, above) == b
}

// String gives the bound as people write it: "(5" for just above 5, "[5" for just below.
func (b Bound) String() string {
	d, above, ok := b.Number()
	switch {
	case b == LineStart || b == LineEnd:
		return "open"
	case !ok:
		return strconv.Quote(string(b))
	case above:
		return "after " + d.Text('G')
	}
	return d.Text('G')
}

// Interval is what lies between two bounds, of which Low comes first. A number is an interval too.
type Interval struct{ Low, High Bound }

// Point reports whether the interval holds one number and no more.
func (i Interval) Point() bool {
	return len(i.High) == len(i.Low)+1 && i.High[:len(i.Low)] == i.Low && i.Low != LineStart
}
