package smart

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// staleness is how late the guard may notice a Consent that another process has written. Those of its own it notices at once.
const staleness = time.Second

// consents keeps the privacy Consents in force that forbid anything, taken apart. It follows the outbox of the store, so that a write
// costs what it changes and not the reading of all Consents.
type consents struct {
	store  fhir.Store
	params *search.Params
	now    func() time.Time

	current atomic.Pointer[directives]
	written atomic.Int64 // writes of Consents in this process

	mu      sync.Mutex
	seen    int64     // of written
	checked time.Time // when the outbox was looked at
	at      fhir.Seq  // how far it was
	byID    map[string]*directive
}

func newConsents(store fhir.Store, params *search.Params, now func() time.Time) *consents {
	return &consents{store: store, params: params, now: now}
}

// wrote says that a Consent has been written in this process.
func (c *consents) wrote() { c.written.Add(1) }

// load gives what is in force. An error means that nobody knows, and nothing may be allowed.
func (c *consents) load(ctx context.Context) (*directives, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, written := c.now(), c.written.Load()
	known := c.current.Load()
	if age := now.Sub(c.checked); known != nil && c.seen == written && age >= 0 && age < staleness {
		return known, nil
	}
	var changed bool
	var err error
	ctx = apart(ctx)
	if known == nil {
		changed, err = true, c.readAll(ctx)
	} else {
		changed, err = c.follow(ctx)
	}
	if err != nil {
		return nil, unavailable(err)
	}
	c.checked, c.seen = now, written
	if changed {
		known = newDirectives(c.byID)
		c.current.Store(known)
	}
	return known, nil
}

// readAll reads the Consents in force, and notes where the outbox was then.
func (c *consents) readAll(ctx context.Context) error {
	q, _, err := c.params.Parse("Consent", fhir.Params{{Name: "status", Value: "active"}}, search.Options{Strict: true, Count: search.MaxCount})
	if err != nil {
		return err
	}
	return c.store.View(ctx, func(tx fhir.Tx) error {
		c.byID = make(map[string]*directive)
		newest, err := tx.History(ctx, fhir.HistoryQuery{Count: 1})
		if err != nil {
			return err
		}
		c.at = 0
		if len(newest.Events) > 0 {
			c.at = newest.Events[0].Seq
		}
		for {
			page, err := tx.Search(ctx, q)
			if err != nil {
				return err
			}
			for _, r := range page.Resources {
				c.note(r)
			}
			if q.After = page.Next; q.After == "" {
				return nil
			}
		}
	})
}

// follow reads what has been written since.
func (c *consents) follow(ctx context.Context) (changed bool, err error) {
	const most = 1000
	for {
		events, err := c.store.Events(ctx, c.at, most)
		if err != nil {
			return changed, err
		}
		for i := range events {
			e := &events[i]
			c.at = e.Seq
			if e.Type != "Consent" {
				continue
			}
			changed = true
			delete(c.byID, e.ID)
			if e.Resource != nil {
				c.note(e.Resource)
			}
		}
		if len(events) < most {
			return changed, nil
		}
	}
}

// note keeps a Consent, if it forbids anything.
func (c *consents) note(r *fhir.Resource) {
	if d := readDirective(r); d != nil {
		c.byID[r.ID()] = d
	}
}
