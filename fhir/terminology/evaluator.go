package terminology

import (
	"context"
	"math"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// Reader is where value sets and code systems are read from: a fhir.Tx.
type Reader interface {
	Read(ctx context.Context, typ, id string) (*fhir.Resource, error)
	VRead(ctx context.Context, typ, id, version string) (*fhir.Resource, error)
	Search(ctx context.Context, q fhir.Query) (*fhir.SearchPage, error)
}

// The bounds of what a request may ask of terminology. Definitions are written by clients, so each of them can be made to
// cost as much as it may.
const (
	// MaxCodes is how many codes a criterion of a search may stand for. Each is looked up in the index, which takes about a
	// microsecond.
	MaxCodes = 10_000
	// maxListed is how many codes a set may have on the way there, to be cut down by an exclude or another set: some 10 MB.
	maxListed = 100_000
	// maxSets is how many value sets are evaluated, each time that one is.
	maxSets = 500
	// maxDepth is how deep value sets may include each other.
	maxDepth = 32
	// maxSteps bounds the work: concepts that are looked at, filters that test them, codes that are compared. The largest resource
	// that may be stored has some 100,000 concepts; the steps take about half a second.
	maxSteps = 2_000_000
	// maxPattern is the length of a regular expression in a filter.
	maxPattern = 1000
	// maxVersions is how many versions of one definition are compared to find the newest.
	maxVersions = 50
)

// Evaluator evaluates value sets and hierarchies within one transaction. It remembers what it has read, so it must not outlive
// the transaction; it is not safe for concurrent use.
type Evaluator struct {
	spec   *r4.Spec
	params *search.Params
	reader Reader
	cache  *Cache

	sets      map[string]*valueSet   // by what names them
	expanded  map[string]*Codes      // by key of the value set
	systems   map[string]*codeSystem // by canonical; nil = it is not here
	open      []opened               // the value sets that are being expanded, from the outside in
	cut       int                    // see expand
	evaluated int
	steps     int
	codes     int // that have been put into criteria
	asked     map[string]*asked
}

// New returns an Evaluator that reads through reader. cache may be nil.
func New(spec *r4.Spec, params *search.Params, reader Reader, cache *Cache) *Evaluator {
	return &Evaluator{
		spec: spec, params: params, reader: reader, cache: cache, cut: math.MaxInt,
		sets: make(map[string]*valueSet), expanded: make(map[string]*Codes), systems: make(map[string]*codeSystem), asked: make(map[string]*asked),
	}
}

// Expand gives the codes of a value set: a canonical, with its version behind '|', or a reference to a ValueSet.
func (e *Evaluator) Expand(ctx context.Context, name string) (*Codes, error) {
	return e.named(ctx, name, "")
}

// named expands a value set that stands in a query. own is the base under which the client knows the server.
func (e *Evaluator) named(ctx context.Context, name, own string) (*Codes, error) {
	set, err := e.valueSet(ctx, name, own, nil)
	if err != nil {
		return nil, err
	}
	if set == nil {
		return nil, fhir.NewOutcome(fhir.NotFound, "there is no such value set here")
	}
	return e.expand(ctx, set, false)
}

// spend counts work, and ends it where it has gone too far or nobody waits for it any more.
func (e *Evaluator) spend(ctx context.Context, n int) error {
	if e.steps += n; e.steps > maxSteps {
		return fhir.NewOutcome(fhir.TooCostly, "the value set or code system takes too much work to evaluate")
	}
	if err := ctx.Err(); err != nil {
		return fhir.NewOutcome(fhir.Timeout, "the request was given up before the value set was evaluated").WithCause(err)
	}
	return nil
}

// shown is a URL of a stored definition, fit for an error text.
func shown(url string) string {
	const most = 200
	if len(url) > most {
		return url[:most] + "…"
	}
	return url
}
