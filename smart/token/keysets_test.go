package token_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/smart/token"
	"github.com/go-jose/go-jose/v4"
)

// publisher serves a key set and counts how often it is fetched.
type publisher struct {
	url     string
	fetched atomic.Int32
	mu      sync.Mutex
	set     json.RawMessage
	control string
	status  int
	delay   time.Duration
}

func publish(t testing.TB, keys json.RawMessage) *publisher {
	p := &publisher{set: keys, status: 200}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.fetched.Add(1)
		p.mu.Lock()
		defer p.mu.Unlock()
		time.Sleep(p.delay)
		w.Header().Set("Content-Type", "application/json")
		if p.control != "" {
			w.Header().Set("Cache-Control", p.control)
		}
		w.WriteHeader(p.status)
		_, _ = w.Write(p.set)
	}))
	t.Cleanup(s.Close)
	p.url = s.URL + "/jwks"
	return p
}

func (p *publisher) change(fn func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fn()
}

func TestKeysFromURL(t *testing.T) {
	c, r := newClient(t), keyRing()
	p := publish(t, set(jwk(t, r.rsa, "r1", nil)))
	p.control = "max-age=600"
	keys := token.KeySource{URL: p.url}
	try := func(key any, header map[string]any) error {
		if _, ok := header["kid"]; !ok {
			header["kid"] = "r1"
		}
		return c.Verify(t.Context(), "app", keys, sign("RS384", key, header, c.claims(nil)), tokenURL)
	}
	fetched := func(want int32, what string) {
		t.Helper()
		if got := p.fetched.Swap(0); got != want {
			t.Errorf("%s: fetched %d times, want %d", what, got, want)
		}
	}
	for _, header := range []map[string]any{{}, {"jku": p.url}} {
		if err := try(r.rsa, header); err != nil {
			t.Error(err)
		}
	}
	if err := try(r.rsa, map[string]any{"jku": p.url + "/"}); !refused(err) {
		t.Errorf("another jku: %v", err)
	}
	fetched(1, "three assertions")
	// The client changes its key: the new one is found, once half a minute has passed.
	p.change(func() { p.set = set(jwk(t, r.rsa2, "r2", nil)) })
	if err := try(r.rsa2, map[string]any{"kid": "r2"}); !refused(err) {
		t.Errorf("a new key at once: %v", err)
	}
	fetched(0, "a new key at once")
	c.clock.pass(31 * time.Second)
	if err := try(r.rsa2, map[string]any{"kid": "r2"}); err != nil {
		t.Error(err)
	}
	if err := try(r.rsa, map[string]any{}); !refused(err) {
		t.Errorf("a key that was withdrawn: %v", err)
	}
	fetched(1, "a new key")
	// While it lasts, the set is not fetched, even if it could not be.
	p.change(func() { p.status = 500 })
	c.clock.pass(9 * time.Minute)
	if err := try(r.rsa2, map[string]any{"kid": "r2"}); err != nil {
		t.Error(err)
	}
	fetched(0, "a set that is fresh")
	c.clock.pass(time.Minute)
	if err := try(r.rsa2, map[string]any{"kid": "r2"}); err == nil || refused(err) {
		t.Errorf("a set that is too old: %v", err)
	}
	for range 10 {
		_ = try(r.rsa2, map[string]any{"kid": "r2"})
	}
	fetched(1, "a URL that fails")
	p.change(func() { p.status, p.set = 200, json.RawMessage(`{"no":"keys"}`) })
	c.clock.pass(31 * time.Second)
	if err := try(r.rsa2, map[string]any{"kid": "r2"}); err == nil || refused(err) {
		t.Errorf("a set that is none: %v", err)
	}
	fetched(1, "a set that is none")
	p.change(func() { p.set = set(jwk(t, r.rsa2, "r2", nil)) })
	c.clock.pass(31 * time.Second)
	if err := try(r.rsa2, map[string]any{"kid": "r2"}); err != nil {
		t.Error(err)
	}
}

// TestForgedTokensFetchOnce: fifty forged assertions, with known and unknown kids, at once or one after the other, make the server fetch the
// set of the client whom they pretend to be from at most once.
func TestForgedTokensFetchOnce(t *testing.T) {
	c, r := newClient(t), keyRing()
	for _, control := range []string{"", "max-age=3600", "no-store", "max-age=0", "no-cache, must-revalidate"} {
		p := publish(t, set(jwk(t, r.rsa, "r1", nil)))
		p.control, p.delay = control, 20*time.Millisecond
		keys := token.KeySource{URL: p.url}
		forge := func(i int) {
			kid := "r1"
			if i%2 == 1 {
				kid = "k" + string(rune('a'+i%26))
			}
			claims := map[string]any{"iss": "app", "sub": "app", "aud": tokenURL, "exp": c.clock.now().Add(time.Minute).Unix(), "jti": "forged"}
			if err := c.Verify(t.Context(), "app", keys, sign("RS384", r.rsa2, map[string]any{"kid": kid}, claims), tokenURL); !refused(err) {
				t.Error(err)
			}
		}
		var wg sync.WaitGroup
		for i := range 25 {
			wg.Go(func() { forge(i) })
		}
		wg.Wait()
		for i := range 25 {
			forge(i)
		}
		if got := p.fetched.Load(); got != 1 {
			t.Errorf("%q: 50 forged assertions caused %d fetches", control, got)
		}
	}
	// One that hangs or fails is no better.
	p := publish(t, nil)
	p.status = 500
	for range 50 {
		_ = c.Verify(t.Context(), "app", token.KeySource{URL: p.url}, sign("RS384", r.rsa, map[string]any{"kid": "x"}, c.claims(nil)), tokenURL)
	}
	if got := p.fetched.Load(); got != 1 {
		t.Errorf("a set that cannot be fetched was fetched %d times", got)
	}
}

