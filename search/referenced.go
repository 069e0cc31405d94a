package search

import (
	"context"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
)

// Referenced is what a reference in a resource leads to, as _include follows it.
type Referenced struct {
	Type, ID string   // of a resource of this server
	Version  string   // of a version-specific reference, or the business version that a canonical names; "" = the current one
	URL      string   // of a canonical, which names the resource that has this url; Type and ID, if any, are a second guess
	Types    []string // that the resource named by URL may have
}

// Follower follows the references of resources of one type as an _include rule says. It is not safe for concurrent use.
type Follower struct {
	params *Params
	typ    string
	own    string
	target string
	terms  []followed
	types  map[*Slot][]string // what the canonicals of a slot may name
	found  []path.Value
}

// followed is a term together with those of the rule's parameters that have it.
type followed struct {
	*term
	through []*Param
}

// Follow prepares an _include rule for resources of a type. own is the base under which the client knows this server.
func (p *Params) Follow(rule Include, typ, own string) *Follower {
	f := &Follower{params: p, typ: typ, own: own, target: rule.Target, types: make(map[*Slot][]string)}
	if rule.Source != "" && rule.Source != typ {
		return f
	}
	params := p.referenceParams(typ, rule.Code)
	terms := p.of(typ).terms
	for i := range terms {
		t := followed{term: &terms[i]}
		for _, param := range params {
			if param.has(t.slot) {
				t.through = append(t.through, param)
			}
		}
		if len(t.through) > 0 {
			f.terms = append(f.terms, t)
		}
	}
	return f
}

// Referenced lists what r refers to, in the order in which the resource has it, each once. References into the resource itself
// and to other servers are left out. The error is TooCostly where the resource refers to more than can be gathered; the list then
// ends before.
func (f *Follower) Referenced(ctx context.Context, r *fhir.Resource) ([]Referenced, error) {
	if len(f.terms) == 0 {
		return nil, nil
	}
	ev := f.params.evaluators.Get().(*path.Evaluator)
	defer f.params.evaluators.Put(ev)
	focus := path.Root(f.params.spec, r.Root(), f.typ)
	g := gathering{Follower: f, seen: make(map[string]bool)}
	for i := range f.terms {
		t := &f.terms[i]
		var err error
		if f.found, err = ev.Eval(ctx, t.expr, focus, f.found[:0]); err != nil {
			if code := fhir.CodeOf(err); code == fhir.TooCostly || code == fhir.Timeout {
				return g.list, err
			}
			continue // what cannot be evaluated is not indexed either
		}
		for _, value := range f.found {
			g.add(t.slot, t.through, value)
		}
	}
	return g.list, nil
}

// gathering is one call of Referenced.
type gathering struct {
	*Follower
	seen map[string]bool
	list []Referenced
}

func (g *gathering) add(slot *Slot, through []*Param, value path.Value) {
	kind := typeName(value)
	text := value.String()
	if kind == "Reference" {
		text = value.Element().Get("reference").Text()
	}
	if text == "" || text[0] == '#' || g.seen[text] {
		return
	}
	v := g.params.referenceValue(text)
	v.Slot = slot
	var to Referenced
	if v.Type != "" && (v.Base == "" || v.Base == g.own) && (g.target == "" || g.target == v.Type) &&
		slices.ContainsFunc(through, func(p *Param) bool { return p.leadsTo(&v) }) {
		to = Referenced{Type: v.Type, ID: v.ID, Version: v.Version}
	}
	if kind == "canonical" || kind == "uri" {
		url, version, _ := strings.Cut(text, "|")
		to.URL, _, _ = strings.Cut(url, "#") // a fragment names a part of what the url names
		to.Version, to.Types = version, g.canonicalTypes(slot, through)
	}
	if to.ID != "" || len(to.Types) > 0 {
		g.seen[text] = true
		g.list = append(g.list, to)
	}
}

// canonicalTypes lists the types that a canonical may name, which are those that can be found by their url.
func (f *Follower) canonicalTypes(slot *Slot, through []*Param) []string {
	types, known := f.types[slot]
	if known {
		return types
	}
	for _, typ := range f.params.spec.Resources() {
		leads := slices.ContainsFunc(through, func(p *Param) bool { return p.mayLeadTo(typ) })
		if leads && (f.target == "" || f.target == typ) && f.params.canonical(typ) {
			types = append(types, typ)
		}
	}
	f.types[slot] = types
	return types
}

// canonical reports whether resources of a type are named by a canonical URL, which the parameter "url" finds
// (http://hl7.org/fhir/R4/resource.html#canonical). The url of a Device is where it is, and its versions are another matter.
func (p *Params) canonical(typ string) bool {
	t := p.spec.Type(typ)
	version := t.Element("version")
	if t.Element("url") == nil || version == nil || len(version.Types) != 1 || version.Types[0].Type.Name != "string" {
		return false
	}
	param := p.Param(typ, "url")
	return param != nil && param.Type == r4.URIParam
}

// Canonical gives the canonical URL and business version of a resource; "" for one that has none.
func (p *Params) Canonical(r *fhir.Resource) (url, version string) {
	if !p.canonical(r.Type()) {
		return "", ""
	}
	return r.Root().Get("url").Text(), r.Root().Get("version").Text()
}
