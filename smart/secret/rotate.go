package secret

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"

	"andiron.dev/fhir"
)

// Records is what Rotate needs of a store; a fhir.Store is one.
type Records interface {
	View(ctx context.Context, fn func(fhir.Tx) error) error
	Update(ctx context.Context, guards []string, fn func(fhir.Tx) error) error
}

// Rotation is what a walk through the records has found.
type Rotation struct {
	Records   int `json:"records"`   // that hold something sealed
	Rewrapped int `json:"rewrapped"` // of them, those that were put under the newest key
	// Lost are those that hold what cannot be opened, because its key is missing or it was damaged. They stay as they are.
	Lost int `json:"lost"`
	// Keys counts, by the key's id, what is sealed with it after the walk.
	Keys map[string]int `json:"keys"`
}

// page is how many records are looked at in one transaction.
const page = 200

// Rotate puts everything that is sealed in records of these kinds under the newest key, a page of records at a time, while servers go
// on. The texts themselves are not decrypted, and what cannot be opened stays as it is.
func (k *Keys) Rotate(ctx context.Context, store Records, kinds ...string) (*Rotation, error) {
	return k.walk(ctx, store, kinds, true)
}

// Count counts what is sealed in records of these kinds, and changes nothing.
func (k *Keys) Count(ctx context.Context, store Records, kinds ...string) (*Rotation, error) {
	return k.walk(ctx, store, kinds, false)
}

func (k *Keys) walk(ctx context.Context, store Records, kinds []string, change bool) (*Rotation, error) {
	s, err := k.current(true)
	if err != nil {
		return nil, err
	}
	total := &Rotation{Keys: make(map[string]int)}
	for _, kind := range kinds {
		for after, more := "", true; more; {
			w := walk{set: s, change: change}
			step := func(tx fhir.Tx) (err error) {
				w.found = Rotation{Keys: make(map[string]int)} // it may run several times
				w.last, err = w.records(ctx, tx, kind, after)
				return err
			}
			if change {
				err = store.Update(ctx, nil, step)
			} else {
				err = store.View(ctx, step)
			}
			if err != nil {
				return total, fmt.Errorf("records of kind %s: %w", kind, err)
			}
			total.add(&w.found)
			after, more = w.last, w.last != ""
		}
	}
	return total, nil
}

func (r *Rotation) add(more *Rotation) {
	r.Records += more.Records
	r.Rewrapped += more.Rewrapped
	r.Lost += more.Lost
	for id, n := range more.Keys {
		r.Keys[id] += n
	}
}

// walk is one page of records.
type walk struct {
	set    *set
	change bool
	found  Rotation
	last   string // key of the last record; "" = there are no more
}

func (w *walk) records(ctx context.Context, tx fhir.Tx, kind, after string) (last string, err error) {
	list, err := tx.Records(ctx, kind, "", after, page)
	if err != nil {
		return "", err
	}
	for _, r := range list {
		value, changed := w.value(r.Value)
		if changed && w.change {
			next := *r
			next.Value = value
			if err := tx.Keep(ctx, &next); err != nil {
				return "", err
			}
			w.found.Rewrapped++
		}
		last = r.Key
	}
	if len(list) < page {
		return "", nil
	}
	return last, nil
}

// value is a record's value with everything in it under the newest key.
func (w *walk) value(before []byte) (after []byte, changed bool) {
	var b bytes.Buffer
	written, holds, lost := 0, false, false
	ids := make(map[keyID]bool)
	for from, to := range words(before) {
		sealed, err := base64.StdEncoding.DecodeString(string(before[from:to]))
		if err != nil || !Sealed(sealed) {
			continue // it only looks like one
		}
		holds = true
		next, err := w.set.rewrap(sealed)
		if err != nil {
			lost = true
			next = sealed
		}
		if !w.change {
			next = sealed
		}
		id, _ := keyOf(next)
		ids[id] = true
		if bytes.Equal(next, sealed) {
			continue
		}
		b.Write(before[written:from])
		b.WriteString(base64.StdEncoding.EncodeToString(next))
		written, changed = to, true
	}
	if holds {
		w.found.Records++
	}
	if lost {
		w.found.Lost++
	}
	for id := range ids {
		w.found.Keys[id.String()]++
	}
	b.Write(before[written:])
	return b.Bytes(), changed
}
