package path

import (
	"slices"

	"andiron.dev/fhir/r4"
)

// static is what the compiler knows of a collection before it sees one: the FHIR types and System types its items
// may have. It makes paths fast, and errors visible early (http://hl7.org/fhirpath/N1/#type-safety-and-strict-evaluation).
type static struct {
	open      bool // there is no telling
	unordered bool // comes from children() or descendants()
	kinds     kindSet
	types     []*r4.Type
}

// kindSet is a set of Kinds.
type kindSet uint16

func setOf(kinds ...Kind) (s kindSet) {
	for _, k := range kinds {
		s |= 1 << k
	}
	return s
}

func anything() static { return static{open: true} }

func systemStatic(kinds ...Kind) static { return static{kinds: setOf(kinds...)} }

func typeStatic(types ...*r4.Type) static {
	s := static{}
	for _, t := range types {
		if t == nil {
			return anything()
		}
		s.types = append(s.types, t)
	}
	return s
}

func (s static) union(o static) static {
	u := static{open: s.open || o.open, unordered: s.unordered || o.unordered, kinds: s.kinds | o.kinds}
	u.types = slices.Clone(s.types)
	for _, t := range o.types {
		if !slices.Contains(u.types, t) {
			u.types = append(u.types, t)
		}
	}
	return u
}

// single is the one FHIR type that all items have, or nil.
func (s static) single() *r4.Type {
	if s.open || s.kinds != 0 || len(s.types) != 1 {
		return nil
	}
	return s.types[0]
}

// member is what ".name" leads to; ok is false when no item can have such an element.
func (s static) member(name string) (m static, ok bool) {
	if s.open || s.kinds&setOf(TypeInfo) != 0 {
		return static{open: true, unordered: s.unordered}, true
	}
	m.unordered = s.unordered
	for _, t := range s.types {
		element := t.Element(name)
		switch {
		case element != nil:
			ok = true
			for i := range element.Types {
				if element.Types[i].Type == nil {
					m.open = true
				} else {
					m = m.union(typeStatic(element.Types[i].Type))
				}
			}
		case t.Abstract:
			m.open, ok = true, true
		}
	}
	return m, ok
}

// mayBe reports whether an item can be of the type, a specialization, or a generalization of it.
func (s static) mayBe(t *r4.Type) bool {
	if s.open {
		return true
	}
	return slices.ContainsFunc(s.types, func(have *r4.Type) bool {
		return have.Is(t.Name) || t.Is(have.Name)
	})
}

// mayBeKind reports whether an item can serve as a System value of the kind.
func (s static) mayBeKind(kind Kind) bool {
	if s.open || s.kinds&setOf(kind) != 0 {
		return true
	}
	return slices.ContainsFunc(s.types, func(t *r4.Type) bool {
		return t.Abstract || systemKind(t.Name) == kind
	})
}

// none reports whether the collection is known to be empty.
func (s static) none() bool { return !s.open && s.kinds == 0 && len(s.types) == 0 }
