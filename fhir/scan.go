package fhir

import (
	"fmt"
	"math"
	"strings"
)

// parser fills a document's tape. It is strict RFC 8259 plus the rules of http://hl7.org/fhir/R4/json.html.
type parser struct {
	doc    *document
	pos    int
	limits Limits
	fatal  *Issue
	faults []fault
}

// fault is a mistake that does not stop the parse. Its path is worked out at the end, when the tape is complete.
type fault struct {
	at   int32
	code IssueType
	text string
}

// maxFaults bounds the issues of one document: whoever sends more mistakes than that gets the first ones. Each costs a path,
// and a path may cost a walk through the whole document.
const maxFaults = 100

func (p *parser) fault(at int32, code IssueType, text string) {
	if len(p.faults) < maxFaults {
		p.faults = append(p.faults, fault{at, code, text})
	}
}

func (p *parser) fail(text string) bool {
	if p.fatal == nil {
		line, column := position(p.doc.src, min(p.pos, len(p.doc.src)))
		p.fatal = &Issue{Severity: Fatal, Code: Structure, Text: fmt.Sprintf("invalid JSON in line %d, column %d: %s", line, column, text)}
	}
	return false
}

func (p *parser) failLimit(text string) bool {
	if p.fatal == nil {
		p.fatal = &Issue{Severity: Fatal, Code: TooLong, Text: text}
	}
	return false
}

func (p *parser) failure() error { return &Outcome{Issues: []Issue{*p.fatal}} }

func (p *parser) outcome() error {
	if len(p.faults) == 0 {
		return nil
	}
	o := &Outcome{}
	for _, f := range p.faults {
		path := pathOrRoot(Element{doc: p.doc, at: f.at, ext: -1})
		o.Issues = append(o.Issues, Issue{Severity: Error, Code: f.code, Text: f.text, Expression: []string{path}})
	}
	if len(p.faults) == maxFaults {
		o.Issues = append(o.Issues, Issue{Severity: Information, Code: Incomplete, Text: "the check ended here; there may be more mistakes than these"})
	}
	return o
}

func (p *parser) space() {
	src, i := p.doc.src, p.pos
	for i < len(src) && (src[i] == ' ' || src[i] == '\n' || src[i] == '\t' || src[i] == '\r') {
		i++
	}
	p.pos = i
}

// open appends a node; the caller sets its end and next.
func (p *parser) open(kind Kind) int32 {
	p.doc.nodes = append(p.doc.nodes, node{off: uint32(p.pos), kind: kind})
	return int32(len(p.doc.nodes) - 1)
}

func (p *parser) close(at int32, count int32) {
	n := &p.doc.nodes[at]
	n.end, n.next, n.count = uint32(p.pos), int32(len(p.doc.nodes)), count
}

// value reads one value at the current position. It reports false when the document cannot be read on.
func (p *parser) value(depth int) bool {
	if p.limits.Nodes > 0 && len(p.doc.nodes) >= p.limits.Nodes {
		return p.failLimit(fmt.Sprintf("the body has more than %d values", p.limits.Nodes))
	}
	if p.pos >= len(p.doc.src) {
		return p.fail("the text ends where a value was expected")
	}
	switch c := p.doc.src[p.pos]; {
	case c == '"':
		return p.str()
	case c == '{':
		return p.object(depth + 1)
	case c == '[':
		return p.array(depth + 1)
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	case c == 't':
		return p.word("true", Bool)
	case c == 'f':
		return p.word("false", Bool)
	case c == 'n':
		return p.word("null", Null)
	}
	return p.fail("a value was expected")
}

func (p *parser) word(word string, kind Kind) bool {
	if !strings.HasPrefix(p.doc.src[p.pos:], word) {
		return p.fail("a value was expected")
	}
	at := p.open(kind)
	p.pos += len(word)
	p.close(at, 0)
	return true
}

func (p *parser) tooDeep(depth int) bool { return p.limits.Depth > 0 && depth > p.limits.Depth }

