package secret

import (
	"bytes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
)

// A sealed text is
//
//	magic [6] · id of the key-encryption key [8] · nonce [12] · data key, encrypted [48] · nonce [12] · text, encrypted [n+16]
//
// The magic is such that what encoding/json makes of a sealed text begins with "sealed01", wherever it stands in a record: so
// rotation finds it there without knowing what the records are.

// Mark is how a sealed text begins as base64, and so in JSON.
const Mark = "sealed01"

const (
	magicSize = 6
	nonceSize = 12
	tagSize   = 16
	wrapAt    = magicSize + idSize
	dataAt    = wrapAt + nonceSize + Size + tagSize
	leastSize = dataAt + nonceSize + tagSize
)

var (
	errSealed  = errors.New("secret: this is no sealed text, or it was sealed for another place")
	errUnknown = errors.New("secret: the key that this was sealed with is not there")
)

func magic() []byte {
	m, _ := base64.StdEncoding.DecodeString(Mark)
	return m
}

// seal encrypts plain under a data key of its own. about is bound to it.
func (s *set) seal(plain, about []byte) ([]byte, error) {
	k, data := s.newest(), random(Size)
	aead, err := newAEAD(data)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, leastSize+len(plain))
	out = wrap(append(out, magic()...), k, data)
	nonce := random(nonceSize)
	return aead.Seal(append(out, nonce...), nonce, plain, about), nil
}

// wrap appends the key's id and the data key, encrypted, to the magic.
func wrap(out []byte, k *key, data []byte) []byte {
	out = append(out, k.id[:]...)
	nonce := random(nonceSize)
	return k.aead.Seal(append(out, nonce...), nonce, data, out[:wrapAt])
}

func keyOf(sealed []byte) (id keyID, err error) {
	if len(sealed) < leastSize || !bytes.HasPrefix(sealed, magic()) {
		return id, errSealed
	}
	copy(id[:], sealed[magicSize:])
	return id, nil
}

func unwrap(sealed []byte, k *key) ([]byte, error) {
	data, err := k.aead.Open(nil, sealed[wrapAt:wrapAt+nonceSize], sealed[wrapAt+nonceSize:dataAt], sealed[:wrapAt])
	if err != nil {
		return nil, errSealed
	}
	return data, nil
}

func (s *set) open(sealed, about []byte) ([]byte, error) {
	id, err := keyOf(sealed)
	if err != nil {
		return nil, err
	}
	k := s.find(id)
	if k == nil {
		return nil, errUnknown
	}
	data, err := unwrap(sealed, k)
	if err != nil {
		return nil, err
	}
	var aead cipher.AEAD
	if aead, err = newAEAD(data); err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, sealed[dataAt:dataAt+nonceSize], sealed[dataAt+nonceSize:], about)
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

// rewrap puts a sealed text under the newest key, which needs neither its content nor what is bound to it. It returns sealed itself
// where it is there already.
func (s *set) rewrap(sealed []byte) ([]byte, error) {
	id, err := keyOf(sealed)
	if err != nil {
		return nil, err
	}
	k := s.find(id)
	switch {
	case k == nil:
		return nil, errUnknown
	case k == s.newest():
		return sealed, nil
	}
	data, err := unwrap(sealed, k)
	if err != nil {
		return nil, err
	}
	out := wrap(append(make([]byte, 0, len(sealed)), magic()...), s.newest(), data)
	return append(out, sealed[dataAt:]...), nil
}

// Sealed reports whether a text looks as if it were sealed.
func Sealed(text []byte) bool {
	_, err := keyOf(text)
	return err == nil
}

// words yields the JSON strings of a record that are sealed texts, with where their base64 stands. Base64 needs no escapes in JSON but
// the slash, which encoding/json does not escape.
func words(value []byte) func(yield func(from, to int) bool) {
	quoted := []byte(`"` + Mark)
	return func(yield func(from, to int) bool) {
		for at := 0; ; {
			i := bytes.Index(value[at:], quoted)
			if i < 0 {
				return
			}
			from := at + i + 1
			n := bytes.IndexByte(value[from:], '"')
			if n < 0 {
				return
			}
			if at = from + n; !yield(from, at) {
				return
			}
		}
	}
}
