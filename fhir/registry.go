package fhir

import (
	"context"
	"slices"
)

// Registry is the list of what a server does. Routing and the CapabilityStatement are both computed from it, so that they
// cannot disagree.
type Registry struct {
	interactions map[Interaction]Handler
	operations   []operation
	workers      []Worker
	rules        []Rule
	messages     map[MessageEvent]MessageHandler
}

// Module adds behaviour of a domain to a server: operations, rules, jobs.
type Module interface {
	// Register enters the module's operations and rules. Its error stops the start of the server.
	Register(*Registry) error
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry { return &Registry{interactions: make(map[Interaction]Handler)} }

// Handle sets the handler of an interaction.
func (r *Registry) Handle(i Interaction, h HandlerFunc) { r.interactions[i] = h }

// Wrap puts something around the handler of an interaction that has one: it may answer in its place, before or after it.
func (r *Registry) Wrap(i Interaction, fn func(ctx context.Context, req *Request, next Handler) (*Response, error)) {
	if next := r.interactions[i]; next != nil {
		r.interactions[i] = HandlerFunc(func(ctx context.Context, req *Request) (*Response, error) { return fn(ctx, req, next) })
	}
}

// Handles reports whether the server offers an interaction.
func (r *Registry) Handles(i Interaction) bool { return r.interactions[i] != nil }

// Interactions lists what is offered, in alphabetical order.
func (r *Registry) Interactions() []Interaction {
	list := make([]Interaction, 0, len(r.interactions))
	for i := range r.interactions {
		list = append(list, i)
	}
	slices.Sort(list)
	return list
}

// Serve passes the request to the handler of its interaction. What is not offered fails with NotSupported.
func (r *Registry) Serve(ctx context.Context, req *Request) (*Response, error) {
	h := r.interactions[req.Interaction]
	if h == nil {
		return nil, Errorf(NotSupported, "the interaction '%s' is not supported", req.Interaction)
	}
	return h.Serve(ctx, req)
}
