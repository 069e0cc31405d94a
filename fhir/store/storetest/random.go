package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"andiron.dev/search/searchtest"
)

// testRandom writes random resources, asks random queries, and compares the engine with search.Match. Each seed is a subtest;
// ANDIRON_SEED runs one, ANDIRON_ROUNDS says how many there are.
func testRandom(t *testing.T, s *suite) {
	eachSeed(t, func(t *testing.T, seed int) { newDuel(t, s, seed).run() })
}

// eachSeed runs fn as a subtest for each seed.
func eachSeed(t *testing.T, fn func(t *testing.T, seed int)) {
	usual := 8
	if detecting {
		usual = 1 // there is little to be detected in one goroutine
	}
	seed, rounds := number(t, "ANDIRON_SEED", 0), number(t, "ANDIRON_ROUNDS", usual)
	if seed != 0 {
		rounds = 1
	}
	for i := range rounds {
		n := seed
		if seed == 0 {
			n = i + 1
		}
		t.Run(strconv.Itoa(n), func(t *testing.T) { fn(t, n) })
	}
}

func number(t *testing.T, variable string, otherwise int) int {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// duel is an engine against the matcher.
type duel struct {
	*store
	t       *testing.T
	seed    int
	maker   *maker
	asker   *asker
	matcher *searchtest.Matcher
	types   []string
	failed  int
}

func newDuel(t *testing.T, s *suite, seed int) *duel {
	st := s.open(t)
	r := rand.New(rand.NewPCG(uint64(seed), 1))
	d := &duel{store: st, t: t, seed: seed, matcher: searchtest.NewMatcher(s.params, st.clock.Now)}
	d.types = []string{"Patient", "Observation", "Encounter"}
	for len(d.types) < 5 {
		// What stands in random SearchParameters cannot be put in force.
		if typ := pick(r, s.spec.Resources()); !slices.Contains(d.types, typ) && typ != "SearchParameter" {
			d.types = append(d.types, typ)
		}
	}
	d.maker = &maker{Rand: r, spec: s.spec, types: append([]string{"Organization", "Practitioner", "Group", "Device"}, d.types...)}
	d.asker = &asker{maker: d.maker, params: s.params, known: d.matcher}
	for _, definition := range d.maker.definitions(t) {
		st.put(definition)
		_ = d.matcher.Put(t.Context(), definition)
	}
	return d
}

func (d *duel) run() {
	for round := range 4 {
		for range 20 {
			d.write()
		}
		for range 50 {
			d.ask(round)
		}
		for _, typ := range d.types {
			d.all(typ)
		}
	}
	d.check()
}

const errGivenUp = searchError("given up on purpose")

type searchError string

func (e searchError) Error() string { return string(e) }

// write carries out an update of a few random writes; some of them fail in the end.
func (d *duel) write() {
	type change struct {
		put    *fhir.Resource
		remove *fhir.Resource
	}
	var changes []change
	touched := make(map[string]bool)
	for range 1 + d.maker.IntN(4) {
		r := d.maker.resource(pick(d.maker.Rand, d.types), d.maker.id())
		if touched[r.Reference()] && d.maker.IntN(3) > 0 {
			continue
		}
		old := d.matcher.All()[r.Reference()]
		if old != nil && !touched[r.Reference()] && d.maker.IntN(4) == 0 {
			changes = append(changes, change{remove: old})
		} else {
			changes = append(changes, change{put: r})
		}
		touched[r.Reference()] = true
	}
	fail, look := d.maker.IntN(8) == 0, d.maker.IntN(5) == 0
	q := &search.Query{Type: d.types[0], Count: 5, Total: search.TotalNone}
	d.clock.Advance(time.Duration(d.maker.IntN(100_000)) * time.Second)
	err := d.Update(d.t.Context(), nil, func(tx fhir.Tx) error {
		ctx := d.t.Context()
		for _, c := range changes {
			var err error
			if c.put != nil {
				_, err = tx.Put(ctx, c.put)
			} else {
				_, err = tx.Delete(ctx, c.remove.Type(), c.remove.ID())
			}
			if err != nil {
				return err
			}
			if look {
				if _, err := tx.Search(ctx, q); err != nil {
					return err
				}
			}
		}
		if fail {
			return errGivenUp
		}
		return nil
	})
	if fail != errors.Is(err, errGivenUp) || !fail && err != nil {
		d.t.Fatalf("seed %d: Update: %v", d.seed, err)
	}
	if fail {
		return
	}
	for _, c := range changes {
		if c.put == nil {
			_ = d.matcher.Delete(context.Background(), c.remove.Type(), c.remove.ID())
			continue
		}
		stored, err := d.read(c.put.Reference())
		if err != nil {
			d.t.Fatal(err)
		}
		_ = d.matcher.Put(context.Background(), stored)
	}
}

// ask compares the answers to one query.
func (d *duel) ask(round int) {
	params, q := d.asker.query(pick(d.maker.Rand, d.types))
	for !d.asker.answerable(d.t, q) {
		params, q = d.asker.query(pick(d.maker.Rand, d.types))
	}
	for _, text := range d.asker.misread {
		d.report(round, params, q, "%s", text)
	}
	d.asker.misread = nil
	want, err := d.matcher.Search(d.t.Context(), q)
	if err != nil {
		d.t.Fatal(err)
	}
	var got []*fhir.Resource
	next := *q
	for {
		page, err := d.page(&next)
		if err != nil {
			d.report(round, params, q, "%v", err)
			return
		}
		if len(page.Resources) > q.Count || len(page.Resources) == 0 && len(got) > 0 {
			d.report(round, params, q, "a page of %d", len(page.Resources))
		}
		if q.Total == search.TotalAccurate && page.Total != want.Total {
			d.report(round, params, q, "the total is %d, the matcher finds %d", page.Total, want.Total)
		}
		got = append(got, page.Resources...)
		if page.Next == "" || len(got) > 10*len(d.matcher.All()) {
			break
		}
		next.After = page.Next
	}
	d.compare(round, params, q, got, want.Resources)
	for i := 1; i < len(got); i++ {
		if why := d.misordered(q, got[i-1], got[i]); why != "" {
			d.report(round, params, q, "%s comes before %s: %s", got[i-1].Reference(), got[i].Reference(), why)
		}
	}
}

func (d *duel) page(q *search.Query) (page *fhir.SearchPage, err error) {
	err = d.View(d.t.Context(), func(tx fhir.Tx) (err error) {
		if q, err = searchtest.Resolve(d.t.Context(), d.suite.params, tx, q); err != nil {
			return err
		}
		page, err = tx.Search(d.t.Context(), q)
		return err
	})
	return page, err
}

func (d *duel) compare(round int, params fhir.Params, q *search.Query, got, want []*fhir.Resource) {
	found := make(map[string]int)
	for _, r := range got {
		found[r.Reference()]++
		if known := d.matcher.All()[r.Reference()]; known == nil || known.Body() != r.Body() || known.VersionID() != r.VersionID() {
			d.report(round, params, q, "found %s version %s, which is not current", r.Reference(), r.VersionID())
		}
		if found[r.Reference()] == 2 {
			d.report(round, params, q, "%s is found twice", r.Reference())
		}
	}
	for _, r := range want {
		if found[r.Reference()] == 0 {
			d.report(round, params, q, "%s is not found:\n%s", r.Reference(), r.JSON())
		}
		delete(found, r.Reference())
	}
	for reference := range found {
		d.report(round, params, q, "%s is found, but does not match:\n%s", reference, d.matcher.All()[reference].JSON())
	}
}

// all checks that a search without criteria finds all resources.
func (d *duel) all(typ string) {
	q := &search.Query{Type: typ, Count: search.MaxCount, Total: search.TotalAccurate}
	want, _ := d.matcher.Search(d.t.Context(), q)
	wantSet(d.t, typ+"?", d.searchQuery(q), idsOf(want.Resources)...)
}

func (d *duel) report(round int, params fhir.Params, q *search.Query, format string, args ...any) {
	d.t.Helper()
	if d.failed++; d.failed > 5 {
		d.t.FailNow()
	}
	d.t.Errorf("seed %d, round %d: %s?%s\n\t(%s)\n\t%s\n\trepeat with ANDIRON_SEED=%d", d.seed, round, q.Type, params.Encode(), q, fmt.Sprintf(format, args...), d.seed)
}
