package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
)

func testGuards(t *testing.T, s *suite) {
	st := s.open(t)
	count := func(want int64, guard string, guards ...string) {
		t.Helper()
		st.update(guards, func(ctx context.Context, tx fhir.Tx) error {
			if n, err := tx.GuardCount(ctx, guard); n != want || err != nil {
				t.Errorf("GuardCount(%q) is %d, %v; want %d", guard, n, err, want)
			}
			return nil
		})
	}
	write := func(id string, guards ...string) {
		t.Helper()
		st.update(guards, func(ctx context.Context, tx fhir.Tx) error {
			_, err := tx.Put(ctx, patient(t, id, "Guarded"))
			return err
		})
	}
	count(0, "a", "a")
	count(0, "a", "a") // nothing was written, so nothing counts
	write("1", "a")
	count(1, "a", "a")
	count(0, "b", "b")
	write("2", "b", "a", "b", "a") // unsorted, and given twice: taken once
	count(2, "a", "a", "b")
	count(1, "b", "b", "a")
	write("3")
	count(2, "a", "a")
	odd := strings.Repeat("k", 300) + " 'é\""
	write("4", odd, "")
	count(1, odd, odd)
	count(1, "", "")
	st.update([]string{"a"}, func(ctx context.Context, tx fhir.Tx) error {
		for _, family := range []string{"Two", "Three"} { // several writes, one count; the count before it stays as it was
			if _, err := tx.Put(ctx, patient(t, "1", family)); err != nil {
				return err
			}
			if n, err := tx.GuardCount(ctx, "a"); n != 2 || err != nil {
				t.Errorf("within the update that takes it, the count is %d, %v", n, err)
			}
		}
		return nil
	})
	count(3, "a", "a")
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	st = st.again()
	count(3, "a", "a")
	st.view(func(ctx context.Context, tx fhir.Tx) error {
		n, err := tx.GuardCount(ctx, "a")
		if n != 3 {
			t.Errorf("a View sees the count %d", n)
		}
		return err
	})
}

// testGuardWait has updates wait for a guard, and give up.
func testGuardWait(t *testing.T, s *suite) {
	st := s.open(t)
	holding, release, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		first := true
		done <- st.Update(t.Context(), []string{"b"}, func(tx fhir.Tx) error {
			if first {
				first = false
				close(holding)
				<-release
			}
			_, err := tx.Put(t.Context(), patient(t, "1", "Holder"))
			return err
		})
	}()
	<-holding
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := st.Update(ctx, []string{"a", "b", "c"}, func(tx fhir.Tx) error {
		_, err := tx.Put(ctx, patient(t, "2", "Waiter"))
		<-ctx.Done() // an engine may notice the conflict only at the commit
		return err
	})
	if err == nil {
		t.Error("the guard was taken by two")
	}
	// Guards that it would have had are free, and others do not wait.
	st.update([]string{"a", "c", "d"}, func(ctx context.Context, tx fhir.Tx) error {
		_, err := tx.Put(ctx, patient(t, "3", "Other"))
		return err
	})
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	st.update([]string{"b"}, func(ctx context.Context, tx fhir.Tx) error {
		if n, err := tx.GuardCount(ctx, "b"); n != 1 || err != nil {
			t.Errorf("the guard was taken %d times, %v", n, err)
		}
		return nil
	})
	wantSet(t, "written", st.search("Patient?"), "1", "3")
}
