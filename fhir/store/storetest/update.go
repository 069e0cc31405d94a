package storetest

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"andiron.dev/fhir"
)

// writeSome writes what must not stay.
func writeSome(ctx context.Context, t testing.TB, tx fhir.Tx) error {
	for _, id := range []string{"1", "new", "new-2"} {
		if _, err := tx.Put(ctx, patient(t, id, "Rolledback", `"identifier":[{"system":"urn:rolled-back","value":"1"}]`)); err != nil {
			return err
		}
	}
	_, err := tx.Delete(ctx, "Patient", "2")
	return err
}

// testAllOrNothing lets updates fail in every way there is, both when fn runs beside others and when it has searched what it
// wrote (an engine may treat that differently).
func testAllOrNothing(t *testing.T, s *suite) {
	failure := errors.New("fn failed")
	for _, searching := range []bool{false, true} {
		st := s.open(t)
		st.put(patient(t, "1", "One"), patient(t, "2", "Two"))
		ctx := t.Context()
		attempt := func(end func() error) (panicked any, err error) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer func() { panicked = recover() }()
				err = st.Update(ctx, []string{"g"}, func(tx fhir.Tx) error {
					if err := writeSome(ctx, t, tx); err != nil {
						return err
					}
					if searching {
						if _, err := tx.Search(ctx, s.parse(t, "Patient?family=rolled")); err != nil {
							return err
						}
					}
					return end()
				})
			}()
			<-done
			return panicked, err
		}
		if _, err := attempt(func() error { return failure }); err != failure { //nolint:errorlint // unchanged means unchanged
			t.Errorf("fn's error came back as %v", err)
		}
		if panicked, _ := attempt(func() error { panic(failure) }); panicked != failure { //nolint:errorlint // the very value
			t.Errorf("fn's panic came back as %v", panicked)
		}
		attempt(func() error { runtime.Goexit(); return nil })
		if _, err := attempt(func() error { return fhir.NewOutcome(fhir.Conflict, "no") }); fhir.CodeOf(err) != fhir.Conflict {
			t.Errorf("fn's outcome came back as %v", err)
		}
		wantSet(t, "after failed updates", st.search("Patient?"), "1", "2")
		wantIDs(t, "after failed updates, by index", st.search("Patient?identifier=urn:rolled-back|"))
		wantVersion(t, st.put(patient(t, "1", "Uno")), "2", false, false)
		wantVersion(t, st.put(patient(t, "new", "New")), "1", true, false)
		events, err := st.Events(ctx, 0, 100)
		if err != nil || len(events) != 4 || events[3].Seq != 4 {
			t.Errorf("events after failed updates: %+v, %v", events, err)
		}
		st.update([]string{"g"}, func(ctx context.Context, tx fhir.Tx) error {
			if n, err := tx.GuardCount(ctx, "g"); n != 0 || err != nil {
				t.Errorf("failed updates were counted: %d, %v", n, err)
			}
			return nil
		})
		st.check()
	}
}

// testFirstNames has updates fail that are the first to use a resource type, a token system and a search parameter: what an
// engine remembers of them must not outlive the failure.
func testFirstNames(t *testing.T, s *suite) {
	st := s.open(t)
	ctx := t.Context()
	failure := errors.New("fn failed")
	err := st.Update(ctx, nil, func(tx fhir.Tx) error {
		r := resource(t, `{"resourceType":"Device","id":"1","identifier":[{"system":"urn:first","value":"1"}],"patient":{"reference":"Patient/1"}}`)
		if _, err := tx.Put(ctx, r); err != nil {
			return err
		}
		if _, err := tx.Read(ctx, "Device", "1"); err != nil {
			return err
		}
		for _, url := range []string{"Device?identifier=urn:first|1", "Device?patient=Patient/1", "Device?url=http://a"} {
			if _, err := tx.Search(ctx, s.parse(t, url)); err != nil {
				return err
			}
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Fatal(err)
	}
	// Others use new names now. They must not be taken for those.
	st.putJSON(`{"resourceType":"Location","id":"1","identifier":[{"system":"urn:second","value":"1"}],"name":"Ward"}`,
		`{"resourceType":"Organization","id":"1","identifier":[{"system":"urn:third","value":"1"}],"name":"House"}`,
		`{"resourceType":"Device","id":"2","identifier":[{"system":"urn:first","value":"2"}],"patient":{"reference":"Patient/2"}}`)
	_, err = st.read("Device/1")
	wantCode(t, "Device/1", err, fhir.NotFound)
	for url, want := range map[string][]string{
		"Device?": {"2"}, "Location?": {"1"}, "Organization?": {"1"}, "Device?identifier=urn:first|1": nil, "Device?identifier=urn:first|2": {"2"},
		"Device?identifier=urn:second|1": nil, "Location?identifier=urn:second|1": {"1"}, "Organization?identifier=urn:third|": {"1"},
		"Location?name=ward": {"1"}, "Organization?name=house": {"1"}, "Device?patient=Patient/2": {"2"}, "Patient?": nil,
	} {
		wantIDs(t, url, st.search(url), want...)
	}
	st.check()
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	st = st.again()
	wantIDs(t, "reopened", st.search("Device?identifier=urn:first|2"), "2")
	st.check()
}

// testSwallowed lets fn go on after errors that do not concern it: a conditional delete does.
func testSwallowed(t *testing.T, s *suite) {
	st := s.open(t)
	st.update(nil, func(ctx context.Context, tx fhir.Tx) error {
		_, err := tx.Read(ctx, "Patient", "1")
		wantCode(t, "reading", err, fhir.NotFound)
		_, err = tx.Delete(ctx, "Patient", "1")
		wantCode(t, "deleting", err, fhir.NotFound)
		_, err = tx.Put(ctx, patient(t, "1", "One"))
		return err
	})
	wantIDs(t, "written all the same", st.search("Patient?"), "1")
}
