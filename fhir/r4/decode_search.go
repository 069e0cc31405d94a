package r4

func (d *decoder) decodeSearchParams(t tables) error {
	var params slab[SearchParam]
	d.spec.params = make([]*SearchParam, 0, heads(t.searchParameters))
	l := &lines{file: "searchparameters.tsv", rest: t.searchParameters}
	for l.next() {
		if l.depth > 0 {
			if len(d.spec.params) == 0 {
				return l.errorf("component of no parameter")
			}
			p := d.spec.params[len(d.spec.params)-1]
			p.Components = append(p.Components, Component{Definition: l.fields[0], Expression: l.fields[1]})
			continue
		}
		p := params.one()
		p.URL, p.Code, p.Type = l.fields[0], l.fields[1], ParamType(l.fields[2])
		switch p.Type {
		case NumberParam, DateParam, StringParam, TokenParam, ReferenceParam, CompositeParam, QuantityParam, URIParam, SpecialParam:
		default:
			return l.errorf("search parameter type %q", p.Type)
		}
		p.Base = split(&d.words, l.fields[3], " ")
		p.Expression = l.fields[4]
		p.Targets = split(&d.words, l.fields[5], " ")
		p.Comparator = split(&d.words, l.fields[6], " ")
		p.Modifier = split(&d.words, l.fields[7], " ")
		d.spec.params = append(d.spec.params, p)
	}
	return nil
}

func (d *decoder) decodeCompartments(t tables) error {
	var c *Compartment
	l := &lines{file: "compartments.tsv", rest: t.compartments}
	for l.next() {
		switch {
		case l.depth == 0:
			c = &Compartment{Code: l.fields[0], URL: l.fields[1], Each: map[string][]string{}}
			d.spec.compartments = append(d.spec.compartments, c)
		case c == nil || d.spec.types[l.fields[0]] == nil:
			return l.errorf("%s is in no compartment or no type", l.fields[0])
		default:
			c.Each[l.fields[0]] = split(&d.words, l.fields[1], " ")
		}
	}
	return nil
}
