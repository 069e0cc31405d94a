package gate

import (
	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// Gate checks resources against R4. It is safe for concurrent use.
type Gate struct {
	spec *r4.Spec
}

// New returns a gate over the specification.
func New(spec *r4.Spec) *Gate { return &Gate{spec: spec} }

// maxIssues bounds the issues of one resource: the rest would not help anybody, and every issue costs a path.
const maxIssues = 100

// Parse is fhir.Parse and Check in one, so that a sender sees what either finds. The Element can be walked even where
// there is an error, unless the text is no JSON at all; the error is an *fhir.Outcome.
func (g *Gate) Parse(text string, limits fhir.Limits) (fhir.Element, error) {
	root, err := fhir.Parse(text, limits)
	if !root.Exists() {
		return root, err
	}
	found := g.Check(root)
	if err == nil {
		if found == nil {
			return root, nil
		}
		return root, found
	}
	all := *fhir.AsOutcome(err)
	if found != nil {
		all.Issues = append(all.Issues[:len(all.Issues):len(all.Issues)], found.Issues...)
	}
	return root, &all
}

// Check reports everything that is wrong with the resource at root, or nil. Nested resources (contained, Bundle.entry.resource,
// Parameters.parameter.resource) are checked as well.
//
// It says nothing about what fhir.Parse has reported already: null, and empty strings, arrays and objects. A root that
// Parse complained about is for the method Parse.
func (g *Gate) Check(root fhir.Element) *fhir.Outcome {
	return g.check(root, checker{nested: true})
}

// CheckEnvelope is Check without the resources of Bundle.entry: a batch answers for each of them on its own.
func (g *Gate) CheckEnvelope(root fhir.Element) *fhir.Outcome {
	return g.check(root, checker{})
}

// CheckEntry is Check for a resource of a Bundle. typeOf tells the resource type behind a fullUrl of the Bundle, "" where
// there is none; with it references to other entries are held to their target types.
func (g *Gate) CheckEntry(root fhir.Element, typeOf func(fullURL string) string) *fhir.Outcome {
	return g.check(root, checker{nested: true, typeOf: typeOf})
}

func (g *Gate) check(root fhir.Element, c checker) *fhir.Outcome {
	c.spec, c.root = g.spec, root
	c.resource(root, false)
	if len(c.issues) == 0 {
		return nil
	}
	if c.full() {
		c.issues = append(c.issues, fhir.Issue{Severity: fhir.Information, Code: fhir.Incomplete,
			Text: "the check ended here; there may be more mistakes than these"})
	}
	return &fhir.Outcome{Issues: c.issues}
}
