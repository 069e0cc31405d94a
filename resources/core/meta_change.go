package core

import (
	"context"

	"andiron.dev/fhir"
)

// metaAdd is http://hl7.org/fhir/R4/resource-operation-meta-add.html. What is there already stays as it is.
func (m *Module) metaAdd(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	return m.changeMeta(ctx, req, func(own *marks, given marks) {
		for kind := range given.kinds {
			for _, one := range given.kinds[kind] {
				own.add(kind, one)
			}
		}
	})
}

// metaDelete is http://hl7.org/fhir/R4/resource-operation-meta-delete.html. What is not there need not be taken away.
func (m *Module) metaDelete(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	return m.changeMeta(ctx, req, func(own *marks, given marks) {
		for kind := range own.kinds {
			var rest []mark
			for _, one := range own.kinds[kind] {
				if !given.has(kind, one.key) {
					rest = append(rest, one)
				}
			}
			own.kinds[kind] = rest
		}
	})
}

// changeMeta writes a new version of the resource with other marks, if there is anything to change, and answers with its meta.
func (m *Module) changeMeta(ctx context.Context, req *fhir.Request, change func(own *marks, given marks)) (*fhir.Response, error) {
	given := marksOf(req.Input.Get("meta").Value)
	var after *fhir.Resource
	var version *fhir.Version
	err := m.change(ctx, req, func(tx fhir.Tx) error {
		r, err := tx.Read(ctx, req.Type, req.ID)
		if err != nil {
			return err
		}
		if req.IfMatch != "" && req.IfMatch != "*" && req.IfMatch != r.VersionID() {
			return fhir.PreconditionFailed(fhir.Conflict, "the current version is "+r.VersionID()+", not the one that If-Match names; read it again")
		}
		own := marksOf(r.Root().Get("meta"))
		change(&own, given)
		if after, err = withMarks(r, &own); err != nil {
			return err
		}
		if version = nil; after.Same(r) {
			after = r
			return nil
		}
		if o := m.gate.Check(after.Root()); o != nil {
			return o
		}
		version, err = tx.Put(ctx, after)
		return err
	})
	if err != nil {
		return nil, err
	}
	if version != nil {
		after = after.WithVersion(version.VersionID, version.LastUpdated)
	}
	return metaResponse(after.Root().Get("meta").Raw()), nil
}

// withMarks gives a resource with other profiles, tags and security labels. The rest of its meta stays.
func withMarks(r *fhir.Resource, s *marks) (*fhir.Resource, error) {
	root := r.Root()
	w := fhir.NewWriter(len(r.Body()) + 256).Object()
	w.Name("resourceType").String(r.Type()).Name("id").String(r.ID()).Name("meta").Object()
	for e := root.Get("meta").First(); e.Exists(); e = e.Next() {
		switch e.Name() {
		case "profile", "_profile", "tag", "security":
		default:
			w.Name(e.Name()).Element(e)
		}
	}
	s.write(w)
	w.EndObject()
	for e := root.First(); e.Exists(); e = e.Next() {
		switch e.Name() {
		case "resourceType", "id", "meta":
		default:
			w.Name(e.Name()).Element(e)
		}
	}
	return fhir.ParseResource(string(w.EndObject().Take()), fhir.Limits{})
}
