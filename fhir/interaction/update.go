package interaction

import (
	"context"
	"errors"
	"slices"

	"andiron.dev/fhir"
)

// update is http://hl7.org/fhir/R4/http.html#update: update as create, version-aware update and conditional update (#cond-update)
// included. Content that does not differ from the current version makes no new one.
func (x *Interactions) update(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	if req.Condition == nil {
		if err := sameID(req); err != nil {
			return nil, err
		}
	}
	fresh := x.NewID() // once, so that fn gives the same id however often it runs
	if req.Condition != nil && req.ID != "" {
		fresh = req.ID // that a transaction has promised to references
	}
	var resp *fhir.Response
	err := x.change(ctx, req, func(tx fhir.Tx) error {
		id := req.ID
		if req.Condition != nil {
			match, err := x.match(ctx, tx, req)
			if err != nil {
				return err
			}
			if id, err = conditionalID(req.Resource, match, fresh); err != nil {
				return err
			}
			if match == nil && id == fresh {
				resp, err = x.bring(ctx, tx, req, req.Resource.WithID(id))
				return err
			}
			if match == nil {
				if err := vacant(ctx, tx, req.Type, id); err != nil {
					return err
				}
			}
		}
		var err error
		resp, err = x.put(ctx, tx, req, req.Resource.WithID(id))
		return err
	})
	return resp, err
}

func sameID(req *fhir.Request) error {
	switch req.Resource.ID() {
	case req.ID:
		return nil
	case "":
		return fhir.NewOutcome(fhir.Required, "the resource needs the id that stands in the URL", req.Type+".id")
	}
	return fhir.NewOutcome(fhir.Invalid, "the id of the resource differs from the id in the URL", req.Type+".id")
}

// conditionalID is the id that a conditional update writes to.
func conditionalID(r, match *fhir.Resource, fresh string) (string, error) {
	switch {
	case match == nil && r.ID() == "":
		return fresh, nil
	case match == nil:
		return r.ID(), nil
	case r.ID() != "" && r.ID() != match.ID():
		return "", fhir.NewOutcome(fhir.Invalid, "the id of the resource differs from that of the resource that matches the condition", r.Type()+".id")
	}
	return match.ID(), nil
}

// vacant reports a conflict where a resource has the id already. No match means that the client takes its resource for a
// new one; that of another must not be overwritten.
func vacant(ctx context.Context, tx fhir.Tx, typ, id string) error {
	_, err := tx.Read(ctx, typ, id)
	switch {
	case missing(err):
		return nil
	case err != nil:
		return err
	}
	return fhir.NewOutcome(fhir.Conflict, "nothing matches the condition, but a resource with the id of this one exists", typ+".id")
}

// bring creates a resource under an id that the server has made.
func (x *Interactions) bring(ctx context.Context, tx fhir.Tx, req *fhir.Request, r *fhir.Resource) (*fhir.Response, error) {
	if err := ifMatch(req, nil); err != nil {
		return nil, err
	}
	version, err := tx.Create(ctx, r)
	return &fhir.Response{Result: fhir.Created, Resource: version.Written(r), Version: version}, err
}

// put writes a resource over its current version, if If-Match allows it and there is anything to change.
func (x *Interactions) put(ctx context.Context, tx fhir.Tx, req *fhir.Request, r *fhir.Resource) (*fhir.Response, error) {
	current, err := tx.Read(ctx, r.Type(), r.ID())
	if err != nil && !missing(err) {
		return nil, err
	}
	if err := ifMatch(req, current); err != nil {
		return nil, err
	}
	if err := ifNoneMatch(req, current); err != nil {
		return nil, err
	}
	if current != nil && current.Same(r) {
		return found(current), nil
	}
	version, err := tx.Put(ctx, r)
	if err != nil {
		return nil, err
	}
	resp := &fhir.Response{Resource: version.Written(r), Version: version}
	if version.Created {
		resp.Result = fhir.Created
	}
	return resp, nil
}

// ifMatch decides the condition If-Match against the current version, nil where there is none.
func ifMatch(req *fhir.Request, current *fhir.Resource) error {
	switch {
	case req.IfMatch == "":
		return nil
	case current == nil:
		return fhir.PreconditionFailed(fhir.Conflict, "If-Match names a version, but there is no current one")
	case req.IfMatch == "*" || req.IfMatch == current.VersionID():
		return nil
	}
	return fhir.PreconditionFailed(fhir.Conflict, "the current version is "+current.VersionID()+", not the one that If-Match names; read it again")
}

// ifNoneMatch decides If-None-Match for a write (RFC 7232, section 3.2): "*" is for creating, and never writing over.
func ifNoneMatch(req *fhir.Request, current *fhir.Resource) error {
	if current == nil || !slices.Contains(req.IfNoneMatch, "*") && !slices.Contains(req.IfNoneMatch, current.VersionID()) {
		return nil
	}
	return fhir.PreconditionFailed(fhir.Conflict, "If-None-Match excludes the version that exists")
}

// missing reports whether err says that the resource is not there, or not any more.
func missing(err error) bool {
	var o *fhir.Outcome
	return errors.As(err, &o) && (o.Code() == fhir.NotFound || o.Code() == fhir.Deleted)
}
