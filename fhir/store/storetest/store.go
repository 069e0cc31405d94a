package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"andiron.dev/search/searchtest"
)

// store is a store under test with what tests do to it all the time. Its methods end the test when something fails that
// must not; they are for the test's own goroutine.
type store struct {
	fhir.Store
	t     testing.TB
	suite *suite
	clock *Clock
	place string
}

// open opens an empty store, whose clock starts at noon on 2024-05-31.
func (s *suite) open(t testing.TB) *store {
	t.Helper()
	return s.openAt(t, t.TempDir(), NewClock(noon()))
}

// openAt opens a store at a place where one may be already.
func (s *suite) openAt(t testing.TB, place string, clock *Clock) *store {
	t.Helper()
	st := &store{t: t, suite: s, clock: clock, place: place}
	st.Store = s.engine.Open(t, Options{Place: place, Params: s.params, Now: clock.Now, JournalKey: journalKey()})
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return st
}

// again opens the same store once more, beside this one or after it was closed.
func (s *store) again() *store {
	s.t.Helper()
	return s.suite.openAt(s.t, s.place, s.clock)
}

// check has the engine look itself over.
func (s *store) check() {
	s.t.Helper()
	if s.suite.engine.Check == nil {
		return
	}
	if err := s.suite.engine.Check(s.t.Context(), s.Store); err != nil {
		s.t.Errorf("the engine finds its own data wrong: %v", err)
	}
}

// resource reads a resource from JSON.
func resource(t testing.TB, text string) *fhir.Resource {
	t.Helper()
	r, err := fhir.ParseResource(text, fhir.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

// patient makes a Patient with a family name; other properties may follow: `"active":true`.
func patient(t testing.TB, id, family string, more ...string) *fhir.Resource {
	t.Helper()
	text := `{"resourceType":"Patient","id":"` + id + `","name":[{"family":"` + family + `"}]`
	for _, m := range more {
		text += "," + m
	}
	return resource(t, text+"}")
}

// put writes resources, each in an update of its own.
func (s *store) put(resources ...*fhir.Resource) (last *fhir.Version) {
	s.t.Helper()
	for _, r := range resources {
		s.update(nil, func(ctx context.Context, tx fhir.Tx) (err error) {
			last, err = tx.Put(ctx, r)
			return err
		})
	}
	return last
}

// putJSON writes resources that are given as JSON.
func (s *store) putJSON(texts ...string) (last *fhir.Version) {
	s.t.Helper()
	for _, text := range texts {
		last = s.put(resource(s.t, text))
	}
	return last
}

// delete deletes what the reference ("Patient/1") names.
func (s *store) delete(reference string) (v *fhir.Version) {
	s.t.Helper()
	typ, id, _ := strings.Cut(reference, "/")
	s.update(nil, func(ctx context.Context, tx fhir.Tx) (err error) {
		v, err = tx.Delete(ctx, typ, id)
		return err
	})
	return v
}

func (s *store) update(guards []string, fn func(ctx context.Context, tx fhir.Tx) error) {
	s.t.Helper()
	ctx := s.t.Context()
	if err := s.Update(ctx, guards, func(tx fhir.Tx) error { return fn(ctx, tx) }); err != nil {
		s.t.Fatalf("Update: %v", err)
	}
}

func (s *store) view(fn func(ctx context.Context, tx fhir.Tx) error) {
	s.t.Helper()
	ctx := s.t.Context()
	if err := s.View(ctx, func(tx fhir.Tx) error { return fn(ctx, tx) }); err != nil {
		s.t.Fatalf("View: %v", err)
	}
}

// read reads what the reference names, "Patient/1" or "Patient/1/_history/2".
func (s *store) read(reference string) (r *fhir.Resource, err error) {
	ctx := s.t.Context()
	err = s.View(ctx, func(tx fhir.Tx) (err error) {
		r, err = readRef(ctx, tx, reference)
		return err
	})
	return r, err
}

func readRef(ctx context.Context, tx fhir.Reader, reference string) (*fhir.Resource, error) {
	typ, rest, _ := strings.Cut(reference, "/")
	id, version, versioned := strings.Cut(rest, "/_history/")
	if versioned {
		return tx.VRead(ctx, typ, id, version)
	}
	return tx.Read(ctx, typ, id)
}

// parse reads a search as it stands in a URL: "Patient?name=ann".
func (s *suite) parse(t testing.TB, url string) *search.Query {
	t.Helper()
	typ, query, _ := strings.Cut(url, "?")
	params, err := fhir.ParseParams(query)
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	q, _, err := s.params.Parse(typ, params, search.Options{Strict: true, Base: searchtest.Base, Now: time.Now, Count: search.MaxCount})
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	return q
}

// searchPage gives one page of matches.
func (s *store) searchPage(q *search.Query) (page *fhir.SearchPage) {
	s.t.Helper()
	s.view(func(ctx context.Context, tx fhir.Tx) (err error) {
		resolved, err := searchtest.Resolve(ctx, s.suite.params, tx, q)
		if err != nil {
			return err
		}
		if page, err = tx.Search(ctx, resolved); err != nil {
			s.t.Logf("searching %s", q)
		}
		return err
	})
	return page
}

// search gives the ids of all matches of a search, page by page, in order.
func (s *store) search(url string) []string {
	s.t.Helper()
	return s.searchQuery(s.suite.parse(s.t, url))
}

func (s *store) searchQuery(q *search.Query) (ids []string) {
	s.t.Helper()
	next := *q
	for {
		page := s.searchPage(&next)
		ids = append(ids, idsOf(page.Resources)...)
		if page.Next == "" {
			return ids
		}
		if next.After == page.Next {
			s.t.Fatalf("%s: the page after %q is the page itself", q, page.Next)
		}
		next.After = page.Next
	}
}

func idsOf(resources []*fhir.Resource) []string {
	ids := make([]string, len(resources))
	for i, r := range resources {
		ids[i] = r.ID()
	}
	return ids
}
