package rest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/rest"
)

func TestRate(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	th := &rest.Throttle{Rate: 2, Burst: 3, Now: func() time.Time { return now }}
	enter := func(key string) error {
		leave, err := th.Enter(key)
		if err == nil {
			leave()
		}
		return err
	}
	for i := range 3 {
		if err := enter("a"); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	for range 10 { // being refused does not make it worse
		err := enter("a")
		if o := fhir.AsOutcome(err); o.Code() != fhir.Throttled || o.RetryAfter != 500*time.Millisecond {
			t.Fatalf("%v", err)
		}
	}
	if err := enter("b"); err != nil {
		t.Errorf("another caller: %v", err)
	}
	now = now.Add(500 * time.Millisecond)
	if err := enter("a"); err != nil {
		t.Errorf("when it was told to come back: %v", err)
	}
	if enter("a") == nil {
		t.Error("twice when it was told to come back")
	}
	now = now.Add(time.Hour)
	for i := range 4 {
		if err := enter("a"); (err == nil) != (i < 3) {
			t.Errorf("after a pause, %d: %v", i, err)
		}
	}
	var none rest.Throttle
	for range 1000 {
		if _, err := none.Enter("a"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestInFlight(t *testing.T) {
	th := &rest.Throttle{InFlight: 2}
	first, err := th.Enter("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := th.Enter("a"); err != nil {
		t.Fatal(err)
	}
	if _, err := th.Enter("a"); fhir.CodeOf(err) != fhir.Throttled || fhir.AsOutcome(err).RetryAfter <= 0 {
		t.Errorf("%v", err)
	}
	if _, err := th.Enter("b"); err != nil {
		t.Error(err)
	}
	first()
	first() // twice is once
	if _, err := th.Enter("a"); err != nil {
		t.Error(err)
	}
	if _, err := th.Enter("a"); err == nil {
		t.Error("leaving twice made room for two")
	}
	race := &rest.Throttle{InFlight: 5, Rate: 1e9}
	var running, most atomic.Int32
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			leave, err := race.Enter("a")
			if err != nil {
				return
			}
			if n := running.Add(1); n > 5 {
				most.Store(n)
			}
			time.Sleep(time.Millisecond)
			running.Add(-1)
			leave()
		})
	}
	wg.Wait()
	if most.Load() > 0 {
		t.Errorf("%d at the same time", most.Load())
	}
}

// TestManyCallers: whoever asks under ever new names fills no memory, and does not get more than others.
func TestManyCallers(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	th := &rest.Throttle{Rate: 1, Burst: 1, Now: func() time.Time { return now }}
	passed := 0
	for i := range 60_000 {
		if _, err := th.Enter(fmt.Sprint(i)); err == nil { // and never leaves
			passed++
		}
	}
	if passed > 50_001 {
		t.Errorf("%d of 60,000 names had a bound of their own", passed)
	}
}

func TestAddress(t *testing.T) {
	for remote, want := range map[string][2]string{
		"192.0.2.1:80": {"192.0.2.1", "192.0.2.1"}, "[2001:db8:1:2:3:4:5:6]:80": {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"}, "[::ffff:192.0.2.1]:80": {"::ffff:192.0.2.1", "192.0.2.1"}, "[fe80::1%eth0]:80": {"fe80::1%eth0", "fe80::/64"}, "@": {"", ""}, "": {"", ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = remote
		if got := rest.Address(r); got != want[0] || rest.Neighbourhood(got) != want[1] {
			t.Errorf("%s: %q, %q", remote, got, rest.Neighbourhood(got))
		}
	}
}

func TestThrottledHandler(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	h := (&rest.Throttle{Rate: 0.1, Burst: 2, Now: func() time.Time { return now }}).Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
	for i, want := range []int{204, 204, 429, 429} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", "/auth/token", nil))
		if w.Code != want || want == 429 && (w.Header().Get("Retry-After") != "10" || !strings.Contains(w.Body.String(), `"error"`)) {
			t.Errorf("%d: %d %v %s", i, w.Code, w.Header(), w.Body)
		}
	}
}
