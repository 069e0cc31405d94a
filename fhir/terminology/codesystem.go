package terminology

import (
	"context"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// codeSystem is a code system that is here: a CodeSystem resource, or one that R4 defines.
type codeSystem struct {
	url      string
	content  string // a code of http://hl7.org/fhir/codesystem-content-mode
	concepts []*concept
	byCode   map[string]*concept
	declared map[string]property // by code
	isA      bool                // the hierarchy says what subsumes what
}

// concept is one code, and those directly above and below it.
type concept struct {
	code              string
	definition        fhir.Element // absent in a code system that R4 defines
	parents, children []*concept
}

func (c *concept) above() []*concept { return c.parents }
func (c *concept) below() []*concept { return c.children }

// property is what a CodeSystem says of the properties of its concepts.
type property struct{ uri string }

// listed reports whether all codes are here.
func (s *codeSystem) listed() bool { return s != nil && s.content == "complete" }

// usable reports whether the codes that are here, all or a curated part, are meant to be worked with.
func (s *codeSystem) usable() bool {
	return s != nil && (s.content == "complete" || s.content == "fragment")
}

// codeSystem finds a code system; nil = it is not here. The version "*" stands for any.
func (e *Evaluator) codeSystem(ctx context.Context, url, version string) (*codeSystem, error) {
	if version == "*" {
		version = ""
	}
	canonical := url + "|" + version
	if s, ok := e.systems[canonical]; ok {
		return s, nil
	}
	r, err := e.current(ctx, "CodeSystem", url, version)
	if err != nil {
		return nil, err
	}
	var s *codeSystem
	if r != nil {
		s, err = e.loadResource(ctx, r)
	} else if known := e.spec.CodeSystem(url); known != nil && (version == "" || version == r4Version) {
		s, err = e.loadEmbedded(ctx, known)
	}
	if err == nil {
		e.systems[canonical] = s
	}
	return s, err
}

func (e *Evaluator) loadEmbedded(ctx context.Context, known *r4.CodeSystem) (*codeSystem, error) {
	s := &codeSystem{url: known.URL, content: "complete", isA: true, byCode: make(map[string]*concept)}
	for code, parent := range known.Concepts() {
		if err := e.relate(ctx, s.byCode[parent], s.concept(code, fhir.Element{})); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// loadResource takes a CodeSystem apart, nil for a supplement: that adds to a code system which has another URL.
func (e *Evaluator) loadResource(ctx context.Context, r *fhir.Resource) (*codeSystem, error) {
	if s := e.cache.get(r); s != nil {
		return s, nil
	}
	if r.Root().Get("content").Text() == "supplement" {
		return nil, nil
	}
	s, err := e.load(ctx, r.Root())
	if err == nil {
		e.cache.put(r, s)
	}
	return s, err
}

func (e *Evaluator) load(ctx context.Context, root fhir.Element) (*codeSystem, error) {
	s := &codeSystem{
		url: root.Get("url").Text(), content: root.Get("content").Text(),
		byCode: make(map[string]*concept), declared: make(map[string]property),
	}
	for p := range root.Each("property") {
		s.declared[p.Get("code").Text()] = property{uri: p.Get("uri").Text()}
	}
	meaning := root.Get("hierarchyMeaning").Text()
	s.isA = meaning == "" || meaning == "is-a"
	if err := e.loadConcepts(ctx, s, root, nil); err != nil {
		return nil, err
	}
	return s, e.loadProperties(ctx, s)
}

// concept adds a code. One that is defined twice is one concept.
func (s *codeSystem) concept(code string, definition fhir.Element) *concept {
	c := s.byCode[code]
	if c == nil {
		c = &concept{code: code, definition: definition}
		s.byCode[code] = c
		s.concepts = append(s.concepts, c)
	}
	return c
}

// loadConcepts adds the concepts below an element, which is parent's.
func (e *Evaluator) loadConcepts(ctx context.Context, s *codeSystem, at fhir.Element, parent *concept) error {
	for definition := range at.Each("concept") {
		code := definition.Get("code").Text()
		if code == "" {
			continue
		}
		c := s.concept(code, definition)
		if err := e.relate(ctx, parent, c); err != nil {
			return err
		}
		if err := e.loadConcepts(ctx, s, definition, c); err != nil {
			return err
		}
	}
	return nil
}

// relate makes one concept the parent of another, once. Without a parent it only counts the work.
func (e *Evaluator) relate(ctx context.Context, parent, child *concept) error {
	if parent == nil {
		return e.spend(ctx, 1)
	}
	if err := e.spend(ctx, 1+min(len(parent.children), len(child.parents))); err != nil {
		return err
	}
	known := len(child.parents) <= len(parent.children) && slices.Contains(child.parents, parent) ||
		len(child.parents) > len(parent.children) && slices.Contains(parent.children, child)
	if !known {
		parent.children = append(parent.children, child)
		child.parents = append(child.parents, parent)
	}
	return nil
}

// loadProperties relates concepts as their properties parent, child and subsumedBy say. The last is about subsumption whatever
// the hierarchy means.
func (e *Evaluator) loadProperties(ctx context.Context, s *codeSystem) error {
	meanings := []string{"parent", "child", subsumedBy}
	if _, ok := s.declared[subsumedBy]; ok && !s.isA {
		s.isA, meanings = true, []string{subsumedBy}
		for _, c := range s.concepts {
			c.parents, c.children = nil, nil
		}
	}
	for _, c := range s.concepts {
		for p := range c.definition.Each("property") {
			meaning := s.meaning(p.Get("code").Text())
			if err := e.spend(ctx, 1); err != nil {
				return err
			}
			code, _ := propertyValue(p)
			other := s.byCode[code]
			if other == nil || !slices.Contains(meanings, meaning) { // a fragment may name what it does not have
				continue
			}
			parent, child := other, c
			if meaning == "child" {
				parent, child = c, other
			}
			if err := e.relate(ctx, parent, child); err != nil {
				return err
			}
		}
	}
	return nil
}

// subsumedBy is the property that names what subsumes a concept.
const subsumedBy = "subsumedBy"

// standardProperties begins the URIs of http://hl7.org/fhir/concept-properties.
const standardProperties = "http://hl7.org/fhir/concept-properties#"

// meaning is the code of the standard property that a property of the code system is, or else its own.
func (s *codeSystem) meaning(code string) string {
	if code == subsumedBy { // HL7's own code systems declare it as the standard "parent"
		return code
	}
	if standard, ok := strings.CutPrefix(s.declared[code].uri, standardProperties); ok {
		return standard
	}
	return code
}

// propertyValue is the value of a concept's property; for a Coding also with its system in front.
func propertyValue(p fhir.Element) (text, qualified string) {
	for v := p.First(); v.Exists(); v = v.Next() {
		switch name := v.Name(); {
		case name == "valueCoding":
			code, system := v.Get("code").Text(), v.Get("system").Text()
			return code, system + "|" + code
		case strings.HasPrefix(name, "value"):
			return v.Text(), ""
		}
	}
	return "", ""
}
