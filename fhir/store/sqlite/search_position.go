package sqlite

import (
	"encoding/base64"
	"encoding/json"

	"andiron.dev/fhir"
	"zombiezen.com/go/sqlite"
)

// position is a place in an order: the keys and the n of the last match before it.
type position struct {
	Keys []keyValue `json:"k,omitempty"`
	N    int64      `json:"n"`
}

// keyValue is the value of a key: of the type that SQLite has it in, because it compares types first.
type keyValue struct {
	Null bool    `json:"z,omitempty"`
	Text *string `json:"t,omitempty"`
	Blob []byte  `json:"b,omitempty"`
	Int  *int64  `json:"i,omitempty"`
}

func (p position) encode() string {
	text, err := json.Marshal(p)
	if err != nil {
		return "" // cannot happen: nothing in it fails to marshal
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func decodePosition(s string) (p position, err error) {
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil || p.N < 1 {
		return p, fhir.NewOutcome(fhir.Invalid, "this is not a page link of this server")
	}
	return p, nil
}

func (v keyValue) argument() any {
	switch {
	case v.Text != nil:
		return *v.Text
	case v.Int != nil:
		return *v.Int
	}
	return blob(v.Blob)
}

// position is where the row just read stands; its keys begin at the given column.
func (o *ordering) position(stmt *sqlite.Stmt, column int, n int64) position {
	p := position{N: n}
	for i := range o.keys {
		p.Keys = append(p.Keys, columnValue(stmt, column+i))
	}
	return p
}

func columnValue(stmt *sqlite.Stmt, column int) (v keyValue) {
	switch stmt.ColumnType(column) {
	case sqlite.TypeText:
		text := stmt.ColumnText(column)
		v.Text = &text
	case sqlite.TypeInteger:
		number := stmt.ColumnInt64(column)
		v.Int = &number
	case sqlite.TypeBlob:
		v.Blob = make([]byte, stmt.ColumnLen(column))
		stmt.ColumnBytes(column, v.Blob)
	default:
		v.Null = true
	}
	return v
}
