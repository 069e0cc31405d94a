package seed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Form is the JSON of a resource with blanks.
type Form struct {
	pieces []piece
}

// piece is a text followed by a blank; the last one by none.
type piece struct {
	text  string
	blank Blank
}

const none = blanks

// idMember is left out while a record has no ID.
const idMember = `"id":"${id}",`

// New takes a form apart. Blanks stand in strings: "${family}" is text, "#{amount}", a string of its own, a number.
func New(form string) (*Form, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(form)); err != nil {
		return nil, fmt.Errorf("the form is not JSON: %w", err)
	}
	rest := strings.ReplaceAll(compact.String(), idMember, "${id}")
	names := blankNames()
	f := &Form{}
	for {
		at := strings.IndexAny(rest, "$#")
		for at >= 0 && !strings.HasPrefix(rest[at+1:], "{") {
			next := strings.IndexAny(rest[at+1:], "$#")
			if next < 0 {
				at = -1
			} else {
				at += 1 + next
			}
		}
		if at < 0 {
			f.pieces = append(f.pieces, piece{rest, none})
			return f, nil
		}
		text, number := rest[:at], rest[at] == '#'
		name, tail, _ := strings.Cut(rest[at+2:], "}")
		if number {
			text, tail = strings.TrimSuffix(text, `"`), strings.TrimPrefix(tail, `"`)
		}
		blank := slices.Index(names[:], name)
		if blank < 0 {
			return nil, fmt.Errorf("the form has a blank %q that no record fills", name)
		}
		f.pieces = append(f.pieces, piece{text, Blank(blank)})
		rest = tail
	}
}

// Append writes the form, filled in from the record, behind dst.
func (f *Form) Append(dst []byte, r *Record) []byte {
	for _, p := range f.pieces {
		dst = append(dst, p.text...)
		switch {
		case p.blank == none:
		case p.blank != ID:
			dst = append(dst, r.text[p.blank]...)
		case len(r.text[ID]) > 0:
			dst = append(dst, `"id":"`...)
			dst = append(dst, r.text[ID]...)
			dst = append(dst, `",`...)
		}
	}
	return dst
}
