package authserver

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"andiron.dev/smart"
)

// maxKnown bounds the tokens that are remembered.
const maxKnown = 16384

// tokenCache remembers for a second whose a token is, so that a client in full flow does not cost four reads a request.
// Whatever ends tokens in this process makes it forget all it knows: such acts are rare.
type tokenCache struct {
	age atomic.Uint64 // goes up with every forget

	mu    sync.RWMutex
	known map[string]*knownToken // by digest
}

// knownToken is a token. Its lock lets one request at a time ask the store about it.
type knownToken struct {
	mu    sync.Mutex
	state atomic.Pointer[tokenState]
}

type tokenState struct {
	principal *smart.Principal
	until     time.Time // the token expires
	read      time.Time
	age       uint64 // of the cache when reading began
}

// forget makes sure that nothing is believed that was read before.
func (c *tokenCache) forget() { c.age.Add(1) }

// get returns the principal of a token, from what is known or by looking it up. look fails with Login or Expired where there is none.
func (c *tokenCache) get(ctx context.Context, key string, clock func() time.Time, look func(context.Context, string) (*smart.Principal, time.Time, error)) (*smart.Principal, error) {
	c.mu.RLock()
	k := c.known[key]
	c.mu.RUnlock()
	now := clock()
	if k != nil {
		if p, ok := c.fresh(k, now); ok {
			return p, nil
		}
	}
	if k == nil {
		k = &knownToken{} // it is entered once it has proved to be one: what is made up must not push out what is real
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if p, ok := c.fresh(k, now); ok {
		return p, nil
	}
	age := c.age.Load()
	p, until, err := look(ctx, key)
	if err != nil {
		c.drop(key, k)
		return nil, err
	}
	k.state.Store(&tokenState{principal: p, until: until, read: now, age: age})
	c.enter(key, k)
	return p, nil
}

func (c *tokenCache) fresh(k *knownToken, now time.Time) (*smart.Principal, bool) {
	o := k.state.Load()
	if o == nil || o.age != c.age.Load() || !now.Before(o.until) {
		return nil, false
	}
	if old := now.Sub(o.read); old >= cacheFresh || old < 0 {
		return nil, false
	}
	return o.principal, true
}

func (c *tokenCache) enter(key string, k *knownToken) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = make(map[string]*knownToken)
	}
	if len(c.known) >= maxKnown && c.known[key] == nil {
		room := maxKnown / 4
		for other := range c.known { // in no order, which is as good as any for a second
			delete(c.known, other)
			if room--; room == 0 {
				break
			}
		}
	}
	c.known[key] = k
}

func (c *tokenCache) drop(key string, k *knownToken) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known[key] == k {
		delete(c.known, key)
	}
}
