package authserver

import (
	"context"
	"net/http"
	"net/url"

	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
	"andiron.dev/smart/secret"
)

// grantRefresh exchanges a refresh token for an access token and the next refresh token (RFC 6749 §6). A refresh token that comes
// a second time has been stolen, or its successor has: the grant ends (RFC 9700 §4.14.2).
func (s *Server) grantRefresh(ctx context.Context, r *http.Request, c *Client, v url.Values) (*tokenAnswer, error) {
	key := v.Get("refresh_token")
	if key == "" {
		return nil, refuse(invalidRequest, "refresh_token is missing")
	}
	key = secret.Digest(key)
	_, narrower := v["scope"]
	var a *tokenAnswer
	var refused error
	var g *grant
	var p *person
	err := s.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		a, refused, g, p = nil, refuse(invalidGrant, "the refresh token is not valid, has expired, was revoked or has been used"), nil, nil
		now := s.config.Now()
		one := &refresh{}
		record, err := fetch(ctx, tx, refreshRecord, key, one)
		if absent(err) || err == nil && one.Client != c.ID {
			return nil
		} else if err != nil {
			return err
		}
		if !one.Used.IsZero() {
			g, err = s.reused(ctx, tx, r, one.Grant, "reuse")
			return err
		}
		if !now.Before(one.Expires) {
			return nil
		}
		if g, p, err = s.liveGrant(ctx, tx, one.Grant); err != nil || g == nil {
			return err
		}
		scope := g.Scope
		if narrower {
			if scope, err = within(v.Get("scope"), g.Scope); err != nil {
				refused = err
				return nil
			}
		}
		if g.Session != "" { // who goes on working in the app is not idle
			if err := s.config.Accounts.Touch(ctx, tx, g.Session); err != nil {
				return err
			}
		}
		one.Used = now.UTC()
		if err := fhir.KeepValue(ctx, tx, *record, one); err != nil {
			return err
		}
		if a, err = s.issue(ctx, tx, c, g, scope, true); err != nil {
			return err
		}
		refused = nil
		e := said(s.event(r, audit.Token, "refresh", g), p)
		e.TokenID = tokenID(secret.Digest(a.AccessToken))
		return s.append(ctx, tx, e)
	})
	if err == nil && refused != nil {
		err = s.ended(g, refused)
	}
	if err != nil {
		return nil, err
	}
	return a, s.complete(ctx, r, a, c, g, p)
}
