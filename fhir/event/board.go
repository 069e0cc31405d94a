package event

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// board is who waits for what. Only the dispatcher looks at it.
type board struct {
	params  *search.Params
	classic map[string]*index                 // by resource type
	topics  map[string]*followed              // by canonical
	byType  map[string]map[*followed]struct{} // topics that somebody follows
}

// followed is a topic with those who follow it.
type followed struct {
	*topic
	subs  map[*subscription]struct{}
	index map[string]*index // by resource type
}

func newBoard(params *search.Params) board {
	return board{params: params, classic: make(map[string]*index), topics: make(map[string]*followed), byType: make(map[string]map[*followed]struct{})}
}

// add enters a subscription by its definition.
func (b *board) add(s *subscription, t *topic) {
	if s.def.topic == "" {
		for typ, c := range s.def.filters {
			if b.classic[typ] == nil {
				b.classic[typ] = newIndex(b.params)
			}
			b.classic[typ].add(c, s)
		}
		return
	}
	f := b.topics[s.def.topic]
	if f == nil {
		f = &followed{topic: t, subs: make(map[*subscription]struct{}), index: make(map[string]*index)}
		b.topics[s.def.topic] = f
		for _, typ := range t.types() {
			if b.byType[typ] == nil {
				b.byType[typ] = make(map[*followed]struct{})
			}
			b.byType[typ][f] = struct{}{}
			f.index[typ] = newIndex(b.params)
		}
	}
	f.subs[s] = struct{}{}
	for typ, c := range s.def.filters {
		if f.index[typ] != nil {
			f.index[typ].add(c, s)
		}
	}
}

// remove takes a subscription off.
func (b *board) remove(s *subscription) {
	if s.def == nil {
		return
	}
	if s.def.topic == "" {
		for typ, c := range s.def.filters {
			if x := b.classic[typ]; x != nil {
				if x.remove(c, s); len(x.groups) == 0 {
					delete(b.classic, typ)
				}
			}
		}
		return
	}
	f := b.topics[s.def.topic]
	if f == nil {
		return
	}
	delete(f.subs, s)
	for typ, c := range s.def.filters {
		if x := f.index[typ]; x != nil {
			x.remove(c, s)
		}
	}
	if len(f.subs) > 0 {
		return
	}
	delete(b.topics, s.def.topic)
	for _, typ := range f.types() {
		if delete(b.byType[typ], f); len(b.byType[typ]) == 0 {
			delete(b.byType, typ)
		}
	}
}

// match finds whom an event concerns.
func (d *desk) match(ctx context.Context, e *fhir.Event) (map[*subscription]struct{}, error) {
	classic, topics := d.board.classic[e.Type], d.board.byType[e.Type]
	if classic == nil && len(topics) == 0 {
		return nil, nil
	}
	found := make(map[*subscription]struct{})
	if classic != nil && e.Resource != nil { // R4 tells of what is created or updated
		classic.match(e.Resource, found)
	}
	var i images
	known := false
	for f := range topics {
		for _, t := range f.triggers {
			if t.typ != e.Type {
				continue
			}
			if !known && (t.previous || e.Resource == nil) {
				previous, err := d.before(ctx, e)
				if err != nil {
					return nil, err
				}
				i.previous, known = previous, true
			}
			i.current = e.Resource
			if d.judge.fires(ctx, t, e, i) {
				if focus := i.focus(); focus != nil {
					f.index[e.Type].match(focus, found)
				}
				break
			}
		}
	}
	return found, nil
}

// before is the image that a version replaced; nil where there was none, or it was deleted.
func (d *desk) before(ctx context.Context, e *fhir.Event) (r *fhir.Resource, err error) {
	if e.Method == fhir.Create {
		return nil, nil
	}
	err = d.store.View(ctx, func(tx fhir.Tx) error {
		page, err := tx.History(ctx, fhir.HistoryQuery{Type: e.Type, ID: e.ID, Before: e.Seq, Count: 1})
		if err == nil && len(page.Events) > 0 {
			r = page.Events[0].Resource
		}
		return err
	})
	return r, err
}
