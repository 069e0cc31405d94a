package gate

import (
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// checker is one walk over one resource.
type checker struct {
	spec      *r4.Spec
	root      fhir.Element // where "#id" references are looked up
	contained containedTypes
	nested    bool // look into Bundle.entry.resource
	typeOf    func(fullURL string) string
	issues    []fhir.Issue
}

// full ends the walk: a text of nothing but mistakes must not cost a path for each.
func (c *checker) full() bool { return len(c.issues) >= maxIssues }

func (c *checker) report(at fhir.Element, code fhir.IssueType, text string) {
	if !c.full() {
		c.reportPath(at.Path(), code, text)
	}
}

func (c *checker) reportPath(path string, code fhir.IssueType, text string) {
	if !c.full() {
		c.issues = append(c.issues, fhir.Issue{Severity: fhir.Error, Code: code, Text: text, Expression: []string{path}})
	}
}

func (c *checker) resource(e fhir.Element, contained bool) {
	name, err := fhir.TypeOf(e)
	switch {
	case e.Kind() == fhir.Null: // which Parse has reported
		return
	case err != nil:
		issue := fhir.AsOutcome(err).Issues[0]
		issue.Text += didYouMean(e.Get("resourceType").Text(), c.spec.Resources())
		c.issues = append(c.issues, issue)
		return
	case !c.spec.IsResource(name):
		c.report(e, fhir.Structure, "'"+name+"' is not a resource type of FHIR R4"+didYouMean(name, c.spec.Resources()))
		return
	}
	if contained {
		if inner := e.Get("contained"); inner.Exists() {
			c.report(inner, fhir.Structure, "a contained resource must not contain resources itself")
		}
	}
	c.object(e, c.spec.Type(name))
}

// object checks the properties of a resource, data type or backbone element.
func (c *checker) object(e fhir.Element, typ *r4.Type) {
	var seen, choices elementSet
	for p := e.First(); p.Exists() && !c.full(); p = p.Next() {
		name := p.Name()
		property, ok := typ.Property(name)
		companion := false
		if !ok && strings.HasPrefix(name, "_") {
			property, ok = typ.Property(name[1:])
			companion = true
		}
		if !ok {
			if name != "resourceType" || typ.Kind != r4.Resource {
				c.unknown(p, typ)
			}
			continue
		}
		element, ref := property.Element, property.Ref
		if companion && ref.Type.Kind != r4.Primitive {
			c.report(p, fhir.Structure, "'"+name+"' is for primitive elements only; '"+ref.Name+"' has the type "+ref.Type.Name)
			continue
		}
		if companion && element.XMLAttr { // Element.id and Extension.url: an attribute in XML
			c.report(p, fhir.Structure, "'"+ref.Name+"' has neither id nor extensions")
			continue
		}
		if element.Choice {
			if choices.has(element.Index) && otherType(e, p, typ, property) {
				c.report(p, fhir.Structure, "only one type of "+element.Name+"[x] may be given")
			}
			choices.add(element.Index)
		}
		seen.add(element.Index)
		c.repetitions(e, p, element, ref, companion)
	}
	if e.Len() == 0 {
		return // Parse has reported it
	}
	for _, element := range typ.Elements {
		if element.Min > 0 && !seen.has(element.Index) {
			name := element.Name
			if element.Choice {
				name += "[x]"
			}
			if !c.full() {
				c.reportPath(e.Path()+"."+element.Name, fhir.Required, "the element '"+name+"' is required")
			}
		}
	}
}

// otherType reports whether the same choice has a value of another type before p. "valueString" and "_valueString" are
// one value, "valueString" and "_valueCode" are two.
func otherType(e, p fhir.Element, typ *r4.Type, property r4.Property) bool {
	for q := e.First(); q != p; q = q.Next() {
		if other, ok := typ.Property(strings.TrimPrefix(q.Name(), "_")); ok && other.Element == property.Element && other.Ref != property.Ref {
			return true
		}
	}
	return false
}

// occurrence checks one occurrence of an element.
func (c *checker) occurrence(e fhir.Element, element *r4.Element, ref *r4.TypeRef, companion bool) {
	typ := ref.Type
	switch {
	case companion:
		c.companion(e, typ)
	case typ.Kind == r4.Primitive:
		if !c.primitive(e, ref) {
			return
		}
		if element.Binding != nil {
			c.code(e, element.Binding)
		}
		if typ.Name == "canonical" {
			c.canonical(e, ref)
		}
	case typ.Kind == r4.Resource:
		if element.Name == "contained" {
			c.resource(e, true)
		} else if c.nested {
			root, contained := c.root, c.contained
			c.root, c.contained = e, nil // "#id" means the nested resource's own contained ones
			c.resource(e, false)
			c.root, c.contained = root, contained
		}
	case c.isObject(e, typ.Name):
		c.object(e, typ)
		if element.Binding != nil && element.Binding.Strength == r4.RequiredBinding {
			c.concept(e, typ, element.Binding)
		}
		if ref.Profile == "SimpleQuantity" {
			c.simpleQuantity(e)
		}
		if typ.Name == "Reference" {
			c.reference(e, ref)
		}
	}
}

// companion checks the "_name" half of a primitive, its id and extensions.
func (c *checker) companion(e fhir.Element, typ *r4.Type) {
	if !c.isObject(e, "the id and extensions of a primitive") {
		return
	}
	c.object(e, c.spec.Type("Element"))
	if typ.Name == "xhtml" { // the one primitive that takes none
		if extension := e.Get("extension"); extension.Exists() {
			c.report(extension, fhir.Structure, "the div of a narrative has no extensions")
		}
	}
}

func (c *checker) isObject(e fhir.Element, what string) bool {
	if e.Kind() == fhir.Object {
		return true
	}
	if e.Kind() != fhir.Null { // which Parse has reported
		c.report(e, fhir.Structure, "a JSON object was expected ("+what+")")
	}
	return false
}

// simpleQuantity is http://hl7.org/fhir/R4/datatypes.html#SimpleQuantity.
func (c *checker) simpleQuantity(e fhir.Element) {
	if comparator := e.Get("comparator"); comparator.Exists() {
		c.report(comparator, fhir.Structure, "a comparator is not allowed here (the type is SimpleQuantity)")
	}
}

// elementSet is a set of Element.Index; R4's largest type has fewer than 128 elements.
type elementSet [2]uint64

func (s *elementSet) add(i int)      { s[i>>6] |= 1 << (i & 63) }
func (s *elementSet) has(i int) bool { return s[i>>6]&(1<<(i&63)) != 0 }
