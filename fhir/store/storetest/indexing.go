package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// indexer gives the store as a fhir.Indexer.
func (s *store) indexer() fhir.Indexer {
	s.t.Helper()
	x, ok := s.Store.(fhir.Indexer)
	if !ok {
		s.t.Skip("SKIPPED: the engine does not index beside requests")
	}
	return x
}

// index has the store do all that is to be done to its index.
func (s *store) index() {
	s.t.Helper()
	err := s.indexer().Index(s.t.Context())
	for start := time.Now(); fhir.CodeOf(err) == fhir.Transient && time.Since(start) < 2*time.Minute; { // a killed process may have left a transaction behind
		err = s.indexer().Index(s.t.Context())
	}
	if err != nil {
		s.t.Fatalf("Index: %v", err)
	}
}

// process opens the store at a place as another process does: with search parameters of its own.
func (s *suite) process(t testing.TB, place string) *store {
	t.Helper()
	return newSuite(t, s.engine).openAt(t, place, NewClock(time.Date(2024, 5, 31, 12, 0, 0, 0, time.UTC)))
}

// maiden is a custom search parameter on an extension that the patients of these tests have.
func maiden(id, status, code string) string {
	return fmt.Sprintf(`{"resourceType":"SearchParameter","id":"%s","url":"http://example.org/%s","name":"x","status":"%s","description":"x","code":"%s","base":["Patient"],"type":"string",
		"expression":"Patient.extension.where(url = 'http://example.org/maiden').value"}`, id, id, status, code)
}

func bride(t testing.TB, id, name string) *fhir.Resource {
	return patient(t, id, "Bride", `"extension":[{"url":"http://example.org/maiden","valueString":"`+name+`"}]`)
}

// ids searches, strictly, and gives the sorted ids that it finds.
func (s *store) ids(url string) ([]string, error) {
	typ, query, _ := strings.Cut(url, "?")
	params, err := fhir.ParseParams(query)
	if err != nil {
		return nil, err
	}
	q, _, err := s.suite.params.Parse(typ, params, search.Options{Strict: true, Count: search.MaxCount})
	if err != nil {
		return nil, err
	}
	var ids []string
	err = s.View(s.t.Context(), func(tx fhir.Tx) error {
		page, err := tx.Search(s.t.Context(), q)
		if err == nil {
			ids = idsOf(page.Resources)
		}
		return err
	})
	slices.Sort(ids)
	return ids, err
}

// expect searches and compares.
func (s *store) expect(url string, want ...string) {
	s.t.Helper()
	got, err := s.ids(url)
	if err != nil || !slices.Equal(got, want) {
		s.t.Errorf("%s: %v, %v; want %v", url, got, err, want)
	}
}

// refuses searches by a parameter that is not served.
func (s *store) refuses(url, because string) {
	s.t.Helper()
	if got, err := s.ids(url); fhir.CodeOf(err) != fhir.NotSupported || !strings.Contains(err.Error(), because) {
		s.t.Errorf("%s: %v, %v; want an error with %q", url, got, err, because)
	}
}

