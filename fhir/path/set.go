package path

import (
	"hash/maphash"
	"strconv"

	"andiron.dev/fhir"
)

// set finds items on the stack that equal a value. A few are compared one by one; many are sorted into buckets first,
// so that the codes of a large CodeSystem can be told apart in time.
type set struct {
	from, to int                // the items on the stack
	buckets  map[uint64][]int32 // their positions by hash; nil while they are few
	seed     maphash.Seed
	mixed    bool // there are quantities, which may equal numbers in ways that no hash knows
}

// smallSet is the number of items up to which comparing all is quicker than hashing.
const smallSet = 24

// newSet makes a set of the items between from and to.
func (ev *Evaluator) newSet(from, to int) (*set, error) {
	s := &set{from: from, to: from}
	for s.to < to {
		if err := s.extend(ev); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// extend takes the next item on the stack into the set.
func (s *set) extend(ev *Evaluator) error {
	s.to++
	if s.buckets != nil {
		return s.index(ev, s.to-1)
	}
	if s.to-s.from <= smallSet {
		return nil
	}
	s.seed, s.buckets = maphash.MakeSeed(), map[uint64][]int32{}
	for i := s.from; i < s.to; i++ {
		if err := s.index(ev, i); err != nil {
			return err
		}
	}
	return nil
}

func (s *set) index(ev *Evaluator, i int) error {
	v := &ev.stack[i]
	h := s.hash(v)
	s.buckets[h] = append(s.buckets[h], int32(i))
	s.mixed = s.mixed || v.system().kind == SystemQuantity
	return ev.read(len(v.node.Raw()) + len(v.text))
}

// has reports whether an item equals v.
func (s *set) has(ev *Evaluator, v *Value) (bool, error) {
	if s.buckets == nil || s.mixed || v.system().kind == SystemQuantity {
		return ev.contains(ev.stack[s.from:s.to], v)
	}
	if err := ev.read(len(v.node.Raw()) + len(v.text)); err != nil {
		return false, err
	}
	for _, i := range s.buckets[s.hash(v)] {
		t, err := ev.equal(&ev.stack[i], v)
		if err != nil || t == isTrue {
			return t == isTrue, err
		}
	}
	return false, nil
}

// hash is the same for values that are equal; where that is involved they all share one.
func (s *set) hash(v *Value) uint64 {
	x := v.system()
	switch x.kind {
	case Node:
		return s.hashElement(x.node)
	case SystemString:
		return maphash.String(s.seed, x.text)
	case SystemBoolean, TypeInfo:
		text := x.String()
		return maphash.String(s.seed, text)
	case SystemInteger, SystemDecimal:
		// Equal decimals have the same float, whatever their zeros.
		text, _ := x.asString()
		return s.hashNumber(text)
	}
	return 1 // a dateTime may equal another in a different zone
}

func (s *set) hashNumber(text string) uint64 {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 1
	}
	return maphash.Comparable(s.seed, f)
}

func (s *set) hashElement(e fhir.Element) uint64 {
	switch e.Kind() {
	case fhir.Object:
		h := uint64(e.Len())
		for p := e.First(); p.Exists(); p = p.Next() {
			h += maphash.String(s.seed, p.Name()) * (s.hashElement(p) | 1) // the order of properties does not matter
		}
		return h
	case fhir.Array:
		h := uint64(e.Len())
		for item := e.First(); item.Exists(); item = item.Next() {
			h = h*31 + s.hashElement(item)
		}
		return h
	case fhir.Number:
		return s.hashNumber(e.Raw())
	case fhir.Absent:
		return 2
	}
	return maphash.String(s.seed, e.Text())
}
