package patient

import (
	"context"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// Bounds of a merge.
const (
	inline = 500    // resources that are rewritten while the caller waits
	most   = 20_000 // that are rewritten at all: they are one commit, and one Provenance lists them
)

// merge is http://hl7.org/fhir/R5/patient-operation-merge.html: what refers to the source refers to the target afterwards, by versions of its
// own; the source stays as an inactive record that is linked to the target. All of it is one update. AuditEvents and Provenances
// are evidence, and keep naming who they are about.
func (m *Module) merge(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	j := &joining{m: m, req: req, base: m.base(req.Base)}
	if req.Input.Text("preview") == "true" {
		if err := m.config.Store.View(ctx, func(tx fhir.Tx) error { return j.prepare(ctx, tx) }); err != nil {
			return nil, err
		}
		return &fhir.Response{Resource: j.answer(j.target, nil)}, nil
	}
	// Of a job the answer is kept anyway; one with a key is kept with its key.
	if req.Job == "" && req.IdempotencyKey == "" {
		if err := m.config.Store.View(ctx, func(tx fhir.Tx) error { return j.prepare(ctx, tx) }); err != nil {
			return nil, err
		}
		if len(j.referrers) > inline {
			return j.later(ctx)
		}
	}
	var v *fhir.Version
	err := m.config.Store.Update(ctx, nil, func(tx fhir.Tx) (err error) {
		v, err = j.carryOut(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &fhir.Response{Resource: j.answer(v.Written(j.target).Versioned(v.VersionID, v.LastUpdated), nil)}, nil
}

// joining is a merge.
type joining struct {
	m              *Module
	req            *fhir.Request
	base           string
	source, target *fhir.Resource // as they will be
	before         [2]*fhir.Resource
	referrers      []*fhir.Resource // as they are
	clashes        []fhir.Issue
}

// prepare finds out what there is to do, and refuses what cannot be done.
func (j *joining) prepare(ctx context.Context, tx fhir.Tx) error {
	source, target, err := j.parties(ctx, tx)
	if err != nil {
		return err
	}
	j.before = [2]*fhir.Resource{source, target}
	if j.target, err = j.result(source, target); err != nil {
		return err
	}
	if j.source, err = j.givenUp(source, target); err != nil {
		return err
	}
	sys := smart.System(ctx) // what belongs to the record goes with it, whether or not the caller may see it
	if err := j.stays(sys, tx, source, target); err != nil {
		return err
	}
	if j.referrers, err = j.m.referrers(sys, tx, j.base, source, target); err != nil {
		return err
	}
	if err := j.unclaimed(sys, tx, source, target); err != nil {
		return err
	}
	j.clashes, err = j.overlaps(sys, tx, source, target)
	return err
}

// unclaimed refuses a result that has what is somebody else's. What is the source's goes with it.
func (j *joining) unclaimed(sys context.Context, tx fhir.Tx, source, target *fhir.Resource) error {
	for _, id := range gained(target, j.target) {
		once, err := givenOnce(sys, tx, id)
		if err != nil || !once || slices.Contains(identifiersOf(source.Root()), id) {
			if err != nil {
				return err
			}
			continue
		}
		if err := j.m.refuseTaken(sys, tx, id, target); err != nil {
			return err
		}
	}
	return nil
}

// carryOut writes the merge. The version that it returns is the target's.
func (j *joining) carryOut(ctx context.Context, tx fhir.Tx) (*fhir.Version, error) {
	if err := j.prepare(ctx, tx); err != nil {
		return nil, err
	}
	sys := fhir.Merging(smart.System(ctx))
	var written []string
	put := func(ctx context.Context, r *fhir.Resource) (*fhir.Version, error) {
		v, err := tx.Put(ctx, r)
		if err == nil {
			written = append(written, r.Reference()+"/_history/"+v.VersionID)
		}
		return v, err
	}
	// The two Patients are written as the caller, who has to be allowed to change them.
	if _, err := put(fhir.Merging(ctx), j.source); err != nil {
		return nil, err
	}
	result, err := put(fhir.Merging(ctx), j.target)
	if err != nil {
		return nil, err
	}
	from, to := j.before[0].ID(), j.before[1].Reference()
	for _, r := range j.referrers {
		if _, err := put(sys, repointed(r, j.base, from, to)); err != nil {
			return nil, err
		}
	}
	var sources []string
	for _, r := range j.before {
		sources = append(sources, r.Reference()+"/_history/"+r.VersionID())
	}
	p, err := j.m.provenance(ctx, mergeOperation, "UPDATE", written, sources, "")
	if err != nil {
		return nil, err
	}
	_, err = tx.Create(sys, p)
	return result, err
}

// mergeOperation is what the Provenance of a merge has as its activity.
const mergeOperation = "Patient-merge"
