package patient

import (
	"context"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// window is how long a merge can be taken back.
const window = 30 * 24 * time.Hour

// unmerge is Patient/[id]/$unmerge (domain.md §6.3): all that a merge wrote is written as it was before. The Provenance of the merge says what
// that is. The id may be that of either Patient.
func (m *Module) unmerge(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	var entries []fhir.Entry
	err := m.config.Store.Update(ctx, nil, func(tx fhir.Tx) (err error) {
		entries, err = m.takeBack(ctx, tx, req)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &fhir.Response{Bundle: &fhir.Bundle{Type: fhir.TransactionResponse, Total: -1, Entries: entries}}, nil
}

func (m *Module) takeBack(ctx context.Context, tx fhir.Tx, req *fhir.Request) ([]fhir.Entry, error) {
	sys := smart.System(ctx)
	if _, err := tx.Read(ctx, "Patient", req.ID); err != nil {
		return nil, err
	}
	provenance, err := m.mergeProvenance(sys, tx, req)
	if err != nil {
		return nil, err
	}
	recorded, ok := fhir.ParseTemporal(provenance.Root().Get("recorded").Text(), time.UTC)
	if !ok || m.config.Now().After(recorded.Low.Add(window)) {
		return nil, refusal(fhir.BusinessRule, "unmerge-window", "a merge can be taken back for 30 days")
	}
	earlier, err := m.earlier(sys, tx, provenance)
	if err != nil {
		return nil, err
	}
	var entries []fhir.Entry
	var written []string
	for i, r := range earlier {
		as := fhir.Merging(sys)
		if i < 2 { // the Patients are written as the caller
			as = fhir.Merging(ctx)
		}
		v, err := tx.Put(as, r)
		if err != nil {
			return nil, err
		}
		entries = append(entries, fhir.Entry{Response: &fhir.Response{Resource: v.Written(r), Version: v}})
		written = append(written, r.Reference()+"/_history/"+v.VersionID)
	}
	p, err := m.provenance(ctx, "Patient-unmerge", "UPDATE", written, []string{provenance.Reference()}, "")
	if err != nil {
		return nil, err
	}
	_, err = tx.Create(sys, p)
	return entries, err
}

// mergeProvenance reads the Provenance. Errors: Value; NotFound where it is of no merge of the Patient.
func (m *Module) mergeProvenance(sys context.Context, tx fhir.Tx, req *fhir.Request) (*fhir.Resource, error) {
	named := req.Input.Get("merge-provenance").Value
	ref := fhir.ParseReference(named.Get("reference").Text())
	if ref.Type != "Provenance" || ref.ID == "" || ref.Base != "" && ref.Base != m.base(req.Base) {
		return nil, fhir.NewOutcome(fhir.Value, "this must be a reference to a Provenance of this server", named.Path())
	}
	none := fhir.NewOutcome(fhir.NotFound, "this is not the Provenance of a merge of this Patient", named.Path())
	p, err := tx.Read(sys, ref.Type, ref.ID)
	if missing(err) {
		return nil, none
	}
	if err != nil {
		return nil, err
	}
	merge := false
	for coding := range p.Root().Get("activity").Each("coding") {
		merge = merge || coding.Get("system").Text() == operations && coding.Get("code").Text() == mergeOperation
	}
	about := 0
	for target := range p.Root().Each("target") {
		if about++; about <= 2 && merge && strings.HasPrefix(target.Get("reference").Text(), "Patient/"+req.ID+"/_history/") {
			return p, nil
		}
	}
	return nil, none
}

// earlier are the versions before those that a merge wrote, the target first: it has to give back what belongs to the source before the source
// has it again. Errors: Conflict with what has been changed since.
func (m *Module) earlier(sys context.Context, tx fhir.Tx, provenance *fhir.Resource) ([]*fhir.Resource, error) {
	var list []*fhir.Resource
	var changed []string
	for target := range provenance.Root().Each("target") {
		ref := fhir.ParseReference(target.Get("reference").Text())
		r, err := tx.Read(sys, ref.Type, ref.ID)
		if err != nil && !missing(err) {
			return nil, err
		}
		if err != nil || r.VersionID() != ref.Version {
			changed = append(changed, ref.Relative())
			continue
		}
		n, err := strconv.ParseInt(ref.Version, 10, 64)
		if err != nil {
			return nil, fhir.Internal(err)
		}
		before, err := tx.VRead(sys, ref.Type, ref.ID, strconv.FormatInt(n-1, 10))
		if err != nil {
			return nil, err
		}
		list = append(list, fhir.Stored(before.Type(), before.ID(), "", time.Time{}, before.Body()))
	}
	if changed != nil {
		o := refusal(fhir.Conflict, "changed-since", "what the merge wrote has been changed since; diagnostics says what")
		o.Issues[0].Diagnostics = textOf(object{"changed": changed[:min(len(changed), 100)], "count": len(changed)})
		return nil, o
	}
	if len(list) >= 2 {
		list[0], list[1] = list[1], list[0]
	}
	return list, nil
}
