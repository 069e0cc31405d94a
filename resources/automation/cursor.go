package automation

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"andiron.dev/fhir"
)

// cursor is how far the outbox has been seen to.
type cursor struct {
	Seq fhir.Seq `json:"seq"`
}

// lazy is how many events may have to be looked at again after a crash. That does no harm, and a commit for every few events would.
const lazy = 2000

func seqText(s fhir.Seq) string { return strconv.FormatInt(int64(s), 10) }

// keepCursor writes the cursor where it has to be: after a firing, and every so many events.
func (m *Module) keepCursor(ctx context.Context, must bool) error {
	if m.state.seq == m.state.kept || !must && m.state.seq-m.state.kept < lazy {
		return nil
	}
	err := m.config.Store.Update(ctx, []string{"automation:cursor"}, func(tx fhir.Tx) error {
		var c cursor
		if err := load(ctx, tx, recordState, "cursor", &c); err != nil || c.Seq >= m.state.seq {
			return err
		}
		return keep(ctx, tx, recordState, "cursor", "", time.Time{}, cursor{m.state.seq})
	})
	if err == nil {
		m.state.kept = m.state.seq
	}
	return err
}

// Prepare implements fhir.Preparer. Where nobody has followed the outbox yet it writes down where that begins: at the first request that is answered,
// even if this process dies before it has come to look. Rules do not fire for what was there before anybody acted by them.
func (m *Module) Prepare(ctx context.Context) error {
	return m.config.Store.Update(ctx, []string{"automation:cursor"}, func(tx fhir.Tx) error {
		c := cursor{-1}
		err := load(ctx, tx, recordState, "cursor", &c)
		if err != nil || c.Seq >= 0 {
			return err
		}
		if c.Seq, err = m.beginning(ctx, tx); err != nil {
			return err
		}
		return keep(ctx, tx, recordState, "cursor", "", time.Time{}, c)
	})
}

// load reads where to go on, and the rules that were in force there.
func (m *Module) load(ctx context.Context) error {
	return m.config.Store.View(ctx, func(tx fhir.Tx) error {
		c := cursor{-1}
		if err := load(ctx, tx, recordState, "cursor", &c); err != nil {
			return err
		}
		if c.Seq < 0 {
			var err error
			if c.Seq, err = m.beginning(ctx, tx); err != nil {
				return err
			}
			m.state.kept = -1
		} else {
			m.state.kept = c.Seq
		}
		m.state.seq = c.Seq
		return m.loadRules(ctx, tx)
	})
}

// beginning is the place of the last event from before this process started.
func (m *Module) beginning(ctx context.Context, tx fhir.Tx) (fhir.Seq, error) {
	for before := fhir.Seq(0); ; {
		page, err := tx.History(ctx, fhir.HistoryQuery{Count: batchSize, Before: before})
		if err != nil {
			return 0, err
		}
		for _, e := range page.Events {
			if e.LastUpdated.Before(m.started) {
				return e.Seq, nil
			}
		}
		if before = page.Next; before == 0 {
			return 0, nil
		}
	}
}

// loadRules finds the rules as they were at the cursor.
func (m *Module) loadRules(ctx context.Context, tx fhir.Tx) error {
	m.state.rules = make(map[string]*rule)
	seen := make(map[string]bool)
	for before := m.state.seq + 1; before != 0; {
		page, err := tx.History(ctx, fhir.HistoryQuery{Type: "PlanDefinition", Before: before, Count: batchSize})
		if err != nil {
			return err
		}
		for _, e := range page.Events {
			if seen[e.ID] {
				continue
			}
			seen[e.ID] = true
			if e.Resource == nil {
				continue
			}
			if r := readRule(e.Resource); r != nil {
				m.state.rules[e.ID] = r
			}
		}
		before = page.Next
	}
	return nil
}

// sorted are the rules in force, always in the same order.
func (m *Module) sorted() []*rule {
	list := make([]*rule, 0, len(m.state.rules))
	for _, id := range slices.Sorted(maps.Keys(m.state.rules)) {
		list = append(list, m.state.rules[id])
	}
	return list
}
