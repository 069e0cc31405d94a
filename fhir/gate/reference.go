package gate

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// reference checks that a Reference points to a type that the element allows (http://hl7.org/fhir/R4/references.html).
// Whether the target exists is not the gate's question.
func (c *checker) reference(e fhir.Element, ref *r4.TypeRef) {
	declared := e.Get("type")
	c.allowed(declared, declared.Text(), ref)
	literal := e.Get("reference")
	if literal.Kind() != fhir.String {
		return // absent, or not a string, which has been reported
	}
	target, known := c.target(literal, literal.Text())
	if known && !c.spec.IsResource(target) {
		// The text is not repeated: it may be anything.
		c.report(literal, fhir.Value, "the reference names no resource type of FHIR R4"+didYouMean(target, c.spec.Resources()))
		return
	}
	c.allowed(literal, target, ref)
}

// allowed reports a target type that the element does not allow. What is no resource type, a logical model for instance, passes.
func (c *checker) allowed(e fhir.Element, target string, ref *r4.TypeRef) {
	if len(ref.Targets) > 0 && c.spec.IsResource(target) && !slices.Contains(ref.Targets, target) {
		c.report(e, fhir.Value, "a reference to "+target+" is not allowed here, only to "+strings.Join(ref.Targets, ", "))
	}
}

// target is the resource type that a literal reference points to, "" where the text does not tell. known says that
// it must be a FHIR type: the last but one segment of a foreign URL need not be one.
func (c *checker) target(literal fhir.Element, text string) (typ string, known bool) {
	r := fhir.ParseReference(text)
	switch {
	case r.Fragment == "#":
		return c.root.Get("resourceType").Text(), false
	case r.Fragment != "":
		if typ = c.containedType(r.Fragment); typ == "" {
			c.report(literal, fhir.Value, "there is no contained resource with this id")
		}
		return typ, false
	case r.Type != "":
		return r.Type, r.Base == ""
	case c.typeOf != nil:
		return c.typeOf(text), false
	}
	return "", false
}

// canonical checks that a canonical to a contained resource ("#vs") names one of the right type. Others name definitions that live
// elsewhere, and nothing in R4 says that a canonical must lead anywhere.
func (c *checker) canonical(e fhir.Element, ref *r4.TypeRef) {
	if id, ok := strings.CutPrefix(e.Text(), "#"); ok && id != "" {
		c.allowed(e, c.containedType(id), ref)
	}
}

// containedTypes are the types of contained resources by their ids.
type containedTypes map[string]string

// containedType is the type of a contained resource, "" where there is none with this id. Where there are many the types are gathered
// once: a text of nothing but references and contained resources must not cost their product.
func (c *checker) containedType(id string) string {
	const few = 8
	contained := c.root.Get("contained")
	if contained.Len() <= few {
		for r := contained.First(); r.Exists(); r = r.Next() {
			if r.Get("id").Text() == id {
				return r.Get("resourceType").Text()
			}
		}
		return ""
	}
	if c.contained == nil {
		c.contained = make(containedTypes, contained.Len())
		for r := contained.First(); r.Exists(); r = r.Next() {
			if id := r.Get("id").Text(); c.contained[id] == "" {
				c.contained[id] = r.Get("resourceType").Text()
			}
		}
	}
	return c.contained[id]
}
