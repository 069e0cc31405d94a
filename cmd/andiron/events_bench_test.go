package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir/event/eventtest"
)

// BenchmarkEvents takes the figures of subscriptions, on a server in a process of its own and with a subscriber on the same machine.
func BenchmarkEvents(b *testing.B) {
	once(b, "delivery", func(b *testing.B) {
		p50, p99 := deliveryLatency(b, 300)
		b.ReportMetric(ms(p50), "p50-ms")
		b.ReportMetric(ms(p99), "p99-ms")
	})
	once(b, "burst", func(b *testing.B) { b.ReportMetric(burst(b, 500).Seconds(), "s") })
	once(b, "fan-out", func(b *testing.B) {
		without, with, deliver := fanOut(b, 100, 3*time.Second)
		deliver()
		b.ReportMetric(without, "creates/s-none")
		b.ReportMetric(with, "creates/s-100")
		b.ReportMetric(with/without, "share")
	})
	once(b, "many", func(b *testing.B) {
		off, active := manySubscriptions(b, 10_000, 6*time.Second)
		b.ReportMetric(off, "creates/s-off")
		b.ReportMetric(active, "creates/s-active")
		b.ReportMetric(active/off, "share")
	})
}

// TestEventFigures holds the figures to limits that a busy machine keeps too.
func TestEventFigures(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	if _, p99 := deliveryLatency(t, 100); p99 > 500*time.Millisecond {
		t.Errorf("an event is delivered after %s (p99)", p99)
	}
	if took := burst(t, 500); took > 10*time.Second {
		t.Errorf("500 events were delivered in %s", took)
	}
	if without, with, _ := fanOut(t, 100, time.Second); with < without/4 {
		t.Errorf("%.0f creates/s with 100 subscriptions, %.0f without", with, without)
	}
	if off, active := manySubscriptions(t, 2000, 3*time.Second); active < off/2 {
		t.Errorf("%.0f creates/s with 2000 active subscriptions, %.0f when they are off", active, off)
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// deliveryLatency is how long it takes from the begin of a create until the endpoint has the notification, one event after the other.
func deliveryLatency(t testing.TB, n int) (p50, p99 time.Duration) {
	sub, s := eventtest.New(t), follow(t, t.TempDir())
	s.addTopic(t)
	s.subscribe(t, sub.URL, "id-only", 1)
	var list []time.Duration
	for i := range n {
		sub.Clear()
		begun := time.Now()
		s.created(t, "Patient", patient(i))
		got := sub.WaitCount(t, 1, 10*time.Second)
		list = append(list, got[0].At.Sub(begun))
		time.Sleep(3 * time.Millisecond)
	}
	slices.Sort(list)
	return list[n/2], list[n*99/100]
}

// burst is how long it takes from the first of n creates, four at a time, until all are delivered to one endpoint; in order and without gaps.
func burst(t testing.TB, n int) time.Duration {
	sub, s := eventtest.New(t), follow(t, t.TempDir())
	s.addTopic(t)
	s.subscribe(t, sub.URL, "id-only", 1)
	sub.Clear()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	begun := time.Now()
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range n / 4 {
				s.post(client, "/Patient", patient(worker*n+i))
			}
		})
	}
	got := sub.WaitEvents(t, n, time.Minute)
	took := time.Since(begun)
	wg.Wait()
	for i, e := range got {
		if e.Number != int64(i+1) {
			t.Fatalf("event %d comes at place %d", e.Number, i+1)
		}
	}
	return took
}

// fanOut compares creates a second without subscriptions and with n of them that match every create. deliver waits until all is delivered.
func fanOut(t testing.TB, n int, d time.Duration) (without, with float64, deliver func()) {
	sub, s := eventtest.New(t), follow(t, t.TempDir())
	s.creates("/Patient", patient, d/3) // warm
	without = s.creates("/Patient", patient, d)
	for range n {
		s.subscribeClassic(t, sub.URL, "Patient?")
	}
	begun := time.Now()
	with = s.creates("/Patient", patient, d)
	want := int(with*d.Seconds()) * n
	got := len(sub.Requests())
	return without, with, func() {
		settle(t, sub, 2*time.Second)
		t.Logf("%d notifications of at least %d were delivered meanwhile, all %d after %s", got, want, len(sub.Requests()), time.Since(begun))
	}
}

// manySubscriptions compares creates a second on a server with n subscriptions that are off and on one where they are active, and do not match. The
// servers take turns, so that a machine that is busy with other things is so for both.
func manySubscriptions(t testing.TB, n int, d time.Duration) (off, active float64) {
	sub := eventtest.New(t)
	quiet, busy := subscribed(t, n, sub.URL, "off"), subscribed(t, n, sub.URL, "active")
	observation := func(i int) string {
		return fmt.Sprintf(`{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"subject":{"reference":"Patient/none%d"},"valueQuantity":{"value":%d}}`, i, i)
	}
	quiet.creates("/Observation", observation, d/4) // warm
	busy.creates("/Observation", observation, d/4)
	const turns = 6
	for range turns {
		off += quiet.creates("/Observation", observation, d/turns) / turns
		active += busy.creates("/Observation", observation, d/turns) / turns
	}
	if got := len(sub.Requests()); got != 0 {
		t.Errorf("%d notifications that nobody is waiting for", got)
	}
	return off, active
}

// subscribed starts a server with n subscriptions to observations of one code, each about another patient.
func subscribed(t testing.TB, n int, endpoint, status string) *running {
	s, asked := follow(t, t.TempDir()), status
	if status == "active" {
		asked = "requested"
	}
	for at := 0; at < n; {
		var bundle strings.Builder
		bundle.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
		for i := 0; i < 500 && at < n; i++ {
			if i > 0 {
				bundle.WriteByte(',')
			}
			fmt.Fprintf(&bundle, `{"resource":{"resourceType":"Subscription","id":"s%d","status":"%s","reason":"test","criteria":"Observation?code=http://loinc.org|8867-4&subject=Patient/p%d","channel":{"type":"rest-hook","endpoint":"%s"}},"request":{"method":"PUT","url":"Subscription/s%d"}}`, at, asked, at, endpoint, at)
			at++
		}
		bundle.WriteString("]}")
		if code, text := s.do(t, http.MethodPost, "", bundle.String()); code != http.StatusOK {
			t.Fatalf("%d %.500s", code, text)
		}
	}
	for end := time.Now().Add(time.Minute); s.total(t, "Subscription?status="+status) < n; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d of %d subscriptions are %s", s.total(t, "Subscription?status="+status), n, status)
		}
	}
	return s
}

// post sends a resource; a failure shows in what is counted.
func (s *running) post(client *http.Client, path, body string) bool {
	resp, err := client.Post(s.url+path, "application/fhir+json", strings.NewReader(body))
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusCreated
}

// creates is how many resources a second are created, eight at a time.
func (s *running) creates(path string, body func(int) string, d time.Duration) float64 {
	var wg sync.WaitGroup
	counts := make([]int, 8)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: len(counts)}}
	defer client.CloseIdleConnections()
	stop := time.Now().Add(d)
	for worker := range counts {
		wg.Go(func() {
			for i := 0; time.Now().Before(stop); i++ {
				if s.post(client, path, body(i*len(counts)+worker)) {
					counts[worker]++
				}
			}
		})
	}
	wg.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	return float64(total) / d.Seconds()
}
