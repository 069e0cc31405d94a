package authserver

import (
	"context"
	"net/http"

	"andiron.dev/fhir"
	"github.com/golang-jwt/jwt/v5"
)

// idToken tells a client who its user is (OpenID Connect Core §2, SMART App Launch 2.2 §2.1.11).
func (s *Server) idToken(ctx context.Context, r *http.Request, c *Client, g *grant, p *person, scope string) (string, error) {
	if p == nil {
		return "", nil
	}
	key, _, err := s.ring(ctx)
	if err != nil {
		return "", err
	}
	now := s.config.Now()
	claims := jwt.MapClaims{
		"iss": s.base(r), "sub": p.ID, "aud": c.ID,
		"iat": now.Unix(), "exp": now.Add(idTokenIs).Unix(), "auth_time": g.AuthTime.Unix(),
	}
	if g.Nonce != "" {
		claims["nonce"] = g.Nonce
	}
	if g.ACR != "" {
		claims["acr"] = g.ACR
	}
	if len(g.AMR) > 0 {
		claims["amr"] = g.AMR
	}
	if p.FhirUser != "" && (hasScope(scope, "fhirUser") || hasScope(scope, "profile")) {
		claims["fhirUser"] = s.base(r) + "/" + p.FhirUser
		if hasScope(scope, "profile") {
			claims["profile"] = claims["fhirUser"] // what SMART 1.0 called it
		}
	}
	if hasScope(scope, "profile") {
		claims["preferred_username"] = p.Username
		if p.Name != "" {
			claims["name"] = p.Name
		}
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = key.kid
	text, err := token.SignedString(key.key)
	if err != nil {
		return "", fhir.Internal(err)
	}
	return text, nil
}
