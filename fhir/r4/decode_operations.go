package r4

func (d *decoder) decodeOperations(t tables) error {
	l := &lines{file: "operations.tsv", rest: t.operations}
	for more := l.next(); more; {
		if l.depth != 0 {
			return l.errorf("parameter of no operation")
		}
		o := &Operation{URL: l.fields[0], Code: l.fields[1], Name: l.fields[2], AffectsState: l.fields[5] == "affectsState"}
		for _, level := range split(&d.words, l.fields[3], " ") {
			switch level {
			case "system":
				o.System = true
			case "type":
				o.Type = true
			case "instance":
				o.Instance = true
			default:
				return l.errorf("level %q", level)
			}
		}
		o.Resource = split(&d.words, l.fields[4], " ")
		d.spec.operations = append(d.spec.operations, o)
		var err error
		more = l.next()
		if o.Parameters, more, err = d.operationParams(l, 1, more); err != nil {
			return err
		}
	}
	return nil
}

// operationParams reads the lines at a depth, each with those below it, and stops at the first that is less deep.
func (d *decoder) operationParams(l *lines, depth int, more bool) ([]OperationParam, bool, error) {
	var params []OperationParam
	for more && l.depth >= depth {
		if l.depth > depth {
			return nil, false, l.errorf("part of no parameter")
		}
		p := OperationParam{Name: l.fields[0], Out: l.fields[1] == "out", Type: l.fields[3], SearchType: l.fields[5]}
		var err error
		if p.Min, p.Max, err = l.cardinality(l.fields[2]); err != nil {
			return nil, false, err
		}
		p.Targets = split(&d.words, l.fields[4], " ")
		if p.Parts, more, err = d.operationParams(l, depth+1, l.next()); err != nil {
			return nil, false, err
		}
		params = append(params, p)
	}
	return params, more, nil
}
