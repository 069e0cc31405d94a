package proto_test

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// node is JSON that can be changed.
type node struct {
	kind    fhir.Kind
	literal string // of a scalar, as written
	names   []string
	items   []*node
}

func newNode(e fhir.Element) *node {
	n := &node{kind: e.Kind()}
	if e.Kind() != fhir.Object && e.Kind() != fhir.Array {
		n.literal = e.Raw()
		return n
	}
	for c := e.First(); c.Exists(); c = c.Next() {
		n.names = append(n.names, c.Name())
		n.items = append(n.items, newNode(c))
	}
	return n
}

// scalar makes a node of a literal or of any other JSON text.
func scalar(json string) *node { return &node{kind: fhir.Number, literal: json} }

func quoted(text string) *node { return &node{kind: fhir.String, literal: `"` + text + `"`} }

func array(items ...*node) *node {
	return &node{kind: fhir.Array, items: items, names: make([]string, len(items))}
}

// newObject makes an object of names and values in turn.
func newObject(properties ...any) *node {
	n := &node{kind: fhir.Object}
	for i := 0; i < len(properties); i += 2 {
		n.put(properties[i].(string), properties[i+1].(*node))
	}
	return n
}

func (n *node) append(b *strings.Builder) {
	switch n.kind {
	case fhir.Object, fhir.Array:
		open, end := byte('{'), byte('}')
		if n.kind == fhir.Array {
			open, end = '[', ']'
		}
		b.WriteByte(open)
		for i, item := range n.items {
			if i > 0 {
				b.WriteByte(',')
			}
			if n.kind == fhir.Object {
				b.WriteString(`"` + n.names[i] + `":`)
			}
			item.append(b)
		}
		b.WriteByte(end)
	default:
		b.WriteString(n.literal)
	}
}

func (n *node) String() string {
	var b strings.Builder
	n.append(&b)
	return b.String()
}

func (n *node) get(name string) *node {
	if i := slices.Index(n.names, name); i >= 0 {
		return n.items[i]
	}
	return nil
}

func (n *node) put(name string, value *node) {
	n.names, n.items = append(n.names, name), append(n.items, value)
}

func (n *node) remove(i int) {
	n.names, n.items = slices.Delete(n.names, i, i+1), slices.Delete(n.items, i, i+1)
}

// site is a property of an object somewhere in a resource, and what R4 says about it.
type site struct {
	object  *node
	index   int
	owner   *r4.Type
	element *r4.Element
	ref     *r4.TypeRef
	depth   int // of contained resources around it
}

func (s site) name() string       { return s.object.names[s.index] }
func (s site) value() *node       { return s.object.items[s.index] }
func (s site) replace(with *node) { s.object.items[s.index] = with }
func (s site) repeats() bool      { return s.element.Max != 1 }
func (s site) companion() bool    { return strings.HasPrefix(s.name(), "_") }
func (s site) primitive() bool    { return s.ref.Type.Kind == r4.Primitive && !s.companion() }

// each replaces every repetition of a value.
func (s site) each(with func(*node) *node) {
	if s.value().kind != fhir.Array {
		s.replace(with(s.value()))
		return
	}
	for i, item := range s.value().items {
		if item.kind != fhir.Null {
			s.value().items[i] = with(item)
		}
	}
}

// sites walks over all properties of a resource in the order of the text.
func sites(spec *r4.Spec, resource *node, depth int, visit func(site)) {
	if typ := spec.Type(strings.Trim(resource.get("resourceType").literal, `"`)); typ != nil {
		sitesOf(spec, resource, typ, depth, visit)
	}
}

func sitesOf(spec *r4.Spec, object *node, typ *r4.Type, depth int, visit func(site)) {
	for i, name := range object.names {
		property, ok := typ.Property(strings.TrimPrefix(name, "_"))
		if !ok {
			continue
		}
		s := site{object, i, typ, property.Element, property.Ref, depth}
		visit(s)
		items := []*node{s.value()}
		if s.value().kind == fhir.Array {
			items = s.value().items
		}
		for _, item := range items {
			switch {
			case item.kind != fhir.Object:
			case s.companion():
				sitesOf(spec, item, spec.Type("Element"), depth, visit)
			case s.ref.Type.Kind == r4.Resource && name == "contained":
				sites(spec, item, depth+1, visit)
			case s.ref.Type.Kind == r4.Resource:
				sites(spec, item, depth, visit)
			default:
				sitesOf(spec, item, s.ref.Type, depth, visit)
			}
		}
	}
}
