package seed

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// Record is what one iteration writes about: a patient, a visit, its bill. It is used by one goroutine and used again.
type Record struct {
	text   [blanks][]byte
	draw   *rand.Rand
	name   string // beginning of the markers
	count  uint64
	tables tables
}

// NewRecord gives a record that draws from the generator. The name makes its markers differ from those of other records.
func NewRecord(draw *rand.Rand, name string) *Record {
	return &Record{draw: draw, name: name, tables: newTables()}
}

// Get gives what stands in a blank. It changes with the next Set of it.
func (r *Record) Get(b Blank) []byte { return r.text[b] }

// Set fills a blank with a text that JSON needs no escapes for.
func (r *Record) Set(b Blank, text []byte) { r.text[b] = append(r.text[b][:0], text...) }

// SetString fills a blank with a text that JSON needs no escapes for.
func (r *Record) SetString(b Blank, text string) { r.text[b] = append(r.text[b][:0], text...) }

// SetInstant fills a blank with a point in time, to the millisecond.
func (r *Record) SetInstant(b Blank, at time.Time) {
	r.text[b] = at.UTC().AppendFormat(r.text[b][:0], "2006-01-02T15:04:05.000Z07:00")
}

// Next draws the next patient and forgets all ids.
func (r *Record) Next() {
	r.count++
	r.text[Marker] = append(append(r.text[Marker][:0], r.name...), '-')
	r.text[Marker] = strconv.AppendUint(r.text[Marker], r.count, 10)
	for b := ID; b < blanks; b++ {
		r.text[b] = r.text[b][:0]
	}
	r.person()
	r.visit()
	for _, b := range []Blank{PatientUUID, EncounterUUID, SystolicUUID, HeartRateUUID} {
		r.uuid(b)
	}
	r.SetString(EncounterStatus, "planned")
	r.SetString(MedicationStatus, "draft")
	r.Set(Issued, r.text[End])
	r.Set(Written, r.text[End])
}

// pick fills a blank from a list.
func (r *Record) pick(b Blank, list []string) { r.SetString(b, list[r.draw.IntN(len(list))]) }

// pair fills two blanks from a list of codes and texts that belong together.
func (r *Record) pair(code, text Blank, list [][2]string) {
	p := list[r.draw.IntN(len(list))]
	r.SetString(code, p[0])
	r.SetString(text, p[1])
}

// digits fills a blank with a pattern of which every '0' becomes a random digit.
func (r *Record) digits(b Blank, pattern string) {
	r.SetString(b, pattern)
	for i, c := range r.text[b] {
		if c == '0' {
			r.text[b][i] = byte('0' + r.draw.IntN(10))
		}
	}
}

// number fills a blank with a number of that many decimals, at least low and below low+span, both in units of its last place.
func (r *Record) number(b Blank, low, span int64, decimals int) int64 {
	n := low + r.draw.Int64N(span)
	r.decimal(b, n, decimals)
	return n
}

func (r *Record) decimal(b Blank, n int64, decimals int) {
	out := r.text[b][:0]
	if n < 0 {
		out, n = append(out, '-'), -n
	}
	scale := int64(1)
	for range decimals {
		scale *= 10
	}
	out = strconv.AppendInt(out, n/scale, 10)
	if decimals > 0 {
		at := len(out)
		out = strconv.AppendInt(out, scale+n%scale, 10) // the 1 in front keeps the zeros, the point takes its place
		out[at] = '.'
	}
	r.text[b] = out
}

// uuid fills a blank with a random UUID (RFC 9562 version 4).
func (r *Record) uuid(b Blank) {
	const hex = "0123456789abcdef"
	r.SetString(b, "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx")
	var bits uint64
	for i, c := range r.text[b] {
		if i%16 == 0 {
			bits = r.draw.Uint64()
		}
		switch c {
		case 'x':
			r.text[b][i] = hex[bits&15]
		case 'y':
			r.text[b][i] = hex[8|bits&3]
		}
		bits >>= 4
	}
}
