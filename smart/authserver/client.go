package authserver

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"github.com/go-jose/go-jose/v4"
)

// ClientType says how a client proves who it is.
type ClientType string

// The client types, named as SMART names the capabilities.
const (
	Public     ClientType = "public"     // not at all: PKCE and the redirect URI have to do
	Symmetric  ClientType = "symmetric"  // client_secret_basic
	Asymmetric ClientType = "asymmetric" // private_key_jwt
)

// The grants that a client may be registered for.
const (
	GrantCode    = "authorization_code"
	GrantRefresh = "refresh_token"
	GrantClient  = "client_credentials"
)

// The states of a client.
const (
	Active   = "active"
	Disabled = "disabled"
)

// Client is a registered client.
type Client struct {
	ID           string          `json:"id"`
	Name         string          `json:"name"`
	Type         ClientType      `json:"type"`
	Grants       []string        `json:"grants"`
	Scope        string          `json:"scope"` // the most that it may ask for, with blanks between
	RedirectURIs []string        `json:"redirect_uris,omitempty"`
	Origins      []string        `json:"origins,omitempty"` // web origins whose pages may call the token endpoint and the API
	JWKS         json.RawMessage `json:"jwks,omitempty"`
	JWKSURL      string          `json:"jwks_url,omitempty"`
	Secrets      []string        `json:"secret_digests,omitempty"` // SHA-256, the newest first; two, so that they can be changed while the client runs
	Trusted      bool            `json:"trusted,omitempty"`        // may start launches and, with a token of its own, look into others
	LaunchURL    string          `json:"launch_url,omitempty"`     // where an EHR opens it
	Roles        []string        `json:"roles,omitempty"`          // what it may do where it acts for itself
	Clearance    []string        `json:"clearance,omitempty"`      // security labels beyond the normal ones that it may see
	AccessTTL    int             `json:"access_ttl,omitempty"`     // seconds that access tokens live; 0 = an hour, for client_credentials 300
	RefreshIdle  int             `json:"refresh_idle,omitempty"`   // seconds that a refresh token may lie unused; 0 = 30 days
	RefreshTTL   int             `json:"refresh_ttl,omitempty"`    // seconds that a grant can be refreshed; 0 = a year
	Registered   bool            `json:"registered,omitempty"`     // by itself, at /auth/register
	Status       string          `json:"status"`
	Created      time.Time       `json:"created"`
	Updated      time.Time       `json:"updated"`
}

const (
	maxClientName = 200
	maxScope      = 8 << 10
	maxURIs       = 32
	maxSecrets    = 2
)

// Confidential reports whether the client can prove who it is.
func (c *Client) Confidential() bool { return c.Type == Symmetric || c.Type == Asymmetric }

// May reports whether the client is registered for a grant.
func (c *Client) May(grant string) bool { return slices.Contains(c.Grants, grant) }

// Redirects reports whether the client may be answered at a redirect URI.
func (c *Client) Redirects(uri string) bool {
	return slices.ContainsFunc(c.RedirectURIs, func(registered string) bool { return redirects(registered, uri) })
}

// scopes are the scopes that the client may ask for.
func (c *Client) scopes() smart.Scopes {
	list, _ := smart.ParseScopes(c.Scope) // it was checked when it was written; what is not understood gives nothing
	return list
}

// validID reports whether a text may be the id of a client. It goes into Basic credentials, log lines and subjects.
func validID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for _, c := range []byte(id) {
		if !unreserved(c) {
			return false
		}
	}
	return true
}

