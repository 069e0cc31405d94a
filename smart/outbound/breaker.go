package outbound

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	tripAfter  = 5                // failures of a host in a row
	openFor    = time.Minute      // how long a host is then left alone; afterwards one request finds out
	negative   = 30 * time.Second // how long a URL that could not be fetched is not tried again
	maxTracked = 2000             // hosts, and URLs
)

// verdict is how a request went.
type verdict uint8

const (
	good    verdict = iota
	useless         // the host is well, but the URL holds nothing
	failed          // the host does not answer, or is in trouble
	refused         // it was not let through: nothing can be said of the host, and asking again is of no use
	nothing         // the caller has given up
)

// outcomeOf is what an error says about the host.
func outcomeOf(ctx context.Context, err error) verdict {
	var r *refusal
	switch {
	case errors.As(err, &r):
		return refused
	case errors.Is(ctx.Err(), context.Canceled):
		return nothing
	}
	return failed
}

// breaker remembers hosts that fail and URLs that hold nothing.
type breaker struct {
	now func() time.Time

	mu    sync.Mutex
	hosts map[string]*host
	urls  map[string]time.Time // until when they are not tried again
}

type host struct {
	failures int
	until    time.Time // it is left alone
	trying   bool      // a request is finding out
	seen     time.Time
}

func newBreaker(now func() time.Time) *breaker {
	return &breaker{now: now, hosts: make(map[string]*host), urls: make(map[string]time.Time)}
}

// enter lets a request through, or not. done must be called with how it went.
func (b *breaker) enter(r *http.Request) (done func(verdict), err error) {
	now, name, get := b.now(), r.URL.Host, ""
	if r.Method == http.MethodGet {
		get = r.URL.String()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if until, ok := b.urls[get]; ok && get != "" {
		if now.Before(until) {
			return nil, &refusal{"the URL could not be fetched a moment ago"}
		}
		delete(b.urls, get)
	}
	h := b.host(name, now)
	if h.failures >= tripAfter {
		if now.Before(h.until) || h.trying {
			return nil, &refusal{"the host has failed repeatedly and is left alone"}
		}
		h.trying = true
	}
	return func(v verdict) { b.leave(h, get, v) }, nil
}

func (b *breaker) leave(h *host, get string, v verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	h.trying = false
	switch v {
	case good, useless:
		h.failures = 0
	case failed:
		if h.failures++; h.failures >= tripAfter {
			h.until = now.Add(openFor)
		}
	}
	if get != "" && (v == useless || v == failed || v == refused) {
		if len(b.urls) >= maxTracked {
			b.forget(now)
		}
		b.urls[get] = now.Add(negative)
	}
}

func (b *breaker) host(name string, now time.Time) *host {
	h, ok := b.hosts[name]
	if !ok {
		if len(b.hosts) >= maxTracked {
			b.forget(now)
		}
		h = &host{}
		b.hosts[name] = h
	}
	h.seen = now
	return h
}

// forget makes room: for what has been over for a while, and, if that is not enough, for everything.
func (b *breaker) forget(now time.Time) {
	for url, until := range b.urls {
		if !now.Before(until) {
			delete(b.urls, url)
		}
	}
	for name, h := range b.hosts {
		if now.Sub(h.seen) > openFor {
			delete(b.hosts, name)
		}
	}
	if len(b.urls) >= maxTracked {
		clear(b.urls)
	}
	if len(b.hosts) >= maxTracked {
		clear(b.hosts)
	}
}
