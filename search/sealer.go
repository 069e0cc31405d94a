package search

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"andiron.dev/fhir"
)

// PageLifetime is how long a page link can be followed.
const PageLifetime = time.Hour

// Sealer encrypts and authenticates what stands in page links: the query and the place where a page begins hold patient
// data (names, dates of birth), and a link ends up in browser histories and proxy logs.
//
// A token is base64url without padding of
//
//	4 bytes   which key sealed it
//	4 bytes   the hour in which it was sealed, since 1970
//	the rest  AES-256-GCM with a random nonce: 8 bytes of expiry, 1 byte for the form of the text, the text
//
// Each hour has a key of its own, derived from the sealer's, so that however long that is in use, no key seals so much that its
// random nonces could repeat.
type Sealer struct {
	key    []byte
	id     []byte
	now    func() time.Time
	latest atomic.Pointer[hourly]
}

// hourly is the cipher of an hour.
type hourly struct {
	hour uint32
	aead cipher.AEAD
}

const (
	keyIDLength  = 4
	headerLength = keyIDLength + 4
	plainHeader  = 9 // expiry and form

	plainForm, deflatedForm = 0, 1
	// deflateFrom is the length from which a text is deflated: links of long queries have to fit into a request line.
	deflateFrom = 1024
	// maxInflated bounds what a token may grow to. Only tokens of our own get as far as that.
	maxInflated = 16 << 20
)

// NewSealer returns a sealer with a key of 16 bytes or more. now is the server's clock.
func NewSealer(key []byte, now func() time.Time) (*Sealer, error) {
	if len(key) < 16 {
		return nil, errors.New("the key must have 16 bytes or more")
	}
	id, err := hkdf.Key(sha256.New, key, nil, "andiron page link: key id", keyIDLength)
	if err != nil {
		return nil, fmt.Errorf("deriving the id of the key: %w", err)
	}
	return &Sealer{key: bytes.Clone(key), id: id, now: now}, nil
}

// NewKey makes a key for NewSealer.
func NewKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return key
}

// aead is the cipher of an hour. The latest one is kept: nearly all links are sealed and opened with it.
func (s *Sealer) aead(hour uint32) (cipher.AEAD, error) {
	latest := s.latest.Load()
	if latest != nil && latest.hour == hour {
		return latest.aead, nil
	}
	key, err := hkdf.Key(sha256.New, s.key, nil, "andiron page link: "+strconv.FormatUint(uint64(hour), 10), 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err == nil && (latest == nil || latest.hour < hour) && hour <= hourOf(s.now()) { // nobody else chooses what is kept
		s.latest.CompareAndSwap(latest, &hourly{hour, aead})
	}
	return aead, err
}

// hourOf is the number of an hour. There are enough for half a million years.
func hourOf(t time.Time) uint32 { return uint32(t.Unix() / 3600) }

// Seal makes a token of text that only Open with the same purpose can read. The purpose is authenticated, but not in the token.
func (s *Sealer) Seal(purpose, text string) (string, error) {
	now := s.now()
	header := binary.BigEndian.AppendUint32(bytes.Clone(s.id), hourOf(now))
	aead, err := s.aead(hourOf(now))
	if err != nil {
		return "", fhir.Internal(fmt.Errorf("the key of a page link: %w", err))
	}
	plain := binary.BigEndian.AppendUint64(make([]byte, 0, plainHeader+len(text)), uint64(now.Add(PageLifetime).UnixMilli()))
	if plain, err = appendForm(plain, text); err != nil {
		return "", fhir.Internal(fmt.Errorf("packing a page link: %w", err))
	}
	return base64.RawURLEncoding.EncodeToString(append(header, aead.Seal(nil, nil, plain, aad(header, purpose))...)), nil
}

// aad is what a token is bound to beside its key.
func aad(header []byte, purpose string) []byte { return append(bytes.Clone(header), purpose...) }

// Open reads a token. Errors: Invalid for one that Seal has not made for this purpose; Expired for one that is too old, or was
// sealed with another key, as by a server before it was started anew.
func (s *Sealer) Open(purpose, token string) (string, error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(sealed) <= headerLength {
		return "", notALink()
	}
	header, sealed := sealed[:headerLength], sealed[headerLength:]
	if !bytes.Equal(header[:keyIDLength], s.id) {
		return "", fhir.NewOutcome(fhir.Expired, "this page link was made by another server, or before this one was started anew; search again")
	}
	now, sealedIn := s.now(), binary.BigEndian.Uint32(header[keyIDLength:])
	aead, err := s.aead(sealedIn)
	if err != nil {
		return "", fhir.Internal(fmt.Errorf("the key of a page link: %w", err))
	}
	plain, err := aead.Open(nil, nil, sealed, aad(header, purpose))
	if err != nil || len(plain) < plainHeader {
		return "", notALink()
	}
	if int64(binary.BigEndian.Uint64(plain)) < now.UnixMilli() {
		return "", fhir.NewOutcome(fhir.Expired, "this page link has expired; search again")
	}
	return formed(plain[plainHeader-1:])
}

// appendForm appends the text, deflated where that pays, and before it which of the two it is.
func appendForm(plain []byte, text string) ([]byte, error) {
	if len(text) < deflateFrom {
		return append(append(plain, plainForm), text...), nil
	}
	b := bytes.NewBuffer(append(plain, deflatedForm))
	w, err := flate.NewWriter(b, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err = io.WriteString(w, text); err == nil {
		err = w.Close()
	}
	return b.Bytes(), err
}

func formed(plain []byte) (string, error) {
	if plain[0] == plainForm {
		return string(plain[1:]), nil
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(plain[1:])), maxInflated))
	if err != nil {
		return "", notALink()
	}
	return string(text), nil
}

func notALink() error {
	return fhir.NewOutcome(fhir.Invalid, "this is not a page link of this server for this search and this caller; search again")
}
