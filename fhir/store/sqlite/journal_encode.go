package sqlite

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// keyNumber is what a key is looked up by: two keys may have the same, though that is hardly ever so.
func keyNumber(key string) int64 {
	sum := sha256.Sum256([]byte(key))
	return int64(binary.BigEndian.Uint64(sum[:8])) //nolint:gosec // bits
}

// keyNumbers gives those of an entry's keys, each once.
func keyNumbers(keys []string) []int64 {
	numbers := make([]int64, 0, len(keys))
	for _, k := range keys {
		if n := keyNumber(k); !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// minuteOf gives the minute of a time in microseconds.
func minuteOf(micros int64) int64 {
	m := micros / 60_000_000
	if micros%60_000_000 < 0 {
		m--
	}
	return m
}

// packKeys writes each key with its length before it.
func packKeys(buf []byte, keys []string) []byte {
	for _, k := range keys {
		buf = binary.AppendUvarint(buf, uint64(len(k)))
		buf = append(buf, k...)
	}
	return buf
}

// unpackKeys reads them back. What packKeys has not written is one key, which the hash of the entry gives away.
func unpackKeys(packed []byte) (keys []string) {
	for buf := packed; len(buf) > 0; {
		n, size := binary.Uvarint(buf)
		if size <= 0 || n > uint64(len(buf)-size) {
			return []string{string(packed)}
		}
		keys = append(keys, string(buf[size:size+int(n)])) //nolint:gosec // no longer than buf
		buf = buf[size+int(n):]                            //nolint:gosec // no longer than buf
	}
	return keys
}

// maxPosting is how many entries a row of journal_key stands for.
const maxPosting = 512

// posting gives what a row of journal_key says of the first n keys, which are the same.
func posting(buf []byte, keys []journalKey) (n int, more []byte) {
	for n = 1; n < min(len(keys), maxPosting) && keys[n].key == keys[0].key; n++ {
		buf = binary.AppendUvarint(buf, uint64(keys[n].seq-keys[n-1].seq)) //nolint:gosec // they ascend
	}
	return n, buf
}

// posted gives the entries that a row of journal_key stands for.
func posted(seq int64, more []byte) (seqs []int64) {
	seqs = append(seqs, seq)
	for len(more) > 0 {
		distance, size := binary.Uvarint(more)
		if size <= 0 {
			return seqs
		}
		seq, more = seq+int64(distance), more[size:] //nolint:gosec // as it was written
		seqs = append(seqs, seq)
	}
	return seqs
}