func (p *parser) array(depth int) bool {
	if p.tooDeep(depth) {
		return p.failLimit(fmt.Sprintf("the body is nested deeper than %d levels", p.limits.Depth))
	}
	at := p.open(Array)
	p.pos++
	p.space()
	if p.pos < len(p.doc.src) && p.doc.src[p.pos] == ']' {
		p.pos++
		p.close(at, 0)
		p.fault(at, Structure, "an array must not be empty; leave the property out instead")
		return true
	}
	for count := int32(1); ; count++ {
		item := int32(len(p.doc.nodes))
		if !p.value(depth) {
			return false
		}
		p.space()
		if p.pos >= len(p.doc.src) {
			return p.fail("the text ends inside an array")
		}
		switch p.doc.src[p.pos] {
		case ',':
			p.pos++
			p.space()
		case ']':
			p.pos++
			p.doc.nodes[item].flags |= flagLast
			p.close(at, count)
			return true
		default:
			return p.fail("',' or ']' was expected")
		}
	}
}

func (p *parser) object(depth int) bool {
	if p.tooDeep(depth) {
		return p.failLimit(fmt.Sprintf("the body is nested deeper than %d levels", p.limits.Depth))
	}
	at := p.open(Object)
	p.pos++
	p.space()
	if p.pos < len(p.doc.src) && p.doc.src[p.pos] == '}' {
		p.pos++
		p.close(at, 0)
		p.fault(at, Structure, "an object must not be empty; leave the property out instead")
		return true
	}
	for count := int32(1); ; count++ {
		last, ok := p.property(depth)
		if !ok {
			return false
		}
		p.space()
		if p.pos >= len(p.doc.src) {
			return p.fail("the text ends inside an object")
		}
		switch p.doc.src[p.pos] {
		case ',':
			p.pos++
			p.space()
		case '}':
			p.pos++
			p.doc.nodes[last].flags |= flagLast
			p.close(at, count)
			p.duplicates(at)
			return true
		default:
			return p.fail("',' or '}' was expected")
		}
	}
}

func (p *parser) property(depth int) (at int32, ok bool) {
	src := p.doc.src
	if p.pos >= len(src) || src[p.pos] != '"' {
		return 0, p.fail("a property name in double quotes was expected")
	}
	from := p.pos + 1
	end, escaped, ok := p.literal()
	if !ok {
		return 0, false
	}
	if end-from > math.MaxUint16 {
		return 0, p.failLimit("a property name is longer than 65,535 bytes")
	}
	p.pos = end + 1
	p.space()
	if p.pos >= len(src) || src[p.pos] != ':' {
		return 0, p.fail("':' was expected after a property name")
	}
	p.pos++
	p.space()
	at = int32(len(p.doc.nodes))
	if !p.value(depth) {
		return 0, false
	}
	n := &p.doc.nodes[at]
	n.key, n.keyLen = uint32(from), uint16(end-from)
	n.flags |= flagProperty
	if escaped {
		// Legal JSON that nobody writes: keep the decoded name aside, so that every comparison sees the real one.
		if p.doc.names == nil {
			p.doc.names = make(map[int32]string)
		}
		p.doc.names[at] = unescape(src[from:end])
		n.flags |= flagEscapedKey
	}
	if n.kind == Null {
		p.fault(at, Structure, "a property must not be null; leave it out instead")
	}
	return at, true
}

// duplicates reports property names that occur twice in the object at the given node.
// Small objects compare pairwise, which is faster than any set; large ones use a map.
func (p *parser) duplicates(at int32) {
	n := p.doc.nodes[at]
	if n.count < 2 {
		return
	}
	d := p.doc
	if n.count > 24 {
		seen := make(map[string]bool, n.count)
		for c := at + 1; c < n.next; c = d.nodes[c].next {
			if name := d.name(c); seen[name] {
				p.twice(c, name)
			} else {
				seen[name] = true
			}
		}
		return
	}
	for c := d.nodes[at+1].next; c < n.next; c = d.nodes[c].next {
		name := d.name(c)
		for b := at + 1; b < c; b = d.nodes[b].next {
			if int(d.nodes[b].keyLen) == len(name) && d.name(b) == name || d.nodes[b].flags&flagEscapedKey != 0 && d.name(b) == name {
				p.twice(c, name)
				break
			}
		}
	}
}

func (p *parser) twice(at int32, name string) {
	if len(name) > 64 {
		name = strings.ToValidUTF8(name[:64], "") + "…"
	}
	p.fault(at, Structure, "the property '"+name+"' occurs twice")
}
