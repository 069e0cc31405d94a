package mongo

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"andiron.dev/fhir"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// A resource becomes native BSON in one pass over its canonical text, without a tree or maps in between: objects and arrays
// become documents and arrays in the order in which they stand, integers int32 or int64, other numbers Decimal128 with the digits
// that they are written with. What does not come back to the byte from that (a string written with escapes that nobody needs, a
// number that Decimal128 cannot hold, a name that MongoDB does not take) is native as well as may be, and the text as written
// stands in a list beside the resource, by its place in the walk: so the resource reads as it should, and nothing is lost.

// literal is a name or value whose text does not follow from its native form.
type literal struct {
	at   int32  // which name or value of the walk it is, from 0
	text string // as written; "" = the native form is a string that holds it
}

// maxDepth is how deep native documents are nested: MongoDB takes 100 levels, of which some are above the resource.
const maxDepth = 90

const errNotJSON = constError("the text is not canonical JSON")

// encoder reads canonical JSON text and appends BSON.
type encoder struct {
	src      string
	pos      int
	at       int32
	literals []literal
	scratch  []byte
}

// appendNative appends the resource with the given text as a BSON document, and gives what does not follow from it.
func appendNative(dst []byte, body string) ([]byte, []literal, error) {
	e := &encoder{src: body}
	if body == "" || body[0] != '{' {
		return dst, nil, errNotJSON
	}
	dst, err := e.document(dst, '}', 1)
	if err == nil && e.pos != len(body) {
		err = errNotJSON
	}
	return dst, e.literals, err
}

func (e *encoder) peek() byte {
	if e.pos < len(e.src) {
		return e.src[e.pos]
	}
	return 0
}

func (e *encoder) expect(c byte) error {
	if e.peek() != c {
		return errNotJSON
	}
	e.pos++
	return nil
}

// document appends an object or array, whose opening bracket is at the current position.
func (e *encoder) document(dst []byte, closing byte, depth int) ([]byte, error) {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	e.pos++
	if e.peek() == closing {
		e.pos++
		return endDocument(dst, start)
	}
	for i := 0; ; i++ {
		header := len(dst)
		dst = append(dst, 0) // the type, when it is known
		var err error
		if closing == ']' {
			dst = append(strconv.AppendInt(dst, int64(i), 10), 0)
		} else if dst, err = e.name(dst); err != nil {
			return dst, err
		}
		var typ bson.Type
		if dst, typ, err = e.value(dst, depth); err != nil {
			return dst, err
		}
		dst[header] = byte(typ)
		switch e.peek() {
		case ',':
			e.pos++
		case closing:
			e.pos++
			return endDocument(dst, start)
		default:
			return dst, errNotJSON
		}
	}
}

func endDocument(dst []byte, start int) ([]byte, error) {
	dst = append(dst, 0)
	if len(dst)-start > math.MaxInt32 {
		return dst, errNotJSON
	}
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start)) //nolint:gosec // just compared
	return dst, nil
}

// name appends a property name and what is between it and the value.
func (e *encoder) name(dst []byte) ([]byte, error) {
	raw, text, err := e.str()
	if err != nil {
		return dst, err
	}
	native := text
	if text == "" || text[0] == '$' || strings.ContainsAny(text, ".\x00") {
		native = nativeName(text)
	}
	if native != text || !sameLiteral(e, raw, text) {
		e.literals = append(e.literals, literal{e.at, raw})
	}
	e.at++
	return append(append(dst, native...), 0), e.expect(':')
}

// nativeName makes a name that MongoDB takes anywhere.
func nativeName(name string) string {
	if name == "" {
		return "\u2400"
	}
	return strings.NewReplacer("$", "\uff04", ".", "\uff0e", "\x00", "\u2400").Replace(name)
}

// str reads a string: the literal with its quotes, and what it says.
func (e *encoder) str() (raw, text string, err error) {
	from := e.pos
	if err := e.expect('"'); err != nil {
		return "", "", err
	}
	escaped := false
	for e.pos < len(e.src) {
		switch c := e.src[e.pos]; {
		case c == '"':
			e.pos++
			raw = e.src[from:e.pos]
			text = raw[1 : len(raw)-1]
			if escaped {
				text, err = unquote(text)
			}
			return raw, text, err
		case c == '\\':
			escaped = true
			e.pos += 2
		case c < 0x20:
			return "", "", errNotJSON
		default:
			e.pos++
		}
	}
	return "", "", errNotJSON
}

// unquote decodes the inside of a string literal.
func unquote(s string) (string, error) {
	b := make([]byte, 0, len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			return string(append(b, s...)), nil
		}
		b = append(b, s[:i]...)
		if i+1 >= len(s) {
			return "", errNotJSON
		}
		c := s[i+1]
		s = s[i+2:]
		switch c {
		case '"', '\\', '/':
			b = append(b, c)
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r, rest, ok := escapedRune(s)
			if !ok {
				return "", errNotJSON
			}
			b, s = utf8.AppendRune(b, r), rest
		default:
			return "", errNotJSON
		}
	}
}

