package secret_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/search"
	"andiron.dev/smart/secret"
)

func openStore(t *testing.T, dir string) fhir.Store {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	s := chosen.Open(t, sqlite.Options{Dir: dir, Params: search.NewParams(spec, nil), Unsafe: true})
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// holder is a record with sealed fields.
type holder struct {
	Name string
	Seed []byte
	More map[string][]byte
	N    int
}

func about(key string) []byte { return []byte("holder|" + key) }

func seal(t *testing.T, k *secret.Keys, key string) []byte {
	t.Helper()
	sealed, err := k.Seal([]byte("seed of "+key), about(key))
	if err != nil {
		t.Fatal(err)
	}
	value, err := json.Marshal(holder{Name: `a "sealed01" name`, Seed: sealed, More: map[string][]byte{"x": sealed, "y": []byte("sealed")}, N: 1})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func keep(t *testing.T, s fhir.Store, kind, key string, value []byte) {
	t.Helper()
	if err := s.Update(t.Context(), nil, func(tx fhir.Tx) error {
		return tx.Keep(t.Context(), &fhir.Record{Kind: kind, Key: key, Owner: "o", Expires: time.Now().Add(time.Hour), Value: value})
	}); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s fhir.Store, kind, key string) (h holder) {
	t.Helper()
	if err := s.View(t.Context(), func(tx fhir.Tx) error {
		r, err := tx.Record(t.Context(), kind, key)
		if err != nil {
			return err
		}
		if r.Owner != "o" || r.Expires.IsZero() {
			t.Errorf("%s: %+v", key, r)
		}
		return json.Unmarshal(r.Value, &h)
	}); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestRotate(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	k, err := secret.Load(secret.Options{Default: dir})
	if err != nil {
		t.Fatal(err)
	}
	const n = 450 // several pages
	for i := range n {
		key := fmt.Sprintf("k%03d", i)
		keep(t, s, []string{"one", "two"}[i%2], key, seal(t, k, key))
	}
	keep(t, s, "one", "plain", []byte(`{"Name":"sealed01","Seed":"sealed01!!","N":2}`))
	keep(t, s, "three", "k", seal(t, k, "k")) // of a kind that is not walked
	first, err := k.List()
	if err != nil {
		t.Fatal(err)
	}
	id, err := k.Add()
	if err != nil {
		t.Fatal(err)
	}
	counted, err := k.Count(t.Context(), s, "one", "two", "none")
	if err != nil || counted.Records != n || counted.Rewrapped != 0 || counted.Lost != 0 || counted.Keys[first[0].ID] != n || counted.Keys[id] != 0 {
		t.Fatalf("%+v, %v", counted, err)
	}
	before := read(t, s, "one", "k000")
	done, err := k.Rotate(t.Context(), s, "one", "two", "none")
	if err != nil || done.Records != n || done.Rewrapped != n || done.Lost != 0 || done.Keys[id] != n || done.Keys[first[0].ID] != 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	after := read(t, s, "one", "k000")
	if bytes.Equal(before.Seed, after.Seed) || before.Name != after.Name || after.N != 1 || string(after.More["y"]) != "sealed" {
		t.Errorf("%+v", after)
	}
	if again, err := k.Rotate(t.Context(), s, "one", "two"); err != nil || again.Rewrapped != 0 || again.Records != n {
		t.Errorf("a second time: %+v, %v", again, err)
	}
	// With the old key gone, all of these kinds can be read, and what was not walked cannot.
	if err := k.Remove(first[0].ID); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		key := fmt.Sprintf("k%03d", i)
		h := read(t, s, []string{"one", "two"}[i%2], key)
		for _, sealed := range [][]byte{h.Seed, h.More["x"]} {
			if plain, err := k.Open(sealed, about(key)); err != nil || string(plain) != "seed of "+key {
				t.Fatalf("%s: %q, %v", key, plain, err)
			}
		}
		if _, err := k.Open(h.Seed, about("other")); err == nil {
			t.Fatalf("%s: what is bound to it was lost", key)
		}
	}
	lost, err := k.Rotate(t.Context(), s, "three")
	if err != nil || lost.Lost != 1 || lost.Rewrapped != 0 || lost.Keys[first[0].ID] != 1 {
		t.Errorf("%+v, %v", lost, err)
	}
}

// TestRotateWhileOthersWrite: what a running server writes meanwhile is not lost, and can be read by it.
func TestRotateWhileOthersWrite(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	load := func() *secret.Keys {
		k, err := secret.Load(secret.Options{Default: dir})
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	server, operator := load(), load()
	for i := range 20 {
		key := fmt.Sprintf("k%03d", i)
		keep(t, s, "one", key, seal(t, server, key))
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wrote := make([]int, 4)
	for w := range wrote {
		wg.Go(func() {
			key := fmt.Sprintf("k%03d", w)
			for ctx.Err() == nil {
				err := s.Update(t.Context(), nil, func(tx fhir.Tx) error {
					r, err := tx.Record(t.Context(), "one", key)
					if err != nil {
						return err
					}
					var h holder
					if err := json.Unmarshal(r.Value, &h); err != nil {
						return err
					}
					if _, err := server.Open(h.Seed, about(key)); err != nil {
						return err
					}
					h.N++
					if r.Value, err = json.Marshal(h); err != nil {
						return err
					}
					return tx.Keep(t.Context(), r)
				})
				if err != nil {
					t.Error(err)
					return
				}
				wrote[w]++
			}
		})
	}
	for range 3 {
		if _, err := operator.Add(); err != nil {
			t.Error(err)
		}
		if _, err := operator.Rotate(t.Context(), s, "one"); err != nil {
			t.Error(err)
		}
	}
	stop()
	wg.Wait()
	for w, n := range wrote {
		if h := read(t, s, "one", fmt.Sprintf("k%03d", w)); h.N != n+1 || n == 0 {
			t.Errorf("%d writes, %d are there", n, h.N-1)
		}
	}
	done, err := operator.Rotate(t.Context(), s, "one")
	list, listErr := operator.List()
	if err != nil || listErr != nil || len(list) != 4 || done.Keys[list[3].ID] != 20 {
		t.Errorf("%+v, %v", done, err)
	}
}
