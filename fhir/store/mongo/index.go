package mongo

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

// The index values of a resource are the array "idx" of its document, one element a value, and one multikey index over s, k, v serves
// them all:
//
//	s    slot: the kind of value and the expression that it comes from, "token Observation.code"
//	k    what is asked for most: code, folded text, id, address, or where an interval begins
//	v    what narrows it: system, type of the target, version, or where the interval ends
//
// Other fields are not in the index. Bounds of numbers are search.Bound in hexadecimal, instants ISO 8601: both sort as texts.

// slotName names a slot within its collection.
func slotName(s *search.Slot) string { return string(s.Kind) + " " + s.Term }

// textSlot is where the texts of tokens are.
func textSlot(s *search.Slot) string { return "text " + s.Term }

// unitSlot is where quantities of a unit are: "=" and the unit in which they compare, "~" and one that they are written with.
func unitSlot(s *search.Slot, mark, unit string) string { return slotName(s) + "\t" + mark + unit }

const (
	comparing = "="
	written   = "~"
)

func hexBound(b search.Bound) string { return hex.EncodeToString([]byte(b)) }

// The ends of time sort before and after every instant.
const (
	openLow  = ""
	openHigh = "~~"
)

func lowInstant(t time.Time) string {
	if t.IsZero() {
		return openLow
	}
	return instant(t)
}

func highInstant(t time.Time) string {
	if t.IsZero() {
		return openHigh
	}
	return instant(t)
}

// instant writes a time so that texts sort like time.
func instant(t time.Time) string {
	t = t.UTC()
	switch year := t.Year(); {
	case year < 0:
		return "!"
	case year > 9999:
		return "~"
	}
	return t.Format("2006-01-02T15:04:05.999999999")
}

// elements builds an array of documents.
type elements struct {
	dst          []byte
	array, start int32
	n            int
}

func (e *elements) open() {
	e.start, e.dst = bsoncore.AppendDocumentElementStart(e.dst, strconv.Itoa(e.n))
	e.n++
}

func (e *elements) str(key, value string) { e.dst = bsoncore.AppendStringElement(e.dst, key, value) }

func (e *elements) close() { e.dst, _ = bsoncore.AppendDocumentEnd(e.dst, e.start) }

func (e *elements) value(s, k, v string, more ...string) {
	e.open()
	e.str("s", s)
	e.str("k", k)
	e.str("v", v)
	for i := 0; i+1 < len(more); i += 2 {
		e.str(more[i], more[i+1])
	}
	e.close()
}

// appendValues appends the element idx.
func appendValues(dst []byte, v *search.Values) ([]byte, error) {
	e := &elements{}
	e.array, e.dst = bsoncore.AppendArrayElementStart(dst, "idx")
	for i := range v.Tokens {
		t := &v.Tokens[i]
		e.value(slotName(t.Slot), t.Code, t.System)
	}
	for i := range v.Strings {
		t := &v.Strings[i]
		e.value(slotName(t.Slot), t.Folded, "", "x", t.Text)
	}
	for i := range v.Dates {
		d := &v.Dates[i]
		e.value(slotName(d.Slot), lowInstant(d.Low), highInstant(d.High))
	}
	for i := range v.References {
		r := &v.References[i]
		e.value(slotName(r.Slot), r.ID, r.Type, "b", r.Base, "n", r.Version)
	}
	for i := range v.URIs {
		u := &v.URIs[i]
		e.value(slotName(u.Slot), u.URI, u.Version)
	}
	for i := range v.Numbers {
		n := &v.Numbers[i]
		e.value(slotName(n.Slot), hexBound(n.Low), hexBound(n.High))
	}
	for i := range v.Quantities {
		e.quantity(&v.Quantities[i])
	}
	for i := range v.TokenTexts {
		t := &v.TokenTexts[i]
		e.value(textSlot(t.Slot), t.Folded, "")
	}
	for i := range v.Composites {
		e.composite(&v.Composites[i])
	}
	for i := range v.Positions {
		p := &v.Positions[i]
		e.open()
		e.str("s", slotName(p.Slot))
		e.dst = bsoncore.AppendDoubleElement(e.dst, "latitude", p.Latitude)
		e.dst = bsoncore.AppendDoubleElement(e.dst, "longitude", p.Longitude)
		e.close()
	}
	return bsoncore.AppendArrayEnd(e.dst, e.array)
}

