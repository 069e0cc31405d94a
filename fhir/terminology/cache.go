package terminology

import (
	"sync"

	"andiron.dev/fhir"
)

// cacheBytes bounds the texts of the code systems in a Cache: the largest resource that may be stored has its place. In memory a
// code system takes some five times its text.
const cacheBytes = 8 << 20

// Cache keeps code systems that have been taken apart: a search below a code of one with 5,000 concepts would spend 10 ms on that
// each time. What it gives was made from the very text that was read, so it is right for every transaction, also for one
// that is not committed. The zero Cache is empty; it is safe for concurrent use.
type Cache struct {
	mu    sync.Mutex
	kept  map[string]*keptSystem // by reference
	bytes int
	clock int
}

type keptSystem struct {
	text   string
	system *codeSystem
	used   int // when
}

// get gives the code system that a resource is, nil where it has not been kept. A nil Cache keeps nothing.
func (c *Cache) get(r *fhir.Resource) *codeSystem {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.kept[r.Reference()]
	if k == nil || k.text != r.Body() {
		return nil
	}
	c.clock++
	k.used = c.clock
	return k.system
}

// put keeps a code system, in the place of others that have not been asked for in a while.
func (c *Cache) put(r *fhir.Resource, s *codeSystem) {
	if c == nil || len(r.Body()) > cacheBytes {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(r.Reference())
	for c.bytes+len(r.Body()) > cacheBytes {
		oldest, used := "", 0
		for reference, k := range c.kept {
			if oldest == "" || k.used < used {
				oldest, used = reference, k.used
			}
		}
		c.drop(oldest)
	}
	if c.kept == nil {
		c.kept = make(map[string]*keptSystem)
	}
	c.clock++
	c.kept[r.Reference()] = &keptSystem{text: r.Body(), system: s, used: c.clock}
	c.bytes += len(r.Body())
}

func (c *Cache) drop(reference string) {
	if k := c.kept[reference]; k != nil {
		c.bytes -= len(k.text)
		delete(c.kept, reference)
	}
}
