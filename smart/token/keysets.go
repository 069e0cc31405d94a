package token

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"andiron.dev/smart/outbound"
)

const (
	refreshAfter = 30 * time.Second // the least time between two fetches of a key set
	fetchTime    = 5 * time.Second
	maxSets      = 1000
)

// KeySets fetches key sets and keeps them for as long as their owners allow. A key that is not in a set may be new, so the set is
// fetched again, but never more than once in 30 seconds, whatever is asked for: who sends forged tokens cannot make
// this server flood another. It is safe for concurrent use.
type KeySets struct {
	Client *http.Client     // made by outbound.New
	Now    func() time.Time // nil = time.Now

	mu   sync.Mutex
	sets map[string]*fetched
}

// fetched is what is known of one URL.
type fetched struct {
	set     *keySet // nil = it could not be fetched
	expires time.Time
	tried   time.Time     // when the last fetch began
	used    time.Time     //
	flight  chan struct{} // closed when the fetch that is under way has ended; nil = none is
}

func (s *KeySets) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// key is the key for a signature in the set at a URL. Errors: *Refused where the set has no such key; ErrUnfetched.
func (s *KeySets) key(ctx context.Context, url, kid, alg string) (any, error) {
	for first := true; ; first = false {
		key, wait, err := s.look(url, kid, alg, first)
		if wait == nil {
			return key, err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// ErrUnfetched is why a signature could not be checked: nobody knows whether it is good.
var ErrUnfetched = errors.New("token: the key set could not be fetched")

// look answers from what is known, or says what to wait for. may allows it to begin a fetch.
func (s *KeySets) look(url, kid, alg string, may bool) (key any, wait <-chan struct{}, err error) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.entry(url, now)
	fresh := f.set != nil && now.Before(f.expires)
	if fresh {
		var missing *unknownKey
		if key, err = f.set.find(kid, alg); !errors.As(err, &missing) {
			return key, nil, err
		}
	}
	switch {
	case f.flight != nil:
		return nil, f.flight, nil
	case may && (f.tried.IsZero() || now.Sub(f.tried) >= refreshAfter):
		f.tried = now
		f.flight = make(chan struct{})
		go s.fetch(url, f) // not with the caller's context: others wait for it too
		return nil, f.flight, nil
	case !fresh:
		return nil, nil, ErrUnfetched
	}
	return nil, nil, err
}

func (s *KeySets) entry(url string, now time.Time) *fetched {
	f, ok := s.sets[url]
	if !ok {
		if s.sets == nil {
			s.sets = make(map[string]*fetched)
		}
		if len(s.sets) >= maxSets {
			s.forget()
		}
		f = &fetched{}
		s.sets[url] = f
	}
	f.used = now
	return f
}

// forget drops what has not been used for longest.
func (s *KeySets) forget() {
	oldest, at := "", time.Time{}
	for url, f := range s.sets {
		if f.flight == nil && (oldest == "" || f.used.Before(at)) {
			oldest, at = url, f.used
		}
	}
	delete(s.sets, oldest)
}

func (s *KeySets) fetch(url string, f *fetched) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTime)
	defer cancel()
	var set *keySet
	doc, err := outbound.Get(ctx, s.Client, url)
	if err == nil {
		set, err = parseSet(doc.Body)
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		f.set, f.expires = set, now.Add(freshness(doc.Header, now))
	} // otherwise what is known stays in use until it expires
	close(f.flight)
	f.flight = nil
}
