package gate

import (
	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// repetitions checks how often an element occurs, and each occurrence. What may repeat is an array even when it occurs once
// (http://hl7.org/fhir/R4/json.html#repeat).
func (c *checker) repetitions(parent, p fhir.Element, element *r4.Element, ref *r4.TypeRef, companion bool) {
	repeats := element.Max == r4.Unbounded || element.Max > 1
	if isArray := p.Kind() == fhir.Array; isArray != repeats {
		if isArray {
			c.report(p, fhir.Structure, "'"+ref.Name+"' occurs at most once, so it must not be an array")
		} else if p.Kind() != fhir.Null {
			c.report(p, fhir.Structure, "'"+ref.Name+"' may repeat, so it must be an array")
		}
		return
	}
	if !repeats {
		c.occurrence(p, element, ref, companion)
		return
	}
	if element.Max != r4.Unbounded && p.Len() > element.Max {
		c.report(p, fhir.Structure, "'"+ref.Name+"' occurs too often")
	}
	if p.Len() < element.Min && p.Len() > 0 { // an empty array is reported by Parse
		c.report(p, fhir.Required, "'"+ref.Name+"' occurs too seldom")
	}
	if ref.Type.Kind == r4.Primitive {
		c.primitives(parent, p, element, ref, companion)
		return
	}
	for item := p.First(); item.Exists() && !c.full(); item = item.Next() {
		if item.Kind() == fhir.Null {
			c.report(item, fhir.Structure, "null must not stand in an array of objects")
		} else {
			c.occurrence(item, element, ref, false)
		}
	}
}

// primitives checks an array of primitives beside its other half: "given" beside "_given". They have the same number of items,
// and null fills the place of an item that has only a value, or only an id and extensions
// (http://hl7.org/fhir/R4/json.html#primitive).
func (c *checker) primitives(parent, p fhir.Element, element *r4.Element, ref *r4.TypeRef, companion bool) {
	half := otherHalf(parent, ref, companion)
	if half.Kind() == fhir.Array && half.Len() != p.Len() && !companion {
		c.report(p, fhir.Structure, "'"+ref.Name+"' and '_"+ref.Name+"' must have the same number of items")
	}
	other := half.First()
	for item := p.First(); item.Exists() && !c.full(); item = item.Next() {
		switch {
		case item.Kind() != fhir.Null:
			c.occurrence(item, element, ref, companion)
		case other.Kind() == fhir.Absent, other.Kind() == fhir.Null && !companion: // once for both halves
			c.report(item, fhir.Structure, "null may stand here only where the other half, '"+ref.Name+"' or '_"+ref.Name+"', has content")
		}
		other = other.Next()
	}
}

// otherHalf is the "_name" property of a "name" property, and the other way round.
func otherHalf(parent fhir.Element, ref *r4.TypeRef, companion bool) fhir.Element {
	for q := parent.First(); q.Exists(); q = q.Next() {
		name := q.Name()
		if companion && name == ref.Name || !companion && len(name) == len(ref.Name)+1 && name[0] == '_' && name[1:] == ref.Name {
			return q
		}
	}
	return fhir.Element{}
}
