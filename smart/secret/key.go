package secret

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Size is the length of a key in bytes: AES-256.
const Size = 32

// idSize is the length of a key's id in a sealed text.
const idSize = 8

type keyID [idSize]byte

func (id keyID) String() string { return hex.EncodeToString(id[:]) }

// key is a key-encryption key.
type key struct {
	id      keyID
	secret  []byte
	created time.Time // zero = not said
	aead    cipher.AEAD
}

func newKey(secret []byte, created time.Time) (*key, error) {
	if err := fit(secret); err != nil {
		return nil, err
	}
	aead, err := newAEAD(secret)
	if err != nil {
		return nil, err
	}
	k := &key{secret: secret, created: created, aead: aead}
	copy(k.id[:], derive(secret, "key id"))
	return k, nil
}

// fit refuses what is no random key: of another length, or a placeholder that somebody has typed.
func fit(secret []byte) error {
	if len(secret) != Size {
		return fmt.Errorf("a key must have %d bytes, not %d", Size, len(secret))
	}
	seen := make(map[byte]bool)
	for _, b := range secret {
		seen[b] = true
	}
	if len(seen) < Size/2 { // 32 random bytes have fewer than 16 different values once in 10^17 times
		return errors.New("the key is not random: make one with \"head -c 32 /dev/urandom | base64\"")
	}
	return nil
}

func newAEAD(secret []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// derive makes a key for one purpose of another (HKDF with SHA-256, RFC 5869).
func derive(secret []byte, purpose string) []byte {
	out, err := hkdf.Key(sha256.New, secret, nil, "andiron "+purpose, Size)
	if err != nil {
		panic(err) // the length is a constant that HKDF can give
	}
	return out
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the program instead
	return b
}

// set is the keys that are in force together.
type set struct {
	keys []*key // oldest first: the last one seals
	root []byte // what Derive goes by
}

func (s *set) newest() *key { return s.keys[len(s.keys)-1] }

func (s *set) find(id keyID) *key {
	for _, k := range s.keys {
		if k.id == id {
			return k
		}
	}
	return nil
}

// newSet makes a set of what a text says. Without a root the first key gives one, so that a bare key is all that is needed.
func newSet(keys []*key, root []byte) (*set, error) {
	if len(keys) == 0 {
		return nil, errors.New("there is no key in it")
	}
	s := &set{root: root}
	for _, k := range keys {
		if s.find(k.id) != nil {
			return nil, fmt.Errorf("the key %s is there twice", k.id)
		}
		s.keys = append(s.keys, k)
	}
	if s.root == nil {
		s.root = derive(keys[0].secret, "root")
	}
	return s, nil
}

// parse reads keys, one on a line or between commas, oldest first: 32 bytes as base64 or hexadecimal digits, with the time it was made
// before it if that is known; "root" stands before the secret that Derive goes by. Lines that begin with '#' are comments. A
// text of 32 bytes that is no text is a key itself.
func parse(text []byte) (*set, error) {
	s, err := parseText(string(text))
	if err == nil || len(text) != Size || printable(text) {
		return s, err
	}
	k, err := newKey(bytes.Clone(text), time.Time{})
	if err != nil {
		return nil, err
	}
	return newSet([]*key{k}, nil)
}

// printable reports whether a person could have typed it: then it is a password, not a key.
func printable(text []byte) bool {
	return !bytes.ContainsFunc(text, func(r rune) bool { return r > '~' || r < ' ' && r != '\n' && r != '\r' && r != '\t' })
}

func parseText(text string) (*set, error) {
	var keys []*key
	var root []byte
	line := 0
	for whole := range strings.Lines(text) {
		line++
		if strings.HasPrefix(strings.TrimSpace(whole), "#") {
			continue
		}
		for entry := range strings.SplitSeq(whole, ",") {
			fields := strings.Fields(entry)
			if len(fields) == 0 {
				continue
			}
			k, isRoot, err := parseLine(fields)
			switch {
			case err != nil:
				return nil, fmt.Errorf("line %d: %w", line, err) // never what stands there
			case isRoot && root != nil:
				return nil, fmt.Errorf("line %d: there are two roots", line)
			case isRoot:
				root = k.secret
			default:
				keys = append(keys, k)
			}
		}
	}
	return newSet(keys, root)
}

func parseLine(fields []string) (k *key, isRoot bool, err error) {
	var created time.Time
	if len(fields) == 2 {
		if isRoot = fields[0] == "root"; !isRoot {
			if created, err = time.Parse(time.RFC3339, fields[0]); err != nil {
				return nil, false, errors.New("before the key there may be \"root\" or a time such as 2026-01-31T12:00:00Z")
			}
		}
		fields = fields[1:]
	}
	if len(fields) != 1 {
		return nil, false, errors.New("a key is one word")
	}
	secret, err := decode(fields[0])
	if err != nil {
		return nil, false, err
	}
	k, err = newKey(secret, created)
	return k, isRoot, err
}

func decode(word string) ([]byte, error) {
	if len(word) == 2*Size {
		if b, err := hex.DecodeString(word); err == nil {
			return b, nil
		}
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if b, err := encoding.DecodeString(word); err == nil {
			return b, nil
		}
	}
	return nil, errors.New("a key is base64 or hexadecimal digits")
}

// text is what parse reads.
func (s *set) text() []byte {
	var b bytes.Buffer
	b.WriteString("# Keys of an Andiron store, oldest first; the last one encrypts, all decrypt. Without this file what is encrypted in the store is lost:\n# keep a copy of it, but not beside the backups of the store.\n")
	fmt.Fprintf(&b, "root %s\n", base64.StdEncoding.EncodeToString(s.root))
	for _, k := range s.keys {
		if !k.created.IsZero() {
			b.WriteString(k.created.UTC().Format(time.RFC3339) + " ")
		}
		b.WriteString(base64.StdEncoding.EncodeToString(k.secret) + "\n")
	}
	return b.Bytes()
}
