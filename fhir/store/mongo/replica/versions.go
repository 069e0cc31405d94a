package replica

import (
	"cmp"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// collection keeps every version of every document.
type collection struct {
	chains  map[string]*chain // by _id
	indexes bson.A
	changed uint32 // when it was made or got its newest index
}

// chain is the versions of a document, oldest first.
type chain struct {
	id       any
	versions []version
	writer   *txn // that has written it and not ended
}

type version struct {
	at  uint32
	doc bson.D // nil = deleted
}

// txn is a running transaction.
type txn struct {
	id     string
	number int64
	at     uint32 // its snapshot
	writes map[*chain]bson.D
	order  []*chain
	lsid   bson.D
	app    string
	last   time.Time // when something was asked of it
}

// key names a document by its _id.
func key(id any) string {
	typ, b, err := bson.MarshalValue(id)
	if err != nil {
		return "?"
	}
	switch n := id.(type) { // numbers are equal whatever their type
	case int32:
		return key(int64(n))
	}
	return string(rune(typ)) + string(b)
}

// see is a document as a snapshot has it; nil = it has none.
func (c *chain) see(at uint32, t *txn) bson.D {
	if t != nil {
		if doc, written := t.writes[c]; written {
			return doc
		}
	}
	for _, v := range slices.Backward(c.versions) {
		if v.at <= at {
			return v.doc
		}
	}
	return nil
}

// scan gives the documents of a snapshot in the order of their _id; ids narrows it, if not nil.
func (c *collection) scan(at uint32, t *txn, ids []any) (list []bson.D) {
	if ids != nil {
		seen := make(map[string]bool)
		for _, id := range ids {
			k := key(id)
			if ch := c.chains[k]; ch != nil && !seen[k] {
				seen[k] = true
				if doc := ch.see(at, t); doc != nil {
					list = append(list, doc)
				}
			}
		}
		return list
	}
	chains := make([]*chain, 0, len(c.chains))
	for _, ch := range c.chains {
		chains = append(chains, ch)
	}
	slices.SortFunc(chains, func(a, b *chain) int { return compare(a.id, b.id) })
	for _, ch := range chains {
		if doc := ch.see(at, t); doc != nil {
			list = append(list, doc)
		}
	}
	return list
}

// conflict is a write that has lost.
type conflict struct{}

func (conflict) Error() string { return "WriteConflict" }

type duplicate struct{}

func (duplicate) Error() string { return "E11000 duplicate key error" }

// write writes a document, nil to delete it. Outside of a transaction it waits for those that hold it.
func (s *Server) write(c *collection, id any, t *txn, deadline time.Time, change func(old bson.D) (bson.D, error)) error {
	k := key(id)
	ch := c.chains[k]
	if ch == nil {
		ch = &chain{id: id}
		c.chains[k] = ch
	}
	if t == nil {
		for ch.writer != nil && !s.closed {
			if !deadline.IsZero() && time.Now().After(deadline) {
				return conflict{}
			}
			s.freed.Wait()
		}
		doc, err := change(ch.see(s.clock, nil))
		if err == nil {
			err = c.indexable(doc)
		}
		if err != nil {
			return err
		}
		s.clock++
		ch.versions = append(ch.versions, version{s.clock, doc})
		return nil
	}
	if ch.writer != nil && ch.writer != t || len(ch.versions) > 0 && ch.versions[len(ch.versions)-1].at > t.at {
		return conflict{}
	}
	doc, err := change(ch.see(t.at, t))
	if err == nil {
		err = c.indexable(doc)
	}
	if err != nil {
		return err
	}
	ch.writer = t
	if _, again := t.writes[ch]; !again {
		t.order = append(t.order, ch)
	}
	t.writes[ch] = doc
	return nil
}

func (s *Server) commit(t *txn) {
	if len(t.order) > 0 {
		s.clock++
	}
	for _, ch := range t.order {
		ch.versions = append(ch.versions, version{s.clock, t.writes[ch]})
		ch.writer = nil
	}
	s.done[t.id] = t.number
	delete(s.txns, t.id)
	s.closeCursors(t)
	s.freed.Broadcast()
}

func (s *Server) abort(id string) {
	t := s.txns[id]
	if t == nil {
		return
	}
	for _, ch := range t.order {
		ch.writer = nil
	}
	delete(s.txns, id)
	s.closeCursors(t)
	s.freed.Broadcast()
}

const rankArray = 5

// rank orders the types of values: https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order
func rank(v any) int {
	switch v.(type) {
	case nil:
		return 1
	case int32, int64, int, float64:
		return 2
	case string:
		return 3
	case bson.D:
		return 4
	case bson.A:
		return rankArray
	case bson.Binary:
		return 6
	case bool:
		return 8
	case bson.DateTime:
		return 9
	}
	return 10
}

func number(v any) float64 {
	switch n := v.(type) {
	case int32:
		return float64(n)
	case int64:
		return float64(n)
	case int:
		return float64(n)
	case float64:
		return n
	}
	return 0
}

func compare(a, b any) int {
	if order := cmp.Compare(rank(a), rank(b)); order != 0 {
		return order
	}
	switch x := a.(type) {
	case string:
		return cmp.Compare(x, b.(string))
	case bool:
		if x == b.(bool) {
			return 0
		} else if x {
			return 1
		}
		return -1
	case bson.DateTime:
		return cmp.Compare(x, b.(bson.DateTime))
	case nil:
		return 0
	case bson.D, bson.A, bson.Binary:
		return cmp.Compare(key(a), key(b))
	}
	if x, isInt := a.(int64); isInt {
		if y, isInt := b.(int64); isInt {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(number(a), number(b))
}
