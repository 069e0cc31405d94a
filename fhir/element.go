package fhir

import (
	"iter"
	"strconv"
	"strings"
)

// Element is a value somewhere in a parsed document: a small handle, copied freely, never nil. The zero Element is
// absent and answers every question with "nothing".
//
// A primitive whose JSON is split in two properties ("birthDate" and "_birthDate",
// http://hl7.org/fhir/R4/json.html#primitive) is one Element: Text gives the value, Get("extension") the rest.
type Element struct {
	doc *document
	at  int32 // the value's node; -1 when only the "_name" half exists
	ext int32 // the node of the "_name" half; -1 when there is none
}

// Exists reports whether e stands for something in the document.
func (e Element) Exists() bool { return e.doc != nil }

// Kind is the JSON kind of the value; Absent for a primitive that has only an id or extensions.
func (e Element) Kind() Kind {
	if e.doc == nil || e.at < 0 {
		return Absent
	}
	return e.doc.nodes[e.at].kind
}

// Name is the property name as written; "" for the root and for items of an array.
func (e Element) Name() string {
	if e.doc == nil {
		return ""
	}
	if e.at < 0 {
		return strings.TrimPrefix(e.doc.name(e.ext), "_")
	}
	if e.doc.nodes[e.at].flags&flagProperty == 0 {
		return ""
	}
	return e.doc.name(e.at)
}

// Len is the number of properties of an object or items of an array.
func (e Element) Len() int {
	if e.Kind() != Object && e.Kind() != Array {
		return 0
	}
	return int(e.doc.nodes[e.at].count)
}

// Text is the value of a string, decoded, or the literal of a number or boolean as written; "" for anything else.
func (e Element) Text() string {
	switch e.Kind() {
	case String:
		n := &e.doc.nodes[e.at]
		s := e.doc.src[n.off+1 : n.end-1]
		if n.flags&flagEscaped != 0 {
			return unescape(s)
		}
		return s
	case Number, Bool:
		return e.Raw()
	}
	return ""
}

// Raw is the JSON text of the value as written, white space included.
func (e Element) Raw() string {
	if e.doc == nil || e.at < 0 {
		return ""
	}
	n := &e.doc.nodes[e.at]
	return e.doc.src[n.off:n.end]
}

// First is the first property of an object or item of an array, exactly as the JSON has it: "_birthDate" counts.
func (e Element) First() Element {
	if e.Len() == 0 {
		return Element{}
	}
	return Element{doc: e.doc, at: e.at + 1, ext: -1}
}

// Next is the property or item after e in the same object or array.
func (e Element) Next() Element {
	if e.doc == nil || e.at <= 0 || e.doc.nodes[e.at].flags&flagLast != 0 {
		return Element{}
	}
	return Element{doc: e.doc, at: e.doc.nodes[e.at].next, ext: -1}
}

// find returns the node of a property of the object at the given node, or -1.
func (d *document) find(object int32, name string) int32 {
	n := &d.nodes[object]
	if n.kind != Object {
		return -1
	}
	for c := object + 1; c < n.next; c = d.nodes[c].next {
		if d.name(c) == name {
			return c
		}
	}
	return -1
}

// Get returns the property with the given name as the JSON has it: an array stays an array.
// On a primitive it looks into the companion object, where id and extension are.
func (e Element) Get(name string) Element {
	if e.doc == nil {
		return Element{}
	}
	object := e.at
	if e.at < 0 || e.doc.nodes[e.at].kind != Object {
		object = e.ext
	}
	if object < 0 {
		return Element{}
	}
	at, ext := e.doc.both(object, name)
	if at < 0 && ext < 0 {
		return Element{}
	}
	return Element{doc: e.doc, at: at, ext: ext}
}

// Extension returns the first extension with a URL; the parts of a complex extension are its extensions, and their names the URLs.
func (e Element) Extension(url string) Element {
	for x := range e.Each("extension") {
		if x.Get("url").Text() == url {
			return x
		}
	}
	return Element{}
}

// both returns the nodes of a property and of its companion "_name", -1 for what is not there. It ends early where the
// value shows that there can be no companion: only primitives have one.
func (d *document) both(object int32, name string) (at, ext int32) {
	at, ext = -1, -1
	n := &d.nodes[object]
	if n.kind != Object {
		return at, ext
	}
	for c := object + 1; c < n.next; c = d.nodes[c].next {
		switch key := d.name(c); {
		case key == name:
			at = c
			if k := d.nodes[c].kind; k == Object || k == Array && d.nodes[c].count > 0 && d.nodes[c+1].kind == Object {
				return at, ext
			}
		case len(key) == len(name)+1 && key[0] == '_' && key[1:] == name:
			ext = c
		}
	}
	return at, ext
}

// Each yields the repetitions of a property: the items of an array, or the single value. Items of a primitive array
// come with their companions, and an item that is null in one half is there in the other.
func (e Element) Each(name string) iter.Seq[Element] {
	return func(yield func(Element) bool) {
		e.Get(name).items(yield)
	}
}

// Items yields the repetitions that e stands for: the items of an array, or e itself.
func (e Element) Items() iter.Seq[Element] {
	return func(yield func(Element) bool) { e.items(yield) }
}

func (e Element) items(yield func(Element) bool) {
	if e.doc == nil {
		return
	}
	d := e.doc
	if e.at >= 0 && d.nodes[e.at].kind != Array || e.at < 0 && d.nodes[e.ext].kind != Array {
		yield(e)
		return
	}
	value, valueEnd := int32(0), int32(0)
	if e.at >= 0 {
		value, valueEnd = e.at+1, d.nodes[e.at].next
	}
	ext, extEnd := int32(0), int32(0)
	if e.ext >= 0 && d.nodes[e.ext].kind == Array {
		ext, extEnd = e.ext+1, d.nodes[e.ext].next
	}
	for value < valueEnd || ext < extEnd {
		item := Element{doc: d, at: -1, ext: -1}
		if value < valueEnd {
			if d.nodes[value].kind != Null {
				item.at = value
			}
			value = d.nodes[value].next
		}
		if ext < extEnd {
			if d.nodes[ext].kind != Null {
				item.ext = ext
			}
			ext = d.nodes[ext].next
		}
		if (item.at >= 0 || item.ext >= 0) && !yield(item) {
			return
		}
	}
}

// Path is where e stands, as a FHIRPath location with JSON's property names: Patient.name[0].family.
// The root is called by its resourceType.
func (e Element) Path() string {
	if e.doc == nil {
		return ""
	}
	target := e.at
	if target < 0 {
		target = e.ext
	}
	d := e.doc
	var b strings.Builder
	if typ := (Element{doc: d, at: 0, ext: -1}).Get("resourceType"); validTypeName(typ.Text()) {
		b.WriteString(typ.Text())
	} else if typ.Exists() {
		b.WriteString("Resource") // what stands there may be anything, and a path is shown to people
	}
	for at := int32(0); at != target; {
		index := 0
		c := at + 1
		for ; d.nodes[c].next <= target; c = d.nodes[c].next {
			index++
		}
		if d.nodes[at].kind == Array {
			b.WriteString("[" + strconv.Itoa(index) + "]")
		} else {
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(strings.TrimPrefix(d.name(c), "_"))
		}
		at = c
	}
	return b.String()
}
