package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
)

func testVersions(t *testing.T, s *suite) {
	st := s.open(t)
	wantVersion(t, st.put(patient(t, "1", "One")), "1", true, false)
	wantVersion(t, st.put(patient(t, "1", "Two")), "2", false, false)
	wantVersion(t, st.delete("Patient/1"), "3", false, true)
	for reference, code := range map[string]fhir.IssueType{
		"Patient/1": fhir.Deleted, "Patient/1/_history/3": fhir.Deleted, "Patient/1/_history/1": "", "Patient/1/_history/4": fhir.NotFound,
	} {
		_, err := st.read(reference)
		wantCode(t, reference, err, code)
	}
	v := st.put(patient(t, "1", "Three"))
	wantVersion(t, v, "4", true, false)
	wantVersion(t, st.put(patient(t, "1", "Four")), "5", false, false)
	if v.Type != "Patient" || v.ID != "1" {
		t.Errorf("the version is of %s/%s", v.Type, v.ID)
	}
	for version, family := range map[string]string{"1": "One", "2": "Two", "4": "Three", "5": "Four"} {
		r, err := st.read("Patient/1/_history/" + version)
		if err != nil || r.VersionID() != version || !strings.Contains(r.Body(), family) {
			t.Errorf("version %s is %v, %v; want %s", version, r, err, family)
		}
	}
	r, err := st.read("Patient/1")
	if err != nil || r.VersionID() != "5" || r.ID() != "1" || r.Type() != "Patient" {
		t.Errorf("the current version is %v, %v", r, err)
	}
	st.check()
}

// testCreate: a Create is there like a Put, and one whose id is taken, be it by a deleted resource, changes nothing.
func testCreate(t *testing.T, s *suite) {
	st := s.open(t)
	create := func(before []*fhir.Resource, r *fhir.Resource) (v *fhir.Version, err error) {
		err = st.Update(t.Context(), nil, func(tx fhir.Tx) error {
			for _, b := range before {
				if _, err := tx.Put(t.Context(), b); err != nil {
					return err
				}
			}
			v, err = tx.Create(t.Context(), r)
			return err
		})
		return v, err
	}
	v, err := create(nil, patient(t, "1", "One"))
	wantCode(t, "a new id", err, "")
	wantVersion(t, v, "1", true, false)
	_, err = create(nil, patient(t, "1", "Other"))
	wantCode(t, "an id that is taken", err, fhir.Duplicate)
	_, err = create([]*fhir.Resource{patient(t, "2", "Beside")}, patient(t, "1", "Other"))
	wantCode(t, "an id that is taken, after a write", err, fhir.Duplicate)
	_, err = create([]*fhir.Resource{patient(t, "3", "Own")}, patient(t, "3", "Other"))
	wantCode(t, "an id that the update has written itself", err, fhir.Duplicate)
	for reference, code := range map[string]fhir.IssueType{"Patient/1": "", "Patient/2": fhir.NotFound, "Patient/3": fhir.NotFound} {
		_, err := st.read(reference)
		wantCode(t, reference, err, code)
	}
	st.delete("Patient/1")
	_, err = create(nil, patient(t, "1", "Other"))
	wantCode(t, "the id of a deleted resource", err, fhir.Duplicate)
	st.check()
}

func testUnknown(t *testing.T, s *suite) {
	st := s.open(t)
	absent := func(when string) {
		for _, reference := range []string{"Patient/1", "Nothing/1", "Patient/1/_history/1", "Observation/1", "Observation/1/_history/1", "Patient/", "Patient/%27--"} {
			_, err := st.read(reference)
			wantCode(t, when+": "+reference, err, fhir.NotFound)
		}
		for _, typ := range []string{"Patient", "Nothing"} {
			err := st.Update(t.Context(), nil, func(tx fhir.Tx) error {
				_, err := tx.Delete(t.Context(), typ, "1")
				return err
			})
			wantCode(t, when+": deleting "+typ+"/1", err, fhir.NotFound)
		}
	}
	absent("empty store")
	st.put(patient(t, "2", "Other"))
	st.putJSON(`{"resourceType":"Observation","id":"x","subject":{"reference":"Nothing/1"}}`)
	absent("others are there")
	for _, version := range []string{"0", "2", "-1", "01", "1 ", "", "one", "99999999999999999999", "1.0", "+1"} {
		_, err := st.read("Patient/2/_history/" + version)
		wantCode(t, "version "+version, err, fhir.NotFound)
	}
}

func testDelete(t *testing.T, s *suite) {
	st := s.open(t)
	st.put(patient(t, "1", "One"))
	v := st.delete("Patient/1")
	wantVersion(t, v, "2", false, true)
	if v.LastUpdated.IsZero() {
		t.Error("a deletion has no time")
	}
	err := st.Update(t.Context(), nil, func(tx fhir.Tx) error {
		_, err := tx.Delete(t.Context(), "Patient", "1")
		return err
	})
	wantCode(t, "deleting it again", err, fhir.Deleted)
	_, err = st.read("Patient/1/_history/3")
	wantCode(t, "a second deletion made no version", err, fhir.NotFound)
}

