package interaction

import (
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// reference resolves the text of Reference.reference.
func (l *links) reference(e *entry, value fhir.Element) (string, bool) {
	text := value.Text()
	if to := l.names(e, text); to != nil {
		return to.reference, true
	}
	if url, _, ok := strings.Cut(text, "/_history/"); ok {
		if to := l.names(e, url); to != nil { // version-specific stays version-specific
			return to.reference + "/_history/" + l.version(to), true
		}
	}
	if ref := fhir.ParseReference(text); ref.Query != "" && l.err == nil {
		resolved, err := l.conditional(ref)
		if err != nil {
			l.err = fhir.AsOutcome(err).Within(value.Path())
			if fhir.CodeOf(err) == fhir.Exception {
				l.err = err
			}
			return "", false
		}
		return resolved, true
	}
	return "", false
}

// names is the target that a reference in an entry names, or nil. A relative reference is relative to the entry's fullUrl
// where that is the URL of a resource, and otherwise means what the server has under it
// (http://hl7.org/fhir/R4/bundle.html#references).
func (l *links) names(e *entry, text string) *target {
	if to := l.targets[text]; to != nil || strings.Contains(text, ":") {
		return to
	}
	if self := fhir.ParseReference(e.fullURL); self.Base != "" {
		return l.targets[self.Base+"/"+text]
	}
	return nil
}

// candidate is a resource of the transaction that a conditional reference may mean.
type candidate struct {
	target   *target
	resource *fhir.Resource
	values   *search.Values
}

// candidates are the resources of a type that entries create or update. Links in them are not resolved yet: a condition on
// their references is held against what the client wrote.
func (l *links) candidates(typ string) []candidate {
	if known, ok := l.matched[typ]; ok {
		return known
	}
	var list []candidate
	for reference, to := range l.written {
		if to.req.Type != typ || to.req.Interaction == fhir.Patch {
			continue
		}
		_, id, _ := strings.Cut(reference, "/")
		r := fhir.Render(to.entry.root, typ, id, nil)
		list = append(list, candidate{to, r, l.t.x.Params.Values(r)})
	}
	l.matched[typ] = list
	return list
}

// conditional resolves a conditional reference to the one resource that matches when the transaction has been carried out:
// those that it writes count as they will be.
func (l *links) conditional(ref fhir.Reference) (string, error) {
	if resolved, ok := l.queries[ref.URL]; ok {
		return resolved, nil
	}
	if !l.t.x.Spec.IsResource(ref.Type) {
		return "", fhir.NewOutcome(fhir.Invalid, "the conditional reference names a resource type that FHIR R4 does not have")
	}
	q, err := l.t.x.condition(&fhir.Request{Type: ref.Type, Condition: &ref.Query, Base: l.t.base})
	if err != nil {
		return "", err
	}
	if q, _, err = l.t.x.resolve(l.ctx, l.tx, q, true); err != nil {
		return "", err
	}
	candidates := l.candidates(ref.Type)
	var found []string
	for _, c := range candidates {
		if search.Match(q.Where, c.resource, c.values, l) {
			found = append(found, c.target.reference)
		}
	}
	q.Count = 2 + len(candidates)
	page, err := l.tx.Search(l.ctx, q)
	if err != nil {
		return "", err
	}
	for _, match := range page.Resources {
		if to := l.written[match.Reference()]; to == nil || to.req.Interaction == fhir.Patch {
			found = append(found, match.Reference())
		}
	}
	switch len(found) {
	case 0:
		return "", fhir.PreconditionFailed(fhir.NotFound, "no "+ref.Type+" matches the conditional reference")
	case 1:
		l.queries[ref.URL] = found[0]
		return found[0], nil
	}
	return "", fhir.PreconditionFailed(fhir.MultipleMatches, "more than one "+ref.Type+" matches the conditional reference")
}

// version is the version id that the target will have after the transaction.
func (l *links) version(to *target) string {
	current := to.found
	if current == nil && to.req.Interaction != fhir.Create {
		_, id, _ := strings.Cut(to.reference, "/")
		r, err := l.tx.Read(l.ctx, to.req.Type, id)
		if err != nil && !fhir.Gone(err) {
			l.err = err
		}
		current = r
	}
	switch {
	case current == nil:
		return l.afterDeletion(to)
	case to.req.Interaction == fhir.Create, l.unchanged(to, current): // nothing will be written
		return current.VersionID()
	}
	return fhir.NextVersion(current.VersionID())
}

// unchanged reports whether an update will find the content to be there already. Of resources that name each other's versions
// each is taken to change, and so they do.
func (l *links) unchanged(to *target, current *fhir.Resource) bool {
	if to.req.Interaction != fhir.Update || l.busy[to] {
		return false
	}
	l.busy[to] = true
	defer delete(l.busy, to)
	r, err := l.render(to.entry, to.req)
	return err == nil && current.Same(r)
}

// afterDeletion is the first version of a resource that does not exist: 1, unless it existed once.
func (l *links) afterDeletion(to *target) string {
	_, id, _ := strings.Cut(to.reference, "/")
	if to.req.Interaction == fhir.Create {
		return "1"
	}
	page, err := l.tx.History(l.ctx, fhir.HistoryQuery{Type: to.req.Type, ID: id, Count: 1})
	switch {
	case fhir.Gone(err):
		return "1"
	case err != nil:
		l.err = err
		return ""
	case len(page.Events) == 0:
		return "1"
	}
	return fhir.NextVersion(page.Events[0].VersionID)
}
