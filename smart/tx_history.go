package smart

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// maxExamined bounds the versions, and the resources, that are looked at one by one for an answer.
const maxExamined = 5000

// history is History before what is in a resource is kept back: see shown.go. A version is listed where both it and the resource as it is today are open; that a resource was
// deleted, where what was deleted was.
func (t *tx) history(ctx context.Context, q fhir.HistoryQuery) (*fhir.HistoryPage, error) {
	c, err := t.call(ctx)
	if err != nil {
		return nil, err
	}
	if c.who.server || mutated() == hookHistory {
		return t.inner.History(ctx, q)
	}
	perms := Search
	if q.ID != "" {
		perms = Read
	}
	h := &listing{t: t, ctx: ctx, c: c, perms: perms, today: make(map[string]bool)}
	if q.Type == "" {
		if c.access.mayAll() && c.access.trusted() && len(c.access.rules.patients) == 0 {
			return t.inner.History(ctx, q)
		}
		return h.page(q)
	}
	f, err := c.access.filter(perms, q.Type)
	switch {
	case err != nil:
		return nil, err
	case f.all():
		return t.inner.History(ctx, q)
	case f.denied() && q.ID == "":
		return &fhir.HistoryPage{Total: -1}, nil
	}
	if q.ID == "" {
		return h.page(q)
	}
	today, err := t.image(ctx, q.Type, q.ID)
	if err != nil {
		return nil, err
	}
	if ok, err := t.shows(ctx, f, today); err != nil || !ok {
		return nil, orElse(err, notFound(q.Type))
	}
	page, err := h.page(q)
	if err != nil {
		return nil, err
	}
	page.Total, err = h.total(q)
	return page, err
}

// listing is a history of which not all is open.
type listing struct {
	t     *tx
	ctx   context.Context
	c     *call
	perms Perms
	today map[string]bool // whether resources are open as they are now
}

// page gathers the versions of a page. After maxExamined it ends early, with a link to the rest.
func (h *listing) page(q fhir.HistoryQuery) (*fhir.HistoryPage, error) {
	page := &fhir.HistoryPage{Total: -1}
	if q.Count == 0 {
		return page, nil
	}
	examined := 0
	err := h.each(q, func(e *fhir.Event, open bool) bool {
		examined++
		switch full := len(page.Events) == q.Count; {
		case open && full:
			page.Next = page.Events[q.Count-1].Seq
			return false
		case open:
			page.Events = append(page.Events, *e)
		}
		if examined < maxExamined {
			return true
		}
		page.Next = e.Seq
		return false
	})
	return page, err
}

// total counts the open versions of one resource; -1 where there are too many.
func (h *listing) total(q fhir.HistoryQuery) (n int, err error) {
	examined := 0
	q.Before = 0
	err = h.each(q, func(_ *fhir.Event, open bool) bool {
		if open {
			n++
		}
		examined++
		return examined <= maxExamined
	})
	if examined > maxExamined {
		n = -1
	}
	return n, err
}

// each goes through the versions and says which are open.
func (h *listing) each(q fhir.HistoryQuery, fn func(*fhir.Event, bool) bool) error {
	q.Count = min(max(q.Count, 100), search.MaxCount)
	for {
		page, err := h.t.inner.History(h.ctx, q)
		if err != nil {
			return err
		}
		for i := range page.Events {
			open, err := h.open(&page.Events[i])
			if err != nil {
				return err
			}
			if !fn(&page.Events[i], open) {
				return nil
			}
		}
		if q.Before = page.Next; q.Before == 0 {
			return nil
		}
	}
}

func (h *listing) open(e *fhir.Event) (bool, error) {
	f, err := h.c.access.filter(h.perms, e.Type)
	if err != nil || f.denied() || f.all() {
		return err == nil && f.all(), err
	}
	key := e.Type + "/" + e.ID
	now, known := h.today[key]
	if !known {
		today, err := h.t.image(h.ctx, e.Type, e.ID)
		if err != nil {
			return false, err
		}
		if now, err = h.t.shows(h.ctx, f, today); err != nil {
			return false, err
		}
		h.today[key] = now
	}
	if !now {
		return false, nil
	}
	content := e.Resource
	if content == nil {
		if content, err = h.t.last(h.ctx, e.Type, e.ID, e.Seq); err != nil {
			return false, err
		}
	}
	return h.t.shows(h.ctx, f, content)
}
