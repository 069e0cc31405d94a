package core

import (
	"context"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// meta is http://hl7.org/fhir/R4/resource-operation-meta.html: the meta of a resource, or the profiles, tags and labels that are in use.
func (m *Module) meta(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	var answer string
	err := m.view(ctx, req, func(tx fhir.Tx) error {
		if req.ID == "" {
			sum, err := m.metaInUse(ctx, tx, req)
			answer = sum
			return err
		}
		r, err := tx.Read(ctx, req.Type, req.ID)
		if err == nil {
			answer = r.Root().Get("meta").Raw()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return metaResponse(answer), nil
}

// metaResponse answers with a Meta. Nothing in use is no value: JSON has no empty Meta.
func metaResponse(meta string) *fhir.Response {
	out := fhir.NewParameters()
	if meta == "" {
		meta = `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"not-applicable"}]}`
	}
	return &fhir.Response{Resource: out.JSON("return", "Meta", meta).Resource()}
}

// marks are the parts of a Meta that can be added and taken away, each value under what identifies it.
type marks struct {
	kinds [3][]mark // profile, tag, security
}

type mark struct {
	key   string // url, or system|code
	value string // JSON
}

// markKinds are their names, and those of the search parameters that look for them.
func markKinds() [3]string { return [3]string{"profile", "tag", "security"} }

func marksOf(meta fhir.Element) (s marks) {
	for kind, name := range markKinds() {
		for e := range meta.Each(name) {
			s.add(kind, mark{markKey(kind, e), compact(e)})
		}
	}
	return s
}

func markKey(kind int, e fhir.Element) string {
	if kind == 0 {
		return e.Text()
	}
	return e.Get("system").Text() + "|" + e.Get("code").Text()
}

func compact(e fhir.Element) string { return string(fhir.NewWriter(64).Element(e).Take()) }

func (s *marks) has(kind int, key string) bool {
	for _, known := range s.kinds[kind] {
		if known.key == key {
			return true
		}
	}
	return false
}

// add adds a value that is not there yet, and reports whether it was not.
func (s *marks) add(kind int, one mark) bool {
	if s.has(kind, one.key) {
		return false
	}
	s.kinds[kind] = append(s.kinds[kind], one)
	return true
}

// write writes the values as properties of an object.
func (s *marks) write(w *fhir.Writer) {
	for kind, name := range markKinds() {
		if len(s.kinds[kind]) == 0 {
			continue
		}
		w.Name(name).Array()
		for _, one := range s.kinds[kind] {
			w.Raw(one.value)
		}
		w.EndArray()
	}
}

// maxMarks bounds the values of one kind that $meta lists.
const maxMarks = 500

// metaInUse gathers what resources bear that the caller may see. Each round asks for a page of those that bear nothing that has been
// found before, so that a profile of a million resources costs one.
func (m *Module) metaInUse(ctx context.Context, tx fhir.Tx, req *fhir.Request) (string, error) {
	var sum marks
	for kind, name := range markKinds() {
		q, err := m.query(req, req.Type, fhir.Param{Name: "_" + name + ":missing", Value: "false"})
		if err != nil {
			return "", err
		}
		for {
			q.Count = search.MaxCount
			page, err := tx.Search(ctx, q)
			if err != nil {
				return "", err
			}
			var fresh []string
			for _, r := range page.Resources {
				for e := range r.Root().Get("meta").Each(name) {
					if key := markKey(kind, e); sum.add(kind, mark{key, compact(e)}) && key != "" && key != "|" {
						fresh = append(fresh, escaped(kind, key))
					}
				}
			}
			if page.Next == "" || len(fresh) == 0 {
				break
			}
			if len(sum.kinds[kind]) > maxMarks {
				return "", fhir.Errorf(fhir.TooCostly, "more than %d values of meta.%s are in use; ask for one resource type", maxMarks, name)
			}
			if q, err = m.without(req, q, "_"+name, fresh); err != nil {
				return "", err
			}
		}
	}
	w := fhir.NewWriter(256).Object()
	sum.write(w)
	if text := string(w.EndObject().Take()); text != "{}" {
		return text, nil
	}
	return "", nil
}

func escaped(kind int, key string) string {
	if kind == 0 {
		return search.Escape(key)
	}
	at := strings.LastIndexByte(key, '|') // codes have no bar; should one have, it is looked for in vain
	return search.Escape(key[:at]) + "|" + search.Escape(key[at+1:])
}

// without narrows a query to what has none of some values.
func (m *Module) without(req *fhir.Request, q *search.Query, param string, values []string) (*search.Query, error) {
	bearing, err := m.query(req, q.Type, fhir.Param{Name: param, Value: strings.Join(values, ",")})
	if err != nil {
		return nil, err
	}
	narrowed := *q
	if q.Type != "" {
		narrowed.Where = append(q.Where[:len(q.Where):len(q.Where)], &search.Not{Expr: bearing.Where})
		return &narrowed, nil
	}
	narrowed.Parts = nil
	for i, part := range q.Parts { // both are about all types, in the order of their names
		part.Where = append(part.Where[:len(part.Where):len(part.Where)], &search.Not{Expr: bearing.Parts[i].Where})
		narrowed.Parts = append(narrowed.Parts, part)
	}
	return &narrowed, nil
}
