package core

import (
	"context"
	"strconv"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
	"andiron.dev/fhir/terminology"
	"andiron.dev/search"
)

// graph is http://hl7.org/fhir/R4/resource-operation-graph.html: a resource, with what a GraphDefinition leads to from it.
func (m *Module) graph(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	var found []*fhir.Resource
	err := m.view(ctx, req, func(tx fhir.Tx) error {
		start, err := tx.Read(ctx, req.Type, req.ID)
		if err != nil {
			return err
		}
		found, err = m.graphFrom(ctx, tx, req, start, req.Input.Text("graph"))
		return err
	})
	if err != nil {
		return nil, err
	}
	w := m.openBundle("collection", "")
	for _, r := range found {
		writeEntry(w, req.Base, r)
	}
	bundle := fhir.FromWriter("Bundle", "", w.EndArray().EndObject())
	return &fhir.Response{Resource: fhir.NewParameters().WithResource("result", bundle).Resource()}, nil
}

// openBundle begins a Bundle with entries.
func (m *Module) openBundle(typ, id string) *fhir.Writer {
	w := fhir.NewWriter(32 << 10).Object().Name("resourceType").String("Bundle")
	if id != "" {
		w.Name("id").String(id)
	}
	w.Name("identifier").Object().Name("system").String("urn:ietf:rfc:3986").Name("value").String("urn:uuid:" + m.config.NewID()).EndObject()
	w.Name("type").String(typ).Name("timestamp").String(m.config.Now().UTC().Format(fhir.LastUpdatedFormat))
	return w.Name("entry").Array()
}

func writeEntry(w *fhir.Writer, base string, r *fhir.Resource) {
	w.Object().Name("fullUrl").String(base + "/" + r.Reference()).Name("resource").Resource(r).EndObject()
}

const (
	mostNodes = 1_000 // resources that a graph or a document has
	maxDepth  = 8     // links from its start
)

// graphFrom gathers what a GraphDefinition leads to, the start first and each resource once.
func (m *Module) graphFrom(ctx context.Context, tx fhir.Tx, req *fhir.Request, start *fhir.Resource, name string) ([]*fhir.Resource, error) {
	definition, err := m.graphDefinition(ctx, tx, req, name)
	if err != nil {
		return nil, err
	}
	if typ := definition.Root().Get("start").Text(); typ != start.Type() {
		return nil, fhir.Errorf(fhir.Invalid, "the GraphDefinition starts at a %s", typ)
	}
	g := &graphing{m: m, ctx: ctx, tx: tx, req: req, start: start, seen: map[string]bool{start.Reference(): true}, found: []*fhir.Resource{start}}
	g.paths = path.NewEvaluator(path.Env{Now: m.config.Now, Resolve: g.resolve, Limits: path.Limits{Steps: 200_000, Items: 20_000}})
	err = g.follow(definition.Root(), start, 1)
	return g.found, err
}

// graphDefinition finds a GraphDefinition by its canonical URL, or else by its id.
func (m *Module) graphDefinition(ctx context.Context, tx fhir.Tx, req *fhir.Request, name string) (*fhir.Resource, error) {
	url, version, _ := strings.Cut(name, "|")
	q, err := m.query(req, "GraphDefinition", fhir.Param{Name: "url", Value: search.Escape(url)})
	if err != nil {
		return nil, err
	}
	var chosen *fhir.Resource
	err = search.Each(ctx, tx, q, func(r *fhir.Resource) bool {
		if (version == "" || r.Root().Get("version").Text() == version) && (chosen == nil || terminology.Newer(r, chosen)) {
			chosen = r
		}
		return true
	})
	if err != nil || chosen != nil {
		return chosen, err
	}
	ref, ok := m.local(name, m.base(req))
	if !ok && fhir.ValidID(name) {
		ref, ok = fhir.Reference{Type: "GraphDefinition", ID: name}, true
	}
	if ok && ref.Type == "GraphDefinition" {
		r, err := tx.Read(ctx, ref.Type, ref.ID)
		if err == nil || !missing(err) {
			return r, err
		}
	}
	return nil, fhir.NewOutcome(fhir.NotFound, "there is no GraphDefinition of this URL or id")
}

// graphing is one walk along a GraphDefinition.
type graphing struct {
	m     *Module
	ctx   context.Context
	tx    fhir.Tx
	req   *fhir.Request
	start *fhir.Resource
	paths *path.Evaluator
	seen  map[string]bool
	found []*fhir.Resource
	steps int
}

func (g *graphing) resolve(ctx context.Context, reference string) (fhir.Element, error) {
	ref, ok := g.m.local(reference, g.m.base(g.req))
	if !ok {
		return fhir.Element{}, nil
	}
	r, err := g.tx.Read(ctx, ref.Type, ref.ID)
	if missing(err) {
		return fhir.Element{}, nil
	}
	if err != nil {
		return fhir.Element{}, err
	}
	return r.Root(), nil
}

