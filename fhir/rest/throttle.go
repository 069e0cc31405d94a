package rest

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"andiron.dev/fhir"
	"golang.org/x/time/rate"
)

// Throttle bounds what each of many callers may ask: how often, and how much at the same time. The zero value bounds nothing. It is
// safe for concurrent use.
type Throttle struct {
	Rate     float64          // requests a second in the long run; 0 = any number
	Burst    int              // requests that may come at once after a pause; less than 1 = twice Rate
	InFlight int              // requests at the same time; 0 = any number
	Now      func() time.Time // nil = time.Now

	mu      sync.Mutex
	callers map[string]*caller
	others  caller // all whom there is no room for
	swept   time.Time
}

// caller is what is remembered of one.
type caller struct {
	bucket  *rate.Limiter // nil = not bounded, or not seen
	running int
}

// maxCallers bounds the memory: from so many on, new ones share their bounds.
const maxCallers = 50_000

// Enter lets a caller in, or fails with Throttled and the time to come back. leave must be called when the request is over.
func (t *Throttle) Enter(key string) (leave func(), err error) {
	if t.Rate <= 0 && t.InFlight <= 0 {
		return func() {}, nil
	}
	now := time.Now()
	if t.Now != nil {
		now = t.Now()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.caller(key, now)
	if t.InFlight > 0 && c.running >= t.InFlight {
		return nil, throttled("too many requests are running for this caller at the same time", time.Second)
	}
	if t.Rate > 0 {
		r := c.bucket.ReserveN(now, 1)
		if wait := r.DelayFrom(now); wait > 0 {
			r.CancelAt(now)
			return nil, throttled("this caller sends too many requests", wait)
		}
	}
	c.running++
	var once sync.Once
	return func() {
		once.Do(func() {
			t.mu.Lock()
			c.running--
			t.mu.Unlock()
		})
	}, nil
}

// Handler bounds what reaches next by the address it comes from. Who is sent away gets 429, as OAuth has its errors: it is for what is
// beside the FHIR base.
func (t *Throttle) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leave, err := t.Enter(Neighbourhood(Address(r)))
		if err != nil {
			h := w.Header()
			h.Set("Retry-After", retryAfter(fhir.AsOutcome(err)))
			h.Set("Content-Type", "application/json")
			h.Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"error":"temporarily_unavailable","error_description":"too many requests"}`)
			return
		}
		defer leave()
		next.ServeHTTP(w, r)
	})
}

// retryAfter is in whole seconds, and never too early.
func retryAfter(o *fhir.Outcome) string {
	return strconv.Itoa(int((o.RetryAfter + time.Second - 1) / time.Second))
}

func throttled(text string, wait time.Duration) error {
	o := fhir.NewOutcome(fhir.Throttled, text)
	o.RetryAfter = wait
	return o
}

// caller finds what is remembered of a caller. t.mu is held.
func (t *Throttle) caller(key string, now time.Time) *caller {
	c, ok := t.callers[key]
	if !ok {
		if len(t.callers) >= maxCallers && now.Sub(t.swept) >= time.Second {
			t.forget(now)
		}
		if len(t.callers) >= maxCallers {
			c = &t.others
		} else {
			if t.callers == nil {
				t.callers = make(map[string]*caller)
			}
			c = &caller{}
			t.callers[key] = c
		}
	}
	if c.bucket == nil && t.Rate > 0 {
		c.bucket = rate.NewLimiter(rate.Limit(t.Rate), t.burst())
	}
	return c
}

func (t *Throttle) burst() int {
	if t.Burst >= 1 {
		return t.Burst
	}
	return max(1, int(2*t.Rate))
}

// forget drops the callers of whom nothing would be known if they came anew.
func (t *Throttle) forget(now time.Time) {
	t.swept = now
	for key, c := range t.callers {
		if c.running == 0 && (c.bucket == nil || c.bucket.TokensAt(now) >= float64(c.bucket.Burst())) {
			delete(t.callers, key)
		}
	}
}

// Address is the network address that a request came from: see Proxies for what stands behind a proxy. "" where there is none.
func Address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

// Neighbourhood is an address as a key for Throttle: of IPv6 the network of 64 bits, because whoever has one address there has all.
func Neighbourhood(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	if a = a.Unmap().WithZone(""); a.Is4() {
		return a.String()
	}
	p, _ := a.Prefix(64) // 64 bits every address of IPv6 has
	return p.String()
}
