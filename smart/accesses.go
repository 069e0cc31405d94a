package smart

import (
	"context"
	"sync"
	"time"
)

// accesses keeps what principals may do from one request to the next: to work it out takes as long as to read a resource. What is kept
// is for one principal with one token's rights, under the Consents and search parameters that were in force, and forgotten with them.
type accesses struct {
	mu    sync.Mutex
	known map[string]keptAccess
}

type keptAccess struct {
	*access
	generation int64 // of the search parameters
	made       time.Time
}

const (
	maxAccesses = 1000        // principals whose rights are kept
	maxKept     = time.Minute // how long; where Consents are in force, whose provisions come and go with time, as long as staleness
)

// access finds out what a principal may do. It reads what that depends on, so it must not be called within a transaction.
func (g *Guard) access(ctx context.Context, p *Principal) (*access, error) {
	rules, err := g.consents.load(ctx)
	if err != nil {
		return nil, err
	}
	key, now, generation := p.caller(), g.config.Now(), g.config.Params.Generation()
	if a := g.accesses.get(key, rules, generation, now); a != nil {
		return a, nil
	}
	a := &access{guard: g, who: p, key: key, rules: rules, filters: make(map[filterKey]*filter)}
	for _, name := range a.roles() {
		if r := g.roles[name]; r != nil && r.own {
			a.own, err = g.owned(ctx, p.FhirUser)
			if err != nil || patientOf(p.FhirUser) == "" {
				return a, err // whom somebody is related to may end with any request
			}
		}
	}
	g.accesses.put(keptAccess{a, generation, now})
	return a, nil
}

func (c *accesses) get(key string, rules *directives, generation int64, now time.Time) *access {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.known[key]
	if !ok || k.rules != rules || k.generation != generation {
		return nil
	}
	most := maxKept
	if len(rules.patients) > 0 {
		most = staleness
	}
	if age := now.Sub(k.made); age < 0 || age >= most {
		return nil
	}
	return k.access
}

func (c *accesses) put(k keptAccess) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= maxAccesses {
		c.known = make(map[string]keptAccess)
	}
	c.known[k.key] = k
}
