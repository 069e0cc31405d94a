package mongo

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"andiron.dev/fhir"
	"go.mongodb.org/mongo-driver/v2/bson"
)

const errNotNative = constError("the stored document is not one that this engine has written")

// decoder reads BSON and appends JSON text.
type decoder struct {
	at       int32
	literals []literal
	dst      []byte
}

// decodeNative gives the text of a resource back to the byte.
func decodeNative(native []byte, literals []literal) (string, error) {
	d := &decoder{literals: literals, dst: make([]byte, 0, len(native)+len(native)/8)}
	if err := d.document(native, '{', '}'); err != nil {
		return "", err
	}
	if len(d.literals) > 0 {
		return "", errNotNative
	}
	return string(d.dst), nil
}

// next counts a name or value, and gives its text where that does not follow from the native form.
func (d *decoder) next() (text string, ok bool) {
	d.at++
	if len(d.literals) == 0 || d.literals[0].at != d.at-1 {
		return "", false
	}
	text = d.literals[0].text
	d.literals = d.literals[1:]
	return text, true
}

// document writes the elements of a document between brackets.
func (d *decoder) document(b []byte, opening, closing byte) error {
	if len(b) < 5 || int(binary.LittleEndian.Uint32(b)) != len(b) || b[len(b)-1] != 0 {
		return errNotNative
	}
	d.dst = append(d.dst, opening)
	b = b[4 : len(b)-1]
	for first := true; len(b) > 0; first = false {
		typ := bson.Type(b[0])
		end := bytes.IndexByte(b[1:], 0)
		if end < 0 {
			return errNotNative
		}
		name := b[1 : 1+end]
		b = b[2+end:]
		if !first {
			d.dst = append(d.dst, ',')
		}
		if closing == '}' {
			if text, ok := d.next(); ok {
				d.dst = append(d.dst, text...)
			} else {
				d.dst = fhir.WriterOn(d.dst).String(string(name)).Take()
			}
			d.dst = append(d.dst, ':')
		}
		n, err := d.value(typ, b)
		if err != nil {
			return err
		}
		b = b[n:]
	}
	d.dst = append(d.dst, closing)
	return nil
}

// value writes a value and gives its length.
func (d *decoder) value(typ bson.Type, b []byte) (n int, err error) {
	switch typ {
	case bson.TypeEmbeddedDocument, bson.TypeArray:
		if len(b) < 5 {
			return 0, errNotNative
		}
		n = int(binary.LittleEndian.Uint32(b))
		if n > len(b) {
			return 0, errNotNative
		}
		if typ == bson.TypeArray {
			return n, d.document(b[:n], '[', ']')
		}
		return n, d.document(b[:n], '{', '}')
	case bson.TypeString:
		return d.text(b)
	}
	text, written := d.next()
	n, known := sizeOf(typ)

	if !known || len(b) < n {
		return 0, errNotNative
	}
	switch {
	case written:
		d.dst = append(d.dst, text...)
	case typ == bson.TypeInt32:
		d.dst = strconv.AppendInt(d.dst, int64(int32(binary.LittleEndian.Uint32(b))), 10) //nolint:gosec // two's complement
	case typ == bson.TypeInt64:
		d.dst = strconv.AppendInt(d.dst, int64(binary.LittleEndian.Uint64(b)), 10) //nolint:gosec // two's complement
	case typ == bson.TypeDecimal128:
		number, ok := decimalOf(binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b))
		if !ok {
			return 0, errNotNative
		}
		d.dst = number.append(d.dst)
	case typ == bson.TypeBoolean:
		d.dst = strconv.AppendBool(d.dst, b[0] == 1)
	default:
		d.dst = append(d.dst, "null"...)
	}
	return n, nil
}

// text writes a string, or what it stands for.
func (d *decoder) text(b []byte) (n int, err error) {
	if len(b) < 5 {
		return 0, errNotNative
	}
	n = int(binary.LittleEndian.Uint32(b))
	if n < 1 || n > len(b)-4 {
		return 0, errNotNative
	}
	content := b[4 : 3+n]
	switch text, written := d.next(); {
	case written && text == "":
		d.dst = append(d.dst, content...)
	case written:
		d.dst = append(d.dst, text...)
	default:
		d.dst = fhir.WriterOn(d.dst).String(string(content)).Take()
	}
	return 4 + n, nil
}

// sizeOf is the length of a value of fixed length.
func sizeOf(typ bson.Type) (n int, known bool) {
	switch typ {
	case bson.TypeInt32:
		return 4, true
	case bson.TypeInt64:
		return 8, true
	case bson.TypeDecimal128:
		return 16, true
	case bson.TypeBoolean:
		return 1, true
	case bson.TypeNull:
		return 0, true
	}
	return 0, false
}
