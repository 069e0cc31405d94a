package authserver

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/account"
	"andiron.dev/smart/audit"
	"andiron.dev/smart/secret"
)

// code is the record of an authorization code. A used one stays for a while, so that its second use is recognised.
type code struct {
	Grant     string    `json:"grant"`
	Client    string    `json:"client"`
	Challenge string    `json:"challenge"`
	Redirect  string    `json:"redirect"`
	Expires   time.Time `json:"expires"`
	Used      time.Time `json:"used,omitzero"`
}

// grantCode exchanges an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5). Of several attempts with the same code one
// succeeds; any other takes back what that one has been given, because one of the two has stolen it (RFC 9700 §4.5).
func (s *Server) grantCode(ctx context.Context, r *http.Request, c *Client, v url.Values) (*tokenAnswer, error) {
	key, verifier, redirect := v.Get("code"), v.Get("code_verifier"), v.Get("redirect_uri")
	switch {
	case key == "":
		return nil, refuse(invalidRequest, "code is missing")
	case redirect == "":
		return nil, refuse(invalidRequest, "redirect_uri is missing")
	case verifier == "":
		return nil, refuse(invalidGrant, "code_verifier is missing")
	}
	key = secret.Digest(key)
	var a *tokenAnswer
	var refused error
	var g *grant
	var p *person
	err := s.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		a, refused, g, p = nil, refuse(invalidGrant, "the code is not valid, has expired or has been used"), nil, nil
		now := s.config.Now()
		one := &code{}
		record, err := fetch(ctx, tx, codeRecord, key, one)
		if absent(err) || err == nil && one.Client != c.ID { // another client's attempt must not burn it
			return nil
		} else if err != nil {
			return err
		}
		if !one.Used.IsZero() {
			g, err = s.reused(ctx, tx, r, one.Grant, "code-reuse")
			return err
		}
		one.Used = now.UTC()
		if err := fhir.KeepValue(ctx, tx, *record, one); err != nil {
			return err
		}
		if !now.Before(one.Expires) {
			return nil
		}
		if one.Redirect != redirect || !verifies(verifier, one.Challenge) {
			refused = refuse(invalidGrant, "redirect_uri or code_verifier is not that of the authorization request")
			return s.append(ctx, tx, refusal(s.event(r, audit.Token, "issue", &grant{Client: c.ID}), "the code verifier or the redirect URI did not match"))
		}
		if g, p, err = s.liveGrant(ctx, tx, one.Grant); err != nil || g == nil {
			return err
		}
		g.Exchanged = true
		if a, err = s.issue(ctx, tx, c, g, g.Scope, s.renewable(c, g)); err != nil {
			return err
		}
		refused = nil
		e := said(s.event(r, audit.Token, "issue", g), p)
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

// ended makes sure that the tokens of a grant that ended with a refusal are refused at once, and returns the refusal.
func (s *Server) ended(g *grant, refused error) error {
	if g != nil && !g.Revoked.IsZero() {
		s.tokens.forget()
	}
	return refused
}

// renewable reports whether a grant comes with refresh tokens.
func (s *Server) renewable(c *Client, g *grant) bool {
	return c.May(GrantRefresh) && (hasScope(g.Scope, "offline_access") || hasScope(g.Scope, "online_access"))
}

// liveGrant is a grant and its user; nil where the grant, the user or the session that it hangs on is no more.
func (s *Server) liveGrant(ctx context.Context, tx fhir.RecordReader, id string) (*grant, *person, error) {
	g := &grant{}
	switch _, err := fetch(ctx, tx, grantRecord, id, g); {
	case absent(err):
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	case !g.Revoked.IsZero():
		return nil, nil, nil
	}
	if g.User == "" {
		return g, nil, nil
	}
	p, err := s.person(ctx, tx, g.User)
	if err != nil || p == nil {
		return nil, nil, err
	}
	if g.Session != "" {
		if alive, err := account.Alive(ctx, tx, g.Session); err != nil || !alive {
			return nil, nil, err
		}
	}
	return g, p, nil
}

// reused ends a grant of which a code or refresh token was used a second time.
func (s *Server) reused(ctx context.Context, tx fhir.Tx, r *http.Request, id, what string) (*grant, error) {
	g, err := revokeGrant(ctx, tx, id, s.config.Now())
	if absent(err) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return g, s.append(ctx, tx, refusal(s.event(r, audit.Token, what, g), "it was used a second time; the grant is revoked"))
}

func refusal(e *audit.Event, reason string) *audit.Event {
	e.Outcome, e.Reason = 4, reason
	return e
}

func (s *Server) append(ctx context.Context, tx fhir.Tx, e *audit.Event) error {
	return tx.Append(ctx, e.Entry())
}