// TestImpatientCaller: who gives up does not spoil the fetch for others.
func TestImpatientCaller(t *testing.T) {
	c, r := newClient(t), keyRing()
	p := publish(t, set(jwk(t, r.rsa, "r1", nil)))
	p.delay = 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	raw := sign("RS384", r.rsa, map[string]any{"kid": "r1"}, c.claims(nil))
	if err := c.Verify(ctx, "app", token.KeySource{URL: p.url}, raw, tokenURL); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if err := c.Verify(t.Context(), "app", token.KeySource{URL: p.url}, raw, tokenURL); err != nil {
		t.Error(err)
	}
	if got := p.fetched.Load(); got != 1 {
		t.Errorf("fetched %d times", got)
	}
}

func TestCacheControl(t *testing.T) {
	c, r := newClient(t), keyRing()
	for _, test := range []struct {
		header map[string]string
		lives  time.Duration
	}{
		{nil, 5 * time.Minute}, {map[string]string{"Cache-Control": "max-age=120"}, 2 * time.Minute}, {map[string]string{"Cache-Control": `public, Max-Age="120"`}, 2 * time.Minute},
		{map[string]string{"Cache-Control": "max-age=1"}, 30 * time.Second}, {map[string]string{"Cache-Control": "no-store, max-age=600"}, 30 * time.Second}, {map[string]string{"Cache-Control": "max-age=99999999999"}, time.Hour},
		{map[string]string{"Cache-Control": "max-age=-5"}, 30 * time.Second}, {map[string]string{"Cache-Control": "max-age=300", "Age": "100"}, 200 * time.Second}, {map[string]string{"Expires": "0"}, 30 * time.Second},
		{map[string]string{"Expires": c.clock.now().Add(3 * time.Minute).UTC().Format(http.TimeFormat)}, 3 * time.Minute}, {map[string]string{"Cache-Control": "private"}, 5 * time.Minute},
	} {
		now := c.clock.now()
		fetched := 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fetched++
			for name, value := range test.header {
				w.Header().Set(name, value)
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(set(jwk(t, r.rsa, "r1", nil)))
		}))
		for _, d := range []time.Duration{0, test.lives - time.Second, 2 * time.Second} {
			c.clock.pass(d)
			if err := c.Verify(t.Context(), "app", token.KeySource{URL: s.URL}, sign("RS384", r.rsa, map[string]any{"kid": "r1"}, c.claims(nil)), tokenURL); err != nil {
				t.Errorf("%v: %v", test.header, err)
			}
			if want := 1 + int(c.clock.now().Sub(now)/test.lives); fetched != want {
				t.Errorf("%v: after %s fetched %d times, want %d", test.header, c.clock.now().Sub(now), fetched, want)
			}
		}
		s.Close()
		c.clock.mu.Lock()
		c.clock.t = now // so that Expires stays in the future
		c.clock.mu.Unlock()
	}
}

func TestCheckKeySet(t *testing.T) {
	r := keyRing()
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	p521 := must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	private := must((jose.JSONWebKey{Key: r.ec3, KeyID: "p"}).MarshalJSON())
	for name, test := range map[string]struct {
		set  string
		good bool
	}{
		"two keys":         {string(set(jwk(t, r.rsa, "a", nil), jwk(t, r.ec3, "b", map[string]any{"use": "sig"}))), true},
		"one kid, two kty": {string(set(jwk(t, r.rsa, "a", nil), jwk(t, r.ec3, "a", nil))), true},
		"no keys":          {`{"keys":[]}`, false},
		"no set":           {`{"kty":"RSA"}`, false},
		"no JSON":          {`x`, false},
		"no kid":           {string(set(jwk(t, r.rsa, "", nil))), false},
		"a kid twice":      {string(set(jwk(t, r.rsa, "a", nil), jwk(t, r.rsa2, "a", nil))), false},
		"a private key":    {string(set(private)), false},
		"a secret key":     {`{"keys":[{"kty":"oct","kid":"a","k":"AAAA"}]}`, false},
		"a small key":      {string(set(jwk(t, small, "a", nil))), false},
		"another curve":    {string(set(jwk(t, p521, "a", nil))), false},
		"for encryption":   {string(set(jwk(t, r.rsa, "a", map[string]any{"use": "enc"}))), false},
		"not on the curve": {`{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"AQ","y":"AQ"}]}`, false},
	} {
		if err := token.CheckKeySet([]byte(test.set)); (err == nil) != test.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
