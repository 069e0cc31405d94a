package interaction

import (
	"context"
	"iter"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// Definitions is middleware: the OperationDefinitions of the server's own operations, and its code systems, can be read under their ids and
// found by what they are called, so that what the CapabilityStatement and outcomes name can be resolved. They are part of the program, so
// nobody can write over them.
func (x *Interactions) Definitions(next fhir.Handler) fhir.Handler {
	return fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		if req.Type != "OperationDefinition" && req.Type != "CodeSystem" || x.registry == nil {
			return next.Serve(ctx, req)
		}
		if req.ID == "" {
			resp, err := next.Serve(ctx, req)
			if err == nil && resp.Bundle != nil && req.Interaction == fhir.SearchType {
				x.addDefinitions(req, resp.Bundle)
			}
			return resp, err
		}
		for d := range x.definitions(req) {
			if d.ID() != req.ID {
				continue
			}
			if req.Interaction == fhir.Read {
				return &fhir.Response{Resource: d}, nil
			}
			return nil, fhir.NewOutcome(fhir.BusinessRule, "this "+req.Type+" is part of the server; it can be read and nothing else")
		}
		return next.Serve(ctx, req)
	})
}

// definitions are those of the type that a request is about, as its sender sees them.
func (x *Interactions) definitions(req *fhir.Request) iter.Seq[*fhir.Resource] {
	return func(yield func(*fhir.Resource) bool) {
		if req.Type == "CodeSystem" {
			_ = yield(x.details) && yield(x.operationCodes())
			return
		}
		for _, d := range x.registry.Operations() {
			url := d.Resource.Root().Get("url").Path()
			r := fhir.Render(d.Resource.Root(), d.Resource.Type(), d.Resource.ID(), func(e fhir.Element) (string, bool) {
				return d.URL(req.Base), e.Path() == url
			})
			if !yield(r) {
				return
			}
		}
	}
}

// operationCodes is the code system of the operations, from their definitions.
func (x *Interactions) operationCodes() *fhir.Resource {
	const id = "operation"
	w := fhir.NewWriter(4096).Object().Name("resourceType").String("CodeSystem").Name("id").String(id)
	w.Name("url").String(OperationSystem).Name("name").String("Operation").Name("title").String("Operations").Name("status").String("active")
	w.Name("description").String("The codes of the operations of this server, with which Provenance.activity says what was done.")
	w.Name("caseSensitive").Bool(true).Name("content").String("complete").Name("concept").Array()
	var told []string
	for _, d := range x.registry.Operations() {
		if slices.Contains(told, d.Code) { // one for patients, another for encounters
			continue
		}
		told = append(told, d.Code)
		w.Object().Name("code").String(d.Code)
		if title := d.Resource.Root().Get("title").Text(); title != "" {
			w.Name("display").String(title)
		}
		w.EndObject()
	}
	return fhir.FromWriter("CodeSystem", id, w.EndArray().EndObject())
}

// addDefinitions adds the definitions that match to the first page of a search that asks by what they are called.
func (x *Interactions) addDefinitions(req *fhir.Request, b *fhir.Bundle) {
	for _, p := range req.Params {
		switch p.Name {
		case "url", "_id", "code", "name", "title", "status", "system", "_count", "_format", "_pretty", "_total", "_summary", "_elements":
		default:
			return
		}
	}
	q, _, err := x.Params.Parse(req.Type, req.Params, search.Options{Base: req.Base, Now: x.now})
	if err != nil || len(q.Where) == 0 {
		return
	}
	matcher := x.Params.Matcher(req.Type, q.Where)
	for d := range x.definitions(req) {
		if !matcher.Match(d, nil) {
			continue
		}
		if q.Count > 0 {
			b.Entries = append(b.Entries, fhir.Entry{Resource: d, Mode: fhir.ModeMatch})
		}
		if b.Total >= 0 {
			b.Total++
		}
	}
}
