package storetest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"andiron.dev/fhir"
)

// recordModel is what records should be: by kind and key.
type recordModel map[[2]string]fhir.Record

func (m recordModel) live(now time.Time, kind, key string) string {
	r, ok := m[[2]string{kind, key}]
	if !ok || !r.Expires.IsZero() && !r.Expires.After(now) {
		return ""
	}
	return textOf(&r)
}

func (m recordModel) list(now time.Time, kind, owner, after string, max int) (texts []string) {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b [2]string) int { return cmp.Compare(a[1], b[1]) })
	for _, k := range keys {
		text := m.live(now, k[0], k[1])
		if k[0] == kind && text != "" && (owner == "" || m[k].Owner == owner) && (after == "" || k[1] > after) && len(texts) < max {
			texts = append(texts, text)
		}
	}
	return texts
}

// testRecordRandom does things at random to a store and to a model of it, in updates that read what they have written, some of
// which fail, while time passes.
func testRecordRandom(t *testing.T, s *suite) {
	st := s.open(t)
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test
	kinds, owners := []string{"a", "b"}, []string{"", "ann", "bob"}
	kept := recordModel{}
	for round := range number(t, "ANDIRON_RECORDS", 300) {
		var wrong findings
		var now time.Time
		model := maps.Clone(kept)
		commits, attempt := r.IntN(4) > 0, r.Uint64()
		failure := fhir.NewOutcome(fhir.Conflict, "fn failed")
		err := st.Update(t.Context(), nil, func(tx fhir.Tx) error {
			wrong, now = nil, st.clock.Now()
			model = maps.Clone(kept)
			r := rand.New(rand.NewPCG(attempt, 2)) //nolint:gosec // a test
			for range 1 + r.IntN(12) {
				kind, key, owner := kinds[r.IntN(2)], fmt.Sprint("k", r.IntN(12)), owners[r.IntN(3)]
				if err := model.step(t.Context(), r, tx, now, kind, key, owner, &wrong); err != nil {
					return err
				}
			}
			if !commits {
				return failure
			}
			return nil
		})
		if commits {
			kept = model
		} else if fhir.CodeOf(err) == fhir.Conflict {
			err = nil
		}
		if err != nil {
			t.Fatalf("seed %d, round %d: %v", seed, round, err)
		}
		for _, w := range wrong {
			t.Fatalf("seed %d, round %d: %s", seed, round, w)
		}
		if r.IntN(5) == 0 {
			st.clock.Advance(time.Duration(r.IntN(5_000)) * time.Millisecond)
		}
	}
	for _, kind := range kinds {
		for _, owner := range owners {
			var got []string
			st.view(func(ctx context.Context, tx fhir.Tx) error {
				list, err := tx.Records(ctx, kind, owner, "", 100)
				for _, r := range list {
					got = append(got, textOf(r))
				}
				return err
			})
			wantIDs(t, fmt.Sprintf("seed %d: %s of %q", seed, kind, owner), got, kept.list(st.clock.Now(), kind, owner, "", 100)...)
		}
	}
	st.check()
}

// step does one thing to both.
func (m recordModel) step(ctx context.Context, r *rand.Rand, tx fhir.Tx, now time.Time, kind, key, owner string, wrong *findings) error {
	switch r.IntN(5) {
	case 0, 1:
		record := fhir.Record{Kind: kind, Key: key, Owner: owner, Value: fmt.Append(nil, r.IntN(1000))}
		if r.IntN(2) == 0 {
			record.Expires = now.Truncate(time.Second).Add(time.Duration(r.IntN(10)-1) * time.Second)
		}
		m[[2]string{kind, key}] = record
		return tx.Keep(ctx, &record)
	case 2:
		delete(m, [2]string{kind, key})
		return tx.Drop(ctx, kind, key)
	case 3:
		if got, want := recordText(ctx, tx, kind, key), m.live(now, kind, key); got != want {
			wrong.add("%s/%s is %q, should be %q", kind, key, got, want)
		}
	case 4:
		after, most := "", 1+r.IntN(10)
		if r.IntN(2) == 0 {
			after = fmt.Sprint("k", r.IntN(12))
		}
		list, err := tx.Records(ctx, kind, owner, after, most)
		var got []string
		for _, r := range list {
			got = append(got, textOf(r))
		}
		if want := m.list(now, kind, owner, after, most); !slices.Equal(got, want) {
			wrong.add("%d of %s of %q after %q are %q, should be %q", most, kind, owner, after, got, want)
		}
		return err
	}
	return nil
}
