package scheduling

import (
	"context"
	"sync/atomic"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"andiron.dev/smart"
)

// diaryWriter enters in the diaries, once for a store, what was there before they were kept: a fhir.Worker. Until it is done they are not read.
type diaryWriter struct {
	m    *Module
	done atomic.Bool
}

// The record that says that the diaries of a store are complete.
const diaryState, diaryComplete = "diary-state", "complete"

// written reports whether the diaries are complete.
func (w *diaryWriter) written(ctx context.Context, tx fhir.RecordReader) (bool, error) {
	if w.done.Load() {
		return true, nil
	}
	switch _, err := tx.Record(ctx, diaryState, diaryComplete); fhir.CodeOf(err) {
	case "":
		w.done.Store(true)
		return true, nil
	case fhir.NotFound:
		return false, nil
	default:
		return false, err
	}
}

// Run implements fhir.Worker.
func (w *diaryWriter) Run(ctx context.Context) {
	for ctx.Err() == nil {
		err := w.Drain(ctx)
		if err == nil {
			return
		}
		if ctx.Err() == nil {
			w.m.config.Log.Warn("the calendars could not be entered in the diaries; they are searched instead", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Minute):
		}
	}
}

// Drain implements fhir.Worker.
func (w *diaryWriter) Drain(ctx context.Context) error {
	ctx = smart.System(ctx)
	store := w.m.config.Store
	if w.done.Load() {
		return nil
	}
	for _, typ := range []string{"Slot", "Appointment"} {
		q, _, err := w.m.config.Params.Parse(typ, nil, search.Options{Strict: true, Now: w.m.config.Now, Count: 200})
		if err != nil {
			return err
		}
		for page := *q; ; {
			var after string
			err := store.Update(ctx, nil, func(tx fhir.Tx) error {
				found, err := tx.Search(ctx, &page)
				if err != nil {
					return err
				}
				after = found.Next
				for _, r := range found.Resources {
					if err := w.enter(ctx, tx, r); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			if after == "" {
				break
			}
			page.After = after
		}
	}
	err := store.Update(ctx, nil, func(tx fhir.Tx) error {
		return tx.Keep(ctx, &fhir.Record{Kind: diaryState, Key: diaryComplete, Value: []byte(`{}`)})
	})
	if err == nil {
		w.done.Store(true)
	}
	return err
}

// enter enters a resource, where no newer write has.
func (w *diaryWriter) enter(ctx context.Context, tx fhir.Tx, r *fhir.Resource) error {
	kind := slotDiary
	if r.Type() == "Appointment" {
		kind = appointmentDiary
	}
	e, owners := entryOf(r)
	for key := range e.pages(owners) {
		if _, err := tx.Record(ctx, kind, key); err == nil {
			return nil
		} else if fhir.CodeOf(err) != fhir.NotFound {
			return err
		}
	}
	return w.m.enterDiaries(ctx, tx, nil, r)
}
