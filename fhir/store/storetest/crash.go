package storetest

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
)

// crashPlace names, for the child process, the place of the store that it is to write to until it is killed.
const crashPlace = "ANDIRON_CRASH_PLACE"

// alone begins the entries that the child appends by themselves.
const alone = "alone "

// crashSize is how many resources a transaction of the child creates.
const crashSize = 4

// testCrash has a child process (this test binary, started again) write transactions to a store, kills it in the middle of
// that, several times on the same store, and looks at what is left: nothing acknowledged is lost, no transaction is half there.
func testCrash(t *testing.T, s *suite) {
	if place := os.Getenv(crashPlace); place != "" {
		s.crashChild(t, place)
		return
	}
	place := t.TempDir()
	acknowledged := make(map[string]bool)
	for round := range number(t, "ANDIRON_CRASHES", 4) {
		acks := killAfter(t, place, round, 100*time.Millisecond+rand.N(300*time.Millisecond))
		for _, id := range acks {
			acknowledged[id] = true
		}
		s.survey(t, place, round, acknowledged)
	}
	if len(acknowledged) == 0 {
		t.Error("the child never acknowledged anything")
	}
}

// killAfter runs the child for some time after it began to write, and returns what it has acknowledged.
func killAfter(t *testing.T, place string, round int, patience time.Duration) (acks []string) {
	t.Helper()
	path := strings.Split(t.Name(), "/")
	for i := range path {
		path[i] = "^" + path[i] + "$"
	}
	child := exec.Command(os.Args[0], "-test.run="+strings.Join(path, "/"), "-test.count=1") //nolint:gosec // itself
	child.Env = append(os.Environ(), crashPlace+"="+place, fmt.Sprint("ANDIRON_CRASH_ROUND=", round))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var kill *time.Timer
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if kill == nil {
			kill = time.AfterFunc(patience, func() { _ = child.Process.Kill() })
		}
		if id, ok := strings.CutPrefix(lines.Text(), "ack "); ok {
			acks = append(acks, id)
		} else {
			t.Logf("the child says: %s", lines.Text())
		}
	}
	if err := child.Wait(); err == nil {
		t.Error("the child was not killed")
	}
	return acks
}

// crashChild writes until it is killed, and prints the number of each transaction that Update has returned for.
func (s *suite) crashChild(t *testing.T, place string) {
	st := s.engine.Open(t, Options{Place: place, Params: s.params, Now: time.Now, JournalKey: journalKey()})
	ctx := t.Context()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for n := range 100_000 {
				id := fmt.Sprintf("%s-%d-%d", os.Getenv("ANDIRON_CRASH_ROUND"), g, n)
				err := st.Update(ctx, []string{"transactions"}[:n%2], func(tx fhir.Tx) error {
					for i := range crashSize {
						if _, err := tx.Put(ctx, crashObservation(t, id, i)); err != nil {
							return err
						}
					}
					if err := tx.Keep(ctx, &fhir.Record{Kind: "transaction", Key: id, Owner: "crash"}); err != nil {
						return err
					}
					if err := tx.Append(ctx, entry(id, "crash", id)); err != nil {
						return err
					}
					if n%3 == 0 { // the same resource, by all
						if _, err := tx.Put(ctx, patient(t, "shared", "By"+id)); err != nil {
							return err
						}
					}
					if n%5 == 4 { // alone: it sees what it has written
						if _, err := tx.Search(ctx, s.parse(t, "Observation?identifier="+id)); err != nil {
							return err
						}
					}
					return nil
				})
				if err == nil {
					err = st.Append(ctx, entry(alone+id, alone))
				}
				if err != nil {
					fmt.Printf("failed %v\n", err)
					return
				}
				fmt.Printf("ack %s\n", id)
			}
		})
	}
	wg.Wait()
}

func crashObservation(t testing.TB, transaction string, i int) *fhir.Resource {
	return resource(t, fmt.Sprintf(`{"resourceType":"Observation","id":"%s-%d","identifier":[{"system":"urn:t","value":"%s"}],"status":"final","subject":{"reference":"Patient/shared"},
		"code":{"coding":[{"system":"urn:first-%s","code":"c%d"}]},"effectiveDateTime":"2024-05-31T12:00:00Z","valueString":"%s"}`,
		transaction, i, transaction, transaction, i, strings.Repeat("content ", 200)))
}

// survey opens the store that the child has left.
func (s *suite) survey(t *testing.T, place string, round int, acknowledged map[string]bool) {
	t.Helper()
	st := s.engine.Open(t, Options{Place: place, Params: s.params, Now: time.Now, JournalKey: journalKey()})
	inspected := &store{Store: st, t: t, suite: s, place: place}
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	parts := make(map[string]int)
	for _, e := range inspected.allEvents(1000) {
		if e.Type == "Observation" {
			parts[e.ID[:strings.LastIndexByte(e.ID, '-')]]++
		}
	}
	for id, n := range parts {
		if n != crashSize {
			t.Errorf("round %d: transaction %s has left %d resources of %d", round, id, n, crashSize)
		}
	}
	for id := range acknowledged {
		if parts[id] == 0 {
			t.Errorf("round %d: transaction %s was acknowledged and is lost", round, id)
		}
	}
	inspected.surveyJournal(round, parts, acknowledged)
	looked := 0
	for id := range parts { // a few are enough: check looks at all
		if looked++; looked > 20 {
			break
		}
		if found := inspected.search("Observation?identifier=urn:t|" + id); len(found) != crashSize {
			t.Errorf("round %d: a search for transaction %s finds %v", round, id, found)
		}
		if _, err := inspected.read("Observation/" + id + "-0"); err != nil {
			t.Errorf("round %d: reading of transaction %s: %v", round, id, err)
		}
	}
	inspected.check()
	t.Logf("round %d: %d transactions acknowledged in all, %d there", round, len(acknowledged), len(parts))
}

// surveyJournal looks whether each transaction that is there has its record and its entry in the journal, and none else has.
func (s *store) surveyJournal(round int, parts map[string]int, acknowledged map[string]bool) {
	s.t.Helper()
	entries := make(map[string]int)
	for _, e := range s.chain() {
		entries[string(e.Body)]++
	}
	records := make(map[string]bool)
	for _, key := range s.records("transaction", "crash", 1000) {
		records[key] = true
	}
	for id := range parts {
		if entries[id] != 1 || !records[id] {
			s.t.Errorf("round %d: transaction %s has %d entries in the journal; that it has its record is %v", round, id, entries[id], records[id])
		}
		delete(records, id)
	}
	for body := range entries {
		if parts[strings.TrimPrefix(body, alone)] == 0 {
			s.t.Errorf("round %d: the journal has %q, of which there is nothing else", round, body)
		}
	}
	for id := range acknowledged {
		if entries[alone+id] != 1 {
			s.t.Errorf("round %d: the entry %q was acknowledged and is there %d times", round, alone+id, entries[alone+id])
		}
	}
	for id := range records {
		s.t.Errorf("round %d: transaction %s has its record and nothing else", round, id)
	}
}
