package r4

func (d *decoder) decodeValueSets(t tables) error {
	d.spec.valueSets = make(map[string]*ValueSet, heads(t.valueSets))
	var set *ValueSet
	var codes []string
	l := &lines{file: "valuesets.tsv", rest: t.valueSets}
	for l.next() {
		if l.depth == 0 {
			set.close(codes)
			set, codes = &ValueSet{URL: l.fields[0], System: l.fields[1]}, codes[:0]
			d.spec.valueSets[set.URL] = set
			continue
		}
		if set == nil {
			return l.errorf("code of no value set")
		}
		codes = append(codes, l.fields[0])
		if system := l.fields[1]; system != "" {
			if set.systems == nil {
				set.systems = map[string]string{}
			}
			set.systems[l.fields[0]] = system
		}
	}
	set.close(codes)
	return nil
}

// close completes a set when its codes are known: a map of the right size at once.
func (v *ValueSet) close(codes []string) {
	if v == nil || len(codes) == 0 {
		return
	}
	v.Codes = make(map[string]bool, len(codes))
	for _, code := range codes {
		v.Codes[code] = true
	}
}
