package core

import (
	"context"
	"iter"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// referenced yields the server's own resources that a resource refers to, in the order of its text, as it names them: references, and
// attachments that are Binaries. Some come more than once.
//
// It looks through the text, which is canonical: without white space, and with quotes in values escaped, so a name with its colon is
// nothing but the name. Parsing would cost ten times as much.
func (m *Module) referenced(r *fhir.Resource, base string) iter.Seq[fhir.Reference] {
	return func(yield func(fhir.Reference) bool) {
		const reference, attachment = `"reference":"`, `"url":"`
		text := r.Body()
		attached := strings.Contains(text, "Binary/")
		for {
			at, n := strings.Index(text, reference), len(reference)
			if attached {
				if url := strings.Index(text, attachment); url >= 0 && (at < 0 || url < at) {
					at, n = url, len(attachment)
				}
			}
			if at < 0 {
				return
			}
			text = text[at+n:]
			end := strings.IndexByte(text, '"')
			if end < 0 {
				return
			}
			value := text[:end]
			if n == len(attachment) && !strings.HasPrefix(strings.TrimPrefix(value, base+"/"), "Binary/") {
				continue
			}
			if ref, ok := m.local(value, base); ok && !yield(ref) {
				return
			}
		}
	}
}

// local takes a reference apart if it is one to a resource of this server.
func (m *Module) local(text, base string) (fhir.Reference, bool) {
	ref := fhir.ParseReference(text)
	return ref, ref.ID != "" && (ref.Base == "" || ref.Base == base) && m.config.Spec.IsResource(ref.Type)
}

// chunk is how many resources are asked for at once.
const chunk = 200

// fetch reads resources that references name, in their order and each once, as far as they are there and may be seen.
func (m *Module) fetch(ctx context.Context, tx fhir.Tx, req *fhir.Request, refs []fhir.Reference) ([]*fhir.Resource, error) {
	var types []string
	ids := make(map[string][]string)
	seen := make(map[string]bool)
	for _, ref := range refs {
		if key := ref.Relative(); !seen[key] {
			seen[key] = true
			if ids[ref.Type] == nil {
				types = append(types, ref.Type)
			}
			ids[ref.Type] = append(ids[ref.Type], ref.ID)
		}
	}
	found := make(map[string]*fhir.Resource)
	for _, typ := range types {
		for list := ids[typ]; len(list) > 0; {
			n := min(chunk, len(list))
			q, err := m.query(req, typ, fhir.Param{Name: "_id", Value: strings.Join(list[:n], ",")})
			if err != nil {
				return nil, err
			}
			list = list[n:]
			err = search.Each(ctx, tx, q, func(r *fhir.Resource) bool {
				found[r.Reference()] = r
				return true
			})
			if err != nil && fhir.CodeOf(err) != fhir.Forbidden {
				return nil, err
			}
		}
	}
	var list []*fhir.Resource
	for _, ref := range refs {
		if r := found[ref.Relative()]; r != nil {
			list = append(list, r)
			delete(found, ref.Relative())
		}
	}
	return list, nil
}