func testLastUpdated(t *testing.T, s *suite) {
	st := s.open(t)
	start := st.clock.Now()
	st.clock.Advance(1234567 * time.Nanosecond)
	v := st.put(patient(t, "1", "One"))
	if want := start.Add(time.Millisecond); !v.LastUpdated.Equal(want) {
		t.Errorf("lastUpdated is %s, want %s: the clock's time in whole milliseconds", v.LastUpdated, want)
	}
	r, err := st.read("Patient/1")
	if err != nil || !r.LastUpdated().Equal(v.LastUpdated) {
		t.Errorf("reading gives the time %v, the write gave %s (%v)", r, v.LastUpdated, err)
	}
	// The clock is set back: time must not run against the commit order.
	st.clock.Advance(-time.Hour)
	for range 3 {
		next := st.put(patient(t, "1", "Two"))
		if next.LastUpdated.Before(v.LastUpdated) {
			t.Fatalf("version %s is from %s, before its predecessor's %s", next.VersionID, next.LastUpdated, v.LastUpdated)
		}
		v = next
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if again := st.again().put(patient(t, "2", "Three")); again.LastUpdated.Before(v.LastUpdated) {
		t.Errorf("after reopening, a version is from %s, before %s", again.LastUpdated, v.LastUpdated)
	}
}

// testBytes reads back exactly what was written.
func testBytes(t *testing.T, s *suite) {
	st := s.open(t)
	for name, property := range map[string]string{
		"numbers": `"valueQuantity":{"value":1.10},"component":[{"valueQuantity":{"value":0.000000000000000000001}},{"valueQuantity":{"value":1E+3}},{"valueQuantity":{"value":-0.0}},{"valueInteger":9007199254740993}]`,
		"unicode": `"valueString":"Zoë 🏥 \u0000 \ud83c\udfe5 ` + "\u2028 \u200d \u0301 \U0010ffff \ufeff" + ` é é"`,
		"escapes": `"valueString":"a\"b\\c\/d\be\ff\ng\rh\ti\u0041"`,
		"markup":  `"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">&amp; 'x' ; -- DROP TABLE</div>"}`,
		"long":    `"valueString":"` + strings.Repeat("0123456789abcdef", 1<<16) + `"`,
		"split":   `"_valueString":{"extension":[{"url":"http://a","valueCode":"unknown"}]},"component":[{"valueString":"x","_valueString":{"id":"i"}}]`,
		"meta":    `"meta":{"profile":["http://p"],"tag":[{"code":"t"}],"security":[{"code":"R"}]},"status":"final"`,
	} {
		r := resource(t, `{"resourceType":"Observation","id":"`+name+`",`+property+`}`)
		st.put(r)
		got, err := st.read("Observation/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if got.Body() != r.Body() {
			t.Errorf("%s: wrote %.200s\nread  %.200s", name, r.Body(), got.Body())
		}
		page := st.searchPage(s.parse(t, "Observation?_id="+name))
		if len(page.Resources) != 1 || page.Resources[0].Body() != r.Body() {
			t.Errorf("%s: a search gives something else", name)
		}
	}
	events, err := st.Events(t.Context(), 0, 100)
	if err != nil || len(events) != 7 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	for _, e := range events {
		if got, err := st.read("Observation/" + e.ID); err != nil || got.Body() != e.Resource.Body() {
			t.Errorf("%s: the event holds something else (%v)", e.ID, err)
		}
	}
	st.check()
}

func testIDs(t *testing.T, s *suite) {
	st := s.open(t)
	ids := []string{
		"a", "A", "1", "01", "-", ".", "..", "a.b-C", "NULL", "0", "-1", "1e3", strings.Repeat("x", 64), strings.Repeat("9", 64),
		"0195f2c4-1111-7000-8000-0123456789ab", "0195F2C4-1111-7000-8000-0123456789AB", "0195f2c4-1111-7000-8000-0123456789Ab",
		"0195f2c4111170008000-0123456789ab", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
		"0195f2c4-1111-7000-8000-0123456789ag", "0195f2c41-111-7000-8000-0123456789ab",
	}
	for _, id := range ids {
		if v := st.put(patient(t, id, "Id")); v.ID != id || v.VersionID != "1" {
			t.Errorf("%s became %s version %s", id, v.ID, v.VersionID)
		}
	}
	for _, id := range ids {
		if r, err := st.read("Patient/" + id); err != nil || r.ID() != id {
			t.Errorf("%s: %v", id, err)
		}
		wantIDs(t, "searching for "+id, st.search("Patient?_id="+id), id)
		st.putJSON(`{"resourceType":"Observation","id":"` + id + `","subject":{"reference":"Patient/` + id + `"}}`)
		wantIDs(t, "referring to "+id, st.search("Observation?subject=Patient/"+id), id)
		st.delete("Patient/" + id)
		if page := st.history(fhir.HistoryQuery{Type: "Patient", ID: id, Count: 5}); len(page.Events) != 2 || page.Events[0].ID != id || page.Events[1].ID != id {
			t.Errorf("the history of %s is %+v", id, page.Events)
		}
	}
	wantIDs(t, "all are deleted", st.search("Patient?"))
	// What is no id never reaches a row.
	for _, id := range []string{"", "a b", "a'b", strings.Repeat("x", 65), "é"} {
		body := resource(t, `{"resourceType":"Patient","active":true}`).WithID(id)
		err := st.Update(t.Context(), nil, func(tx fhir.Tx) error {
			_, err := tx.Put(t.Context(), body)
			return err
		})
		wantCode(t, "the id "+id, err, fhir.Value)
	}
	st.check()
}

// history lists versions.
func (s *store) history(q fhir.HistoryQuery) (page *fhir.HistoryPage) {
	s.t.Helper()
	s.view(func(ctx context.Context, tx fhir.Tx) (err error) {
		page, err = tx.History(ctx, q)
		return err
	})
	return page
}
