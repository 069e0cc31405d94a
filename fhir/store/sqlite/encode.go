package sqlite

import (
	"encoding/binary"
	"time"

	"zombiezen.com/go/sqlite"
)

// rid names a resource within the store.
func rid(typ, n int64) int64 { return typ<<32 | n }

// nOf is the n in a rid.
func nOf(rid int64) int64 { return rid & 0xffffffff }

// bindID binds a logical id: a UUID in lower case as its 16 bytes (the ids that Andiron makes itself, and most
// others), everything else as text. The two never compare equal, and the form follows from the id alone.
func bindID(stmt *sqlite.Stmt, param int, id string) {
	var b [16]byte
	if packUUID(&b, id) {
		stmt.BindBytes(param, b[:])
		return
	}
	stmt.BindText(param, id)
}

func packUUID(b *[16]byte, id string) bool {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return false
	}
	i := 0
	for _, part := range [...]string{id[:8], id[9:13], id[14:18], id[19:23], id[24:]} {
		for j := 0; j < len(part); j += 2 {
			high, low := nibble(part[j]), nibble(part[j+1])
			if high|low > 15 {
				return false
			}
			b[i] = high<<4 | low
			i++
		}
	}
	return true
}

func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 0xff
}

// The instants of the index: bytes that sort like time. Five bytes of seconds hold FHIR's years 1 to 9999, and a century before
// for time zones and "approximately"; four more hold the nanoseconds where there are any. The open ends sort before and
// after everything.
const (
	epochOffset = 62135596800 + 100*366*24*3600 // seconds from about 100 BC to 1970-01-01
	openLow     = ""
	openHigh    = "\xff"
)

func lowInstant(t time.Time) string {
	if t.IsZero() {
		return openLow
	}
	return instant(t)
}

func highInstant(t time.Time) string {
	if t.IsZero() {
		return openHigh
	}
	return instant(t)
}

func instant(t time.Time) string {
	var b [12]byte
	binary.BigEndian.PutUint64(b[:], uint64(t.Unix()+epochOffset))
	if nanos := t.Nanosecond(); nanos != 0 {
		binary.BigEndian.PutUint32(b[8:], uint32(nanos))
		return string(b[3:])
	}
	return string(b[3:8])
}
