package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir/event/eventtest"
)

// kills is how often the server is killed: a few times, or as the environment has it.
func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv("ANDIRON_CHAOS_KILLS")
	if text == "" {
		return 5
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("ANDIRON_CHAOS_KILLS=%q is no number of kills", text)
	}
	return n
}

// TestEventsSurviveKill kills the server at random points under load, and reconciles: to every subscriber each committed event is delivered at
// least once, and for the first time in the order of its number, without gaps; nothing is delivered that did not happen; and an event keeps
// its number.
func TestEventsSurviveKill(t *testing.T) {
	dir := t.TempDir()
	survive(t, kills(t), 1, func() *running { return follow(t, dir) })
}

// TestClusterEventsSurviveKill does so to one of two servers on a replica set, in turn: the other takes over what the one was at.
func TestClusterEventsSurviveKill(t *testing.T) {
	uri, keys := clusterArgs(t)
	survive(t, kills(t), 2, func() *running {
		return startServer(t, "serve", "--store", uri, "--secret-key-file", keys, loopbackOpen)
	})
}

// survive kills servers on one store, one after the other, as often as rounds says.
func survive(t *testing.T, rounds, servers int, start func() *running) {
	t.Helper()
	subscribers := []*eventtest.Subscriber{eventtest.New(t), eventtest.New(t), eventtest.New(t)}
	// The second fails now and then, the third is slow: what is under way when the server dies has to be sent again.
	subscribers[1].Answer(func(n int, _ *eventtest.Request) int {
		if n%17 == 16 {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	subscribers[2].Slow(3 * time.Millisecond)
	all := make([]*running, servers)
	for i := range all {
		all[i] = start()
	}
	s := all[0]
	s.addTopic(t)
	for i, one := range subscribers {
		s.subscribe(t, one.URL, "id-only", []int{1, 1, 20}[i])
	}
	acknowledged := map[string]bool{}
	for round := range rounds {
		// Another process takes over some seconds after the first was killed: most rounds end before, some well after.
		until := 50*time.Millisecond + rand.N(600*time.Millisecond)
		if round%5 == 4 {
			until = 3*time.Second + rand.N(2*time.Second)
		}
		victim := &all[round%servers]
		for id := range load(*victim, round, until) {
			acknowledged[id] = true
		}
		*victim = start()
	}
	committed := history(t, all[0])
	for id := range acknowledged {
		if committed["Patient/"+id] == 0 {
			t.Errorf("%s was acknowledged and is lost", id)
		}
	}
	total := 0
	for _, n := range committed {
		total += n
	}
	if total < 10*rounds/5 {
		t.Fatalf("only %d events were committed", total)
	}
	for i, one := range subscribers {
		reconcile(t, i, one, committed, total)
	}
	t.Logf("%d events, %d kills, %d %d %d requests", total, rounds, len(subscribers[0].Requests()), len(subscribers[1].Requests()), len(subscribers[2].Requests()))
}

// load writes patients for a while and then kills the server. It returns the ids that were acknowledged.
func load(s *running, round int, d time.Duration) map[string]bool {
	var mu sync.Mutex
	var wg sync.WaitGroup
	ids := map[string]bool{}
	for worker := range 3 {
		wg.Go(func() {
			client := &http.Client{}
			for i := 0; ; i++ {
				body := fmt.Sprintf(`{"resourceType":"Patient","name":[{"family":"r%dw%di%d"}]}`, round, worker, i)
				resp, err := client.Post(s.url+"/Patient", "application/fhir+json", strings.NewReader(body))
				if err != nil {
					return // killed
				}
				var created struct{ ID string }
				err = json.NewDecoder(resp.Body).Decode(&created)
				resp.Body.Close()
				if resp.StatusCode != http.StatusCreated || err != nil {
					return
				}
				mu.Lock()
				ids[created.ID] = true
				mu.Unlock()
				if i%4 == 0 { // updates too
					r, _ := http.NewRequest(http.MethodPut, s.url+"/Patient/"+created.ID, strings.NewReader(fmt.Sprintf(`{"resourceType":"Patient","id":"%s","name":[{"family":"u%d"}]}`, created.ID, i)))
					r.Header.Set("Content-Type", "application/fhir+json")
					if resp, err = client.Do(r); err != nil {
						return
					}
					resp.Body.Close()
				}
				time.Sleep(2 * time.Millisecond) // the point is to kill, not to fill
			}
		})
	}
	time.Sleep(d)
	s.kill()
	wg.Wait()
	return ids
}

// history counts the versions of every patient that was ever committed.
func history(t *testing.T, s *running) map[string]int {
	t.Helper()
	committed := map[string]int{}
	for path := "/Patient/_history?_count=1000"; path != ""; {
		status, text := s.do(t, http.MethodGet, path, "")
		var page struct {
			Link  []struct{ Relation, URL string }
			Entry []struct{ FullURL string }
		}
		if err := json.Unmarshal([]byte(text), &page); err != nil || status != http.StatusOK {
			t.Fatalf("history: %d %v", status, err)
		}
		for _, e := range page.Entry {
			committed["Patient/"+e.FullURL[strings.LastIndexByte(e.FullURL, '/')+1:]]++
		}
		path = ""
		for _, l := range page.Link {
			if l.Relation == "next" {
				_, path, _ = strings.Cut(l.URL, "/fhir")
			}
		}
	}
	return committed
}

func reconcile(t *testing.T, i int, one *eventtest.Subscriber, committed map[string]int, total int) {
	t.Helper()
	one.Answer(nil)
	one.Slow(0)
	deadline, focus := time.Now().Add(2*time.Minute), map[int64]string{}
	for int64(len(focus)) < int64(total) && time.Now().Before(deadline) {
		time.Sleep(100 * time.Millisecond)
		focus = map[int64]string{}
		next := int64(1)
		for _, n := range one.Notifications(t, "event-notification") {
			for _, e := range n.Events {
				at := e.Focus[max(strings.LastIndex(e.Focus, "Patient/"), 0):]
				if known, again := focus[e.Number]; again && known != at {
					t.Fatalf("subscriber %d: event %d was %s, and is %s now", i, e.Number, known, at)
				} else if !again && e.Number != next {
					t.Fatalf("subscriber %d: event %d comes when %d is due", i, e.Number, next)
				} else if !again {
					next++
				}
				focus[e.Number] = at
			}
		}
	}
	delivered := map[string]int{}
	for _, at := range focus {
		delivered[at]++
	}
	for at, n := range committed {
		if delivered[at] != n {
			t.Errorf("subscriber %d: %s has %d versions, and %d events were delivered", i, at, n, delivered[at])
		}
	}
	for at := range delivered {
		if committed[at] == 0 {
			t.Errorf("subscriber %d: %s was invented", i, at)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}
