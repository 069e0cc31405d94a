package fhir

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// JournalHash chains an entry to the one before it: the SHA-256 of the hash before, the number, the time in microseconds, the keys and the
// body, each with its length, so that nothing can be moved from one to the other. With a key it is an HMAC, which only its holder
// can make anew.
func JournalHash(key, before []byte, e *JournalEntry) []byte {
	var h hash.Hash
	if len(key) > 0 {
		h = hmac.New(sha256.New, key)
	} else {
		h = sha256.New()
	}
	buf := make([]byte, 0, 512)
	part := func(b []byte) {
		buf = binary.AppendUvarint(buf, uint64(len(b)))
		buf = append(buf, b...)
	}
	part(before)
	buf = binary.AppendVarint(buf, e.Seq)
	buf = binary.AppendVarint(buf, e.Time.UnixMicro())
	buf = binary.AppendUvarint(buf, uint64(len(e.Keys)))
	for _, k := range e.Keys {
		part([]byte(k))
	}
	part(e.Body)
	h.Write(buf)
	return h.Sum(nil)
}
