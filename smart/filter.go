package smart

import (
	"context"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"andiron.dev/smart/compartment"
)

// filter decides about the resources of one type: one of the alternatives has to hold, and none of the bars must be down. The same
// filter goes into every query, and is held against every resource that leaves or is written.
type filter struct {
	typ  string
	any  []alternative // none = the type is refused, whatever is stored
	bars []bar

	open bool // an alternative holds for everything

	guard *Guard
}

// alternative is what one scope opens, for one role.
type alternative struct {
	where   search.Expr // nil = anything
	test    test        // what no query can ask; nil = nothing
	patient string      // the record that it is confined to; "" = it is not
	unbound bool        // a client has it for itself, under no conditions

	match  *search.Matcher
	record bool // it is the compartment of the patient, and no more
}

// test looks at a resource in the light of others.
type test func(ctx context.Context, t *tx, r *fhir.Resource) (bool, error)

// bar takes away, whatever else is open.
type bar struct {
	where  search.Expr // what may still be seen, for queries; nil = they cannot ask it
	passes func(r *fhir.Resource) bool
}

// and gives the alternative under a further condition.
func (a alternative) and(b alternative) alternative {
	both := alternative{where: conjunction(a.where, b.where), test: a.test, patient: a.patient}
	if both.patient == "" {
		both.patient = b.patient
	}
	if first, second := a.test, b.test; first == nil {
		both.test = second
	} else if second != nil {
		both.test = func(ctx context.Context, t *tx, r *fhir.Resource) (bool, error) {
			ok, err := first(ctx, t, r)
			if err != nil || !ok {
				return false, err
			}
			return second(ctx, t, r)
		}
	}
	return both
}

func conjunction(a, b search.Expr) search.Expr {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return search.And{a, b}
}

// compact drops alternatives that are there twice, as scopes and letters bring them about.
func (f *filter) compact() {
	seen := make(map[string]bool)
	f.any = slices.DeleteFunc(f.any, func(a alternative) bool {
		if a.test != nil {
			return false
		}
		key := a.patient + "?"
		if a.where != nil {
			key += a.where.String()
		}
		twice := seen[key] && !a.unbound
		seen[key] = true
		return twice
	})
}

// prepare is called when the filter is complete.
func (f *filter) prepare(g *Guard) {
	f.guard = g
	for i := range f.any {
		a := &f.any[i]
		_, member := a.where.(*search.Member)
		a.record = member && a.test == nil && a.patient != ""
		if a.where != nil {
			a.match = g.config.Params.Matcher(f.typ, a.where)
		}
		f.open = f.open || a.where == nil && a.test == nil
	}
	if f.open {
		f.any = slices.DeleteFunc(f.any, func(a alternative) bool { return a.where != nil || a.test != nil })
	}
}

// denied reports whether nothing of the type can be reached.
func (f *filter) denied() bool { return len(f.any) == 0 }

// all reports whether everything of the type can be reached: then nobody needs to look.
func (f *filter) all() bool { return f.open && len(f.bars) == 0 }

// unbound reports whether a client may do this for itself, so that it may give ids.
func (f *filter) unbound() bool {
	return slices.ContainsFunc(f.any, func(a alternative) bool { return a.unbound })
}

// confined gives the patients whose records the filter is confined to; nil = it is not.
func (f *filter) confined() (ids []string) {
	for i := range f.any {
		if f.any[i].patient == "" {
			return nil
		}
		ids = append(ids, f.any[i].patient)
	}
	return ids
}

// where is the filter for queries; nil = they need none. exact reports whether it says all that the filter does: otherwise what is
// found has to be looked at one by one, and must not be counted.
func (f *filter) where() (where search.Expr, exact bool) {
	exact = true
	if !f.open {
		var any search.Or
		whole := false
		for i := range f.any {
			exact = exact && f.any[i].test == nil
			if f.any[i].where == nil {
				whole = true
			} else {
				any = append(any, f.any[i].where)
			}
		}
		switch {
		case whole:
		case len(any) == 1:
			where = any[0]
		default:
			where = any
		}
	}
	for i := range f.bars {
		if f.bars[i].where == nil {
			exact = false
			continue
		}
		where = conjunction(where, f.bars[i].where)
	}
	return where, exact
}

// sees reports whether a resource of the filter's type passes it. t is where others are looked up that it depends on.
func (f *filter) sees(ctx context.Context, t *tx, r *fhir.Resource) (bool, error) {
	if f.all() {
		return true, nil
	}
	if f.denied() {
		return false, nil
	}
	for i := range f.bars {
		if !f.bars[i].passes(r) {
			return false, nil
		}
	}
	if f.open {
		return true, nil
	}
	for i := range f.any {
		a := &f.any[i]
		if a.record && f.guard.inRecord(r, a.patient) {
			return true, nil // the usual case, without parsing anything
		}
		if a.match != nil {
			others := &corpus{ctx: ctx, t: t}
			if ok := a.match.Match(r, others); others.err != nil || !ok {
				if others.err != nil {
					return false, others.err
				}
				continue
			}
		}
		if a.test == nil {
			return true, nil
		}
		if ok, err := a.test(ctx, t, r); err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}

// inRecord reports whether a resource is in the compartment of a patient, as its text has it. That it is not has to be asked of the matcher.
func (g *Guard) inRecord(r *fhir.Resource, patient string) bool {
	var found compartment.IDs
	g.patients.Of(&found, r, g.config.BaseURL)
	return found.Has(patient)
}

// looks reports whether the filter depends on other resources.
func (f *filter) looks() bool {
	return slices.ContainsFunc(f.any, func(a alternative) bool { return a.test != nil || a.where != nil && far(a.where) })
}

// far reports whether an expression asks about other resources.
func far(e search.Expr) bool {
	switch e := e.(type) {
	case search.And:
		return slices.ContainsFunc(e, far)
	case search.Or:
		return slices.ContainsFunc(e, far)
	case *search.Not:
		return far(e.Expr)
	case *search.Chain, *search.Has, *search.InList, *search.Hierarchy:
		return true
	}
	return false
}
