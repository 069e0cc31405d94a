package mongo

import (
	"math/bits"
	"strconv"
)

// decimal is a number as Decimal128 has it: ±coefficient × 10^exponent, with a coefficient of at most 34 digits. Its zeros at the end
// are precision, which FHIR keeps (http://hl7.org/fhir/R4/datatypes.html#decimal).
type decimal struct {
	negative  bool
	high, low uint64 // of the coefficient
	exponent  int
}

const (
	decimalDigits = 34
	decimalBias   = 6176
	decimalMost   = 6111 // the greatest exponent
)

// parseDecimal reads a JSON number; it is false for one that Decimal128 cannot hold.
func parseDecimal(text string) (d decimal, ok bool) {
	i, digits, point := 0, 0, -1
	if i < len(text) && text[i] == '-' {
		d.negative = true
		i++
	}
	if i >= len(text) || text[i] < '0' || text[i] > '9' {
		return d, false
	}
	for first := i; i < len(text); i++ {
		c := text[i]
		if c == '.' && point < 0 && i > first {
			point = i
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		if digits > 0 || c != '0' {
			if digits++; digits > decimalDigits {
				return d, false
			}
		}
		carry, low := bits.Mul64(d.low, 10)
		low, more := bits.Add64(low, uint64(c-'0'), 0)
		d.high, d.low = d.high*10+carry+more, low
	}
	if point >= 0 {
		d.exponent = point + 1 - i
	}
	if i < len(text) {
		if text[i] != 'e' && text[i] != 'E' {
			return d, false
		}
		n, err := strconv.Atoi(text[i+1:])
		if err != nil || n > 1<<20 || n < -1<<20 {
			return d, false
		}
		d.exponent += n
	}
	return d, d.exponent >= -decimalBias && d.exponent <= decimalMost
}

// bits gives the number as BSON writes it.
func (d decimal) bits() (high, low uint64) {
	high = uint64(d.exponent+decimalBias)<<49 | d.high //nolint:gosec // the exponent is no less than -decimalBias
	if d.negative {
		high |= 1 << 63
	}
	return high, d.low
}

// decimalOf reads what bits gives. It is false for infinity, for what is no number, and for forms that bits does not give.
func decimalOf(high, low uint64) (d decimal, ok bool) {
	if high>>61&3 == 3 {
		return d, false
	}
	d = decimal{negative: high>>63 == 1, exponent: int(high>>49&0x3fff) - decimalBias, high: high & (1<<49 - 1), low: low}
	return d, true
}

// plainZeros is how many zeros stand before the first digit of a number, at most, that is written without an exponent.
const plainZeros = 40

// append writes the number as JSON. Most numbers of FHIR are written so; whoever writes otherwise is remembered (see literal).
func (d decimal) append(dst []byte) []byte {
	if d.negative {
		dst = append(dst, '-')
	}
	var room [40]byte
	digits := d.digits(room[:0])
	places := -d.exponent
	switch {
	case places == 0:
		return append(dst, digits...)
	case places < 0 || places > decimalDigits+plainZeros:
		dst = append(append(dst, digits...), 'E')
		if places < 0 {
			dst = append(dst, '+')
		}
		return strconv.AppendInt(dst, int64(d.exponent), 10)
	case len(digits) > places:
		dst = append(dst, digits[:len(digits)-places]...)
		return append(append(dst, '.'), digits[len(digits)-places:]...)
	}
	dst = append(dst, '0', '.')
	for range places - len(digits) {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}

// digits writes the coefficient.
func (d decimal) digits(dst []byte) []byte {
	if d.high == 0 {
		return strconv.AppendUint(dst, d.low, 10)
	}
	const ten19 = 10_000_000_000_000_000_000
	upper, lower := bits.Div64(d.high%ten19, d.low, ten19)
	dst = strconv.AppendUint(dst, upper, 10)
	from := len(dst)
	dst = append(dst, "0000000000000000000"...)
	var room [20]byte
	tail := strconv.AppendUint(room[:0], lower, 10)
	copy(dst[from+19-len(tail):], tail)
	return dst
}
