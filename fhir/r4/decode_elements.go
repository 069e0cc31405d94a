package r4

import "strings"

// element reads a line: name, cardinality, flags, types, binding.
func (d *decoder) element(l *lines) (*Element, error) {
	e := d.elements.one()
	e.Name, e.Choice = strings.CutSuffix(l.fields[0], "[x]")
	var err error
	if e.Min, e.Max, err = l.cardinality(l.fields[1]); err != nil {
		return nil, err
	}
	for _, flag := range l.fields[2] {
		switch flag {
		case 'S':
			e.Summary = true
		case 'M':
			e.Modifier = true
		case 'A':
			e.XMLAttr = true
		default:
			return nil, l.errorf("flag %q", flag)
		}
	}
	types := l.fields[3]
	e.Types = d.refs.take(strings.Count(types, " ") + 1)
	for i := range e.Types {
		var spelled string
		spelled, types, _ = strings.Cut(types, " ")
		if err := d.typeRef(l, e, &e.Types[i], spelled); err != nil {
			return nil, err
		}
	}
	if l.fields[4] != "" {
		e.Binding, err = d.binding(l, l.fields[4])
	}
	return e, err
}

// typeRef reads "type:profile(target|target)".
func (d *decoder) typeRef(l *lines, e *Element, ref *TypeRef, spelled string) error {
	if name, targets, ok := strings.Cut(spelled, "("); ok {
		spelled, targets = name, strings.TrimSuffix(targets, ")")
		if ref.Targets, ok = d.targets[targets]; !ok {
			ref.Targets = split(&d.words, targets, "|")
			d.targets[targets] = ref.Targets
		}
	}
	spelled, ref.Profile, _ = strings.Cut(spelled, ":")
	if ref.Type = d.spec.types[spelled]; ref.Type == nil {
		return l.errorf("%s has the unknown type %q", e.Name, spelled)
	}
	ref.Name = e.Name
	if e.Choice {
		// http://hl7.org/fhir/R4/formats.html#choice: the type's name with its first letter in upper case
		ref.Name = e.Name + strings.ToUpper(spelled[:1]) + spelled[1:]
	}
	return nil
}

// binding reads "strength URL". Equal bindings are one.
func (d *decoder) binding(l *lines, spelled string) (*Binding, error) {
	if b := d.bindings[spelled]; b != nil {
		return b, nil
	}
	strength, url, _ := strings.Cut(spelled, " ")
	b := &Binding{Strength: Strength(strength), URL: url}
	switch b.Strength {
	case RequiredBinding:
		if b.bound = d.spec.valueSets[url]; b.bound == nil {
			return nil, l.errorf("value set %s is not in valuesets.tsv", url)
		}
		if b.bound.Codes != nil {
			b.ValueSet = b.bound
		}
	case ExtensibleBinding, PreferredBinding, ExampleBinding:
	default:
		return nil, l.errorf("binding strength %q", strength)
	}
	d.bindings[spelled] = b
	return b, nil
}

func (d *decoder) decodeConstraints(t tables) error {
	l := &lines{file: "constraints.tsv", rest: t.constraints}
	for l.next() {
		c := Constraint{Key: l.fields[1], Severity: l.fields[2], Expression: l.fields[3], Human: l.fields[4]}
		path := l.fields[0]
		if typ := d.spec.types[path]; typ != nil {
			typ.Constraints = append(typ.Constraints, c)
			continue
		}
		dot := max(0, strings.LastIndexByte(path, '.'))
		owner := d.spec.types[path[:dot]]
		if owner == nil || owner.Element(path[dot+1:]) == nil {
			return l.errorf("%s is neither a type nor an element", path)
		}
		e := owner.Element(path[dot+1:])
		e.Constraints = append(e.Constraints, c)
	}
	return nil
}
