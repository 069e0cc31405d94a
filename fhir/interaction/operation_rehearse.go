package interaction

import (
	"context"

	"andiron.dev/fhir"
)

// rehearse carries an operation out and takes it back.
func (x *Interactions) rehearse(ctx context.Context, req *fhir.Request, h fhir.Handler) (resp *fhir.Response, err error) {
	if x.Rehearse == nil {
		return nil, fhir.NewOutcome(fhir.NotSupported, "this server has no dry run")
	}
	req.DryRun = true
	err = x.Rehearse(ctx, func(ctx context.Context) error {
		resp, err = h.Serve(ctx, req)
		return err
	})
	if err != nil || resp == nil {
		return resp, err
	}
	// What was written is there no more, so there is nothing to point to.
	plain := *resp
	plain.Version, plain.Result, plain.Location = nil, fhir.OK, ""
	return &plain, nil
}

func rehearsed() fhir.Issue {
	return fhir.Issue{Severity: fhir.Information, Code: fhir.Informational, Detail: fhir.DryRun, Text: "this was a dry run: nothing was changed"}
}

// remarked adds issues to what an operation answers: to the notes, and to the body as far as it has a place for them. A body that has none
// becomes the parameter 'return' beside them.
func remarked(resp *fhir.Response, issues []fhir.Issue) *fhir.Response {
	if resp == nil || len(issues) == 0 {
		return resp
	}
	r := *resp
	r.Notes = &fhir.Outcome{}
	if resp.Notes != nil {
		r.Notes.Issues = append(r.Notes.Issues, resp.Notes.Issues...)
	}
	r.Notes.Issues = append(r.Notes.Issues, issues...)
	outcome := (&fhir.Outcome{Issues: issues}).Resource()
	switch body := resp.Resource; {
	case resp.Bundle != nil:
		b := *resp.Bundle
		b.Entries = append(b.Entries[:len(b.Entries):len(b.Entries)], fhir.Entry{Mode: fhir.ModeOutcome, Resource: outcome})
		r.Bundle = &b
	case body == nil:
		r.Resource, r.Result = r.Notes.Resource(), fhir.OK
	case body.Type() == "Parameters":
		r.Resource = added(body, "parameter", `{"name":"outcome","resource":`+outcome.Body()+`}`)
	case body.Type() == "Bundle":
		r.Resource = added(body, "entry", `{"resource":`+outcome.Body()+`,"search":{"mode":"outcome"}}`)
	default:
		r.Resource = fhir.NewParameters().WithResource("return", resp.Body()).WithResource("outcome", outcome).Resource()
		r.Version = nil
	}
	return &r
}

// added is a resource with one more item in a list.
func added(r *fhir.Resource, list, item string) *fhir.Resource {
	w := fhir.NewWriter(len(r.Body()) + len(item) + 32)
	w.Object().Name("resourceType").String(r.Type())
	if r.ID() != "" {
		w.Name("id").String(r.ID())
	}
	there := false
	for e := r.Root().First(); e.Exists(); e = e.Next() {
		switch e.Name() {
		case "resourceType", "id":
			continue
		case list:
			there = true
			w.Name(list).Array()
			for i := range e.Items() {
				w.Raw(i.Raw())
			}
			w.Raw(item).EndArray()
			continue
		}
		w.Name(e.Name()).Raw(e.Raw())
	}
	if !there {
		w.Name(list).Array().Raw(item).EndArray()
	}
	w.EndObject()
	return fhir.FromWriter(r.Type(), r.ID(), w)
}
