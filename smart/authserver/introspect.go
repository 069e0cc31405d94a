package authserver

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/secret"
)

// introspection is what RFC 7662 §2.2 and SMART App Launch 2.2 §7 tell of a token.
type introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	Username  string `json:"username,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	Expires   int64  `json:"exp,omitempty"`
	Issued    int64  `json:"iat,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Issuer    string `json:"iss,omitempty"`
	Audience  string `json:"aud,omitempty"`
	FhirUser  string `json:"fhirUser,omitempty"`
	AuthTime  int64  `json:"auth_time,omitempty"`
	ACR       string `json:"acr,omitempty"`
	*launchContext
	StyleURL string `json:"smart_style_url,omitempty"`
}

// introspectScope is the scope of a token whose bearer may look into tokens.
const introspectScope = fhir.CanonicalBase + "/OperationDefinition/introspect"

const bearerRealm = `Bearer realm="fhir", `

// introspect tells an authenticated client, or the bearer of a token with the privilege, what a token is good for.
func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	values, err := form(r)
	if err == nil {
		err = s.mayIntrospect(w, r, values)
	}
	if err == nil && values.Get("token") == "" {
		err = refuse(invalidRequest, "token is missing")
	}
	if err != nil {
		s.fail(ctx, w, err)
		return
	}
	key := secret.Digest(values.Get("token"))
	var found *introspection
	err = s.config.Store.View(ctx, func(tx fhir.Tx) error {
		if found, err = s.introspectAccess(ctx, r, tx, key); err == nil && found == nil {
			found, err = s.introspectRefresh(ctx, r, tx, key)
		}
		return err
	})
	if err != nil {
		s.fail(ctx, w, err)
		return
	}
	if found == nil {
		found = &introspection{}
	}
	answer(w, http.StatusOK, found)
}

// mayIntrospect lets confidential clients in, which an administrator has entered, and bearers with the privilege. A client that has
// registered itself may not look into the tokens of others.
func (s *Server) mayIntrospect(w http.ResponseWriter, r *http.Request, v url.Values) error {
	if scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		p, err := s.Authenticate(r.Context(), r)
		if err != nil {
			return unauthorized(err)
		}
		return s.bearerMayIntrospect(r.Context(), p)
	}
	c, err := s.authenticateClient(w, r, v)
	if err != nil {
		return err
	}
	if !c.Confidential() || c.Registered {
		return &oauthError{Code: unauthorizedClient, Text: "the client may not look into tokens", status: http.StatusForbidden}
	}
	return nil
}

// bearerMayIntrospect lets in the tokens that a trusted client has for itself, and those with the scope for it.
func (s *Server) bearerMayIntrospect(ctx context.Context, p *smart.Principal) error {
	if p.Scopes.Has(introspectScope) {
		return nil
	}
	if p.Issuer == "" && p.Subject == clientSubject(p.ClientID) {
		if c, err := s.clientNow(ctx, p.ClientID); err != nil || c != nil && c.Trusted {
			return err
		}
	}
	lacks := fhir.InsufficientScope("the token does not carry the scope "+introspectScope, introspectScope)
	return &oauthError{Code: insufficientScope, Text: text(lacks), status: http.StatusForbidden, challenge: bearerRealm + lacks.Challenge}
}

func (s *Server) introspectAccess(ctx context.Context, r *http.Request, tx fhir.RecordReader, key string) (*introspection, error) {
	t, g, _, p, err := s.liveAccess(ctx, tx, key)
	if t == nil || err != nil {
		if fhir.CodeOf(err) == fhir.Expired {
			err = nil
		}
		return nil, err
	}
	o := s.introspected(r, g, p, t.Scope)
	o.TokenType, o.Expires, o.Issued = "Bearer", t.Expires.Unix(), t.Issued.Unix()
	return o, nil
}

func (s *Server) introspectRefresh(ctx context.Context, r *http.Request, tx fhir.RecordReader, key string) (*introspection, error) {
	t := &refresh{}
	switch _, err := fetch(ctx, tx, refreshRecord, key, t); {
	case absent(err):
		return nil, nil
	case err != nil:
		return nil, err
	case !t.Used.IsZero() || !s.config.Now().Before(t.Expires):
		return nil, nil
	}
	if c, err := s.liveClient(ctx, tx, t.Client); c == nil || err != nil {
		return nil, err
	}
	g, p, err := s.liveGrant(ctx, tx, t.Grant)
	if g == nil || err != nil {
		return nil, err
	}
	o := s.introspected(r, g, p, g.Scope)
	o.Expires = t.Expires.Unix()
	return o, nil
}

func (s *Server) introspected(r *http.Request, g *grant, p *person, scope string) *introspection {
	o := &introspection{
		Active: true, Scope: scope, ClientID: g.Client, Subject: g.subject(), Issuer: s.base(r), Audience: s.base(r),
		ACR: g.ACR, launchContext: &g.launchContext,
	}
	if p == nil {
		o.Subject = g.Client
		return o
	}
	o.Subject, o.Username, o.StyleURL = p.ID, p.Username, s.styleURL(r) // the sub of the id_token
	if !g.AuthTime.IsZero() {
		o.AuthTime = g.AuthTime.Unix()
	}
	if p.FhirUser != "" && (hasScope(scope, "fhirUser") || hasScope(scope, "profile")) {
		o.FhirUser = s.base(r) + "/" + p.FhirUser
	}
	return o
}
