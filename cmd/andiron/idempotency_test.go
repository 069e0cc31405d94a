package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// kept is an answer with what is told of it.
type kept struct {
	status                   int
	body, etag, location     string
	replayed                 bool
	retryAfter, lastModified string
}

// once sends a request with an Idempotency-Key; err is that of the connection.
func (s *running) once(key, method, path, body string, headers ...string) (kept, error) {
	req, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		return kept{}, err
	}
	req.Header.Set("Content-Type", "application/fhir+json")
	req.Header.Set("Idempotency-Key", key)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return kept{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	h := resp.Header
	return kept{resp.StatusCode, string(text), h.Get("ETag"), h.Get("Location"), h.Get("Idempotency-Replayed") == "true", h.Get("Retry-After"), h.Get("Last-Modified")}, err
}

func (s *running) must(t *testing.T, key, method, path, body string, headers ...string) kept {
	t.Helper()
	k, err := s.once(key, method, path, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestIDM1: the same key and body twice is one effect, and the same answer to the byte.
func TestIDM1(t *testing.T) {
	dir := t.TempDir()
	s := startServer(t, "serve", "--store", "sqlite:"+dir, "--base-url", "http://127.0.0.1/fhir")
	if k := s.must(t, "seed", "PUT", "/Patient/seed", `{"resourceType":"Patient","id":"seed"}`); k.status != 201 {
		t.Fatalf("%+v", k)
	}
	transaction := `{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:6f1d7a4e-8f0c-4c53-8f7e-0d5a8f7a1a11","resource":` + patient(7) + `,"request":{"method":"POST","url":"Patient"}},
		{"resource":{"resourceType":"Basic","code":{"text":"x"},"subject":{"reference":"urn:uuid:6f1d7a4e-8f0c-4c53-8f7e-0d5a8f7a1a11"}},"request":{"method":"POST","url":"Basic"}},
		{"request":{"method":"DELETE","url":"Patient/gone"}},{"request":{"method":"GET","url":"Patient?_summary=count"}},{"request":{"method":"GET","url":"Patient/seed"}}]}`
	type sent struct {
		method, path, body string
		headers            []string
		want               int
	}
	list := []sent{
		{"PUT", "/Patient/gone", `{"resourceType":"Patient","id":"gone"}`, nil, 201},
		{"POST", "/Patient", patient(1), nil, 201},
		{"POST", "/Patient", patient(2), []string{"Prefer: return=minimal"}, 201},
		{"POST", "/Patient", patient(3), []string{"Prefer: return=OperationOutcome"}, 201},
		{"POST", "/Patient?_pretty=true", patient(4), nil, 201},
		{"POST", "/Patient", patient(4), []string{"If-None-Exist: identifier=urn:test|4"}, 200},
		{"POST", "/Patient", patient(5), []string{"If-None-Exist: identifier=urn:test|5"}, 201},
		{"PUT", "/Patient?identifier=urn:test|6", patient(6), nil, 201},
		{"PUT", "/Patient/seed", `{"resourceType":"Patient","id":"seed","active":true}`, nil, 200},
		{"PATCH", "/Patient/seed", `[{"op":"replace","path":"/active","value":false}]`, []string{"Content-Type: application/json-patch+json"}, 200},
		{"POST", "/", transaction, nil, 200},
		{"POST", "/", strings.Replace(transaction, `"DELETE"`, `"GET"`, 1), nil, 410},
		{"POST", "/", strings.Replace(transaction, `"method":"DELETE","url":"Patient/gone"`, `"method":"DELETE","url":"Basic/none"`, 1), []string{"Prefer: return=representation"}, 200},
		{"DELETE", "/Patient/seed", "", nil, 204},
		{"PUT", "/Patient/seed", `{"resourceType":"Patient","id":"other"}`, nil, 400},
		{"POST", "/Patient", `{"resourceType":"Patient","nonsense":1}`, nil, 400},
		{"PUT", "/Patient/none", `{"resourceType":"Patient","id":"none"}`, []string{`If-Match: W/"3"`}, 412},
		{"POST", "/$reindex", `{"resourceType":"Parameters","parameter":[{"name":"type","valueCode":"Patient"}]}`, nil, 202},
	}
	first := make([]kept, len(list))
	for i, r := range list {
		first[i] = s.must(t, fmt.Sprint("key-", i), r.method, r.path, r.body, r.headers...)
		if first[i].status != r.want || first[i].replayed {
			t.Errorf("%s %s: %+v, want %d", r.method, r.path, first[i], r.want)
		}
	}
	_, history := s.do(t, "GET", "/_history?_count=1000&_elements=id", "")
	again := func(what string) {
		for i, r := range list {
			k := s.must(t, fmt.Sprintf(`"key-%d"`, i), r.method, r.path, r.body, append(r.headers, "X-Request-Id: another")...)
			want := first[i]
			want.replayed = true
			if k != want {
				t.Errorf("%s: %s %s:\n%+v, want\n%+v", what, r.method, r.path, k, want)
			}
		}
	}
	again("again")
	if _, now := s.do(t, "GET", "/_history?_count=1000&_elements=id", ""); strings.Count(now, `"fullUrl"`) != strings.Count(history, `"fullUrl"`) {
		t.Error("replays have written something")
	}
	s.kill()
	s = startServer(t, "serve", "--store", "sqlite:"+dir, "--base-url", "http://127.0.0.1/fhir")
	again("by the next server")
}

// TestIDM2: a key is of one request; it is not of another route.
func TestIDM2(t *testing.T) {
	s := startServer(t, "serve", "--store", "sqlite:"+t.TempDir(), "--test-clock")
	if k := s.must(t, "k", "POST", "/Patient", patient(1)); k.status != 201 {
		t.Fatalf("%+v", k)
	}
	for _, path := range []string{"/Patient", "/Patient?_format=json"} {
		k := s.must(t, "k", "POST", path, patient(2))
		if k.status != 422 || !strings.Contains(k.body, `"code":"duplicate"`) || !strings.Contains(k.body, `"idempotency-key-reused"`) || k.replayed {
			t.Errorf("%+v", k)
		}
	}
	if k := s.must(t, "k", "POST", "/Patient", strings.Replace(patient(1), `{"resourceType":"Patient",`, ` { "resourceType" : "Patient" , `, 1)); !k.replayed {
		t.Errorf("the same in another layout: %+v", k)
	}
	if k := s.must(t, "k", "POST", "/Basic", `{"resourceType":"Basic","code":{"text":"x"}}`); k.status != 201 {
		t.Errorf("another route: %+v", k)
	}
	for _, key := range []string{" ", `"`, "a b", strings.Repeat("x", 256), "a\"b"} {
		if k := s.must(t, key, "POST", "/Patient", patient(1)); k.status != 400 {
			t.Errorf("the key %q: %d", key, k.status)
		}
	}
	if k := s.must(t, "b", "POST", "/", `{"resourceType":"Bundle","type":"batch"}`); k.status != 400 || !strings.Contains(k.body, "not-supported") {
		t.Errorf("a batch: %+v", k)
	}
	if n := s.total(t, "Patient"); n != 1 {
		t.Errorf("%d Patients", n)
	}
	s.setClock(t, time.Now().Add(24*time.Hour-time.Minute))
	if k := s.must(t, "k", "POST", "/Patient", patient(1)); k.status != 201 || !k.replayed {
		t.Errorf("not quite a day later: %+v", k)
	}
	s.setClock(t, time.Now().Add(24*time.Hour+time.Minute))
	if k := s.must(t, "k", "POST", "/Patient", patient(2)); k.status != 201 || k.replayed {
		t.Errorf("a day later: %+v", k)
	}
}

// TestIDM3: of many at once one has an effect.
func TestIDM3(t *testing.T) {
	s := startServer(t, "serve", "--store", "sqlite:"+t.TempDir())
	for round := range 5 {
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				k, err := s.once(fmt.Sprint("round", round), "POST", "/Patient", patient(round))
				if err != nil {
					t.Error(err)
				}
				switch {
				case k.status == 201:
				case k.status == 409 && k.retryAfter != "" && strings.Contains(k.body, `"code":"lock-error"`):
				default:
					t.Errorf("%+v", k)
				}
			})
		}
		wg.Wait()
		if n := s.total(t, "Patient"); n != round+1 {
			t.Errorf("%d Patients after round %d", n, round)
		}
	}
}

