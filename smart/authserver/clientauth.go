package authserver

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/smart/secret"
	"andiron.dev/smart/token"
)

// assertionAlgs are the algorithms that assertions may be signed with.
func assertionAlgs() []string { return []string{"RS256", "RS384", "ES256", "ES384"} }

const basicChallenge = `Basic realm="token", charset="UTF-8"`

// authenticateClient finds out which client a request to the token, introspection or revocation endpoint is from, and lets its
// web pages read the answer. Errors are invalid_client, whatever is wrong.
func (s *Server) authenticateClient(w http.ResponseWriter, r *http.Request, v url.Values) (*Client, error) {
	ctx := r.Context()
	id, password, basic, err := basicCredentials(r)
	if err != nil {
		return nil, err
	}
	_, asserted := v["client_assertion"]
	_, typed := v["client_assertion_type"]
	_, posted := v["client_secret"]
	switch {
	case basic && (asserted || typed) || posted && (basic || asserted):
		return nil, refuse(invalidRequest, "the client authenticates in more than one way")
	case posted:
		return nil, refuse(invalidClient, "a client secret goes into the Authorization header (client_secret_basic)")
	case asserted || typed:
		if v.Get("client_assertion_type") != token.AssertionType {
			return nil, refuse(invalidClient, "client_assertion_type must be "+token.AssertionType)
		}
		if id, err = token.Client(v.Get("client_assertion")); err != nil {
			return nil, refuse(invalidClient, "the client assertion is not a JWT with a subject")
		}
	case !basic:
		if id = v.Get("client_id"); id == "" {
			if id, err = s.refreshing(ctx, v); err != nil {
				return nil, err
			}
		}
		if id == "" {
			return nil, refuse(invalidClient, "the client does not say who it is")
		}
	}
	if named, ok := v["client_id"]; ok && named[0] != id {
		return nil, refuse(invalidClient, "client_id is not the client that authenticates")
	}
	c, err := s.clientNow(ctx, id)
	if err != nil {
		return nil, err
	}
	if c != nil {
		c.allowOrigin(w, r)
	}
	switch {
	case asserted:
		return s.byAssertion(r, c, v.Get("client_assertion"))
	case basic:
		return bySecret(c, password)
	case c == nil || c.Type != Public:
		return nil, refuse(invalidClient, "there is no such client, or it has to authenticate")
	}
	return c, nil
}

// refreshing is the client whose refresh token a request shows: RFC 6749 §6 does not have public clients say who they are when they
// refresh, and fhirclient does not. "" where there is none; a confidential client has to authenticate all the same.
func (s *Server) refreshing(ctx context.Context, v url.Values) (id string, err error) {
	shown := v.Get("refresh_token")
	if v.Get("grant_type") != GrantRefresh || shown == "" {
		return "", nil
	}
	err = s.config.Store.View(ctx, func(tx fhir.Tx) error {
		one := &refresh{}
		if _, err := fetch(ctx, tx, refreshRecord, secret.Digest(shown), one); err != nil && !absent(err) {
			return err
		}
		id = one.Client
		return nil
	})
	return id, err
}

// clientNow is the client with an id, if it is active; nil = there is none.
func (s *Server) clientNow(ctx context.Context, id string) (c *Client, err error) {
	if !validID(id) {
		return nil, nil
	}
	err = s.config.Store.View(ctx, func(tx fhir.Tx) error {
		c, err = s.liveClient(ctx, tx, id)
		return err
	})
	return c, err
}

// basicCredentials are those of RFC 6749 §2.3.1: form-encoded, and then as in RFC 7617.
func basicCredentials(r *http.Request) (id, secret string, ok bool, err error) {
	all := r.Header["Authorization"]
	if len(all) == 0 {
		return "", "", false, nil
	}
	bad := &oauthError{Code: invalidClient, Text: "the Authorization header does not hold Basic credentials", challenge: basicChallenge}
	scheme, rest, _ := strings.Cut(all[0], " ")
	if len(all) > 1 || !strings.EqualFold(scheme, "Basic") {
		return "", "", false, bad
	}
	plain, err := base64.StdEncoding.DecodeString(strings.Trim(rest, " "))
	if err != nil {
		return "", "", false, bad
	}
	id, secret, ok = strings.Cut(string(plain), ":")
	if !ok || id == "" {
		return "", "", false, bad
	}
	if id, err = url.QueryUnescape(id); err == nil {
		secret, err = url.QueryUnescape(secret)
	}
	if err != nil {
		return "", "", false, bad
	}
	return id, secret, true, nil
}

// bySecret compares with every secret that the client has, and with one where there is none, so that nobody learns from the time
// which clients there are.
func bySecret(c *Client, shown string) (*Client, error) {
	given, right := secret.Digest(shown), false
	kept := []string{secret.Digest("")}
	if c != nil && c.Type == Symmetric {
		kept = append(kept, c.Secrets...)
	}
	for i, one := range kept {
		if same(given, one) && i > 0 {
			right = true
		}
	}
	if !right {
		return nil, &oauthError{Code: invalidClient, Text: "there is no such client, or its secret is another", challenge: basicChallenge}
	}
	return c, nil
}

// byAssertion checks a JWT. Its audience is the token URL, at whichever endpoint it is used.
func (s *Server) byAssertion(r *http.Request, c *Client, assertion string) (*Client, error) {
	if c == nil || c.Type != Asymmetric || s.config.Assertions == nil {
		return nil, refuse(invalidClient, "there is no such client, or it has no keys")
	}
	err := s.config.Assertions.Verify(r.Context(), c.ID, token.KeySource{Set: c.JWKS, URL: c.JWKSURL}, assertion, s.url(r, "/token"))
	var refused *token.Refused
	switch {
	case err == nil:
		return c, nil
	case errors.As(err, &refused):
		return nil, &oauthError{Code: invalidClient, Text: "the client assertion is not valid", cause: err}
	case c.JWKSURL != "" && fhir.CodeOf(err) == fhir.Exception: // its keys cannot be had, which is the client's to see to
		return nil, &oauthError{Code: invalidClient, Text: "the client's keys could not be fetched", cause: err}
	}
	return nil, err
}
