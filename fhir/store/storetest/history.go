package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"andiron.dev/fhir"
)

func versionsOf(events []fhir.Event) []string {
	list := make([]string, len(events))
	for i, e := range events {
		list[i] = e.Type[:1] + e.ID + "/" + e.VersionID
		if e.Method == fhir.Delete {
			list[i] += "x"
		}
	}
	return list
}

// filledHistory opens a store with a version a minute: P1 at 12:01, O1 at 12:02, P2 and so on.
func filledHistory(t *testing.T, s *suite) *store {
	st := s.open(t)
	for _, step := range []string{"Patient/1", "Observation/1", "Patient/2", "Patient/1", "-Patient/2", "Patient/1", "Patient/2", "-Patient/1"} {
		st.clock.Advance(time.Minute)
		if step[0] == '-' {
			st.delete(step[1:])
			continue
		}
		typ, id := step[:len(step)-2], step[len(step)-1:]
		st.putJSON(`{"resourceType":"` + typ + `","id":"` + id + `","language":"de"}`)
	}
	return st
}

func testHistory(t *testing.T, s *suite) {
	st := filledHistory(t, s)
	noon := time.Date(2024, 5, 31, 12, 0, 0, 0, time.UTC)
	minute := func(m float64) time.Time { return noon.Add(time.Duration(m * float64(time.Minute))) }
	during := func(from, to float64) *fhir.Temporal { return &fhir.Temporal{Low: minute(from), High: minute(to)} }
	instant := func(m float64) *fhir.Temporal {
		return &fhir.Temporal{Low: minute(m), High: minute(m).Add(time.Millisecond)}
	}
	for _, test := range []struct {
		name string
		q    fhir.HistoryQuery
		want []string
	}{
		{"system", fhir.HistoryQuery{}, []string{"P1/4x", "P2/3", "P1/3", "P2/2x", "P1/2", "P2/1", "O1/1", "P1/1"}},
		{"type", fhir.HistoryQuery{Type: "Patient"}, []string{"P1/4x", "P2/3", "P1/3", "P2/2x", "P1/2", "P2/1", "P1/1"}},
		{"other type", fhir.HistoryQuery{Type: "Observation"}, []string{"O1/1"}},
		{"type never stored", fhir.HistoryQuery{Type: "Device"}, nil},
		{"instance", fhir.HistoryQuery{Type: "Patient", ID: "2"}, []string{"P2/3", "P2/2x", "P2/1"}},
		{"instance deleted", fhir.HistoryQuery{Type: "Patient", ID: "1"}, []string{"P1/4x", "P1/3", "P1/2", "P1/1"}},
		{"since", fhir.HistoryQuery{Since: minute(5)}, []string{"P1/4x", "P2/3", "P1/3", "P2/2x"}},
		{"since between", fhir.HistoryQuery{Since: minute(5.5)}, []string{"P1/4x", "P2/3", "P1/3"}},
		{"since, a microsecond late", fhir.HistoryQuery{Since: minute(5).Add(time.Microsecond)}, []string{"P1/4x", "P2/3", "P1/3"}},
		{"since the beginning", fhir.HistoryQuery{Type: "Patient", ID: "2", Since: minute(-500)}, []string{"P2/3", "P2/2x", "P2/1"}},
		{"since the future", fhir.HistoryQuery{Since: minute(500)}, nil},
		{"type since", fhir.HistoryQuery{Type: "Patient", Since: minute(6)}, []string{"P1/4x", "P2/3", "P1/3"}},
		{"instance since", fhir.HistoryQuery{Type: "Patient", ID: "2", Since: minute(4)}, []string{"P2/3", "P2/2x"}},
		{"at an instant", fhir.HistoryQuery{At: instant(4.5)}, []string{"P1/2", "P2/1", "O1/1"}},
		{"at the instant of a write", fhir.HistoryQuery{At: instant(4)}, []string{"P1/2", "P2/1", "O1/1"}},
		{"at the instant before a write", fhir.HistoryQuery{At: &fhir.Temporal{Low: minute(4).Add(-time.Millisecond), High: minute(4)}}, []string{"P2/1", "O1/1", "P1/1"}},
		{"at an interval", fhir.HistoryQuery{At: during(3.5, 5.5)}, []string{"P2/2x", "P1/2", "P2/1", "O1/1", "P1/1"}},
		{"at before everything", fhir.HistoryQuery{At: during(-5, 0)}, nil},
		{"at after everything", fhir.HistoryQuery{At: during(100, 200)}, []string{"P1/4x", "P2/3", "O1/1"}},
		{"instance at", fhir.HistoryQuery{Type: "Patient", ID: "1", At: instant(6.5)}, []string{"P1/3"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, count := range []int{100, 1, 2, 3} {
				q := test.q
				q.Count = count
				got, total := st.pagedHistory(t, q)
				if !slices.Equal(got, test.want) {
					t.Errorf("in pages of %d: got %v, want %v", count, got, test.want)
				}
				if total >= 0 && total != len(test.want) {
					t.Errorf("in pages of %d: the total is %d, want %d", count, total, len(test.want))
				}
			}
		})
	}
	for _, q := range []fhir.HistoryQuery{{Type: "Patient", ID: "9", Count: 5}, {Type: "Device", ID: "1", Count: 5}} {
		err := st.View(t.Context(), func(tx fhir.Tx) error {
			_, err := tx.History(t.Context(), q)
			return err
		})
		wantCode(t, "an unknown instance", err, fhir.NotFound)
	}
}

// pagedHistory follows the pages of a history. Every page must have the same total, or none.
func (s *store) pagedHistory(t *testing.T, q fhir.HistoryQuery) (list []string, total int) {
	t.Helper()
	for first := true; ; first = false {
		page := s.history(q)
		if len(page.Events) > q.Count {
			t.Errorf("%d versions on a page of %d", len(page.Events), q.Count)
		}
		for _, e := range page.Events {
			if (e.Resource == nil) != (e.Method == fhir.Delete) {
				t.Errorf("%s of %s/%s with resource %v", e.Method, e.Type, e.ID, e.Resource)
			}
		}
		list = append(list, versionsOf(page.Events)...)
		if !first && page.Total != total {
			t.Errorf("the total is %d on one page and %d on another", total, page.Total)
		}
		total = page.Total
		if page.Next == 0 {
			return list, total
		}
		if q.Before != 0 && page.Next >= q.Before {
			t.Fatalf("the page before %d is followed by the page before %d", q.Before, page.Next)
		}
		q.Before = page.Next
	}
}

// testHistoryStable pages through a history while others write: it shows what was there, once.
func testHistoryStable(t *testing.T, s *suite) {
	st := s.open(t)
	for i := range 20 {
		st.put(patient(t, fmt.Sprint(i), "First"))
	}
	q := fhir.HistoryQuery{Type: "Patient", Count: 3}
	var list []string
	for {
		page := st.history(q)
		list = append(list, versionsOf(page.Events)...)
		if page.Next == 0 {
			break
		}
		q.Before = page.Next
		st.put(patient(t, "5", "Again"), patient(t, fmt.Sprint("late", len(list)), "Late"))
	}
	want := make([]string, 20)
	for i := range want {
		want[i] = fmt.Sprintf("P%d/1", 19-i)
	}
	wantIDs(t, "paged while others wrote", list, want...)
}
