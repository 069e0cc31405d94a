package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"andiron.dev/fhir"
)

// conflict is an update that looks at records and writes, and what another one does after it has looked.
type conflict struct {
	name  string
	look  func(ctx context.Context, tx fhir.Tx) (seen string, err error)
	write func(ctx context.Context, tx fhir.Tx) error // nil = it keeps a record that nobody else knows
	other func(ctx context.Context, tx fhir.Tx) error
	seen  string // what it has to have seen in the end
}

func keepOne(key, owner, value string) func(ctx context.Context, tx fhir.Tx) error {
	return func(ctx context.Context, tx fhir.Tx) error {
		return tx.Keep(ctx, &fhir.Record{Kind: "a", Key: key, Owner: owner, Value: []byte(value)})
	}
}

func dropOne(key string) func(ctx context.Context, tx fhir.Tx) error {
	return func(ctx context.Context, tx fhir.Tx) error { return tx.Drop(ctx, "a", key) }
}

func lookAt(key string) func(ctx context.Context, tx fhir.Tx) (string, error) {
	return func(ctx context.Context, tx fhir.Tx) (string, error) { return recordText(ctx, tx, "a", key), nil }
}

func listOf(owner, after string, max int) func(ctx context.Context, tx fhir.Tx) (string, error) {
	return func(ctx context.Context, tx fhir.Tx) (seen string, err error) {
		list, err := tx.Records(ctx, "a", owner, after, max)
		for _, r := range list {
			seen += fmt.Sprintf("%s=%s ", r.Key, r.Value)
		}
		return seen, err
	}
}

// again drops a record and keeps it anew, with the same content but for the last time.
func again(ctx context.Context, tx fhir.Tx) error {
	for _, step := range []func(context.Context, fhir.Tx) error{dropOne("1"), keepOne("1", "ann", "one"), dropOne("1"), keepOne("1", "ann", "uno")} {
		if err := step(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// conflicts begin with Ann's records 1 and 3 and Bob's 2. The owner of 9 is nobody, and 4 to 8 there are not.
func conflicts() []conflict {
	return []conflict{
		{name: "kept", look: lookAt("1"), other: keepOne("1", "ann", "uno"), seen: `a/1 of "ann" until "": uno`},
		{name: "kept as it was", look: lookAt("1"), other: keepOne("1", "ann", "one"), seen: `a/1 of "ann" until "": one`},
		{name: "kept for the first time", look: lookAt("4"), other: keepOne("4", "ann", "four"), seen: `a/4 of "ann" until "": four`},
		{name: "dropped", look: lookAt("1"), other: dropOne("1"), seen: ""},
		{name: "dropped and kept anew", look: lookAt("1"), other: again, seen: `a/1 of "ann" until "": uno`},
		{name: "written by both", look: lookAt("1"), write: keepOne("1", "ann", "mine"), other: keepOne("1", "ann", "uno"), seen: `a/1 of "ann" until "": uno`},
		{name: "dropped by both", look: lookAt("1"), write: dropOne("1"), other: dropOne("1"), seen: ""},
		{name: "dropped, where it puts", look: lookAt("1"), write: func(ctx context.Context, tx fhir.Tx) error {
			_, err := tx.Put(ctx, fhir.Stored("Patient", "p", "", noon(), `{"resourceType":"Patient","id":"p"}`))
			return err
		}, other: dropOne("1"), seen: ""},
		{name: "dropped, where it appends", look: lookAt("1"), write: func(ctx context.Context, tx fhir.Tx) error { return tx.Append(ctx, entry("e")) }, other: dropOne("1"), seen: ""},
		{name: "one more", look: listOf("ann", "", 100), other: keepOne("4", "ann", "four"), seen: "1=one 3=three 4=four "},
		{name: "one more in between", look: listOf("ann", "", 2), other: keepOne("2", "ann", "two"), seen: "1=one 2=two "},
		{name: "one fewer", look: listOf("ann", "", 100), other: dropOne("3"), seen: "1=one "},
		{name: "one instead of another", look: listOf("ann", "1", 1), other: func(ctx context.Context, tx fhir.Tx) error {
			if err := tx.Drop(ctx, "a", "3"); err != nil {
				return err
			}
			return keepOne("4", "ann", "three")(ctx, tx)
		}, seen: "4=three "},
		{name: "one that has changed", look: listOf("ann", "", 100), other: keepOne("3", "ann", "tre"), seen: "1=one 3=tre "},
		{name: "one that changes hands", look: listOf("ann", "", 100), other: keepOne("3", "bob", "three"), seen: "1=one "},
		{name: "the first of an owner", look: listOf("eve", "", 100), other: keepOne("4", "eve", "four"), seen: "4=four "},
		{name: "one of whoever's", look: listOf("", "2", 100), other: keepOne("9", "", "nine"), seen: "3=three 9=nine "},
		{name: "behind the page", look: listOf("", "", 2), other: keepOne("9", "", "nine"), seen: "1=one 2=two "},
		{name: "somebody else's", look: listOf("ann", "", 100), other: keepOne("4", "bob", "four"), seen: "1=one 3=three "},
		{name: "with its own in it", look: func(ctx context.Context, tx fhir.Tx) (string, error) {
			if err := keepOne("5", "ann", "mine")(ctx, tx); err != nil {
				return "", err
			}
			return listOf("ann", "", 3)(ctx, tx)
		}, other: keepOne("4", "ann", "four"), seen: "1=one 3=three 4=four "},
	}
}

// testRecordConflicts has an update look at records, and another one write them before the first is through: it must not go by what
// was there before.
func testRecordConflicts(t *testing.T, s *suite) {
	for _, c := range conflicts() {
		t.Run(c.name, func(t *testing.T) {
			st := s.open(t)
			for key, owner := range map[string]string{"1": "ann", "2": "bob", "3": "ann"} {
				st.update(nil, keepOne(key, owner, map[string]string{"1": "one", "2": "two", "3": "three"}[key]))
			}
			if c.write == nil {
				c.write = func(ctx context.Context, tx fhir.Tx) error { return tx.Keep(ctx, &fhir.Record{Kind: "b", Key: "1"}) }
			}
			seen, first := "", true
			st.update(nil, func(ctx context.Context, tx fhir.Tx) (err error) {
				if seen, err = c.look(ctx, tx); err != nil {
					return err
				}
				if first {
					first = false
					var wg sync.WaitGroup
					wg.Go(func() {
						if err := st.Update(ctx, nil, func(tx fhir.Tx) error { return c.other(ctx, tx) }); err != nil {
							t.Error(err)
						}
					})
					wg.Wait()
				}
				return c.write(ctx, tx)
			})
			if seen != c.seen {
				t.Errorf("it went by %q and not by %q", seen, c.seen)
			}
			st.check()
		})
	}
}
