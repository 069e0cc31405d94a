package smart

import (
	"context"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// attachment is a Binary that something which was written points to.
type attachment struct {
	call *call
	id   string
}

// note keeps in mind to what Binaries a resource points: whoever sees the resource sees them, so that who writes it has to see them
// already. They may be written later in the same transaction.
func (t *tx) note(c *call, f *filter, before, r *fhir.Resource) {
	if c.access.trusted() || f.open && c.who.HasRole(RoleAdmin) || !strings.Contains(r.Body(), "Binary") {
		return
	}
	var known []string
	if before != nil {
		known = t.guard.binaries(before)
	}
	for _, id := range t.guard.binaries(r) {
		if !slices.Contains(known, id) {
			t.pending = append(t.pending, attachment{c, id})
		}
	}
}

// binaries lists the ids of the server's Binaries that the contents of a document are kept in.
func (g *Guard) binaries(r *fhir.Resource) (ids []string) {
	add := func(url string) {
		ref := fhir.ParseReference(url)
		if ref.Type == "Binary" && ref.ID != "" && (ref.Base == "" || ref.Base == g.config.BaseURL) {
			ids = append(ids, ref.ID)
		}
	}
	if r.Type() == "DocumentReference" {
		for content := range r.Root().Each("content") {
			add(content.Get("attachment").Get("url").Text())
		}
	}
	return ids
}

// settle holds what was written against what has to be there, at the end of a transaction. A Binary that is out of reach is as one
// that is not there.
func (t *tx) settle(ctx context.Context) error {
	for _, a := range t.pending {
		if t.wrote["Binary/"+a.id] > 0 {
			continue
		}
		r, err := t.inner.Read(ctx, "Binary", a.id)
		if err != nil && !fhir.Gone(err) {
			return err
		}
		seen := false
		if r != nil {
			if seen, err = t.sees(ctx, a.call, Read, r); err != nil {
				return err
			}
		}
		if !seen {
			return fhir.NewOutcome(fhir.BusinessRule, "the document points to a Binary that is not there", "DocumentReference.content.attachment.url")
		}
	}
	return nil
}

// binaryTest opens a Binary to who sees what its securityContext says it goes with, or a document that points to it
// (http://hl7.org/fhir/R4/binary.html#security). confined is who has one record alone: a Binary that belongs to no record is not in it.
func binaryTest(perm Perms, confined bool) test {
	return func(ctx context.Context, t *tx, r *fhir.Resource) (bool, error) {
		c, err := t.call(ctx)
		if err != nil {
			return false, err
		}
		if text := r.Root().Get("securityContext").Get("reference").Text(); text != "" {
			return t.reaches(ctx, c, text, "Binary")
		}
		if perm&(Create|Update|Delete) != 0 {
			return !confined, nil
		}
		documents, err := t.documents(ctx, r)
		if err != nil {
			return false, err
		}
		for _, document := range documents {
			if ok, err := t.sees(ctx, c, Read|Search, document); err != nil || ok {
				return ok, err
			}
		}
		return !confined && len(documents) == 0, nil
	}
}

// maxDocuments bounds the documents that are looked at for one Binary.
const maxDocuments = 100

// documents are the DocumentReferences that point to a Binary.
func (t *tx) documents(ctx context.Context, r *fhir.Resource) ([]*fhir.Resource, error) {
	urls := search.Escape(r.Reference())
	if base := t.guard.config.BaseURL; base != "" {
		urls += "," + search.Escape(base+"/"+r.Reference())
	}
	where, err := t.guard.criterion("DocumentReference", fhir.Params{{Name: "location", Value: urls}})
	if err != nil {
		return nil, err
	}
	page, err := t.inner.Search(ctx, &search.Query{Type: "DocumentReference", Where: search.And{where}, Count: maxDocuments, Total: search.TotalNone})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(page.Resources, func(r *fhir.Resource) bool { return t.wrote[r.Reference()] > 0 }), nil // no one vouches for themselves
}

// reaches reports whether what a reference leads to is there and may be read. except is a type that it must not lead to.
func (t *tx) reaches(ctx context.Context, c *call, text, except string) (bool, error) {
	ref := fhir.ParseReference(text)
	if ref.ID == "" || ref.Type == except || ref.Base != "" && ref.Base != t.guard.config.BaseURL {
		return false, nil
	}
	r, err := t.inner.Read(ctx, ref.Type, ref.ID)
	if fhir.Gone(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return t.sees(ctx, c, Read|Search, r)
}

// provenanceTest opens a Provenance to who sees all that it is about.
func provenanceTest(ctx context.Context, t *tx, r *fhir.Resource) (bool, error) {
	c, err := t.call(ctx)
	if err != nil {
		return false, err
	}
	some := false
	for target := range r.Root().Each("target") {
		ok, err := t.reaches(ctx, c, target.Get("reference").Text(), "Provenance")
		if err != nil || !ok {
			return false, err
		}
		some = true
	}
	return some, nil
}
