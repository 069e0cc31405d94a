package authserver

import (
	"crypto/sha256"
	"encoding/base64"
)

// Bounds of a code verifier (RFC 7636 §4.1).
const (
	minVerifier = 43
	maxVerifier = 128
)

// isChallenge reports whether text can be the SHA-256 of a verifier in base64url.
func isChallenge(text string) bool {
	sum, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(sum) == sha256.Size
}

// verifies reports whether a verifier belongs to a challenge (RFC 7636 §4.6, S256).
func verifies(verifier, challenge string) bool {
	if len(verifier) < minVerifier || len(verifier) > maxVerifier {
		return false
	}
	for _, c := range []byte(verifier) {
		if !unreserved(c) {
			return false
		}
	}
	sum := sha256.Sum256([]byte(verifier))
	return same(base64.RawURLEncoding.EncodeToString(sum[:]), challenge)
}

// unreserved reports whether a character stands for itself in every part of a URL (RFC 3986 §2.3).
func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}
