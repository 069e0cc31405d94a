package fhir

// Kind is the JSON kind of a value.
type Kind uint8

// The kinds. Absent is the kind of the zero Element.
const (
	Absent Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// document is the parsed form of one JSON text: a flat list of nodes in document order ("tape"), each pointing
// into the source. It is immutable after Parse. 28 bytes a value keep a Synthea resource within two or three cache pages.
type document struct {
	src   string
	nodes []node
	names map[int32]string // property names that were written with escapes, decoded
}

type node struct {
	key, end uint32 // key: offset of the property name (after the quote); end: offset after the value
	off      uint32 // offset of the value's first byte
	next     int32  // index of the node that follows this subtree
	count    int32  // properties or items
	keyLen   uint16
	kind     Kind
	flags    uint8
}

const (
	flagEscaped    uint8 = 1 << iota // the string literal holds a backslash
	flagLast                         // last property or item of its container
	flagProperty                     // has a name
	flagEscapedKey                   // the name was written with escapes: see document.names
)

func (d *document) name(i int32) string {
	n := &d.nodes[i]
	if n.flags&flagEscapedKey != 0 {
		return d.names[i]
	}
	return d.src[n.key : n.key+uint32(n.keyLen)]
}
