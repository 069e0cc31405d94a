package token

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// Assert makes the assertion with which a client proves who it is to another server: whatever Verify accepts (SMART App Launch 2.2, client
// authentication: asymmetric). The key must name its algorithm and have a kid. It is good for four minutes.
func Assert(key *jose.JSONWebKey, client, tokenURL string, now time.Time) (string, error) {
	method := jwt.GetSigningMethod(key.Algorithm)
	if method == nil {
		return "", fmt.Errorf("the key names no algorithm that is known: '%s'", key.Algorithm)
	}
	j := jwt.NewWithClaims(method, jwt.MapClaims{
		"iss": client, "sub": client, "aud": tokenURL, "iat": now.Unix(), "exp": now.Add(4 * time.Minute).Unix(), "jti": rand.Text(),
	})
	j.Header["kid"] = key.KeyID
	return j.SignedString(key.Key)
}
