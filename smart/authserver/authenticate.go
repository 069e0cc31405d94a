package authserver

import (
	"context"
	"net/http"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/secret"
)

// Authenticate says who a request to the FHIR API is from, by the access token in its Authorization header (RFC 6750 §2.1); a
// token anywhere else is none. What was true a second ago is taken for true, but what this process has revoked is refused at once.
//
// Errors: Login where there is no token or one that is not valid, Expired where it was, both with what WWW-Authenticate says; Transient
// where the store cannot say.
func (s *Server) Authenticate(ctx context.Context, r *http.Request) (*smart.Principal, error) {
	token, err := bearer(r)
	if err != nil {
		return nil, err
	}
	p, err := s.recognise(ctx, token)
	if err != nil {
		return nil, err
	}
	one := *p // what is known is shared
	one.Address, one.RequestID = s.address(r), r.Header.Get("X-Request-Id")
	return &one, nil
}

// bearer is the token that a request brings.
func bearer(r *http.Request) (string, error) {
	token, err := fhir.BearerToken(r.Header["Authorization"])
	if err == nil && token == "" {
		err = fhir.NewOutcome(fhir.Login, "the request needs an access token")
	}
	return token, err
}

// recognise says whose a token is.
func (s *Server) recognise(ctx context.Context, token string) (*smart.Principal, error) {
	if s.config.External != nil && strings.Count(token, ".") == 2 {
		return s.config.External.Authenticate(ctx, token)
	}
	return s.tokens.get(ctx, secret.Digest(token), s.config.Now, s.lookUp)
}

// lookUp reads a token with all that it hangs on.
func (s *Server) lookUp(ctx context.Context, key string) (p *smart.Principal, until time.Time, err error) {
	err = s.config.Store.View(ctx, func(tx fhir.Tx) error {
		p, until, err = s.bearerOf(ctx, tx, key)
		return err
	})
	return p, until, err
}

func (s *Server) bearerOf(ctx context.Context, tx fhir.RecordReader, key string) (*smart.Principal, time.Time, error) {
	t, g, c, p, err := s.liveAccess(ctx, tx, key)
	if err != nil {
		return nil, time.Time{}, err
	}
	if t == nil {
		return nil, time.Time{}, fhir.InvalidToken("the access token is not valid, has expired or was revoked")
	}
	scopes, _ := smart.ParseScopes(t.Scope) // they are made of parsed ones
	return g.principal(c, p, scopes, key).Fix(), t.Expires, nil
}

// liveAccess is an access token, its grant (made up where the client acts for itself), its client and its user; nil where any of
// them is no more. Errors: Expired.
func (s *Server) liveAccess(ctx context.Context, tx fhir.RecordReader, key string) (*access, *grant, *Client, *person, error) {
	t := &access{}
	switch _, err := fetch(ctx, tx, accessRecord, key, t); {
	case absent(err):
		return nil, nil, nil, nil, nil
	case err != nil:
		return nil, nil, nil, nil, err
	case !s.config.Now().Before(t.Expires):
		return nil, nil, nil, nil, fhir.ExpiredToken("the access token has expired")
	}
	c, err := s.liveClient(ctx, tx, t.Client)
	if c == nil || err != nil {
		return nil, nil, nil, nil, err
	}
	if t.Grant == "" {
		return t, &grant{Client: c.ID}, c, nil, nil
	}
	g, p, err := s.liveGrant(ctx, tx, t.Grant)
	if g == nil || err != nil {
		return nil, nil, nil, nil, err
	}
	return t, g, c, p, nil
}

// liveClient is a client that may do anything at all; nil = there is none.
func (s *Server) liveClient(ctx context.Context, tx fhir.RecordReader, id string) (*Client, error) {
	c, err := client(ctx, tx, id)
	switch {
	case absent(err):
		return nil, nil
	case err != nil:
		return nil, err
	case c.Status != Active:
		return nil, nil
	}
	return c, nil
}
