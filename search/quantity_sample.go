package search

import (
	"strings"

	"andiron.dev/fhir"
	"github.com/cockroachdb/apd/v3"
)

// sampled reads SampledData (http://hl7.org/fhir/R4/datatypes.html#SampledData) as the interval from its least value to its
// greatest, in the unit of its origin. Below the limit of detection and above it, the interval is open. Without data it is what
// lies between the limits.
func sampled(e fhir.Element) (measure, bool) {
	m, ok := quantity(e.Get("origin"))
	origin := m.low.number
	if !ok || origin == nil || m.high.number == nil || origin.Cmp(m.high.number) != 0 {
		return measure{}, false
	}
	factor := apd.New(1, 0)
	if text := e.Get("factor").Text(); text != "" {
		d, ok := readDecimal(text)
		if !ok || !d.exact() {
			return measure{}, false
		}
		factor = d.number()
	}
	data := e.Get("data").Text()
	s := samples{}
	s.read(data)
	lower, upper := limit(e, "lowerLimit"), limit(e, "upperLimit")
	switch {
	case data == "":
		s = samples{low: lower, high: upper, below: lower == nil, over: upper == nil}
	case s.low == nil: // nothing that could be measured
		s.low, s.high = upper, lower
		if !s.below && !s.over {
			return measure{}, false
		}
	}
	return m.scaled(s, origin, factor)
}

// limit reads a limit of detection, which is on the scale of the data.
func limit(e fhir.Element, name string) *apd.Decimal {
	d, ok := readDecimal(e.Get(name).Text())
	if !ok || !d.exact() {
		return nil
	}
	return d.number()
}

// samples are the least and greatest of the data; nil where there is none.
type samples struct {
	low, high   *apd.Decimal
	below, over bool // some lay below or above what can be detected
}

func (s *samples) read(data string) {
	for text := range strings.FieldsSeq(data) {
		switch text {
		case "L":
			s.below = true
		case "U":
			s.over = true
		default: // "E", an error, is no number either
			d, ok := readDecimal(text)
			if !ok || !d.exact() {
				continue
			}
			n := d.number()
			if s.low == nil || n.Cmp(s.low) < 0 {
				s.low = n
			}
			if s.high == nil || n.Cmp(s.high) > 0 {
				s.high = n
			}
		}
	}
}

// scaled gives the interval of the samples: origin + sample × factor.
func (m measure) scaled(s samples, origin, factor *apd.Decimal) (measure, bool) {
	low, high := scale(s.low, origin, factor), scale(s.high, origin, factor)
	if s.below {
		low = nil
	}
	if s.over {
		high = nil
	}
	if factor.Negative || low != nil && high != nil && low.Cmp(high) > 0 { // or the limits are the wrong way round
		low, high = high, low
	}
	m.span = closed(low, high)
	return m, low != nil || high != nil
}

func scale(sample, origin, factor *apd.Decimal) *apd.Decimal {
	if sample == nil {
		return nil
	}
	out := new(apd.Decimal)
	ctx := apd.BaseContext.WithPrecision(2*maxDigits + 2)
	if _, err := ctx.Mul(out, sample, factor); err != nil {
		return nil
	}
	if _, err := ctx.Add(out, out, origin); err != nil || !canBound(out) {
		return nil
	}
	return out
}
