package interaction

import (
	"context"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// links turns what the entries of a transaction say of each other into what the server calls them
// (http://hl7.org/fhir/R4/http.html#trules): in references, in elements of type uri, url, oid and uuid, and in the links of
// narratives; conditional references too.
type links struct {
	t       *transaction
	ctx     context.Context
	tx      fhir.Tx
	targets map[string]*target // by fullUrl
	written map[string]*target // by reference: what entries create or update
	queries map[string]string  // conditional references that have been resolved, by their text
	matched map[string][]candidate
	busy    map[*target]bool // targets whose version is being worked out
	err     error
}

// target is the resource that an entry creates, updates, patches or finds.
type target struct {
	entry     *entry
	req       *fhir.Request
	reference string // "Patient/1"
	found     *fhir.Resource
}

func newLinks(ctx context.Context, t *transaction, tx fhir.Tx) *links {
	return &links{
		t: t, ctx: ctx, tx: tx, targets: make(map[string]*target), written: make(map[string]*target),
		queries: make(map[string]string), matched: make(map[string][]candidate), busy: make(map[*target]bool),
	}
}

// collect works out where each entry's resource will be. Two entries that write to the same resource fail the transaction; two
// that would create what does not exist yet, under the same condition, mean one resource: the second is an echo of the
// first, and its request is dropped.
func (l *links) collect(requests []*fhir.Request) (echoes map[*entry]*entry, err error) {
	echoes = make(map[*entry]*entry)
	deleted := make(map[string]bool)
	conditional := make(map[string]*target) // what does not exist yet, by the guard of the condition
	for i, e := range l.t.entries {
		req := requests[i]
		switch phaseOf(req) {
		case phaseDelete:
			for _, reference := range deletions(req) {
				if deleted[reference] {
					return nil, twice(e)
				}
				deleted[reference] = true
			}
			continue
		case phaseOperate, phaseRead:
			continue
		}
		to, err := l.target(e, req)
		if err != nil {
			return nil, within(err, e.path+".request")
		}
		l.targets[e.fullURL] = to
		if req.Condition != nil && to.found == nil {
			first := conditional[e.guard]
			if first != nil && req.Interaction == fhir.Create && first.req.Interaction == fhir.Create {
				l.targets[e.fullURL], requests[i], echoes[e] = first, nil, first.entry
				continue
			}
			if first != nil {
				return nil, twice(e)
			}
			conditional[e.guard] = to
		}
		if req.Interaction == fhir.Create && to.found != nil {
			continue // nothing is written
		}
		if l.written[to.reference] != nil {
			return nil, twice(e)
		}
		l.written[to.reference] = to
	}
	delete(l.targets, "") // entries without a fullUrl
	for reference, to := range l.written {
		if deleted[reference] {
			return nil, twice(to.entry)
		}
	}
	return echoes, nil
}

// deletions are the resources that a DELETE is about.
func deletions(req *fhir.Request) []string {
	if req.ID != "" {
		return []string{req.Type + "/" + req.ID}
	}
	references := make([]string, len(req.Matches))
	for i, match := range req.Matches {
		references[i] = match.Reference()
	}
	return references
}

func twice(e *entry) error {
	return fhir.NewOutcome(fhir.Invalid, "two entries write to the same resource", e.path+".request")
}

// target is where a request that writes leads.
func (l *links) target(e *entry, req *fhir.Request) (*target, error) {
	to := &target{entry: e, req: req}
	id := req.ID
	switch {
	case len(req.Matches) > 1:
		return nil, tooMany(req)
	case len(req.Matches) == 1:
		to.found = req.Matches[0]
		id = to.found.ID()
	case req.Condition != nil && req.Interaction == fhir.Update:
		if id = e.root.Get("id").Text(); id == "" {
			id = e.id
		}
	}
	to.reference = req.Type + "/" + id
	return to, nil
}

// fill gives a request its resource, with all links resolved. Those of an echo have to lead somewhere too, or the outcome would
// depend on which of the two came first.
func (l *links) fill(e *entry, req *fhir.Request) (err error) {
	switch {
	case !e.root.Exists():
		return nil
	case req == nil:
		_, err = l.render(e, e.req)
	case req.Interaction == fhir.Create || req.Interaction == fhir.Update:
		req.Resource, err = l.render(e, req)
	case req.Interaction == fhir.Operation:
		typ, err := fhir.TypeOf(e.root)
		if err != nil {
			return err
		}
		req.Resource = fhir.Render(e.root, typ, e.root.Get("id").Text(), func(value fhir.Element) (string, bool) { return l.replace(e, value) })
		return l.err
	}
	return err
}

// render makes the entry's resource with its id and all links resolved.
func (l *links) render(e *entry, req *fhir.Request) (*fhir.Resource, error) {
	id := e.root.Get("id").Text()
	if req.Interaction == fhir.Create {
		id = e.id
	} else if id == "" && req.Condition != nil {
		id = e.id
		if len(req.Matches) == 1 {
			id = req.Matches[0].ID()
		}
	}
	if id != "" && !fhir.ValidID(id) {
		return nil, fhir.NewOutcome(fhir.Value, "the id must be 1 to 64 letters, digits, '-' and '.'", e.path+".resource.id")
	}
	r := fhir.Render(e.root, req.Type, id, func(value fhir.Element) (string, bool) { return l.replace(e, value) })
	return r, l.err
}

// replace gives the new text of a string value, if it is a link.
func (l *links) replace(e *entry, value fhir.Element) (string, bool) {
	switch value.Name() {
	case "reference":
		return l.reference(e, value)
	case "div":
		return l.narrative(value.Text())
	}
	raw := value.Raw()
	if len(raw) < 6 || raw[1] != 'u' && raw[1] != 'h' { // urn:… or http…
		return "", false
	}
	url, fragment := value.Text(), ""
	if i := strings.IndexByte(url, '#'); i >= 0 {
		url, fragment = url[:i], url[i:]
	}
	to := l.targets[url]
	if to == nil || !l.isLink(e, value) {
		return "", false
	}
	return to.reference + fragment, true
}

// isLink reports whether a value is of a type whose links are replaced; canonicals, for one, are not.
func (l *links) isLink(e *entry, value fhir.Element) bool {
	path := strings.TrimPrefix(value.Path(), e.path+".resource")
	at, typ := e.root, l.t.x.Spec.Type(e.req.Type)
	if e.req.Interaction == fhir.Operation { // what goes in is not of the type that the URL names
		if typ = l.t.x.Spec.Type(e.root.Get("resourceType").Text()); typ == nil {
			return false
		}
	}
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "."), ".") {
		name, _, _ := strings.Cut(segment, "[")
		property, ok := typ.Property(name)
		if !ok {
			return false
		}
		at, typ = item(at.Get(name), segment), property.Ref.Type
		if typ.Kind == r4.Resource {
			if typ = l.t.x.Spec.Type(at.Get("resourceType").Text()); typ == nil {
				return false
			}
		}
	}
	switch typ.Name {
	case "uri", "url", "oid", "uuid":
		return true
	}
	return false
}
