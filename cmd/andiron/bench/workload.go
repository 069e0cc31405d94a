package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
)

// workload is what the virtual users do.
type workload interface {
	// prepare gathers what the iterations need, such as ids. It is not measured. Its errors are sentences for people.
	prepare(ctx context.Context, h *harvester) error
	// session gives the state of one virtual user. The name tells the users of a run apart.
	session(draw *rand.Rand, name string) session
	// tallies are the kinds of requests in the order of the report.
	tallies() []*tally
}

// session runs iterations, one after the other.
type session interface {
	// iterate runs one iteration. False: there was none left to run.
	iterate(u *user) bool
}

func newWorkload(cfg *Config) (workload, error) {
	switch cfg.Workload {
	case "read":
		return newRead(cfg.Type, cfg.IDs), nil
	case "crud":
		return newCRUD()
	case "search":
		return newSearch(cfg.IDs), nil
	case "mix":
		return newMix(cfg.IDs), nil
	case "transaction":
		return newTransaction()
	case "load":
		return newLoad(cfg.Data, cfg.Iterations), nil
	}
	return nil, fmt.Errorf("no workload is called %q", cfg.Workload)
}
