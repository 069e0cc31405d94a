package fhir

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Limits bounds what Parse accepts, so that no document can cost more than its reader is willing to pay.
// A zero field means no limit of that kind.
type Limits struct {
	Bytes  int // length of the document in bytes
	Depth  int // nesting of objects and arrays
	Nodes  int // values of any kind, containers included
	String int // length of one string literal in bytes
}

// DefaultLimits are the limits for a single resource: 8 MiB, 64 levels, 500,000 values. A string may fill all of it, because the
// base64 content of a Binary or Attachment may; the 1 MiB of the type string is the write gate's business.
func DefaultLimits() Limits {
	return Limits{Bytes: 8 << 20, Depth: 64, Nodes: 500_000, String: 8 << 20}
}

// BundleLimits are the limits for a batch or transaction: 32 MiB and 5,000,000 values.
func BundleLimits() Limits {
	return Limits{Bytes: 32 << 20, Depth: 64, Nodes: 5_000_000, String: 32 << 20}
}

// Parse reads one JSON document as http://hl7.org/fhir/R4/json.html demands and returns its root.
//
// Malformed JSON ends the parse with one issue. What is well-formed but forbidden by FHIR (duplicate property names,
// null outside an array, empty strings, objects and arrays) is collected, so that the sender sees every mistake at once.
// The error is an *Outcome whose issues carry the element's path; the returned Element is valid even then,
// unless the document could not be read at all.
func Parse(data string, limits Limits) (Element, error) {
	most := math.MaxInt32 // what the offsets and indexes of a document can address
	if limits.Bytes > 0 {
		most = min(most, limits.Bytes)
	}
	if len(data) > most {
		return Element{}, NewOutcome(TooLong, fmt.Sprintf("the body has %d bytes; at most %d are accepted", len(data), most))
	}
	data = strings.TrimPrefix(data, "\uFEFF")
	if !utf8.ValidString(data) {
		return Element{}, invalidUTF8(data)
	}
	p := parser{doc: &document{src: data, nodes: make([]node, 0, 16+len(data)/24)}, limits: limits}
	p.space()
	if p.pos == len(data) {
		return Element{}, NewOutcome(Structure, "the body is empty; a JSON object was expected")
	}
	if !p.value(0) {
		return Element{}, p.failure()
	}
	p.space()
	if p.pos != len(data) {
		p.fail("unexpected text after the end of the JSON document")
		return Element{}, p.failure()
	}
	root := Element{doc: p.doc, at: 0, ext: -1}
	return root, p.outcome()
}

// invalidUTF8 names the first offending byte: the position is all that can be said before the text is readable.
func invalidUTF8(data string) error {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRuneInString(data[i:])
		if r == utf8.RuneError && n == 1 {
			line, column := position(data, i)
			return NewOutcome(Structure, fmt.Sprintf("the body is not valid UTF-8 (byte 0x%02x in line %d, column %d)", data[i], line, column))
		}
		i += n
	}
	return NewOutcome(Structure, "the body is not valid UTF-8")
}

// position turns a byte offset into line and column, both from 1, columns counted in bytes.
func position(data string, offset int) (line, column int) {
	before := data[:offset]
	return strings.Count(before, "\n") + 1, offset - strings.LastIndexByte(before, '\n')
}
