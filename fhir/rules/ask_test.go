package rules_test

import (
	"context"
	"sync/atomic"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/rules"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/search"
)

// watched counts the updates that are being carried out.
type watched struct {
	fhir.Store
	running atomic.Int32
}

func (w *watched) Update(ctx context.Context, guards []string, fn func(fhir.Tx) error) error {
	return w.Store.Update(ctx, guards, func(tx fhir.Tx) error {
		w.running.Add(1)
		defer w.running.Add(-1)
		return fn(tx)
	})
}

// TestAsk: what a rule has to find out is found out while no update is carried out, all that one needs at once, and nothing is written before it is known.
func TestAsk(t *testing.T) {
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	raw := chosen.Open(t, sqlite.Options{Dir: t.TempDir(), Params: search.NewParams(spec, nil), Unsafe: true})
	t.Cleanup(func() { _ = raw.Close() })
	store := &watched{Store: raw}
	var known [2]atomic.Bool
	var asked, checked atomic.Int32
	number := func(r *fhir.Resource) int { return int(r.ID()[0] - '0') }
	registry := fhir.NewRegistry()
	registry.Rule(fhir.Rule{
		Type: "Basic",
		Ask: func(after *fhir.Resource) func(context.Context) {
			n := number(after)
			if known[n].Load() {
				return nil
			}
			return func(context.Context) {
				if store.running.Load() != 0 {
					t.Error("it is found out within an update")
				}
				asked.Add(1)
				known[n].Store(true)
			}
		},
		Check: func(_ context.Context, c *fhir.Change) (*fhir.Resource, error) {
			checked.Add(1)
			if c.After != nil && !known[number(c.After)].Load() {
				t.Error("it is checked before it is known")
			}
			return nil, nil
		},
	})
	enforcer := rules.New(store, nil)
	enforcer.Attach(registry)
	runs := 0
	write := func() error {
		return enforcer.Store().Update(t.Context(), nil, func(tx fhir.Tx) error {
			runs++
			for _, id := range []string{"0", "1"} {
				r, err := fhir.ParseResource(`{"resourceType":"Basic","id":"`+id+`","code":{"text":"x"}}`, fhir.DefaultLimits())
				if err != nil {
					return err
				}
				if _, err := tx.Put(t.Context(), r); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := write(); err != nil || runs != 2 || asked.Load() != 2 || checked.Load() != 2 {
		t.Errorf("%v: %d runs, asked %d times, checked %d times", err, runs, asked.Load(), checked.Load())
	}
	if err := write(); err != nil || runs != 3 || asked.Load() != 2 {
		t.Errorf("%v: %d runs, asked %d times", err, runs, asked.Load())
	}
	if v, err := raw.Events(t.Context(), 0, 10); err != nil || len(v) != 4 {
		t.Errorf("%d versions, %v", len(v), err)
	}
}
