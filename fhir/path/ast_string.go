package path

import (
	"fmt"
	"strings"
)

// String writes the expression in canonical form: one blank around operators, parentheses only where the precedence
// wants them. Parsing it again gives the same tree.
func (n *node) String() string {
	var b strings.Builder
	n.write(&b, 0)
	return b.String()
}

func (n *node) level() int {
	switch n.kind {
	case nodeBinary, nodeType:
		return binaryLevel(n.text)
	case nodePolarity:
		return levelPolarity
	}
	return levelTerm
}

// write writes n as an operand of an operator that binds at the given level.
func (n *node) write(b *strings.Builder, level int) {
	if n.level() < level {
		b.WriteByte('(')
		defer b.WriteByte(')')
	}
	switch n.kind {
	case nodeEmpty:
		b.WriteString("{}")
	case nodeLiteral:
		b.WriteString(n.value.literal())
	case nodeVariable:
		b.WriteByte('%')
		writeIdentifier(b, n.text)
	case nodeSpecial:
		b.WriteString("$" + n.text)
	case nodeMember, nodeCall:
		if n.base != nil {
			n.base.write(b, levelTerm)
			b.WriteByte('.')
		}
		writeIdentifier(b, n.text)
		if n.kind == nodeCall {
			b.WriteByte('(')
			for i, arg := range n.args {
				if i > 0 {
					b.WriteString(", ")
				}
				arg.write(b, 0)
			}
			b.WriteByte(')')
		}
	case nodeIndex:
		n.base.write(b, levelTerm)
		b.WriteByte('[')
		n.args[0].write(b, 0)
		b.WriteByte(']')
	case nodePolarity:
		b.WriteString(n.text)
		n.args[0].write(b, levelPolarity)
	case nodeBinary:
		n.base.write(b, n.level())
		b.WriteString(" " + n.text + " ")
		n.args[0].write(b, n.level()+1)
	case nodeType:
		n.base.write(b, n.level())
		b.WriteString(" " + n.text + " ")
		for i, name := range n.names {
			if i > 0 {
				b.WriteByte('.')
			}
			writeIdentifier(b, name)
		}
	}
}

func writeIdentifier(b *strings.Builder, name string) {
	simple := name != "" && !digit(name[0]) && !reserved(name)
	for i := 0; simple && i < len(name); i++ {
		simple = letter(name[i]) || digit(name[i])
	}
	if simple {
		b.WriteString(name)
		return
	}
	writeQuoted(b, name, '`')
}

// writeQuoted writes text with the escapes that http://hl7.org/fhirpath/N1/#string knows.
func writeQuoted(b *strings.Builder, text string, quote byte) {
	b.WriteByte(quote)
	for _, r := range text {
		switch r {
		case rune(quote), '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\f':
			b.WriteString(`\f`)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		default:
			if r < 0x20 || r == 0x7f {
				fmt.Fprintf(b, `\u%04x`, r)
			} else {
				b.WriteRune(r)
			}
		}
	}
	b.WriteByte(quote)
}
