package authserver

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
	"andiron.dev/smart/secret"
)

// grantClient gives a client a token to act for itself (SMART Backend Services). It is short-lived, and there is no refresh token:
// the client proves who it is whenever it needs another.
func (s *Server) grantClient(ctx context.Context, r *http.Request, c *Client, v url.Values) (*tokenAnswer, error) {
	if c.Type != Asymmetric {
		return nil, refuse(unauthorizedClient, "client_credentials needs a client that authenticates with a key")
	}
	asked := v.Get("scope")
	scope, err := s.backendScopes(asked, c)
	if err != nil {
		return nil, err
	}
	now := s.config.Now().UTC()
	lives := backendIs
	if c.AccessTTL > 0 {
		lives = min(lives, time.Duration(c.AccessTTL)*time.Second)
	}
	a := &tokenAnswer{AccessToken: secret.NewToken(), TokenType: "Bearer", Scope: scope, ExpiresIn: int(lives / time.Second)}
	token := &access{Client: c.ID, Scope: scope, Issued: now, Expires: now.Add(lives)}
	err = s.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		key := secret.Digest(a.AccessToken)
		record := fhir.Record{Kind: accessRecord, Key: key, Owner: clientSubject(c.ID), Expires: token.Expires.Add(expiredKnown)}
		if err := fhir.KeepValue(ctx, tx, record, token); err != nil {
			return err
		}
		e := s.event(r, audit.Token, "issue", &grant{Client: c.ID})
		e.Name, e.Roles, e.TokenID = c.Name, c.Roles, tokenID(key)
		return s.append(ctx, tx, e)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}
