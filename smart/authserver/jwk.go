package authserver

import (
	"crypto/ecdsa"
	"crypto/rsa"

	"github.com/go-jose/go-jose/v4"
)

// minRSA is the shortest RSA key that is accepted, in bits.
const minRSA = 2048

// kty is the key type of a key that may sign client assertions; "" = it may not.
func kty(k *jose.JSONWebKey) string {
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() >= minRSA {
			return "RSA"
		}
	case *ecdsa.PublicKey:
		if bits := key.Curve.Params().BitSize; bits == 256 || bits == 384 || bits == 521 {
			return "EC"
		}
	}
	return ""
}
