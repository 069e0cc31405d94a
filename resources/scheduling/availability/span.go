package availability

import (
	"slices"
	"time"
)

// Span is the time from Start until before End.
type Span struct{ Start, End time.Time }

// Empty reports whether no time is in s.
func (s Span) Empty() bool { return !s.Start.Before(s.End) }

// Overlaps reports whether two spans have time in common: empty ones have none with any.
func (s Span) Overlaps(other Span) bool {
	return s.Start.Before(other.End) && other.Start.Before(s.End) && !s.Empty() && !other.Empty()
}

// Contains reports whether all of other is in s.
func (s Span) Contains(other Span) bool {
	return !other.Start.Before(s.Start) && !other.End.After(s.End)
}

// Clip is what of s is within bounds. A bound that is zero is none.
func (s Span) Clip(bounds Span) Span {
	if !bounds.Start.IsZero() && s.Start.Before(bounds.Start) {
		s.Start = bounds.Start
	}
	if !bounds.End.IsZero() && s.End.After(bounds.End) {
		s.End = bounds.End
	}
	return s
}

// Union is the time in any of the spans: in order, apart from each other, none empty.
func Union(list []Span) []Span {
	list = slices.DeleteFunc(slices.Clone(list), Span.Empty)
	slices.SortFunc(list, func(a, b Span) int { return a.Start.Compare(b.Start) })
	var out []Span
	for _, s := range list {
		if n := len(out); n > 0 && !s.Start.After(out[n-1].End) {
			if s.End.After(out[n-1].End) {
				out[n-1].End = s.End
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// Without is the time of a that is not in b.
func Without(a, b []Span) (out []Span) {
	b = Union(b)
	for _, s := range Union(a) {
		for _, cut := range b {
			if cut.Overlaps(s) {
				if s.Start.Before(cut.Start) {
					out = append(out, Span{s.Start, cut.Start})
				}
				s.Start = cut.End
			}
		}
		if !s.Empty() {
			out = append(out, s)
		}
	}
	return out
}

// Length is how much time is in the spans, which are apart from each other.
func Length(list []Span) (sum time.Duration) {
	for _, s := range list {
		sum += s.End.Sub(s.Start)
	}
	return sum
}
