package r4

import "slices"

func (d *decoder) decodeTypes(t tables) error {
	if err := d.nameTypes(t.types); err != nil {
		return err
	}
	var typ *Type
	var members []*Element
	next := 0
	l := &lines{file: "types.tsv", rest: t.types}
	for l.next() {
		if l.depth == 0 {
			d.close(typ, members)
			typ, members = d.spec.hierarchy[next], members[:0]
			next++
			if typ.Base != nil {
				members = append(members, typ.Base.Elements...)
			}
			continue
		}
		if typ == nil {
			return l.errorf("element of no type")
		}
		e, err := d.element(l)
		if err != nil {
			return err
		}
		inherited := func(m *Element) bool { return m.Name == e.Name }
		if e.Index = slices.IndexFunc(members, inherited); e.Index >= 0 {
			members[e.Index] = e
		} else {
			e.Index = len(members)
			members = append(members, e)
		}
	}
	d.close(typ, members)
	return nil
}

// nameTypes makes the types without their elements, which may refer to types further down.
func (d *decoder) nameTypes(table string) error {
	d.spec.types = make(map[string]*Type, heads(table))
	l := &lines{file: "types.tsv", rest: table}
	for l.next() {
		if l.depth > 0 {
			continue
		}
		t := d.types.one()
		t.Name, t.Abstract = l.fields[0], l.fields[3] == "abstract"
		switch l.fields[1] {
		case "primitive":
			t.Kind = Primitive
		case "complex":
			t.Kind = Complex
		case "backbone":
			t.Kind = Backbone
		case "resource":
			t.Kind = Resource
		default:
			return l.errorf("kind %q", l.fields[1])
		}
		if base := l.fields[2]; base != "" {
			if t.Base = d.spec.types[base]; t.Base == nil {
				return l.errorf("%s comes before its base %s", t.Name, base)
			}
		}
		if d.spec.types[t.Name] != nil {
			return l.errorf("second %s", t.Name)
		}
		d.spec.types[t.Name] = t
		d.spec.hierarchy = append(d.spec.hierarchy, t)
		if t.Kind == Resource && !t.Abstract {
			d.spec.resources = append(d.spec.resources, t.Name)
		}
	}
	slices.Sort(d.spec.resources)
	return nil
}

// close completes a type when all its elements are known.
func (d *decoder) close(t *Type, members []*Element) {
	if t == nil {
		return
	}
	t.Elements = d.members.clone(members)
	n := 0
	for _, e := range members {
		if n += len(e.Types); e.Choice {
			n++
		}
	}
	t.properties = make(map[string]Property, n)
	for _, e := range members {
		if e.Choice {
			t.properties[e.Name] = Property{Element: e}
		}
		for i := range e.Types {
			t.properties[e.Types[i].Name] = Property{e, &e.Types[i]}
		}
	}
}
