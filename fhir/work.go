package fhir

import "context"

// Worker is work that a server does beside requests: delivering notifications, carrying out timers. A worker that several servers on one
// store run takes a lease, so that each piece of work is done by one of them.
type Worker interface {
	// Run works until ctx ends.
	Run(ctx context.Context)
	// Drain returns when nothing is left that is due now: everything committed before the call has been seen to, and so has what came of it.
	// What is due in the future is not waited for.
	Drain(ctx context.Context) error
}

// Preparer is a Worker that has something to settle before the first request is answered.
type Preparer interface {
	Worker
	// Prepare is called once, by every server on the store. Its error keeps the server from serving.
	Prepare(ctx context.Context) error
}

// Work enters a worker: the server runs it as long as it serves.
func (r *Registry) Work(w Worker) { r.workers = append(r.workers, w) }

// Workers are the workers that modules have entered.
func (r *Registry) Workers() []Worker { return r.workers }

// Change is what a write does to one resource. A rule sees it before it is committed.
type Change struct {
	Before *Resource // as it is; nil = there is none, or it was deleted
	After  *Resource // as it will be; nil = it is deleted
	Tx     Tx        // the update that it is part of: a rule reads through it, and may write more
}

// Rule refuses a change by an error, whatever way it came: interaction, entry of a Bundle, operation, import. It may put another version in
// the place of After by returning one.
type Rule struct {
	Type string // of the resources that it is about
	// Guards names what must not change meanwhile; they are taken before Check. nil = nothing. Errors: as of Check.
	Guards func(before, after *Resource) ([]string, error)
	// Ask gives what must be found out elsewhere before Check, such as the addresses of a host, so that nobody waits for a network within an
	// update: it is carried out when the update has been taken back, and then the update runs again. nil, or giving nil = nothing.
	Ask   func(after *Resource) func(context.Context)
	Check func(ctx context.Context, c *Change) (*Resource, error)
}

// Rule enters a rule.
func (r *Registry) Rule(rule Rule) { r.rules = append(r.rules, rule) }

// Rules are the rules about a type.
func (r *Registry) Rules(typ string) (list []Rule) {
	for _, rule := range r.rules {
		if rule.Type == typ {
			list = append(list, rule)
		}
	}
	return list
}
