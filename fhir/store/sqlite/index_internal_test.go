package sqlite

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/store/storetest"
	"andiron.dev/search"
)

// The tests of the suite race; these stop between the steps of a job, where each of the ways to miss something would show.

const indexedContacts = 120

// contacts puts patients with a contact into a store.
func contacts(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Update(t.Context(), nil, func(tx fhir.Tx) error {
		for i := range indexedContacts {
			if _, err := tx.Put(t.Context(), contact(t, fmt.Sprint(i), "Fox")); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func contact(t testing.TB, id, family string) *fhir.Resource {
	t.Helper()
	return parsed(t, `{"resourceType":"Patient","id":"`+id+`","contact":[{"name":{"family":"`+family+`"}}]}`)
}

func contactParameter(t testing.TB, status string) *fhir.Resource {
	t.Helper()
	return parsed(t, `{"resourceType":"SearchParameter","id":"c","url":"http://example.org/c","name":"c","status":"`+status+`","description":"c","code":"contact","base":["Patient"],"type":"string","expression":"Patient.contact.name.family"}`)
}

func parsed(t testing.TB, text string) *fhir.Resource {
	t.Helper()
	r, err := fhir.ParseResource(text, fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func write1(t testing.TB, s *Store, r *fhir.Resource) {
	t.Helper()
	if err := s.Update(t.Context(), nil, func(tx fhir.Tx) error {
		_, err := tx.Put(t.Context(), r)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// countIn counts the patients with a contact of a name.
func countIn(t testing.TB, s *Store, tx fhir.Tx, family string) int {
	t.Helper()
	q, _, err := s.options.Params.Parse("Patient", fhir.Params{{Name: "contact", Value: family}}, search.Options{Strict: true, Count: search.MaxCount})
	if err != nil {
		t.Fatal(err)
	}
	page, err := tx.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return len(page.Resources)
}

func expectCount(t testing.TB, s *Store, family string, want int) {
	t.Helper()
	if err := s.View(t.Context(), func(tx fhir.Tx) error {
		if got := countIn(t, s, tx, family); got != want {
			t.Errorf("%d patients have a contact %s, want %d", got, family, want)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// indexAll does all there is to do, and removes what is out of use at once.
func indexAll(t testing.TB, s *Store) {
	t.Helper()
	s.grace = 0
	if err := s.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// steps does some steps of a job, small ones.
func steps(t testing.TB, s *Store, n int) {
	t.Helper()
	for range n {
		x := &indexer{store: s, pace: alone(), size: 10}
		if worked, err := x.step(t.Context()); err != nil || !worked {
			t.Fatalf("%v, %v", worked, err)
		}
	}
}

// TestIndexOldGeneration: an update that was staged before a parameter came into force is staged again.
func TestIndexOldGeneration(t *testing.T) {
	s := openInternal(t)
	contacts(t, s)
	runs := 0
	if err := s.Update(t.Context(), nil, func(tx fhir.Tx) error {
		if _, err := tx.Put(t.Context(), contact(t, "late", "Hare")); err != nil {
			return err
		}
		if runs++; runs == 1 {
			write1(t, s, contactParameter(t, "active"))
			indexAll(t, s)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if runs != 2 {
		t.Errorf("the update ran %d times", runs)
	}
	expectCount(t, s, "Hare", 1)
	expectCount(t, s, "Fox", indexedContacts)
}

// TestIndexBehindAndAhead changes resources that a job has come to and others that it has not, for each kind of job.
func TestIndexBehindAndAhead(t *testing.T) {
	storetest.Single(t)
	for kind, begin := range map[string]func(s *Store){
		"parameter": func(s *Store) {
			write1(t, s, contactParameter(t, "retired"))
			indexAll(t, s)
			write1(t, s, contactParameter(t, "active"))
		},
		"repair": func(s *Store) {
			if _, err := s.Reindex(t.Context(), fhir.Reindex{}); err != nil {
				t.Fatal(err)
			}
		},
		"repair of the parameter": func(s *Store) {
			if _, err := s.Reindex(t.Context(), fhir.Reindex{Parameter: "http://example.org/c"}); err != nil {
				t.Fatal(err)
			}
		},
		"rebuild": func(s *Store) {
			if err := s.writer.exclusive(nil, func() error {
				s.writer.changed = true
				return s.writer.rebuild()
			}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(kind, func(t *testing.T) {
			s := openInternal(t)
			contacts(t, s)
			write1(t, s, contactParameter(t, "active"))
			indexAll(t, s)
			begin(s)
			write1(t, s, contact(t, "early", "Hare"))
			write1(t, s, parsed(t, `{"resourceType":"Group","id":"g","type":"person","actual":true,"name":"early"}`))
			steps(t, s, 5) // of which the first only starts the job; SearchParameter comes before Patient
			for _, id := range []string{"3", "70"} {
				write1(t, s, contact(t, id, "Hare"))
			}
			for _, id := range []string{"4", "71"} { // there and back
				write1(t, s, contact(t, id, "Stork"))
				write1(t, s, contact(t, id, "Fox"))
			}
			if err := s.Update(t.Context(), nil, func(tx fhir.Tx) error {
				for _, id := range []string{"5", "72"} {
					if _, err := tx.Delete(t.Context(), "Patient", id); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			write1(t, s, contact(t, "new", "Hare"))
			indexAll(t, s)
			expectCount(t, s, "Hare", 4)
			expectCount(t, s, "Stork", 0)
			expectCount(t, s, "Fox", indexedContacts-4)
		})
	}
}

// TestIndexChangedPortion changes a resource between the reading and the writing of the step that it is part of.
func TestIndexChangedPortion(t *testing.T) {
	s := openInternal(t)
	contacts(t, s)
	write1(t, s, contactParameter(t, "active"))
	steps(t, s, 1)
	p, _, err := s.portion(t.Context(), 10, 1)
	if err != nil || len(p.rows) != 10 {
		t.Fatalf("%v, %v", p, err)
	}
	write1(t, s, contact(t, "2", "Hare"))
	if err := s.Update(t.Context(), nil, func(tx fhir.Tx) error {
		_, err := tx.Delete(t.Context(), "Patient", "4")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is void
		if err := s.writer.exclusive(nil, func() error { return s.writer.writePortion(p) }); err != nil {
			t.Fatal(err)
		}
	}
	indexAll(t, s)
	expectCount(t, s, "Hare", 1)
	expectCount(t, s, "Fox", indexedContacts-2)
}

// TestIndexVoidPortion: a step that was read before its job was cancelled writes nothing.
func TestIndexVoidPortion(t *testing.T) {
	s := openInternal(t)
	contacts(t, s)
	write1(t, s, contactParameter(t, "active"))
	steps(t, s, 1)
	p, _, err := s.portion(t.Context(), 10, 1)
	if err != nil || len(p.rows) != 10 {
		t.Fatalf("%v, %v", p, err)
	}
	write1(t, s, contactParameter(t, "retired"))
	if err := s.writer.exclusive(nil, func() error { return s.writer.writePortion(p) }); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	jobs, err := s.IndexJobs(t.Context())
	if err != nil || jobs[0].State != fhir.IndexCancelled {
		t.Errorf("%v, %v", jobs, err)
	}
}

// TestIndexSnapshots: a search on a snapshot from before an index took the place of another one uses the old one, and leaves
// nothing behind that would mislead others.
func TestIndexSnapshots(t *testing.T) {
	s := openInternal(t)
	contacts(t, s)
	write1(t, s, contactParameter(t, "active"))
	indexAll(t, s)
	if err := s.View(t.Context(), func(tx fhir.Tx) error {
		if got := countIn(t, s, tx, "Fox"); got != indexedContacts {
			t.Errorf("before: %d", got)
		}
		if _, err := s.Reindex(t.Context(), fhir.Reindex{}); err != nil {
			return err
		}
		indexAll(t, s)
		if got := countIn(t, s, tx, "Fox"); got != indexedContacts { // nobody has looked the new number up
			t.Errorf("on the snapshot: %d", got)
		}
		expectCount(t, s, "Fox", indexedContacts)
		if got := countIn(t, s, tx, "Fox"); got != indexedContacts { // somebody has
			t.Errorf("on the snapshot, afterwards: %d", got)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	expectCount(t, s, "Fox", indexedContacts)
	var spares int64
	if err := s.View(t.Context(), func(tx fhir.Tx) (err error) {
		spares, err = one(tx.(*viewTx).conn.Conn, "SELECT count(*) FROM spare")
		return err
	}); err != nil || spares != 0 {
		t.Errorf("%d numbers are left over (%v)", spares, err)
	}
}

// TestIndexGap: while the index is built anew, searches are refused as far as it is not there, also those that were begun before;
// everything else goes on.
func TestIndexGap(t *testing.T) {
	s := openInternal(t)
	contacts(t, s)
	write1(t, s, parsed(t, `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/1"}}`))
	if err := s.writer.exclusive(nil, func() error {
		s.writer.changed = true
		return s.writer.rebuild()
	}); err != nil {
		t.Fatal(err)
	}
	find := func(typ, name, value string) error {
		q, _, err := s.options.Params.Parse(typ, fhir.Params{{Name: name, Value: value}}, search.Options{Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		return s.View(t.Context(), func(tx fhir.Tx) error {
			_, err := tx.Search(t.Context(), q)
			return err
		})
	}
	refused := func(when string, want map[string]bool) {
		t.Helper()
		for query, want := range want {
			typ, rest, _ := strings.Cut(query, "?")
			name, value, _ := strings.Cut(rest, "=")
			err := find(typ, name, value)
			if got := fhir.CodeOf(err) == fhir.Transient; got != want || err != nil && !got {
				t.Errorf("%s, %s: %v", when, query, err)
			} else if got && (fhir.AsOutcome(err).RetryAfter == 0 || !strings.Contains(err.Error(), "built anew")) {
				t.Errorf("%s, %s: %v", when, query, err)
			}
		}
	}
	refused("at the beginning", map[string]bool{
		"Patient?_id=1": false, "Patient?_lastUpdated=gt2000": false, "Patient?gender=male": true, "Observation?status=final": true, "Observation?subject:Patient._id=1": true,
		"Patient?_content=fox": true, "Person?gender=male": false,
	})
	steps(t, s, 2) // start; the one Observation
	refused("when Observation is done", map[string]bool{
		"Observation?status=final": false, "Observation?subject:Patient._id=1": false, "Observation?subject:Patient.gender=male": true, "Observation?_content=x": false, "Patient?gender=male": true,
	})
	write1(t, s, contact(t, "5", "Hare"))
	if err := s.View(t.Context(), func(tx fhir.Tx) error {
		if _, err := tx.Read(t.Context(), "Patient", "1"); err != nil { // takes the snapshot
			return err
		}
		indexAll(t, s)
		q, _, err := s.options.Params.Parse("Patient", fhir.Params{{Name: "gender", Value: "male"}}, search.Options{})
		if err != nil {
			return err
		}
		if page, err := tx.Search(t.Context(), q); fhir.CodeOf(err) != fhir.Transient {
			t.Errorf("on a snapshot without the index: %v, %v", page, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	refused("at the end", map[string]bool{"Patient?gender=male": false, "Patient?_content=hare": false})
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestIndexLargeResources: what a step reads at once is bounded, however many resources it may take.
func TestIndexLargeResources(t *testing.T) {
	s := openInternal(t)
	text := strings.Repeat("x", 200<<10)
	for i := range 60 {
		write1(t, s, parsed(t, fmt.Sprintf(`{"resourceType":"Patient","id":"%d","contact":[{"name":{"family":"Fox","text":"%s"}}]}`, i, text)))
	}
	write1(t, s, contactParameter(t, "active"))
	steps(t, s, 1)
	p, _, err := s.portion(t.Context(), mostStep, 2)
	if err != nil || p.end || len(p.rows) < 30 || len(p.rows) > 50 {
		t.Fatalf("%d rows, end %v, %v", len(p.rows), p.end, err)
	}
	indexAll(t, s)
	expectCount(t, s, "Fox", 60)
}

// TestIndexWithdrawn: a search that was read when a parameter was served does not take the rows for all there are that are
// there when it runs, whoever has changed the parameter; what else has changed does not concern it.
func TestIndexWithdrawn(t *testing.T) {
	s := openInternal(t)
	contacts(t, s)
	write1(t, s, contactParameter(t, "active"))
	indexAll(t, s)
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	other, err := Open(Options{Dir: s.options.Dir, Params: search.NewParams(spec, nil)}) // as another process does
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}()
	stores := map[string]*Store{"this process": s, "another process": other}
	queries := make(map[string]*search.Query)
	for name, st := range stores {
		if queries[name], _, err = st.options.Params.Parse("Patient", fhir.Params{{Name: "contact", Value: "Fox"}}, search.Options{Strict: true, Count: search.MaxCount}); err != nil {
			t.Fatal(err)
		}
	}
	each := func(when string, want int, code fhir.IssueType) {
		t.Helper()
		for name, st := range stores {
			if err := st.View(t.Context(), func(tx fhir.Tx) error {
				page, err := tx.Search(t.Context(), queries[name])
				if fhir.CodeOf(err) != code || err == nil && len(page.Resources) != want {
					t.Errorf("%s, %s: %v, %v", name, when, page, err)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	each("at the beginning", indexedContacts, "")
	write1(t, s, parsed(t, strings.NewReplacer(`"c"`, `"d"`, "example.org/c", "example.org/d", `"contact"`, `"other"`, "family", "text").Replace(contactParameter(t, "active").Body())))
	each("with another parameter", indexedContacts, "")
	write1(t, s, contactParameter(t, "retired"))
	each("when it is retired", 0, fhir.Transient)
	write1(t, s, contactParameter(t, "active"))
	each("when it is being indexed again", 0, fhir.Transient)
	steps(t, s, 3)
	each("half-way", 0, fhir.Transient)
	indexAll(t, s)
	if err := other.look(t.Context()); err != nil { // as it does every second, sooner than rows of old numbers are removed
		t.Fatal(err)
	}
	each("at the end", indexedContacts, "")
}
