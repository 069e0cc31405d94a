package fhir

import (
	"strconv"
	"unicode/utf8"
)

// Writer builds JSON text: commas are its business, balance is the caller's. The zero Writer is ready to use.
type Writer struct {
	buf   []byte
	comma bool // the next name or value needs a comma before it
}

// NewWriter returns a Writer with room for size bytes.
func NewWriter(size int) *Writer { return &Writer{buf: make([]byte, 0, size)} }

// WriterOn returns a Writer that appends to buf.
func WriterOn(buf []byte) *Writer { return &Writer{buf: buf} }

// Take returns what was written. The Writer must not be used afterwards.
func (w *Writer) Take() []byte { return w.buf }

// Len is the number of bytes written so far.
func (w *Writer) Len() int { return len(w.buf) }

func (w *Writer) separate() {
	if w.comma {
		w.buf = append(w.buf, ',')
	}
	w.comma = true
}

// Object opens an object.
func (w *Writer) Object() *Writer {
	w.separate()
	w.buf, w.comma = append(w.buf, '{'), false
	return w
}

// EndObject closes the object opened last.
func (w *Writer) EndObject() *Writer {
	w.buf, w.comma = append(w.buf, '}'), true
	return w
}

// Array opens an array.
func (w *Writer) Array() *Writer {
	w.separate()
	w.buf, w.comma = append(w.buf, '['), false
	return w
}

// EndArray closes the array opened last.
func (w *Writer) EndArray() *Writer {
	w.buf, w.comma = append(w.buf, ']'), true
	return w
}

// Name writes a property name; a value must follow.
func (w *Writer) Name(name string) *Writer {
	w.separate()
	w.buf, w.comma = append(appendQuoted(w.buf, name), ':'), false
	return w
}

// String writes a string value.
func (w *Writer) String(s string) *Writer {
	w.separate()
	w.buf = appendQuoted(w.buf, s)
	return w
}

// Int writes a number value.
func (w *Writer) Int(n int) *Writer {
	w.separate()
	w.buf = strconv.AppendInt(w.buf, int64(n), 10)
	return w
}

// Bool writes true or false.
func (w *Writer) Bool(b bool) *Writer {
	w.separate()
	w.buf = strconv.AppendBool(w.buf, b)
	return w
}

// Raw writes JSON text as it is.
func (w *Writer) Raw(json string) *Writer {
	w.separate()
	w.buf = append(w.buf, json...)
	return w
}

// Resource writes a resource with its version and time.
func (w *Writer) Resource(r *Resource) *Writer {
	w.separate()
	w.buf = r.AppendJSON(w.buf)
	return w
}

// Element writes a value compactly.
func (w *Writer) Element(e Element) *Writer {
	w.separate()
	w.buf = e.appendCompact(w.buf, nil)
	return w
}

// appendQuoted writes s as a JSON string literal. Invalid UTF-8 becomes U+FFFD.
func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[from:i]...), "\uFFFD"...)
				from = i + 1
			}
			i += n
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}
