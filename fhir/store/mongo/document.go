package mongo

import (
	"encoding/binary"
	"strconv"
	"time"

	"andiron.dev/fhir"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

// row is the current version of a resource as the store has it. The zero row stands for "never existed".
type row struct {
	id      string
	vid     int64
	seq     int64
	n       int64 // place in the order of creation, which never changes
	at      time.Time
	deleted bool
	body    string
}

func (r *row) exists() bool { return r.vid != 0 }

func (r *row) resource(typ string) *fhir.Resource {
	return fhir.Stored(typ, r.id, strconv.FormatInt(r.vid, 10), r.at, r.body)
}

// appendContent appends the elements that hold the content of a resource.
func appendContent(dst []byte, body string) ([]byte, error) {
	dst = bsoncore.AppendHeader(dst, bsoncore.TypeEmbeddedDocument, "resource")
	dst, literals, err := appendNative(dst, body)
	if err != nil || len(literals) == 0 {
		return dst, err
	}
	start, dst := bsoncore.AppendArrayElementStart(dst, "literals")
	for i, l := range literals {
		dst = bsoncore.AppendInt32Element(dst, strconv.Itoa(2*i), l.at)
		dst = bsoncore.AppendStringElement(dst, strconv.Itoa(2*i+1), l.text)
	}
	return bsoncore.AppendArrayEnd(dst, start)
}

// appendCurrent appends the document of a current version.
func appendCurrent(dst []byte, r *row, tail []byte) ([]byte, error) {
	start, dst := bsoncore.AppendDocumentStart(dst)
	dst = bsoncore.AppendStringElement(dst, "_id", r.id)
	dst = bsoncore.AppendInt64Element(dst, "vid", r.vid)
	dst = bsoncore.AppendInt64Element(dst, "seq", r.seq)
	dst = bsoncore.AppendInt64Element(dst, "n", r.n)
	dst = bsoncore.AppendDateTimeElement(dst, "lastUpdated", r.at.UnixMilli())
	dst = bsoncore.AppendBooleanElement(dst, "deleted", r.deleted)
	return bsoncore.AppendDocumentEnd(append(dst, tail...), start)
}

// versionID is the _id of a version in a history.
func versionID(id string, vid int64) string { return id + "/" + strconv.FormatInt(vid, 10) }

// appendVersion appends the document of a version in the history.
func appendVersion(dst []byte, r *row, content []byte) ([]byte, error) {
	start, dst := bsoncore.AppendDocumentStart(dst)
	dst = bsoncore.AppendStringElement(dst, "_id", versionID(r.id, r.vid))
	dst = bsoncore.AppendStringElement(dst, "id", r.id)
	dst = bsoncore.AppendInt64Element(dst, "vid", r.vid)
	dst = bsoncore.AppendInt64Element(dst, "seq", r.seq)
	dst = bsoncore.AppendDateTimeElement(dst, "lastUpdated", r.at.UnixMilli())
	dst = bsoncore.AppendBooleanElement(dst, "deleted", r.deleted)
	return bsoncore.AppendDocumentEnd(append(dst, content...), start)
}

// readRow reads a document of either kind.
func readRow(doc bson.Raw) (r row, err error) {
	elements, err := bsoncore.Document(doc).Elements()
	if err != nil {
		return r, err
	}
	var native []byte
	var literals []literal
	for _, e := range elements {
		value := e.Value()
		switch e.Key() {
		case "_id":
			if r.id == "" {
				r.id, _ = value.StringValueOK()
			}
		case "id":
			r.id, _ = value.StringValueOK()
		case "vid":
			r.vid, _ = value.AsInt64OK()
		case "seq":
			r.seq, _ = value.AsInt64OK()
		case "n":
			r.n, _ = value.AsInt64OK()
		case "lastUpdated":
			millis, _ := value.DateTimeOK()
			r.at = time.UnixMilli(millis).UTC()
		case "deleted":
			r.deleted, _ = value.BooleanOK()
		case "resource":
			native = value.Data
		case "literals":
			if literals, err = readLiterals(value.Data); err != nil {
				return r, err
			}
		}
	}
	if len(native) >= 4 {
		r.body, err = decodeNative(native[:min(len(native), int(binary.LittleEndian.Uint32(native)))], literals)
	}
	return r, err
}

func readLiterals(array []byte) (list []literal, err error) {
	values, err := bsoncore.Array(array).Values()
	if err != nil || len(values)%2 == 1 {
		return nil, errNotNative
	}
	for i := 0; i < len(values); i += 2 {
		at, isNumber := values[i].AsInt64OK()
		text, isText := values[i+1].StringValueOK()
		if !isNumber || !isText {
			return nil, errNotNative
		}
		list = append(list, literal{int32(at), text}) //nolint:gosec // it was written as one
	}
	return list, nil
}
