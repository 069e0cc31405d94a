package interaction

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/fhir/patch"
)

// patch is http://hl7.org/fhir/R4/http.html#patch, conditional patch included: what comes out is an update like any
// other, gate, If-Match and all.
func (x *Interactions) patch(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	if req.Patch == nil {
		return nil, fhir.NewOutcome(fhir.Required, "the request needs a patch as its body")
	}
	if _, err := patch.FormatOf(req.Patch.MediaType); err != nil {
		return nil, err
	}
	var resp *fhir.Response
	err := x.change(ctx, req, func(tx fhir.Tx) error {
		current, err := x.patched(ctx, tx, req)
		if err != nil {
			return err
		}
		if err := ifMatch(req, current); err != nil {
			return err
		}
		next, err := x.applyPatch(req, current)
		if err != nil {
			return err
		}
		if current.Same(next) {
			resp = found(current)
			return nil
		}
		version, err := tx.Put(ctx, next)
		resp = &fhir.Response{Resource: version.Written(next), Version: version}
		return err
	})
	return resp, err
}

// patched is the resource to patch. A conditional patch without a match is an error: there is nothing to patch.
func (x *Interactions) patched(ctx context.Context, tx fhir.Tx, req *fhir.Request) (*fhir.Resource, error) {
	if req.Condition == nil {
		return tx.Read(ctx, req.Type, req.ID)
	}
	match, err := x.match(ctx, tx, req)
	if err == nil && match == nil {
		return nil, fhir.NewOutcome(fhir.NotFound, "no "+req.Type+" matches the condition")
	}
	return match, err
}

func (x *Interactions) applyPatch(req *fhir.Request, current *fhir.Resource) (*fhir.Resource, error) {
	text, err := patch.Apply(current, req.Patch)
	if err != nil {
		return nil, err
	}
	root, err := x.Gate.Parse(text, fhir.BundleLimits()) // a Bundle may be patched too, and the limit of a body is not one of growth
	if err != nil {
		return nil, err
	}
	next, err := fhir.NewResource(root)
	if err != nil {
		return nil, err
	}
	if next.Type() != current.Type() || next.ID() != current.ID() {
		return nil, fhir.NewOutcome(fhir.BusinessRule, "a patch must not change the type or the id of a resource")
	}
	return safeNarrative(current, next)
}
