package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"andiron.dev/fhir"
)

// findings are what a function that may run several times has noticed in its last run.
type findings []string

func (f *findings) add(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

// testOwnWrites reads within an update what it has itself written.
func testOwnWrites(t *testing.T, s *suite) {
	st := s.open(t)
	st.put(patient(t, "old", "Old", `"gender":"male"`), patient(t, "gone", "Gone", `"gender":"male"`))
	var created, changed, ended *fhir.Version
	var wrong findings
	st.update(nil, func(ctx context.Context, tx fhir.Tx) (err error) {
		wrong = nil
		look := &ownLook{t: t, suite: s, tx: tx, wrong: &wrong}
		look.search(ctx, "Patient?gender=male", "gone", "old")
		if created, err = tx.Put(ctx, patient(t, "new", "New", `"gender":"male"`)); err != nil {
			return err
		}
		if changed, err = tx.Put(ctx, patient(t, "old", "Elder", `"gender":"female"`)); err != nil {
			return err
		}
		if ended, err = tx.Delete(ctx, "Patient", "gone"); err != nil {
			return err
		}
		if _, err := tx.Delete(ctx, "Patient", "gone"); fhir.CodeOf(err) != fhir.Deleted {
			wrong.add("deleting twice: %v", err)
		}
		if _, err := readRef(ctx, tx, "Patient/gone"); fhir.CodeOf(err) != fhir.Deleted {
			wrong.add("reading what was deleted: %v", err)
		}
		for reference, family := range map[string]string{"Patient/new": "New", "Patient/old": "Elder", "Patient/old/_history/2": "Elder", "Patient/old/_history/1": "Old",
			"Patient/new/_history/1": "New", "Patient/gone/_history/1": "Gone"} {
			look.read(ctx, reference, family)
		}
		look.search(ctx, "Patient?gender=male", "new")
		look.search(ctx, "Patient?family=elder", "old")
		look.search(ctx, "Patient?", "new", "old")
		page, err := tx.History(ctx, fhir.HistoryQuery{Type: "Patient", ID: "old", Count: 10})
		if err == nil && (len(page.Events) != 2 || page.Events[0].VersionID != "2") {
			wrong.add("the history is %+v", page.Events)
		}
		return err
	})
	for _, w := range wrong {
		t.Errorf("within the update: %s", w)
	}
	wantVersion(t, created, "1", true, false)
	wantVersion(t, changed, "2", false, false)
	wantVersion(t, ended, "2", false, true)
	for _, v := range []*fhir.Version{created, changed, ended} {
		if v.LastUpdated.IsZero() {
			t.Errorf("%s has no time", v.ID)
		}
	}
	wantSet(t, "after it", st.search("Patient?gender=male"), "new")
	st.check()
}

// ownLook looks at the store from within an update.
type ownLook struct {
	t     *testing.T
	suite *suite
	tx    fhir.Tx
	wrong *findings
}

func (l *ownLook) search(ctx context.Context, url string, want ...string) {
	page, err := l.tx.Search(ctx, l.suite.parse(l.t, url))
	if err != nil {
		l.wrong.add("%s: %v", url, err)
		return
	}
	if got := slices.Sorted(slices.Values(idsOf(page.Resources))); !slices.Equal(got, want) {
		l.wrong.add("%s: got %v, want %v", url, got, want)
	}
}

func (l *ownLook) read(ctx context.Context, reference, family string) {
	r, err := readRef(ctx, l.tx, reference)
	if err != nil || r.Root().Get("name").First().Get("family").Text() != family {
		l.wrong.add("%s: %v", reference, err)
	}
}

// testTwice writes one resource several times in one update.
func testTwice(t *testing.T, s *suite) {
	st := s.open(t)
	var versions []*fhir.Version
	st.update(nil, func(ctx context.Context, tx fhir.Tx) error {
		versions = nil
		for _, family := range []string{"One", "Two", ""} {
			var v *fhir.Version
			var err error
			if family == "" {
				v, err = tx.Delete(ctx, "Patient", "1")
			} else {
				v, err = tx.Put(ctx, patient(t, "1", family))
			}
			if err != nil {
				return err
			}
			versions = append(versions, v)
		}
		v, err := tx.Put(ctx, patient(t, "1", "Four"))
		versions = append(versions, v)
		return err
	})
	wantVersion(t, versions[0], "1", true, false)
	wantVersion(t, versions[1], "2", false, false)
	wantVersion(t, versions[2], "3", false, true)
	wantVersion(t, versions[3], "4", true, false)
	wantIDs(t, "the last one counts", st.search("Patient?family=four"), "1")
	wantIDs(t, "the others do not", st.search("Patient?family=one,two"))
	if page := st.history(fhir.HistoryQuery{Type: "Patient", ID: "1", Count: 10}); len(page.Events) != 4 {
		t.Errorf("%d versions in the history", len(page.Events))
	}
	st.check()
}
