package authserver

import (
	"crypto/subtle"

	"andiron.dev/smart/secret"
)

// tokenID names a token in the audit trail. It comes from the digest of its digest, so that a reader of the trail cannot even
// find the record.
func tokenID(digested string) string { return secret.Digest("token", digested)[:16] }

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