// testParameter follows a search parameter from the write that puts it in force to the one that ends it.
func testParameter(t *testing.T, s *suite) {
	st := s.process(t, t.TempDir())
	st.indexer()
	st.put(bride(t, "a", "Amsel"), bride(t, "b", "Buche"), patient(t, "c", "None"))
	st.refuses("Patient?maiden=a", "is not known")
	st.putJSON(maiden("m", "draft", "maiden"))
	st.refuses("Patient?maiden=a", "is not known")
	st.putJSON(maiden("m", "active", "maiden"))
	st.refuses("Patient?maiden=a", "is being indexed (0 %)")
	st.put(bride(t, "d", "Ahorn"), bride(t, "b", "Birke"))
	st.index()
	st.expect("Patient?maiden=a", "a", "d")
	st.expect("Patient?maiden=b", "b")
	st.expect("Patient?maiden=buche")
	st.expect("Patient?maiden:missing=true", "c")
	st.check()

	// Another one on the same values is served at once; so is one on what nobody has.
	st.putJSON(maiden("m2", "active", "geborene"))
	st.expect("Patient?geborene=a", "a", "d")
	st.putJSON(strings.NewReplacer(`["Patient"]`, `["Person"]`, "Patient.ext", "Person.ext").Replace(maiden("m3", "active", "geborene")))
	st.expect("Person?geborene=a")

	// What is in the way of another one is refused, whichever way.
	for name, text := range map[string]string{
		"code":     maiden("m4", "active", "maiden"),
		"url":      strings.Replace(maiden("m4", "active", "other"), "example.org/m4", "example.org/m", 1),
		"official": maiden("m4", "active", "family"),
	} {
		err := st.Update(t.Context(), nil, func(tx fhir.Tx) error {
			_, err := tx.Put(t.Context(), resource(t, text))
			return err
		})
		if fhir.CodeOf(err) != fhir.Duplicate {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := st.read("SearchParameter/m4"); fhir.CodeOf(err) != fhir.NotFound {
			t.Errorf("%s: it was stored: %v", name, err)
		}
	}

	// A change in what it means takes effect; one in what is said about it changes nothing.
	st.putJSON(strings.Replace(maiden("m", "active", "maiden"), `"name":"x"`, `"name":"y"`, 1))
	st.expect("Patient?maiden=a", "a", "d")
	st.putJSON(strings.Replace(maiden("m", "active", "maiden"), ".value\"", ".value | Patient.name.family.upper()\"", 1))
	st.refuses("Patient?maiden=a", "is being indexed")
	st.index()
	st.expect("Patient?maiden=bride", "a", "b", "d")
	st.expect("Patient?geborene=a", "a", "d")
	st.check()

	st.delete("SearchParameter/m2")
	st.refuses("Patient?geborene=a", "is not known")
	st.expect("Patient?maiden=a", "a", "d")
	st.putJSON(maiden("m", "retired", "maiden"))
	st.refuses("Patient?maiden=a", "is not known")
	st.index()
	st.check()
	st.putJSON(maiden("m", "active", "maiden"))
	st.put(bride(t, "e", "Aster"))
	st.index()
	st.expect("Patient?maiden=a", "a", "d", "e")
	st.check()

	again := s.process(t, st.place)
	again.expect("Patient?maiden=a", "a", "d", "e")
	if jobs, err := again.indexer().IndexJobs(t.Context()); err != nil || len(jobs) == 0 || jobs[0].Open() {
		t.Errorf("jobs: %v, %v", jobs, err)
	}
}

// testParameterTogether writes search parameters and resources in one transaction, in which two of them must not clash either.
func testParameterTogether(t *testing.T, s *suite) {
	st := s.process(t, t.TempDir())
	st.indexer()
	put := func(resources ...*fhir.Resource) error {
		return st.Update(t.Context(), nil, func(tx fhir.Tx) error {
			for _, r := range resources {
				if _, err := tx.Put(t.Context(), r); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := put(bride(t, "a", "Amsel"), resource(t, maiden("m", "active", "maiden")), bride(t, "b", "Buche")); err != nil {
		t.Fatal(err)
	}
	st.index()
	st.expect("Patient?maiden=a", "a")
	if err := put(resource(t, maiden("x", "active", "same")), resource(t, maiden("y", "active", "same"))); fhir.CodeOf(err) != fhir.Duplicate {
		t.Errorf("two of the same code: %v", err)
	}
	st.refuses("Patient?same=a", "is not known")
	// The code moves from one resource to another.
	if err := st.Update(t.Context(), nil, func(tx fhir.Tx) error {
		if _, err := tx.Delete(t.Context(), "SearchParameter", "m"); err != nil {
			return err
		}
		_, err := tx.Put(t.Context(), resource(t, maiden("n", "active", "maiden")))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	st.expect("Patient?maiden=a", "a")
	st.check()
}

// testReindex builds the index anew, of everything, of a type and of a parameter, while searches go on.
func testReindex(t *testing.T, s *suite) {
	st := s.process(t, t.TempDir())
	x := st.indexer()
	for i := range 60 {
		st.put(bride(t, fmt.Sprintf("p%02d", i), fmt.Sprintf("Name%d", i%3)))
	}
	st.putJSON(maiden("m", "active", "maiden"))
	st.index()
	third, err := st.ids("Patient?maiden=name1")
	if err != nil || len(third) != 20 {
		t.Fatalf("%v, %v", third, err)
	}
	for _, what := range []fhir.Reindex{{}, {Types: []string{"Patient"}}, {Parameter: "http://example.org/m"}, {Parameter: "http://hl7.org/fhir/SearchParameter/individual-family", Types: []string{"Patient"}}} {
		job, err := x.Reindex(t.Context(), what)
		if err != nil || !job.Open() {
			t.Fatalf("%v: %v, %v", what, job, err)
		}
		if twin, err := x.Reindex(t.Context(), what); err != nil || twin.ID != job.ID {
			t.Errorf("%v: asked for twice it is %v and %v (%v)", what, job, twin, err)
		}
		st.expect("Patient?maiden=name1", third...)
		st.index()
		st.expect("Patient?maiden=name1", third...)
		st.expect("Patient?family=bride&_id=p01", "p01")
		st.put(bride(t, "p00", "Other"))
		st.expect("Patient?maiden=other", "p00")
		st.put(bride(t, "p00", "Name0"))
		st.expect("Patient?maiden=other")
		st.check()
		jobs, err := x.IndexJobs(t.Context())
		if err != nil || jobs[0].ID != job.ID || jobs[0].State != fhir.IndexComplete || jobs[0].Percent() != 100 {
			t.Errorf("%v: %v, %v", what, jobs, err)
		}
	}
	if _, err := x.Reindex(t.Context(), fhir.Reindex{Parameter: "http://example.org/unknown"}); fhir.CodeOf(err) != fhir.NotFound {
		t.Errorf("an unknown parameter: %v", err)
	}
	st.expect("Patient?_content=bride&_id=p01", "p01")
}

// raceIndexing has writers, searches, index jobs and search parameters come and go at the same time, in two processes. At the end
// every resource is found by what it says, and by nothing else; and at no time does a search by a parameter that is served
// miss a resource that nobody changes.
func raceIndexing(t *testing.T, s *suite) {
	place := t.TempDir()
	stores := []*store{s.process(t, place), s.process(t, place)}
	stores[0].indexer()
	const still, rounds = 40, 12
	for i := range still {
		stores[0].put(bride(t, fmt.Sprintf("still%02d", i), "Still"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	var background, writers sync.WaitGroup
	for _, st := range stores {
		background.Go(func() { st.indexer().IndexBeside(ctx) })
		background.Go(func() {
			for ctx.Err() == nil {
				ids, err := st.ids("Patient?maiden=still")
				switch code := fhir.CodeOf(err); {
				case err == nil && len(ids) != still:
					t.Errorf("a search finds %d of %d", len(ids), still)
					return
				case err != nil && code != fhir.NotSupported && code != fhir.Transient && ctx.Err() == nil:
					t.Errorf("a search fails: %v", err)
					return
				}
			}
		})
	}
	for g := range 6 {
		st := stores[g%2]
		writers.Go(func() {
			for n := range 60 {
				id := fmt.Sprintf("w%d-%d", g, n%20)
				err := st.Update(ctx, nil, func(tx fhir.Tx) error {
					_, err := tx.Put(ctx, bride(t, id, fmt.Sprintf("Name%d", n)))
					return err
				})
				if n%7 == 6 && err == nil {
					err = st.Update(ctx, nil, func(tx fhir.Tx) error {
						_, err := tx.Delete(ctx, "Patient", id)
						return err
					})
				}
				if err != nil {
					t.Errorf("writer %d: %v", g, err)
					return
				}
			}
		})
	}
	for round := range rounds {
		st, status := stores[round%2], "active"
		if round%4 == 3 {
			status = "retired"
		}
		st.putJSON(maiden("m", status, "maiden"))
		if round%3 == 2 {
			if _, err := st.indexer().Reindex(ctx, fhir.Reindex{Types: []string{"Patient"}}); err != nil {
				t.Errorf("Reindex: %v", err)
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	writers.Wait()
	stores[0].putJSON(maiden("m", "active", "maiden"))
	stores[1].index()
	stores[0].index()
	cancel()
	background.Wait()
	want := make(map[string][]string)
	for g := range 6 {
		for n := 40; n < 60; n++ {
			if n%7 != 6 {
				want[fmt.Sprintf("name%d", n)] = append(want[fmt.Sprintf("name%d", n)], fmt.Sprintf("w%d-%d", g, n%20))
			}
		}
	}
	for _, st := range stores {
		for name, ids := range want {
			st.expect("Patient?maiden:exact=N"+name[1:], ids...)
		}
		st.expect("Patient?maiden:exact=Name39")
		st.check()
	}
}
