package patient

import (
	"context"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// evidence is what keeps naming who it is about.
func evidence(typ string) bool { return typ == "AuditEvent" || typ == "Provenance" }

// referrers finds what refers to the source: of all types and through every search parameter that leads to Patients, so the index is asked
// and nothing is read in vain. Errors: TooCostly.
func (m *Module) referrers(sys context.Context, tx fhir.Tx, base string, source, target *fhir.Resource) ([]*fhir.Resource, error) {
	var list []*fhir.Resource
	for _, typ := range m.config.Spec.Resources() {
		if evidence(typ) {
			continue
		}
		where, err := m.refersTo(typ, base, source)
		if err != nil {
			return nil, err
		}
		if len(where) == 0 {
			continue
		}
		q, err := m.query(base, typ)
		if err != nil {
			return nil, err
		}
		q.Where = search.And{where}
		err = search.Each(sys, tx, q, func(r *fhir.Resource) bool {
			if r.ID() == source.ID() && typ == "Patient" || r.ID() == target.ID() && typ == "Patient" {
				return true
			}
			if repointed(r, base, source.ID(), target.Reference()) != r {
				list = append(list, r)
			}
			return len(list) <= most
		})
		if err != nil {
			return nil, err
		}
		if len(list) > most {
			return nil, fhir.Errorf(fhir.TooCostly, "more than %d resources refer to the source", most)
		}
	}
	return list, nil
}

// refersTo is the criterion of a type's resources that refer to a Patient; empty = they never do.
func (m *Module) refersTo(typ, base string, patient *fhir.Resource) (where search.Or, err error) {
	for _, param := range m.config.Params.Of(typ) {
		if param.Special != search.NotSpecial || len(param.Sources) == 0 || !slices.Contains(param.Targets, "Patient") || len(param.Parts) > 0 {
			continue
		}
		q, err := m.query(base, typ, fhir.Param{Name: param.Code, Value: patient.Reference()})
		if err != nil {
			return nil, err
		}
		where = append(where, q.Where...)
	}
	return where, nil
}

// repointed is a resource whose references to one Patient are references to another; itself where it has none. What names a version is
// left: it is about what the record was then.
func repointed(r *fhir.Resource, base, from, to string) *fhir.Resource {
	found := false
	root, _ := fhir.Parse(r.Body(), fhir.Limits{}) // it is canonical text
	next := fhir.Render(root, r.Type(), r.ID(), func(e fhir.Element) (string, bool) {
		if e.Name() != "reference" || !strings.HasSuffix(e.Text(), "Patient/"+from) || localPatient(e.Text(), base) != from {
			return "", false
		}
		found = true
		return to, true
	})
	if !found {
		return r
	}
	return next
}
