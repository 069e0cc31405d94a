package interaction

import (
	"context"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// Subset is middleware: it honours _summary and _elements on whatever returns resources
// (http://hl7.org/fhir/R4/search.html#summary) and marks what it has cut as SUBSETTED.
func (x *Interactions) Subset(next fhir.Handler) fhir.Handler {
	return fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		cut, err := x.subsetOf(req)
		if err != nil {
			return nil, err
		}
		resp, err := next.Serve(ctx, req)
		if err != nil || cut == nil {
			return resp, err
		}
		if resp.Resource != nil && resp.Result == fhir.OK {
			resp.Resource = cut.apply(resp.Resource)
		}
		if resp.Bundle != nil {
			for i := range resp.Bundle.Entries {
				if e := &resp.Bundle.Entries[i]; e.Resource != nil {
					e.Resource = cut.apply(e.Resource)
				}
			}
		}
		return resp, nil
	})
}

// subset says which elements to keep.
type subset struct {
	spec     *r4.Spec
	summary  string   // true, text, data; "" when elements are named
	elements []string // "name" or "Patient.name"
}

func (x *Interactions) subsetOf(req *fhir.Request) (*subset, error) {
	switch req.Interaction {
	case fhir.Read, fhir.VRead, fhir.HistoryInstance, fhir.HistoryType, fhir.HistorySystem, fhir.Capabilities:
	default: // searches cut what they find: see subset
		return nil, nil
	}
	if len(req.Params) == 0 {
		return nil, nil
	}
	summary, elements := req.Params.Get("_summary"), req.Params.Get("_elements")
	if elements != "" {
		return &subset{spec: x.Spec, elements: strings.Split(elements, ",")}, nil
	}
	switch summary {
	case "", "false":
		return nil, nil
	case "true", "text", "data":
		return &subset{spec: x.Spec, summary: summary}, nil
	}
	return nil, fhir.NewOutcome(fhir.Invalid, "the value of _summary must be true, text, data, count (of a search) or false")
}

// subset says what a search cuts off the resources found; nil = nothing.
func (x *Interactions) subset(q *search.Query) *subset {
	if q.Summary == "" && len(q.Elements) == 0 {
		return nil
	}
	return &subset{spec: x.Spec, summary: string(q.Summary), elements: q.Elements}
}

// subsettedTag is the tag for an incomplete resource.
const subsettedTag = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}`

// apply returns what is to be kept of r.
func (s *subset) apply(r *fhir.Resource) *fhir.Resource {
	typ := s.spec.Type(r.Type())
	if typ == nil {
		return r
	}
	root := r.Root()
	w := fhir.NewWriter(len(root.Raw()))
	w.Object().Name("resourceType").String(r.Type())
	if r.ID() != "" {
		w.Name("id").String(r.ID())
	}
	s.meta(w, root.Get("meta"))
	for p := root.First(); p.Exists(); p = p.Next() {
		switch p.Name() {
		case "resourceType", "id", "meta":
			continue
		}
		property, ok := typ.Property(strings.TrimPrefix(p.Name(), "_"))
		if ok && s.keeps(r.Type(), property.Element) {
			w.Name(p.Name())
			s.write(w, p, property.Ref.Type)
		}
	}
	w.EndObject()
	return fhir.FromWriter(r.Type(), r.ID(), w).Versioned(r.VersionID(), r.LastUpdated())
}

// write writes a value that is kept. The summary of a backbone element is its summary elements; that of a data type is all
// of it.
func (s *subset) write(w *fhir.Writer, e fhir.Element, typ *r4.Type) {
	if s.summary != "true" || typ.Kind != r4.Backbone {
		w.Element(e)
		return
	}
	if e.Kind() == fhir.Array {
		w.Array()
		for item := e.First(); item.Exists(); item = item.Next() {
			s.write(w, item, typ)
		}
		w.EndArray()
		return
	}
	w.Object()
	for p := e.First(); p.Exists(); p = p.Next() {
		if property, ok := typ.Property(strings.TrimPrefix(p.Name(), "_")); ok && (property.Element.Summary || property.Element.Min > 0) {
			w.Name(p.Name())
			s.write(w, p, property.Ref.Type)
		}
	}
	w.EndObject()
}

// keeps decides about an element. Mandatory elements stay, so that the rest is still a valid resource.
func (s *subset) keeps(typ string, e *r4.Element) bool {
	switch s.summary {
	case "true":
		return e.Summary || e.Min > 0
	case "text":
		return e.Name == "text" || e.Min > 0
	case "data":
		return e.Name != "text"
	}
	return e.Min > 0 || e.Modifier || slices.ContainsFunc(s.elements, func(name string) bool {
		name, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimSpace(name), typ+"."), ".")
		return name == e.Name
	})
}

// meta writes what the resource has and the tag.
func (s *subset) meta(w *fhir.Writer, meta fhir.Element) {
	w.Name("meta").Object()
	for p := meta.First(); p.Exists(); p = p.Next() {
		switch p.Name() {
		case "tag", "versionId", "lastUpdated":
		default:
			w.Name(p.Name()).Element(p)
		}
	}
	w.Name("tag").Array()
	for tag := range meta.Each("tag") {
		w.Element(tag)
	}
	w.Raw(subsettedTag).EndArray().EndObject()
}
