package channel

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/outbound"
)

// hosts remembers for a while which endpoints may be called, as far as that depends on the addresses of their hosts. It spares the store to wait
// for a name server: what is asked for here is known by the time that it is checked. What counts in the end is the address that is dialled.
type hosts struct {
	client *http.Client
	mu     sync.Mutex
	found  map[string]finding // by URL
}

// finding is what was found out about an endpoint.
type finding struct {
	err error
	at  time.Time // on the wall, as name servers go
}

const (
	foundFor  = time.Minute
	mostFound = 2000
)

func newHosts(client *http.Client) *hosts {
	return &hosts{client: client, found: make(map[string]finding)}
}

// Ask implements event.Asking.
func (c *caller) Ask(sub *fhir.Resource) func(context.Context) {
	raw := sub.Root().Get("channel").Get("endpoint").Text()
	if raw == "" || outbound.Check(c.client, raw) != nil || literal(raw) {
		return nil // that is known without asking
	}
	if _, ok := c.known.recent(raw); ok {
		return nil
	}
	return func(ctx context.Context) { _ = c.known.ask(ctx, raw) } // Check says it
}

// literal reports whether the host of a URL is an address.
func literal(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return true
	}
	_, err = netip.ParseAddr(u.Hostname())
	return err == nil
}

// recent is what was found out lately.
func (h *hosts) recent(raw string) (f finding, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f, ok = h.found[raw]
	return f, ok && time.Since(f.at) < foundFor
}

// ask finds out whether an endpoint may be called, within a second.
func (h *hosts) ask(ctx context.Context, raw string) error {
	err := outbound.Resolve(ctx, h.client, raw)
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.found) >= mostFound {
		clear(h.found)
	}
	h.found[raw] = finding{err, time.Now()}
	return err
}

// verdict says why an endpoint may not be called; nil = it may.
func (h *hosts) verdict(raw string) error {
	if f, ok := h.recent(raw); ok {
		return f.err
	}
	return h.ask(context.Background(), raw)
}
