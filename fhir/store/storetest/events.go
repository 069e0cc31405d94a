package storetest

import (
	"context"
	"fmt"
	"testing"

	"andiron.dev/fhir"
)

// allEvents reads the outbox in pages and checks that it has no gaps.
func (s *store) allEvents(page int) (all []fhir.Event) {
	s.t.Helper()
	for after := fhir.Seq(0); ; {
		events, err := s.Events(s.t.Context(), after, page)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(events) > page {
			s.t.Fatalf("%d events, asked for %d", len(events), page)
		}
		for _, e := range events {
			if e.Seq != after+1 {
				s.t.Fatalf("event %d follows on %d", e.Seq, after)
			}
			if len(all) > 0 && e.LastUpdated.Before(all[len(all)-1].LastUpdated) {
				s.t.Fatalf("event %d is older than the one before it", e.Seq)
			}
			after = e.Seq
			all = append(all, e)
		}
		if len(events) < page {
			return all
		}
	}
}

func testEvents(t *testing.T, s *suite) {
	st := s.open(t)
	if events := st.allEvents(10); len(events) != 0 {
		t.Errorf("an empty store has events: %+v", events)
	}
	st.put(patient(t, "1", "One"), patient(t, "1", "Two"))
	st.update(nil, func(ctx context.Context, tx fhir.Tx) error {
		for i := range 5 {
			if _, err := tx.Put(ctx, resource(t, fmt.Sprintf(`{"resourceType":"Observation","id":"%d"}`, i))); err != nil {
				return err
			}
		}
		_, err := tx.Delete(ctx, "Patient", "1")
		return err
	})
	st.put(patient(t, "1", "Three"))
	want := []string{"create Patient/1/1", "update Patient/1/2", "create Observation/0/1", "create Observation/1/1", "create Observation/2/1", "create Observation/3/1",
		"create Observation/4/1", "delete Patient/1/3", "create Patient/1/4"}
	for _, page := range []int{1, 2, 3, 100} {
		events := st.allEvents(page)
		if len(events) != len(want) {
			t.Fatalf("%d events, want %d", len(events), len(want))
		}
		for i, e := range events {
			if got := fmt.Sprintf("%s %s/%s/%s", e.Method, e.Type, e.ID, e.VersionID); got != want[i] {
				t.Errorf("event %d is %s, want %s", i+1, got, want[i])
			}
			if (e.Resource == nil) != (e.Method == fhir.Delete) {
				t.Errorf("event %d, a %s, has the resource %v", i+1, e.Method, e.Resource)
			}
			if e.Resource != nil && (e.Resource.ID() != e.ID || e.Resource.VersionID() != e.VersionID || !e.Resource.LastUpdated().Equal(e.LastUpdated)) {
				t.Errorf("the resource of event %d is %s version %s", i+1, e.Resource.Reference(), e.Resource.VersionID())
			}
		}
	}
	for _, max := range []int{0, -1} {
		if events, err := st.Events(t.Context(), 0, max); len(events) != 0 || err != nil {
			t.Errorf("at most %d events: got %d, %v", max, len(events), err)
		}
	}
	if events, err := st.Events(t.Context(), 9, 10); len(events) != 0 || err != nil {
		t.Errorf("after the last: %d, %v", len(events), err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	st = st.again()
	st.put(patient(t, "2", "Reopened"))
	if events := st.allEvents(4); len(events) != 10 || events[9].ID != "2" {
		t.Errorf("reopening does not continue the commit order: %d events", len(events))
	}
}
