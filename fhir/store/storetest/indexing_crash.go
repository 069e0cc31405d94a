package storetest

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"andiron.dev/fhir"
)

// indexedPatients is how many patients there are to be indexed while the process that does so is killed.
const indexedPatients = 3000

// testIndexingCrash kills a process in the middle of a job on the index, several times, while it also writes: another one goes
// on where it stopped, and in the end nothing is missing.
func testIndexingCrash(t *testing.T, s *suite) {
	if place := os.Getenv(crashPlace); place != "" {
		s.indexingChild(t, place)
		return
	}
	place := t.TempDir()
	st := s.process(t, place)
	st.indexer()
	for from := 0; from < indexedPatients; from += 500 {
		st.update(nil, func(ctx context.Context, tx fhir.Tx) error {
			for i := from; i < from+500; i++ {
				if _, err := tx.Put(ctx, bride(t, fmt.Sprintf("p%d", i), fmt.Sprintf("Name%d", i%10))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	st.putJSON(maiden("m", "active", "maiden"))
	written := make(map[string]bool)
	var last int64
	resumed := false // by a process that was killed as well
	for round := range 4 {
		for _, id := range killAfter(t, place, round, 150*time.Millisecond) {
			written[id] = true
		}
		jobs, err := st.indexer().IndexJobs(t.Context())
		if err != nil || len(jobs) != 1 {
			t.Fatalf("round %d: %v, %v", round, jobs, err)
		}
		done, total := jobs[0].Progress()
		if done < last || done > total {
			t.Errorf("round %d: %d of %d are done, and before it were %d", round, done, total, last)
		}
		if round > 0 && done > last || round == 0 && !jobs[0].Open() { // a machine may be that fast
			resumed = true
		}
		last = done
		t.Logf("round %d: %s, %d of %d", round, jobs[0].State, done, total)
	}
	if len(written) == 0 {
		t.Error("the child has written nothing")
	}
	st.index()
	jobs, err := st.indexer().IndexJobs(t.Context())
	if err != nil || jobs[0].State != fhir.IndexComplete {
		t.Fatalf("%v, %v", jobs, err)
	}
	if !resumed {
		t.Error("nothing was resumed")
	}
	found := 0
	for i := range 10 {
		found += len(st.search(fmt.Sprintf("Patient?maiden:exact=Name%d", i)))
	}
	if found != indexedPatients {
		t.Errorf("%d of %d patients are found", found, indexedPatients)
	}
	for id := range written {
		st.expect("Patient?maiden=written&_id="+id, id)
	}
	st.check()
}

// indexingChild works on the index and writes, until it is killed.
func (s *suite) indexingChild(t *testing.T, place string) {
	st := s.process(t, place)
	go st.indexer().IndexBeside(t.Context())
	for n := range 100_000 {
		id := fmt.Sprintf("w%s-%d", os.Getenv("ANDIRON_CRASH_ROUND"), n)
		if err := st.Update(t.Context(), nil, func(tx fhir.Tx) error {
			_, err := tx.Put(t.Context(), bride(t, id, "Written"))
			return err
		}); err != nil {
			fmt.Printf("failed %v\n", err)
			return
		}
		fmt.Printf("ack %s\n", id)
		time.Sleep(5 * time.Millisecond)
	}
}
