package authserver

import (
	"context"
	"net/http"

	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
	"andiron.dev/smart/secret"
)

// revoke ends a token of the client that asks (RFC 7009). With a refresh token the whole grant ends. An authenticated client is told
// 200 whatever it sent, and learns nothing of the tokens of others.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	values, err := form(r)
	var c *Client
	if err == nil {
		c, err = s.authenticateClient(w, r, values)
	}
	if err == nil && values.Get("token") == "" {
		err = refuse(invalidRequest, "token is missing")
	}
	if err == nil {
		err = s.revokeToken(ctx, r, c, secret.Digest(values.Get("token")))
	}
	if err != nil {
		s.fail(ctx, w, err)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	w.WriteHeader(http.StatusOK)
}

func (s *Server) revokeToken(ctx context.Context, r *http.Request, c *Client, key string) error {
	err := s.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		a, f := &access{}, &refresh{}
		switch _, err := fetch(ctx, tx, accessRecord, key, a); {
		case err == nil && a.Client == c.ID:
			if err := tx.Drop(ctx, accessRecord, key); err != nil {
				return err
			}
			e := s.event(r, audit.Token, "revoke", &grant{Client: c.ID})
			if a.Grant != "" {
				g := &grant{}
				if _, err := fetch(ctx, tx, grantRecord, a.Grant, g); err == nil && g.BreakGlass != "" {
					e = s.event(r, audit.BreakGlass, "stop", g)
				} else if err == nil {
					e = s.event(r, audit.Token, "revoke", g)
				} else if !absent(err) {
					return err
				}
			}
			e.TokenID = tokenID(key)
			return s.append(ctx, tx, e)
		case err != nil && !absent(err):
			return err
		}
		switch _, err := fetch(ctx, tx, refreshRecord, key, f); {
		case err == nil && f.Client == c.ID:
			g, err := revokeGrant(ctx, tx, f.Grant, s.config.Now())
			if absent(err) {
				return nil
			} else if err != nil {
				return err
			}
			return s.append(ctx, tx, s.event(r, audit.Token, "revoke", g))
		case err != nil && !absent(err):
			return err
		}
		return nil
	})
	if err == nil {
		s.tokens.forget()
	}
	return err
}
