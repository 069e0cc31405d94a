package ucum

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
)

// maxCached is how many codes are remembered: more than a hospital uses.
const maxCached = 2048

// cache remembers what codes mean, wrong ones included. Clients choose codes, so a full cache starts anew: the codes in
// use are back after a microsecond each.
type cache struct {
	entries sync.Map // string -> *entry
	size    atomic.Int64
}

// entry is a code, parsed.
type entry struct {
	unit
	err         error
	canonical   string // the term of base units
	toCanonical linear
}

func (u *Units) entry(code string) *entry {
	if len(code) > maxLength {
		return &entry{err: errLength}
	}
	if e, ok := u.parsed.entries.Load(code); ok {
		return e.(*entry)
	}
	e := u.newEntry(code)
	if u.parsed.size.Add(1) > maxCached {
		u.parsed.entries.Clear()
		u.parsed.size.Store(1)
	}
	// The code may be part of a large document, which an entry must not keep.
	u.parsed.entries.Store(strings.Clone(code), e)
	return e
}

func (u *Units) newEntry(code string) *entry {
	meaning, err := parse(code, u.symbol)
	e := &entry{unit: meaning, err: err}
	if err != nil || meaning.opaque {
		return e
	}
	e.canonical = meaning.term()
	if len(e.canonical) > maxLength {
		return &entry{err: errors.New("the unit has too many base units for this implementation")}
	}
	e.toCanonical = newLinear(meaning.scale, meaning.zero())
	return e
}

// symbol finds an atom, with the longest prefix that leaves a metric one (§4).
func (u *Units) symbol(text string) (unit, bool, error) {
	if a, ok := u.atoms[text]; ok {
		return a.unit, true, nil
	}
	for n := min(maxPrefix, len(text)-1); n > 0; n-- {
		prefix, ok := u.prefixes[text[:n]]
		if !ok {
			continue
		}
		if a, ok := u.atoms[text[n:]]; ok && a.metric {
			v, err := number(prefix).times(a.unit, 1)
			return v, true, err
		}
	}
	return unit{}, false, nil
}
