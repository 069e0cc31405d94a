package fhir

// Replace may give a string value of a resource another text, for instance a reference whose target has just got its
// id. It reports false to leave the value alone.
type Replace func(e Element) (text string, ok bool)

// appendCompact writes e without white space. Literals stay as they were written: a number keeps its digits, a
// string its escapes.
func (e Element) appendCompact(dst []byte, replace Replace) []byte {
	d, n := e.doc, &e.doc.nodes[e.at]
	switch n.kind {
	case Object:
		dst = append(dst, '{')
		for c := e.at + 1; c < n.next; c = d.nodes[c].next {
			if c > e.at+1 {
				dst = append(dst, ',')
			}
			dst = d.appendProperty(dst, c, replace)
		}
		return append(dst, '}')
	case Array:
		dst = append(dst, '[')
		for c := e.at + 1; c < n.next; c = d.nodes[c].next {
			if c > e.at+1 {
				dst = append(dst, ',')
			}
			dst = Element{doc: d, at: c, ext: -1}.appendCompact(dst, replace)
		}
		return append(dst, ']')
	case String:
		if replace != nil {
			if text, ok := replace(e); ok {
				return appendQuoted(dst, text)
			}
		}
	}
	return append(dst, d.src[n.off:n.end]...)
}

func (d *document) appendProperty(dst []byte, at int32, replace Replace) []byte {
	n := &d.nodes[at]
	if n.flags&flagEscapedKey != 0 {
		dst = appendQuoted(dst, d.names[at])
	} else {
		dst = append(dst, d.src[n.key-1:n.key+uint32(n.keyLen)+1]...)
	}
	return Element{doc: d, at: at, ext: -1}.appendCompact(append(dst, ':'), replace)
}

// appendCanonical writes a resource the way Andiron keeps it: no white space, resourceType, id and meta first and the
// rest in the order it came in. meta.versionId and meta.lastUpdated are left out: they belong to a version, are
// kept beside the text, and are spliced in when the resource leaves (Resource.AppendJSON).
func (e Element) appendCanonical(dst []byte, typ, id string, replace Replace) []byte {
	d, n := e.doc, &e.doc.nodes[e.at]
	dst = append(append(append(dst, `{"resourceType":"`...), typ...), '"')
	if id != "" {
		dst = append(append(append(dst, `,"id":"`...), id...), '"')
	}
	meta := d.find(e.at, "meta")
	if meta >= 0 && d.nodes[meta].kind == Object {
		dst = Element{doc: d, at: meta, ext: -1}.appendMeta(dst, replace)
	}
	for c := e.at + 1; c < n.next; c = d.nodes[c].next {
		switch d.name(c) {
		case "resourceType", "id":
			continue
		case "meta":
			if d.nodes[c].kind == Object {
				continue // anything else is a mistake that the gate will name
			}
		}
		dst = d.appendProperty(append(dst, ','), c, replace)
	}
	return append(dst, '}')
}

func (e Element) appendMeta(dst []byte, replace Replace) []byte {
	d, n := e.doc, &e.doc.nodes[e.at]
	open := len(dst)
	dst = append(dst, `,"meta":{`...)
	empty := true
	for c := e.at + 1; c < n.next; c = d.nodes[c].next {
		switch d.name(c) {
		case "versionId", "lastUpdated", "_versionId", "_lastUpdated":
			continue
		}
		if !empty {
			dst = append(dst, ',')
		}
		dst, empty = d.appendProperty(dst, c, replace), false
	}
	if empty {
		return dst[:open]
	}
	return append(dst, '}')
}

// Equal reports whether two values say the same: property order, white space and string escapes do not matter,
// the digits of numbers do (1.0 is not 1.00 in FHIR).
func Equal(a, b Element) bool {
	if a.Kind() != b.Kind() || a.Len() != b.Len() {
		return false
	}
	switch a.Kind() {
	case Object:
		for p := a.First(); p.Exists(); p = p.Next() {
			at := b.doc.find(b.at, p.Name())
			if at < 0 || !Equal(p, Element{doc: b.doc, at: at, ext: -1}) {
				return false
			}
		}
		return true
	case Array:
		for p, q := a.First(), b.First(); p.Exists(); p, q = p.Next(), q.Next() {
			if !Equal(p, q) {
				return false
			}
		}
		return true
	}
	return a.Text() == b.Text()
}
