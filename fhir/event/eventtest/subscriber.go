// Package eventtest is a subscriber for tests: an endpoint that remembers what was delivered to it, and that can fail or be slow.
package eventtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// Request is a request that a Subscriber got.
type Request struct {
	At     time.Time // when its body had been read
	Method string
	Path   string // below the Subscriber's URL, with a slash
	Header http.Header
	Body   string
	Status int // that it was answered
}

// Subscriber is an HTTP endpoint on the loopback address. It is safe for concurrent use.
type Subscriber struct {
	URL string // without a slash at the end

	mu      sync.Mutex
	got     []*Request
	changed chan struct{} // closed and replaced when a request has come
	answer  func(n int, r *Request) int
	delay   time.Duration
}

// New starts a subscriber that answers 200; it ends with the test.
func New(t testing.TB) *Subscriber {
	t.Helper()
	s := &Subscriber{changed: make(chan struct{})}
	h := httptest.NewServer(s)
	s.URL = h.URL
	t.Cleanup(func() { h.CloseClientConnections(); h.Close() })
	return s
}

// ServeHTTP implements http.Handler.
func (s *Subscriber) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // whoever called has gone
	}
	one := &Request{At: time.Now(), Method: r.Method, Path: r.URL.Path, Header: r.Header, Body: string(body), Status: http.StatusOK}
	s.mu.Lock()
	delay := s.delay
	if s.answer != nil {
		one.Status = s.answer(len(s.got), one)
	}
	s.got = append(s.got, one)
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
			return
		}
	}
	w.WriteHeader(one.Status)
}

// Answer has every request answered with the status that fn gives; n counts requests from 0. nil = 200. fn must not call s.
func (s *Subscriber) Answer(fn func(n int, r *Request) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = fn
}

// Fail has the next n requests answered with a status, and those after them 200.
func (s *Subscriber) Fail(n, status int) {
	s.Answer(func(int, *Request) int {
		if n--; n >= 0 {
			return status
		}
		return http.StatusOK
	})
}

// Slow has every answer wait.
func (s *Subscriber) Slow(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

// Requests are all requests so far, failed ones included.
func (s *Subscriber) Requests() []*Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*Request(nil), s.got...)
}

// Clear forgets them.
func (s *Subscriber) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = nil
}

// Wait returns the requests when done says of them that it is enough; the test fails when it takes longer than that.
func (s *Subscriber) Wait(t testing.TB, within time.Duration, done func([]*Request) bool) []*Request {
	t.Helper()
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		s.mu.Lock()
		got, changed := append([]*Request(nil), s.got...), s.changed
		s.mu.Unlock()
		if done(got) {
			return got
		}
		select {
		case <-changed:
		case <-timer.C:
			t.Fatalf("after %s the subscriber has got %d requests, which is not what is waited for", within, len(got))
		}
	}
}

// WaitCount waits for n requests.
func (s *Subscriber) WaitCount(t testing.TB, n int, within time.Duration) []*Request {
	t.Helper()
	return s.Wait(t, within, func(got []*Request) bool { return len(got) >= n })
}

// Notifications are the backport notifications of a type ("event-notification", "handshake" …; "" = all) that were answered 2xx.
func (s *Subscriber) Notifications(t testing.TB, typ string) (list []*Notification) {
	t.Helper()
	for _, r := range s.Requests() {
		if n, err := Parse(r.Body); err == nil && (typ == "" || n.Type == typ) && r.Status/100 == 2 {
			list = append(list, n)
		}
	}
	return list
}

// WaitEvents waits until n events have been delivered, and returns them in the order in which they came.
func (s *Subscriber) WaitEvents(t testing.TB, n int, within time.Duration) []Event {
	t.Helper()
	var list []Event
	read := 0
	s.Wait(t, within, func(got []*Request) bool {
		for ; read < len(got); read++ { // each but once: there may be thousands
			if one, err := Parse(got[read].Body); err == nil && one.Type == "event-notification" && got[read].Status/100 == 2 {
				list = append(list, one.Events...)
			}
		}
		return len(list) >= n
	})
	return list
}
