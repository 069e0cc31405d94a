package answer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// cursor goes once over a JSON text. Whoever is called for a member or an element reads it or leaves it: what was left is
// skipped. A value of another type than the one asked for is skipped too, and reads as empty. The first mistake in the
// syntax stays in err and moves the cursor to the end.
type cursor struct {
	text []byte
	at   int
	err  error
}

func (c *cursor) fail(what string) {
	if c.err == nil {
		c.err = fmt.Errorf("%s at byte %d", what, c.at)
	}
	c.at = len(c.text)
}

// next gives the first byte after white space, 0 at the end.
func (c *cursor) next() byte {
	for c.at < len(c.text) {
		switch b := c.text[c.at]; b {
		case ' ', '\t', '\r', '\n':
			c.at++
		default:
			return b
		}
	}
	return 0
}

// object calls member with the name of each member, the cursor being at its value.
func (c *cursor) object(member func(name []byte)) {
	c.sequence('{', '}', func() {
		if c.next() != '"' {
			c.fail("a member without a name")
			return
		}
		name := c.raw()
		if c.next() != ':' {
			c.fail("a member without a colon")
			return
		}
		c.at++
		c.visit(func() { member(name) })
	})
}

// array calls element with the cursor at each element.
func (c *cursor) array(element func()) {
	c.sequence('[', ']', func() { c.visit(element) })
}

func (c *cursor) visit(read func()) {
	c.next()
	before := c.at
	read()
	if c.at == before {
		c.skip()
	}
}

func (c *cursor) sequence(first, last byte, item func()) {
	if c.next() != first {
		c.skip()
		return
	}
	c.at++
	if c.next() == last {
		c.at++
		return
	}
	for {
		item()
		switch c.next() {
		case ',':
			c.at++
		case last:
			c.at++
			return
		default:
			c.fail("neither a comma nor an end")
			return
		}
	}
}

// str reads a string. It points into the text unless the string has escapes.
func (c *cursor) str() []byte {
	if c.next() != '"' {
		c.skip()
		return nil
	}
	start := c.at
	raw := c.raw()
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	var decoded string
	if err := json.Unmarshal(c.text[start:c.at], &decoded); err != nil {
		c.fail("an escape that JSON does not know")
	}
	return []byte(decoded)
}

// number reads an integer; -1 is what is none.
func (c *cursor) number() int {
	c.next()
	start := c.at
	c.skip()
	n, err := strconv.Atoi(string(bytes.TrimSpace(c.text[start:c.at])))
	if err != nil {
		return -1
	}
	return n
}

// raw moves past the string that begins here and gives what stands between its quotation marks.
func (c *cursor) raw() []byte {
	start := c.at + 1
	for i := start; ; {
		end := bytes.IndexByte(c.text[i:], '"')
		if end < 0 {
			c.fail("a string without an end")
			return nil
		}
		i += end
		escapes := 0
		for c.text[i-1-escapes] == '\\' {
			escapes++
		}
		i++
		if escapes%2 == 0 {
			c.at = i
			return c.text[start : i-1]
		}
	}
}

// skip moves past a value of any type.
func (c *cursor) skip() {
	depth := 0
	for {
		switch b := c.next(); b {
		case 0:
			c.fail("an end in the middle of a value")
			return
		case '"':
			c.raw()
		case '{', '[':
			depth++
			c.at++
		case '}', ']':
			depth--
			c.at++
		case ',', ':':
			if depth == 0 {
				c.fail("a value is missing")
				return
			}
			c.at++
		default:
			c.literal()
		}
		if depth <= 0 {
			if depth < 0 {
				c.fail("a bracket that was never opened")
			}
			return
		}
	}
}

// literal moves past a number, true, false or null.
func (c *cursor) literal() {
	for c.at < len(c.text) {
		switch c.text[c.at] {
		case ',', ':', '}', ']', '{', '[', '"', ' ', '\t', '\r', '\n':
			return
		}
		c.at++
	}
}

// end reports what is wrong with the syntax, anything behind the value included.
func (c *cursor) end() error {
	if c.err == nil && c.next() != 0 {
		c.fail("something follows the value")
	}
	return c.err
}