// Check says what is wrong with a client: Invalid with the name of the property as expression.
func (c *Client) Check() error {
	for _, check := range []func() error{c.checkName, c.checkGrants, c.checkScope, c.checkURIs, c.checkKeys, c.checkTimes} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func wrong(property, text string) error { return fhir.NewOutcome(fhir.Invalid, text, property) }

func (c *Client) checkName() error {
	switch {
	case !validID(c.ID):
		return wrong("id", "a client id has 1 to 128 letters, digits, '-', '.', '_' and '~'")
	case strings.TrimSpace(c.Name) == "" || len(c.Name) > maxClientName || strings.ContainsFunc(c.Name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return wrong("name", "a client needs a name of at most 200 characters, which users are shown")
	case c.Status != Active && c.Status != Disabled:
		return wrong("status", "a client is active or disabled")
	}
	return nil
}

func (c *Client) checkGrants() error {
	if len(c.Grants) == 0 {
		return wrong("grants", "a client needs at least one grant")
	}
	for _, grant := range c.Grants {
		if grant != GrantCode && grant != GrantRefresh && grant != GrantClient {
			return wrong("grants", "a grant is one of authorization_code, refresh_token and client_credentials")
		}
	}
	switch {
	case c.May(GrantRefresh) && !c.May(GrantCode):
		return wrong("grants", "refresh_token goes only with authorization_code: backend services get a new token whenever they need one")
	case c.May(GrantClient) && c.Type != Asymmetric:
		return wrong("grants", "client_credentials needs a key (a JWKS or its URL): SMART backend services do not use secrets")
	case c.Trusted && !c.Confidential():
		return wrong("trusted", "a client that cannot prove who it is cannot be trusted")
	}
	return nil
}

func (c *Client) checkScope() error {
	if len(c.Scope) > maxScope {
		return wrong("scope", "the scopes are too long")
	}
	list, refused := smart.ParseScopes(c.Scope)
	if len(refused) > 0 {
		return wrong("scope", "this scope is not well-formed or not supported: "+short(quotable(refused[0])))
	}
	if len(list) == 0 {
		return wrong("scope", "a client needs at least one scope")
	}
	return nil
}

// text is what an error says to the outside.
func text(err error) string {
	if o := fhir.AsOutcome(err); len(o.Issues) > 0 {
		return o.Issues[0].Text
	}
	return "it is not well-formed"
}

func (c *Client) checkURIs() error {
	if c.May(GrantCode) && len(c.RedirectURIs) == 0 {
		return wrong("redirect_uris", "authorization_code needs a redirect URI")
	}
	if len(c.RedirectURIs) > maxURIs || len(c.Origins) > maxURIs {
		return wrong("redirect_uris", "a client has at most 32 redirect URIs and 32 origins")
	}
	for _, uri := range c.RedirectURIs {
		if mistake := validRedirect(uri); mistake != "" {
			return wrong("redirect_uris", "a redirect URI "+mistake)
		}
	}
	for _, origin := range c.Origins {
		if mistake := validRedirect(origin); mistake != "" || originOf(origin) != origin {
			return wrong("origins", "an origin is a scheme, a host and perhaps a port, such as https://app.example.org")
		}
	}
	if c.LaunchURL != "" {
		if mistake := validRedirect(c.LaunchURL); mistake != "" {
			return wrong("launch_url", "the launch URL "+mistake)
		}
	}
	return nil
}

func (c *Client) checkKeys() error {
	switch c.Type {
	case Public:
		if len(c.JWKS) > 0 || c.JWKSURL != "" || len(c.Secrets) > 0 {
			return wrong("type", "a public client has neither keys nor a secret")
		}
	case Symmetric:
		if len(c.JWKS) > 0 || c.JWKSURL != "" || len(c.Secrets) == 0 || len(c.Secrets) > maxSecrets {
			return wrong("type", "a symmetric client has one secret or two, and no keys")
		}
	case Asymmetric:
		if len(c.Secrets) > 0 || (len(c.JWKS) > 0) == (c.JWKSURL != "") {
			return wrong("type", "an asymmetric client has either a JWKS or the URL of one")
		}
		return c.checkJWKS()
	default:
		return wrong("type", "a client is public, symmetric or asymmetric")
	}
	return nil
}

func (c *Client) checkJWKS() error {
	if c.JWKSURL != "" {
		u, err := url.Parse(c.JWKSURL)
		if err != nil || u.Scheme != "https" && !(u.Scheme == "http" && loopbackName(u.Hostname())) || u.Host == "" || u.User != nil || u.Fragment != "" || len(c.JWKSURL) > maxRedirect {
			return wrong("jwks_url", "the URL of a JWKS must be https")
		}
		return nil
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(c.JWKS, &set); err != nil || len(set.Keys) == 0 {
		return wrong("jwks", "the keys are not a JSON Web Key Set with at least one key")
	}
	seen := map[string]bool{}
	for i := range set.Keys {
		k := &set.Keys[i]
		family := ""
		switch {
		case !k.Valid() || !k.IsPublic():
			return wrong("jwks", "a key set of a client holds public keys only")
		case k.KeyID == "":
			return wrong("jwks", "every key needs a kid")
		}
		family = kty(k)
		if family == "" {
			return wrong("jwks", "a key is RSA with 2048 bits or more, or EC on P-256, P-384 or P-521")
		}
		if seen[family+" "+k.KeyID] {
			return wrong("jwks", "two keys have the same kid")
		}
		seen[family+" "+k.KeyID] = true
	}
	return nil
}

func (c *Client) checkTimes() error {
	const day = 24 * 60 * 60
	switch {
	case c.AccessTTL < 0 || c.AccessTTL > 3600:
		return wrong("access_ttl", "access tokens live for at most 3600 seconds")
	case c.RefreshIdle < 0 || c.RefreshIdle > 400*day || c.RefreshTTL < 0 || c.RefreshTTL > 3660*day:
		return wrong("refresh_ttl", "a refresh token lies unused for at most 400 days, and a grant lasts for at most ten years")
	}
	return nil
}