// follow follows the links of a GraphDefinition or of one of its targets.
func (g *graphing) follow(holder fhir.Element, source *fhir.Resource, depth int) error {
	for link := range holder.Each("link") {
		if depth > maxDepth {
			return fhir.Errorf(fhir.TooCostly, "the GraphDefinition leads more than %d links away", maxDepth)
		}
		if g.steps++; g.steps > 10*mostNodes {
			return fhir.NewOutcome(fhir.TooCostly, "the GraphDefinition has too many links to follow")
		}
		n, err := g.link(link, source, depth)
		if err != nil {
			return err
		}
		least, most := link.Get("min").Text(), link.Get("max").Text()
		if limit, err := strconv.Atoi(least); err == nil && n < limit {
			return broken(link, "there are fewer resources than min")
		}
		if limit, err := strconv.Atoi(most); err == nil && n > limit {
			return broken(link, "there are more resources than max")
		}
	}
	return nil
}

func broken(link fhir.Element, text string) error {
	return fhir.NewOutcome(fhir.BusinessRule, "the graph is not as the GraphDefinition wants it: "+text, link.Path())
}

// link follows one link from one resource and says to how many it leads.
func (g *graphing) link(link fhir.Element, source *fhir.Resource, depth int) (n int, err error) {
	var reached []*fhir.Resource
	if text := link.Get("path").Text(); text != "" {
		if reached, err = g.along(link, text, source); err != nil {
			return 0, err
		}
	}
	targets := false
	for target := range link.Each("target") {
		targets = true
		list, err := g.targets(target, source, reached)
		if err != nil {
			return 0, err
		}
		for _, r := range list {
			n++
			if err := g.add(r); err != nil {
				return 0, err
			}
			if err := g.follow(target, r, depth+1); err != nil {
				return 0, err
			}
		}
	}
	if !targets {
		for _, r := range reached {
			n++
			if err := g.add(r); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

func (g *graphing) add(r *fhir.Resource) error {
	if g.seen[r.Reference()] {
		return nil
	}
	if len(g.found) == mostNodes {
		return fhir.Errorf(fhir.TooCostly, "the graph has more than %d resources", mostNodes)
	}
	g.seen[r.Reference()] = true
	g.found = append(g.found, r)
	return nil
}

// along evaluates a path on a resource and reads what its references name.
func (g *graphing) along(link fhir.Element, text string, source *fhir.Resource) ([]*fhir.Resource, error) {
	x, err := path.Compile(g.m.config.Spec, text, path.Context(source.Type()))
	if err != nil {
		return nil, fhir.AsOutcome(err).Within(link.Path() + ".path")
	}
	values, err := g.paths.Eval(g.ctx, x, path.Root(g.m.config.Spec, source.Root(), ""), nil)
	if err != nil {
		return nil, err
	}
	var refs []fhir.Reference
	for _, v := range values {
		e := v.Element()
		text := e.Get("reference").Text()
		switch {
		case e.Get("resourceType").Text() != "" && e.Get("id").Text() != "": // by resolve()
			text = e.Get("resourceType").Text() + "/" + e.Get("id").Text()
		case e.Kind() == fhir.String:
			text = e.Text()
		}
		if ref, ok := g.m.local(text, g.m.base(g.req)); ok {
			refs = append(refs, ref)
		}
	}
	return g.m.fetch(g.ctx, g.tx, g.req, refs)
}

// targets are the resources that a target takes: those that the path has reached, or those that its search finds.
func (g *graphing) targets(target fhir.Element, source *fhir.Resource, reached []*fhir.Resource) (list []*fhir.Resource, err error) {
	typ := target.Get("type").Text()
	if text := target.Get("params").Text(); text != "" {
		if reached, err = g.search(target, typ, text, source); err != nil {
			return nil, err
		}
	}
	for _, r := range reached {
		if r.Type() != typ && typ != "Resource" {
			continue
		}
		ok, err := g.together(target, r)
		if err != nil {
			return nil, err
		}
		if ok {
			list = append(list, r)
		}
	}
	return list, nil
}

func (g *graphing) search(target fhir.Element, typ, text string, source *fhir.Resource) (list []*fhir.Resource, err error) {
	params, err := fhir.ParseParams(strings.ReplaceAll(text, "{ref}", source.Reference()))
	if err != nil {
		return nil, fhir.AsOutcome(err).Within(target.Path() + ".params")
	}
	q, err := g.m.query(g.req, typ, params...)
	if err != nil {
		return nil, fhir.AsOutcome(err).Within(target.Path() + ".params")
	}
	if q, _, err = g.m.resolve(g.ctx, g.tx, q, true); err != nil {
		return nil, err
	}
	q.Count, q.Total = min(max(q.Count, 1), mostNodes), search.TotalNone
	err = search.Each(g.ctx, g.tx, q, func(r *fhir.Resource) bool {
		list = append(list, r)
		return len(list) <= mostNodes
	})
	return list, err
}