// quantity adds a quantity as it is written, under the names of its unit, and in the unit in which it compares.
func (e *elements) quantity(q *search.QuantityValue) {
	low, high := hexBound(q.Low), hexBound(q.High)
	e.value(slotName(q.Slot), low, high)
	if q.Unit != "" && q.Unit != q.Code {
		e.value(unitSlot(q.Slot, written, q.Unit), low, high)
	}
	if q.Code != "" {
		e.value(unitSlot(q.Slot, written, q.Code), low, high)
	}
	if q.In != "" {
		e.value(unitSlot(q.Slot, comparing, q.In), hexBound(q.Amount.Low), hexBound(q.Amount.High))
	}
}

// composite adds a combination: its first part is in the index, where that is a code.
func (e *elements) composite(c *search.CompositeValue) {
	e.open()
	e.str("s", slotName(c.Slot))
	if t, ok := c.Parts[0].(search.TokenValue); ok {
		e.str("k", t.Code)
		e.str("v", t.System)
	}
	for i, part := range c.Parts {
		if part == nil {
			break
		}
		var start int32
		start, e.dst = bsoncore.AppendDocumentElementStart(e.dst, "p"+strconv.Itoa(i))
		switch p := part.(type) {
		case search.TokenValue:
			e.str("k", p.Code)
			e.str("v", p.System)
		case search.StringValue:
			e.str("k", p.Folded)
		case search.DateValue:
			e.str("k", lowInstant(p.Low))
			e.str("v", highInstant(p.High))
		case search.ReferenceValue:
			e.str("k", p.ID)
			e.str("v", p.Type)
			e.str("b", p.Base)
			e.str("n", p.Version)
		case search.NumberValue:
			e.str("k", hexBound(p.Low))
			e.str("v", hexBound(p.High))
		case search.QuantityValue:
			e.str("k", hexBound(p.Low))
			e.str("v", hexBound(p.High))
			e.str("code", p.Code)
			e.str("unit", p.Unit)
			e.str("in", p.In)
			e.str("ik", hexBound(p.Amount.Low))
			e.str("iv", hexBound(p.Amount.High))
		case search.URIValue:
			e.str("k", p.URI)
			e.str("v", p.Version)
		}
		e.dst, _ = bsoncore.AppendDocumentEnd(e.dst, start)
	}
	e.close()
}

func appendStrings(dst []byte, name string, list []string) ([]byte, error) {
	start, dst := bsoncore.AppendArrayElementStart(dst, name)
	for i, text := range list {
		dst = bsoncore.AppendStringElement(dst, strconv.Itoa(i), text)
	}
	return bsoncore.AppendArrayEnd(dst, start)
}

// compartmentsOf lists the compartments that a resource is in, for those who look at the documents.
func compartmentsOf(params *search.Params, r *fhir.Resource, v *search.Values) (list []string) {
	for _, name := range []string{"Patient", "Encounter", "RelatedPerson", "Practitioner", "Device"} {
		c := params.Spec().Compartment(name)
		if c == nil {
			continue
		}
		if r.Type() == name {
			list = append(list, r.Reference())
		}
		for _, code := range c.Each[r.Type()] {
			list = appendTargets(list, params.Param(r.Type(), code), name, v)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func appendTargets(list []string, param *search.Param, target string, v *search.Values) []string {
	if param == nil || param.Type != r4.ReferenceParam {
		return list
	}
	for i := range v.References {
		to := &v.References[i]
		for _, source := range param.Sources {
			if source.Slot == to.Slot && to.Type == target && to.Base == "" && (source.Target == "" || source.Target == target) {
				list = append(list, target+"/"+to.ID)
			}
		}
	}
	return list
}

// appendIndex appends the elements by which a resource is found.
func appendIndex(dst []byte, params *search.Params, r *fhir.Resource) ([]byte, error) {
	v := params.Values(r)
	dst, err := appendStrings(dst, "compartments", compartmentsOf(params, r, v))
	if err == nil {
		dst, err = appendValues(dst, v)
	}
	if err != nil {
		return dst, err
	}
	return appendStrings(dst, "words", strings.Fields(params.WordText(r)))
}
