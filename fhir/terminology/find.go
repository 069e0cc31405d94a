package terminology

import (
	"context"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// valueSet is a value set that is here, in one of three forms.
type valueSet struct {
	key  string       // tells it apart from others
	root fhir.Element // of a ValueSet, stored or contained in one

	embedded *r4.ValueSet // one that R4 defines
	implied  *implied     // one that its URL defines
}

// valueSet finds what a name stands for: the canonical of a value set, a reference to a ValueSet of this server, or, in a
// ValueSet, what is contained in it. own is the base under which the client knows the server. nil = it is not here.
func (e *Evaluator) valueSet(ctx context.Context, name, own string, within *valueSet) (*valueSet, error) {
	if id, ok := strings.CutPrefix(name, "#"); ok {
		return within.contained(id), nil
	}
	if set, ok := e.sets[name]; ok {
		return set, nil
	}
	set, err := e.findValueSet(ctx, name, own)
	if err == nil {
		e.sets[name] = set
	}
	return set, err
}

func (e *Evaluator) findValueSet(ctx context.Context, name, own string) (*valueSet, error) {
	ref := fhir.ParseReference(name)
	if ref.ID != "" && ref.Base == "" {
		return e.referenced(ctx, ref)
	}
	url, version, _ := strings.Cut(name, "|")
	r, err := e.current(ctx, "ValueSet", url, version)
	switch {
	case err != nil:
		return nil, err
	case r != nil:
		return &valueSet{key: r.Reference() + "|", root: r.Root()}, nil
	}
	if set := e.spec.ValueSet(url); set != nil && (version == "" || version == r4Version) {
		return &valueSet{key: url, embedded: set}, nil
	}
	if ref.ID != "" && ref.Base == own {
		return e.referenced(ctx, ref)
	}
	if implied := impliedBy(url); implied != nil {
		return &valueSet{key: name, implied: implied}, nil
	}
	return nil, nil
}

// r4Version is the version of R4's own definitions.
const r4Version = "4.0.1"

// referenced reads what a reference to a ValueSet of this server leads to.
func (e *Evaluator) referenced(ctx context.Context, ref fhir.Reference) (*valueSet, error) {
	if ref.Type != "ValueSet" {
		return nil, fhir.NewOutcome(fhir.Invalid, "what stands for a value set is a reference to a resource of another type")
	}
	var r *fhir.Resource
	var err error
	if ref.Version != "" {
		r, err = e.reader.VRead(ctx, ref.Type, ref.ID, ref.Version)
	} else {
		r, err = e.reader.Read(ctx, ref.Type, ref.ID)
	}
	switch fhir.CodeOf(err) {
	case "":
		return &valueSet{key: ref.Relative() + "|" + ref.Version, root: r.Root()}, nil
	case fhir.NotFound, fhir.Deleted:
		return nil, nil
	}
	return nil, err
}

// contained finds a ValueSet that is contained in v.
func (v *valueSet) contained(id string) *valueSet {
	if v == nil {
		return nil
	}
	for r := range v.root.Each("contained") {
		if r.Get("resourceType").Text() == "ValueSet" && r.Get("id").Text() == id {
			return &valueSet{key: v.key + "#" + id, root: r}
		}
	}
	return nil
}

// current finds the stored definition of a canonical: that of the version, or else the newest, active ones first. nil = it is
// not here.
func (e *Evaluator) current(ctx context.Context, typ, url, version string) (*fhir.Resource, error) {
	if url == "" {
		return nil, nil
	}
	params := fhir.Params{{Name: "url", Value: search.Escape(url)}, {Name: "_sort", Value: "-_lastUpdated"}}
	if version != "" {
		params = append(params, fhir.Param{Name: "version", Value: search.Escape(version)})
	}
	q, _, err := e.params.Parse(typ, params, search.Options{Strict: true, Count: maxVersions})
	if err != nil {
		return nil, err
	}
	page, err := e.reader.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	var best *fhir.Resource
	for _, r := range page.Resources {
		if best == nil || Newer(r, best) {
			best = r
		}
	}
	return best, nil
}