// TestIDM4: whatever a server that was killed had committed is answered by the next one, and nothing is done twice.
func TestIDM4(t *testing.T) {
	dir := t.TempDir()
	answered := make(map[int]kept)
	next := 0
	for range 3 {
		s := startServer(t, "serve", "--store", "sqlite:"+dir)
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for {
					mu.Lock()
					i := next
					next++
					mu.Unlock()
					k, err := s.once(fmt.Sprint("key", i), "POST", "/Patient", patient(i))
					if err != nil {
						return // killed
					}
					mu.Lock()
					answered[i] = k
					mu.Unlock()
				}
			})
		}
		time.Sleep(300 * time.Millisecond)
		s.kill()
		wg.Wait()
	}
	s := startServer(t, "serve", "--store", "sqlite:"+dir)
	before, missed := s.total(t, "Patient"), 0
	for i := range next {
		k := s.must(t, fmt.Sprint("key", i), "POST", "/Patient", patient(i))
		if k.status != 201 {
			t.Fatalf("%d: %+v", i, k)
		}
		if known, ok := answered[i]; ok {
			var a, b struct{ ID string }
			if json.Unmarshal([]byte(k.body), &a) != nil || json.Unmarshal([]byte(known.body), &b) != nil || a.ID != b.ID || !k.replayed {
				t.Fatalf("%d was answered %+v, now %+v", i, known, k)
			}
		} else if k.replayed {
			missed++
		}
	}
	if n := s.total(t, "Patient"); n != next || before < len(answered) {
		t.Errorf("%d keys, %d Patients; before the replay %d, of which %d were answered", next, n, before, len(answered))
	}
	t.Logf("%d keys, %d were answered before the kills, %d were committed and not answered", next, len(answered), missed)
}