// escapedRune reads what follows "\u": one escape, or a pair of surrogates.
func escapedRune(s string) (r rune, rest string, ok bool) {
	hex := func(s string) (rune, bool) {
		if len(s) < 4 {
			return 0, false
		}
		n, err := strconv.ParseUint(s[:4], 16, 32)
		return rune(n), err == nil //nolint:gosec // four digits
	}
	if r, ok = hex(s); !ok {
		return 0, s, false
	}
	s = s[4:]
	if r < 0xd800 || r > 0xdfff {
		return r, s, true
	}
	if r > 0xdbff || !strings.HasPrefix(s, `\u`) {
		return 0, s, false
	}
	low, ok := hex(s[2:])
	if !ok || low < 0xdc00 || low > 0xdfff {
		return 0, s, false
	}
	return (r-0xd800)<<10 + (low - 0xdc00) + 0x10000, s[6:], true
}

// sameLiteral reports whether a text is written as it would be.
func sameLiteral(e *encoder, raw, text string) bool {
	if len(raw) == len(text)+2 && strings.IndexByte(raw, '\\') < 0 {
		return true
	}
	e.scratch = fhir.WriterOn(e.scratch[:0]).String(text).Take()
	return string(e.scratch) == raw
}

// value appends a value.
func (e *encoder) value(dst []byte, depth int) ([]byte, bson.Type, error) {
	switch c := e.peek(); {
	case c == '"':
		raw, text, err := e.str()
		if err != nil {
			return dst, 0, err
		}
		if !sameLiteral(e, raw, text) {
			e.literals = append(e.literals, literal{e.at, raw})
		}
		e.at++
		return appendText(dst, text), bson.TypeString, nil
	case (c == '{' || c == '[') && depth >= maxDepth:
		return e.deep(dst)
	case c == '{':
		dst, err := e.document(dst, '}', depth+1)
		return dst, bson.TypeEmbeddedDocument, err
	case c == '[':
		dst, err := e.document(dst, ']', depth+1)
		return dst, bson.TypeArray, err
	case c == '-' || c >= '0' && c <= '9':
		return e.number(dst)
	}
	e.at++
	for _, word := range []struct {
		text  string
		typ   bson.Type
		bytes []byte
	}{{"true", bson.TypeBoolean, []byte{1}}, {"false", bson.TypeBoolean, []byte{0}}, {"null", bson.TypeNull, nil}} {
		if strings.HasPrefix(e.src[e.pos:], word.text) {
			e.pos += len(word.text)
			return append(dst, word.bytes...), word.typ, nil
		}
	}
	return dst, 0, errNotJSON
}

// deep appends what is nested too deeply as its text.
func (e *encoder) deep(dst []byte) ([]byte, bson.Type, error) {
	from, open := e.pos, 0
	for e.pos < len(e.src) {
		switch e.src[e.pos] {
		case '"':
			if _, _, err := e.str(); err != nil {
				return dst, 0, err
			}
			continue
		case '{', '[':
			open++
		case '}', ']':
			open--
		}
		e.pos++
		if open == 0 {
			e.literals = append(e.literals, literal{at: e.at})
			e.at++
			return appendText(dst, e.src[from:e.pos]), bson.TypeString, nil
		}
	}
	return dst, 0, errNotJSON
}

func appendText(dst []byte, text string) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(text)+1)) //nolint:gosec // a resource is no longer than that
	return append(append(dst, text...), 0)
}

// number appends a number: an integer where it is written as one, otherwise a decimal.
func (e *encoder) number(dst []byte) ([]byte, bson.Type, error) {
	from := e.pos
	plain := true
	for ; e.pos < len(e.src); e.pos++ {
		switch c := e.src[e.pos]; {
		case c >= '0' && c <= '9', c == '-' && e.pos == from:
			continue
		case c == '.', c == 'e', c == 'E', c == '+', c == '-':
			plain = false
			continue
		}
		break
	}
	text := e.src[from:e.pos]
	at := e.at
	e.at++
	if plain {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && text != "-0" {
			if n >= math.MinInt32 && n <= math.MaxInt32 {
				return binary.LittleEndian.AppendUint32(dst, uint32(int32(n))), bson.TypeInt32, nil //nolint:gosec // two's complement
			}
			return binary.LittleEndian.AppendUint64(dst, uint64(n)), bson.TypeInt64, nil //nolint:gosec // two's complement
		}
	}
	if c := text[len(text)-1]; c < '0' || c > '9' {
		return dst, 0, errNotJSON
	}
	d, ok := parseDecimal(text)
	if !ok {
		e.literals = append(e.literals, literal{at, text})
		return appendText(dst, text), bson.TypeString, nil
	}
	if e.scratch = d.append(e.scratch[:0]); string(e.scratch) != text {
		e.literals = append(e.literals, literal{at, text})
	}
	high, low := d.bits()
	dst = binary.LittleEndian.AppendUint64(dst, low)
	return binary.LittleEndian.AppendUint64(dst, high), bson.TypeDecimal128, nil
}

// constError is an error that is a constant.
type constError string

func (e constError) Error() string { return string(e) }
