package search

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"time"

	"andiron.dev/fhir"
)

// PageLifetime is how long a page link can be followed.
const PageLifetime = time.Hour

// Sealer encrypts and authenticates what stands in page links: the query and the place where a page begins hold patient
// data (names, dates of birth), and a link ends up in browser histories and proxy logs.
type Sealer struct {
	aead cipher.AEAD
	now  func() time.Time
}

// NewSealer returns a sealer with a key of 16, 24 or 32 bytes. now is the server's clock.
func NewSealer(key []byte, now func() time.Time) (*Sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &Sealer{aead: aead, now: now}, nil
}

// NewKey makes a key for NewSealer.
func NewKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return key
}

// Seal makes a token of text that only Open with the same purpose can read.
func (s *Sealer) Seal(purpose, text string) string {
	plain := binary.BigEndian.AppendUint64(nil, uint64(s.now().Add(PageLifetime).Unix()))
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, append(plain, text...), []byte(purpose)))
}

// Open reads a token. Errors: Invalid for one that Seal did not make for this purpose, Expired for one that is too old.
func (s *Sealer) Open(purpose, token string) (string, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", notALink()
	}
	plain, err := s.aead.Open(nil, nil, sealed, []byte(purpose))
	if err != nil || len(plain) < 8 {
		return "", notALink()
	}
	if int64(binary.BigEndian.Uint64(plain)) < s.now().Unix() {
		return "", fhir.NewOutcome(fhir.Expired, "this page link has expired; search again")
	}
	return string(plain[8:]), nil
}

func notALink() error {
	return fhir.NewOutcome(fhir.Invalid, "this is not a page link of this server, or the server was started anew; search again")
}
