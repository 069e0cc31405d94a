package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// NewToken makes a text that lets its bearer in: 256 random bits, 43 characters of base64url.
func NewToken() string { return random64(32) }

// NewID makes a name that is no secret: 128 random bits, 22 characters of base64url.
func NewID() string { return random64(16) }

func random64(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// Digest is what is kept of a token, or of one with what it is good for. It is long and random, so nothing slower than SHA-256 is
// needed.
func Digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}
