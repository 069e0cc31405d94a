package interaction

import (
	"context"
	"embed"

	"andiron.dev/fhir"
)

// definitions are the OperationDefinitions of the operations that every server has, and the code system of outcomes.
//
//go:embed definitions/*.json
var definitions embed.FS

// operations enters the operations that every server has.
func (x *Interactions) operations(r *fhir.Registry) error {
	x.registry = r
	r.Handle(fhir.Operation, x.operation)
	text, err := definitions.ReadFile("definitions/outcome-detail.json")
	if err != nil {
		return err
	}
	if x.details, err = fhir.ParseResource(string(text), fhir.DefaultLimits()); err != nil {
		return err
	}
	list := map[string]fhir.HandlerFunc{"explain": x.explain}
	if _, ok := x.Store.(fhir.Indexer); ok {
		list["reindex"], list["reindex-status"] = x.reindex, x.reindexStatus
	}
	for _, code := range []string{"explain", "reindex", "reindex-status"} {
		if list[code] == nil {
			continue
		}
		text, err := definitions.ReadFile("definitions/" + code + ".json")
		if err != nil {
			return err
		}
		if err := r.Operation(string(text), list[code]); err != nil {
			return err
		}
	}
	return nil
}

// operation is http://hl7.org/fhir/R4/operations.html#executing: it finds the operation that the request names and hands it
// the parameters, which are by then what the definition says they are.
func (x *Interactions) operation(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	d, h, err := x.registry.FindOperation(req)
	if err != nil {
		return nil, err
	}
	called := *req
	in := input{x: x, d: d, lenient: req.Prefer.Lenient}
	if called.Input, called.Params, err = in.read(req); err != nil {
		return nil, err
	}
	if d.AffectsState && called.Input.Text(fhir.DryRun) == "true" {
		if req.Tx != nil { // it would take back what the other entries have done
			return nil, fhir.NewOutcome(fhir.NotSupported, "a transaction has no dry run: call the operation by itself", "Parameters.parameter")
		}
		resp, err := x.rehearse(ctx, &called, h)
		return remarked(resp, append(in.warnings, rehearsed())), err
	}
	resp, err := x.accounted(ctx, &called, d, h)
	return remarked(resp, in.warnings), err
}

// joins refuses an operation as an entry of a transaction that it cannot be part of.
func (x *Interactions) joins(d *fhir.OperationDefinition) error {
	switch {
	case d.Alone:
		return fhir.NewOutcome(fhir.NotSupported, "this operation cannot be part of a transaction, because what it does is not done all at once; call it by itself, or in a batch")
	case d.AffectsState && x.Join == nil:
		return fhir.NewOutcome(fhir.NotSupported, "an operation that changes something cannot be part of a transaction here; call it by itself, or in a batch")
	}
	return nil
}
