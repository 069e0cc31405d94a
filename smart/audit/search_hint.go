package audit

import (
	"slices"
	"strconv"
	"time"

	"andiron.dev/search"
)

// hint is where in the journal the matches of a search are: outside it there are none, within it there may be others.
type hint struct {
	keys     []string // an entry has one of these; nil = whatever keys it has
	seqs     []int64  // it has one of these numbers; nil = any
	from, to time.Time

	named bool // the keys are those of references: an AuditEvent that matches names one of them
}

// maxKeys is how many keys a search follows: with more of them it looks at everything.
const maxKeys = 200

// hintOf finds out where to look.
func hintOf(e search.Expr) (h hint) {
	h.narrow(e)
	return h
}

// narrow takes into account that e has to hold.
func (h *hint) narrow(e search.Expr) {
	switch e := e.(type) {
	case search.And:
		for _, part := range e {
			h.narrow(part)
		}
		return
	case *search.Filter:
		h.narrow(e.Where)
		return
	case *search.Named:
		h.narrow(e.Where)
		return
	case *search.Date:
		h.between(e)
		return
	case *search.IDs:
		h.only(e)
		return
	}
	keys, named, ok := keysOf(e)
	// Whose record it is says more than what kind of event.
	if ok && len(keys) <= maxKeys && (h.keys == nil || named && !h.named || named == h.named && len(keys) < len(h.keys)) {
		h.keys, h.named = keys, named
	}
}

// only narrows the search to ids.
func (h *hint) only(e *search.IDs) {
	seqs := []int64{}
	for _, id := range e.Any {
		if seq, _, ok := parseID(id); ok && !slices.Contains(seqs, seq) {
			seqs = append(seqs, seq)
		}
	}
	if h.seqs == nil || len(seqs) < len(h.seqs) {
		h.seqs = seqs
	}
}

// between narrows the search to the time when events were recorded.
func (h *hint) between(e *search.Date) {
	if len(e.Any) != 1 || e.Param.Code != "date" && e.Param.Special != search.LastUpdated {
		return
	}
	test := e.Any[0]
	from, to := time.Time{}, time.Time{}
	switch test.Prefix {
	case search.NotEqual:
	case search.Greater, search.StartsAfter, search.GreaterEqual:
		from = test.Low
	case search.Less, search.EndsBefore, search.LessEqual:
		to = test.High
	default:
		from, to = test.Low, test.High
	}
	if !from.IsZero() {
		if from = from.Truncate(time.Millisecond); from.After(h.from) {
			h.from = from
		}
	}
	if !to.IsZero() {
		if to = to.Add(time.Millisecond); h.to.IsZero() || to.Before(h.to) {
			h.to = to
		}
	}
}

// keysOf gives keys of which an entry has at least one if e holds for one of its AuditEvents; named says that they are those of
// references. ok is false where nothing can be said.
func keysOf(e search.Expr) (keys []string, named, ok bool) {
	switch e := e.(type) {
	case search.And:
		for _, part := range e {
			if some, of, can := keysOf(part); can && (!ok || of && !named || of == named && len(some) < len(keys)) {
				keys, named, ok = some, of, true
			}
		}
		return keys, named, ok
	case search.Or:
		named = true
		for _, part := range e {
			some, of, can := keysOf(part)
			if !can {
				return nil, false, false
			}
			keys, named = append(keys, some...), named && of
		}
		return keys, named, true
	case *search.Member:
		return keysOf(e.Where)
	case *search.Filter:
		return keysOf(e.Where)
	case *search.Named:
		return keysOf(e.Where)
	case *search.Reference:
		keys, ok = referenceKeys(e)
		return keys, true, ok
	case *search.Token:
		keys, ok = tokenKeys(e)
		return keys, false, ok
	}
	return nil, false, false
}

// referenceKeys: entries are found by patients and agents.
func referenceKeys(e *search.Reference) (keys []string, ok bool) {
	if e.Param.Code != "patient" && e.Param.Code != "agent" && e.Param.Code != "entity" || e.Modifier == search.ModUnequal {
		return nil, false
	}
	keys = []string{}
	for _, test := range e.Any {
		switch {
		case test.URL: // neither is a URL
			if e.Param.Code == "entity" {
				return nil, false
			}
		case e.Param.Code == "patient" && (test.Type == "" || test.Type == "Patient"), test.Type == "Patient":
			keys = append(keys, keyOf("Patient/"+test.ID))
		case e.Param.Code == "patient": // nothing else can be one
		case e.Param.Code == "entity":
			return nil, false
		case test.Type != "":
			keys = append(keys, keyOf(test.Type+"/"+test.ID))
		default:
			for _, typ := range e.Param.Targets {
				keys = append(keys, keyOf(typ+"/"+test.ID))
			}
		}
	}
	return keys, true
}

// tokenKeys: entries are found by what went wrong, and by kinds that are rare.
func tokenKeys(e *search.Token) (keys []string, ok bool) {
	if e.Negated() || e.Modifier != "" {
		return nil, false
	}
	keys = []string{}
	for _, test := range e.Any {
		if test.AnyCode {
			return nil, false
		}
		switch e.Param.Code {
		case "outcome":
			n, err := strconv.Atoi(test.Code)
			if err != nil || n == 0 {
				return nil, false
			}
			keys = append(keys, outcomeKey(n))
		case "type":
			if test.Code == typeOf(Rest).code {
				return nil, false
			}
			for _, kind := range []Kind{Login, Logout, Token, Consent, Admin, Export, BreakGlass} {
				if typeOf(kind).code == test.Code {
					keys = append(keys, kindKey(kind))
				}
			}
		default:
			return nil, false
		}
	}
	return keys, true
}

// mayBe reports whether the nth AuditEvent of an entry is worth making: an entry of a search may have a thousand, of which one is asked for.
func (h *hint) mayBe(r *resources, n int) bool {
	if !h.named || r.count() < 4 {
		return true
	}
	if id := r.patient(n); id != "" && slices.Contains(h.keys, keyOf("Patient/"+id)) {
		return true
	}
	return slices.Contains(h.keys, keyOf(r.event.agent()))
}

// slotsOf are the slots of the index that a criterion asks about.
func slotsOf(e search.Expr) map[string]bool {
	slots := make(map[string]bool)
	add := func(p *search.Param) {
		for i := range p.Sources {
			for _, slot := range []*search.Slot{p.Sources[i].Slot, p.Sources[i].OfType, p.Sources[i].Identifier} {
				if slot != nil {
					slots[slot.Key()] = true
				}
			}
		}
	}
	each(e, func(p *search.Param) { add(p) })
	return slots
}

// each calls fn with the parameters of the criteria.
func each(e search.Expr, fn func(*search.Param)) {
	all := func(parts []search.Expr) {
		for _, part := range parts {
			each(part, fn)
		}
	}
	switch e := e.(type) {
	case search.And:
		all(e)
	case search.Or:
		all(e)
	case *search.Not:
		each(e.Expr, fn)
	case *search.Member:
		all(e.Where)
	case *search.Filter:
		each(e.Where, fn)
	case *search.Named:
		each(e.Where, fn)
	case *search.Missing:
		fn(e.Param)
	case *search.Token:
		fn(e.Param)
	case *search.TokenText:
		fn(e.Param)
	case *search.String:
		fn(e.Param)
	case *search.Date:
		fn(e.Param)
	case *search.Reference:
		fn(e.Param)
	case *search.URI:
		fn(e.Param)
	case *search.Number:
		fn(e.Param)
	case *search.Quantity:
		fn(e.Param)
	case *search.Composite:
		fn(e.Param)
	}
}
