package authserver

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/secret"
)

// tokenAnswer is the answer of the token endpoint (RFC 6749 §5.1, SMART App Launch 2.2 §2.1.8).
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	Scope        string `json:"scope"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	*launchContext
	StyleURL string `json:"smart_style_url,omitempty"`
}

// token is the token endpoint.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	client, values, err := s.clientRequest(w, r)
	var a *tokenAnswer
	if err == nil {
		switch values.Get("grant_type") {
		case GrantCode:
			a, err = s.grantCode(ctx, r, client, values)
		case GrantRefresh:
			a, err = s.grantRefresh(ctx, r, client, values)
		case GrantClient:
			a, err = s.grantClient(ctx, r, client, values)
		}
	}
	if err != nil {
		s.fail(ctx, w, err)
		return
	}
	answer(w, http.StatusOK, a)
}

// clientRequest reads a request to the token endpoint and finds out whom it is from.
func (s *Server) clientRequest(w http.ResponseWriter, r *http.Request) (*Client, url.Values, error) {
	values, err := form(r)
	if err != nil {
		return nil, nil, err
	}
	grant := values.Get("grant_type")
	switch grant {
	case GrantCode, GrantRefresh, GrantClient:
	case "":
		return nil, nil, refuse(invalidRequest, "grant_type is missing")
	default:
		return nil, nil, refuse(unsupportedGrantType, "the grant types are authorization_code, refresh_token and client_credentials")
	}
	client, err := s.authenticateClient(w, r, values)
	if err != nil {
		return nil, nil, err
	}
	if !client.May(grant) {
		return nil, nil, refuse(unauthorizedClient, "the client is not registered for this grant type")
	}
	return client, values, nil
}

// issue makes an access token of a grant, and a refresh token where it may have one.
func (s *Server) issue(ctx context.Context, tx fhir.Tx, c *Client, g *grant, scope string, renew bool) (*tokenAnswer, error) {
	now := s.config.Now().UTC()
	a := &tokenAnswer{AccessToken: secret.NewToken(), TokenType: "Bearer", Scope: scope}
	lives := accessIs
	if c.AccessTTL > 0 {
		lives = time.Duration(c.AccessTTL) * time.Second
	}
	if g.Session != "" {
		lives = min(lives, onlineIs)
	}
	last := now.Add(lives)
	token := &access{Grant: g.ID, Client: c.ID, Scope: scope, Issued: now, Expires: last}
	a.ExpiresIn = int(lives / time.Second)
	if err := fhir.KeepValue(ctx, tx, fhir.Record{Kind: accessRecord, Key: secret.Digest(a.AccessToken), Owner: g.ID, Expires: last.Add(expiredKnown)}, token); err != nil {
		return nil, err
	}
	if renew {
		idle := refreshIdle
		if c.RefreshIdle > 0 {
			idle = time.Duration(c.RefreshIdle) * time.Second
		}
		until := now.Add(idle)
		if until.After(g.Until) {
			until = g.Until
		}
		a.RefreshToken = secret.NewToken()
		next := &refresh{Grant: g.ID, Client: c.ID, Expires: until}
		known := fhir.Record{Kind: refreshRecord, Key: secret.Digest(a.RefreshToken), Owner: g.ID, Expires: until.Add(grantKnown)}
		if err := fhir.KeepValue(ctx, tx, known, next); err != nil {
			return nil, err
		}
		if until.After(last) {
			last = until
		}
	}
	return a, keepGrant(ctx, tx, g, last)
}

// complete adds what the answer of a user's token says beside the token.
func (s *Server) complete(ctx context.Context, r *http.Request, a *tokenAnswer, c *Client, g *grant, p *person) error {
	a.launchContext = &g.launchContext
	a.StyleURL = s.styleURL(r)
	var err error
	if hasScope(a.Scope, "openid") {
		a.IDToken, err = s.idToken(ctx, r, c, g, p, a.Scope)
	}
	return err
}

// refreshFor is how long a grant to a client can be refreshed.
func (c *Client) refreshFor() time.Duration {
	if c.RefreshTTL > 0 {
		return time.Duration(c.RefreshTTL) * time.Second
	}
	return refreshIs
}
