package core

import (
	"context"

	"andiron.dev/fhir"
)

// document is http://hl7.org/fhir/R4/composition-operation-document.html: a Composition with all it refers to, as one Bundle.
func (m *Module) document(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	id, err := m.compositionID(req)
	if err != nil {
		return nil, err
	}
	persist := req.Input.Text("persist") == "true"
	if persist && req.Safe {
		o := fhir.NewOutcome(fhir.NotSupported, "storing the document changes something, so with persist=true the operation must be called by POST")
		o.Refinement, o.Allow = fhir.MethodNotAllowed, []string{"POST", "OPTIONS"}
		return nil, o
	}
	if !persist {
		var bundle *fhir.Resource
		err = m.view(ctx, req, func(tx fhir.Tx) error {
			bundle, err = m.assemble(ctx, tx, req, id, "")
			return err
		})
		return &fhir.Response{Resource: bundle}, err
	}
	under, resp := m.config.NewID(), &fhir.Response{}
	err = m.change(ctx, req, func(tx fhir.Tx) error {
		bundle, err := m.assemble(ctx, tx, req, id, under)
		if err != nil {
			return err
		}
		if o := m.gate.Check(bundle.Root()); o != nil {
			return o
		}
		resp.Resource = bundle
		resp.Version, err = tx.Create(ctx, bundle)
		return err
	})
	return resp, err
}

// compositionID is the Composition that the request names, in the URL or by the parameter id.
func (m *Module) compositionID(req *fhir.Request) (string, error) {
	name := req.Input.Text("id")
	switch {
	case req.ID != "" && name != "":
		return "", fhir.NewOutcome(fhir.Invalid, "the Composition stands in the URL already; leave the parameter 'id' out")
	case req.ID != "":
		return req.ID, nil
	case name == "":
		return "", fhir.NewOutcome(fhir.Required, "the operation needs the parameter 'id', or to be called on a Composition")
	case fhir.ValidID(name):
		return name, nil
	}
	ref, ok := m.local(name, m.base(req))
	if !ok || ref.Type != "Composition" {
		return "", fhir.NewOutcome(fhir.NotSupported, "the parameter 'id' must name a Composition of this server")
	}
	return ref.ID, nil
}

// assemble makes the Bundle. Everything that the Composition refers to has to be there: a document that lacks something says something
// else. What those refer to comes along as far as it is there and may be seen, nearest first.
func (m *Module) assemble(ctx context.Context, tx fhir.Tx, req *fhir.Request, id, under string) (*fhir.Resource, error) {
	composition, err := tx.Read(ctx, "Composition", id)
	if err != nil {
		return nil, err
	}
	var list []*fhir.Resource
	if graph := req.Input.Text("graph"); graph != "" {
		list, err = m.graphFrom(ctx, tx, req, composition, graph)
	} else {
		list, err = m.closure(ctx, tx, req, composition)
	}
	if err != nil {
		return nil, err
	}
	w := m.openBundle("document", under)
	for _, r := range list {
		writeEntry(w, req.Base, r)
	}
	return fhir.FromWriter("Bundle", under, w.EndArray().EndObject()), nil
}

func (m *Module) closure(ctx context.Context, tx fhir.Tx, req *fhir.Request, composition *fhir.Resource) ([]*fhir.Resource, error) {
	list := []*fhir.Resource{composition}
	known := map[string]bool{composition.Reference(): true}
	for from, depth := list, 0; len(from) > 0 && depth < maxDepth; depth++ {
		var refs []fhir.Reference
		for _, r := range from {
			for ref := range m.referenced(r, m.base(req)) {
				if !known[ref.Relative()] {
					known[ref.Relative()] = true
					refs = append(refs, ref)
				}
			}
		}
		next, err := m.fetch(ctx, tx, req, refs)
		if err != nil {
			return nil, err
		}
		if depth == 0 {
			if next, err = m.asNamed(ctx, tx, refs, next); err != nil {
				return nil, err
			}
		}
		if len(list)+len(next) > mostNodes {
			return nil, fhir.Errorf(fhir.TooCostly, "the document has more than %d resources; say by 'graph' which of them belong to it", mostNodes)
		}
		list, from = append(list, next...), next
	}
	return list, nil
}

// asNamed gives what the Composition refers to in the versions that it names, all of them.
func (m *Module) asNamed(ctx context.Context, tx fhir.Tx, refs []fhir.Reference, found []*fhir.Resource) (list []*fhir.Resource, err error) {
	by := make(map[string]*fhir.Resource)
	for _, r := range found {
		by[r.Reference()] = r
	}
	for _, ref := range refs {
		r := by[ref.Relative()]
		if ref.Version != "" && (r == nil || r.VersionID() != ref.Version) {
			if r, err = tx.VRead(ctx, ref.Type, ref.ID, ref.Version); err != nil && !missing(err) {
				return nil, err
			}
		}
		if r == nil {
			return nil, fhir.Errorf(fhir.BusinessRule, "the document cannot be made: the Composition refers to a %s that is not there", ref.Type)
		}
		list = append(list, r)
	}
	return list, nil
}
