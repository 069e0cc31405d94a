package authserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"andiron.dev/smart/account"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// provider is what is known of an upstream provider.
type provider struct {
	endpoint   oauth2.Endpoint
	saysIssuer bool // its answers have iss (RFC 9207)
	verifier   *oidc.IDTokenVerifier
	until      time.Time
}

// Lives of what is known of a provider, and of that it could not be reached.
const (
	providerLife    = time.Hour
	unreachableLife = 10 * time.Second
)

// providerSet keeps what is known of providers. Its zero value is empty.
type providerSet struct {
	mu    sync.Mutex
	known map[string]*provider
	fails map[string]time.Time
	keys  map[string]*upstreamKeys
}

// signatures are the algorithms that an id_token may be signed with.
func signatures() []string {
	return []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512}
}

// client reaches the provider.
func (u *Upstream) client() *http.Client {
	if u.HTTP != nil {
		return u.HTTP
	}
	return &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// get reads a provider's metadata, or remembers it. One login waits for it, not each.
func (p *providerSet) get(ctx context.Context, up *Upstream, now func() time.Time) (*provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one := p.known[up.ID]; one != nil && now().Before(one.until) {
		return one, nil
	}
	if now().Before(p.fails[up.ID]) {
		return nil, errors.New("the provider could not be reached a moment ago")
	}
	if p.known == nil {
		p.known, p.fails, p.keys = map[string]*provider{}, map[string]time.Time{}, map[string]*upstreamKeys{}
	}
	one, err := p.discover(ctx, up, now)
	if err != nil {
		p.fails[up.ID] = now().Add(unreachableLife)
		return nil, err
	}
	p.known[up.ID] = one
	return one, nil
}

func (p *providerSet) discover(ctx context.Context, up *Upstream, now func() time.Time) (*provider, error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(context.WithoutCancel(ctx), up.client()), 10*time.Second)
	defer cancel()
	found, err := oidc.NewProvider(ctx, up.Issuer)
	if err != nil {
		return nil, fmt.Errorf("the metadata of %s: %w", up.ID, err)
	}
	var meta struct {
		Keys       string   `json:"jwks_uri"`
		SaysIssuer bool     `json:"authorization_response_iss_parameter_supported"`
		Auth       []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := found.Claims(&meta); err != nil {
		return nil, fmt.Errorf("the metadata of %s: %w", up.ID, err)
	}
	keys := p.keys[meta.Keys]
	if keys == nil {
		keys = &upstreamKeys{url: meta.Keys, client: up.client(), now: now}
		p.keys[meta.Keys] = keys
	}
	one := &provider{
		endpoint: found.Endpoint(), saysIssuer: meta.SaysIssuer, until: now().Add(providerLife),
		verifier: oidc.NewVerifier(up.Issuer, keys, &oidc.Config{ClientID: up.ClientID, SupportedSigningAlgs: signatures(), Now: now}),
	}
	// Trying the one and then the other would use the code up.
	one.endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if len(meta.Auth) > 0 && !slices.Contains(meta.Auth, "client_secret_basic") || up.ClientSecret == "" {
		one.endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return one, nil
}

// plainExchange leaves out of an error what the provider said, which may hold the code.
func plainExchange(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return fmt.Errorf("the token endpoint answered %d %q", refused.Response.StatusCode, refused.ErrorCode)
	}
	return errors.New("the token endpoint could not be reached")
}

// leeway is how far the clocks of this server and a provider may be apart.
const leeway = 30 * time.Second

// identify checks an id_token (OpenID Connect Core §3.1.3.7) beyond what go-oidc does: its type, its time, whom else it is for.
func (p *provider) identify(ctx context.Context, up *Upstream, raw, nonce string, now time.Time) (*account.Upstream, error) {
	if len(raw) > 16<<10 || strings.Count(raw, ".") != 2 {
		return nil, errors.New("there is no id_token")
	}
	t, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("the id_token: %w", err)
	}
	var claims map[string]any
	if err := t.Claims(&claims); err != nil {
		return nil, fmt.Errorf("the id_token: %w", err)
	}
	text := func(name string) string { v, _ := claims[name].(string); return v }
	switch {
	case !idTokenType(raw):
		return nil, errors.New("the token is not an id_token")
	case nonce == "" || !same(t.Nonce, nonce):
		return nil, errors.New("the id_token has another nonce")
	case t.IssuedAt.After(now.Add(leeway)):
		return nil, errors.New("the id_token is from the future")
	case len(t.Audience) != 1, claims["azp"] != nil && text("azp") != up.ClientID:
		return nil, errors.New("the id_token is for somebody else, too")
	case t.Subject == "":
		return nil, errors.New("the id_token has no subject")
	}
	who := &account.Upstream{Identity: account.Identity{Issuer: up.Issuer, Subject: t.Subject}, Multi: slices.Contains(up.MultiACR, text("acr")) && text("acr") != ""}
	if up.JustInTime {
		name := up.UsernameClaim
		if name == "" {
			name = "preferred_username"
		}
		who.Make = &account.NewUser{Username: text(name), Name: text("name"), Roles: up.Roles}
		if up.FhirUserClaim != "" {
			who.Make.FhirUser = text(up.FhirUserClaim)
		}
	}
	return who, nil
}

// idTokenType reports whether a token calls itself what an id_token may: access and logout tokens are signed with the same keys.
func idTokenType(raw string) bool {
	head, _, _ := strings.Cut(raw, ".")
	text, err := rawURL(head)
	if err != nil {
		return false
	}
	var h struct {
		Typ  string   `json:"typ"`
		Crit []string `json:"crit"`
	}
	return json.Unmarshal(text, &h) == nil && (h.Typ == "" || strings.EqualFold(h.Typ, "JWT")) && h.Crit == nil
}
