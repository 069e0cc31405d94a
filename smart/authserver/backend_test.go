package authserver

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"andiron.dev/smart/secret"
	"andiron.dev/smart/token"
	"github.com/golang-jwt/jwt/v5"
)

// assertion signs a client assertion that is right but for what change does.
func (b *bench) assertion(method jwt.SigningMethod, key any, kid string, change ...func(jwt.MapClaims, map[string]any)) string {
	b.Helper()
	claims := jwt.MapClaims{"iss": "backend", "sub": "backend", "aud": b.root + "/auth/token", "exp": b.clock.Now().Add(4 * time.Minute).Unix(), "jti": secret.NewID()}
	t := jwt.NewWithClaims(method, claims)
	t.Header["kid"] = kid
	for _, one := range change {
		one(claims, t.Header)
	}
	text, err := t.SignedString(key)
	if err != nil {
		b.Fatal(err)
	}
	return text
}

func asserted(assertion, scope string) url.Values {
	return url.Values{"grant_type": {GrantClient}, "scope": {scope}, "client_assertion_type": {token.AssertionType}, "client_assertion": {assertion}}
}

// TestBackendServices: RS384 and ES384, 300 seconds, no refresh token, and nothing but scopes of a system.
func TestBackendServices(t *testing.T) {
	b := open(t)
	rs, set := rsaSet(t)
	b.client(func(c *Client) {
		c.ID, c.Type, c.Grants, c.JWKS, c.RedirectURIs, c.Scope, c.Roles = "backend", Asymmetric, []string{GrantClient}, set, nil, "system/*.rs user/*.rs", []string{"device-gateway"}
	})
	status, out, h := b.send(http.MethodPost, "/auth/token", asserted(b.assertion(jwt.SigningMethodRS384, rs, "rsa"), "system/Observation.rs system/Patient.cruds user/*.rs"))
	if status != 200 || out["expires_in"] != 300.0 || out["refresh_token"] != nil || out["scope"] != "system/Observation.rs system/Patient.rs" || h.Get("Cache-Control") != "no-store" {
		t.Fatal(status, out)
	}
	access := out["access_token"].(string)
	if status, who := b.who(access); status != 200 || who["Subject"] != "client:backend" || who["Patient"] != "" || who["Roles"] == nil {
		t.Error(status, who)
	}
	b.clock.Add(backendIs)
	if status, who := b.who(access); status != 401 || who["code"] != "expired" {
		t.Error(status, who)
	}
	es, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.clients.Change(context.Background(), "backend", "client-rotate", func(c *Client) error { c.JWKS = keySet(t, &es.PublicKey, "ec"); return nil }); err != nil {
		t.Fatal(err)
	}
	if status, out, _ := b.send(http.MethodPost, "/auth/token", asserted(b.assertion(jwt.SigningMethodES384, es, "ec"), "system/*.rs")); status != 200 {
		t.Error(status, out)
	}
	if status, out, _ := b.send(http.MethodPost, "/auth/token", asserted(b.assertion(jwt.SigningMethodRS384, rs, "rsa"), "system/*.rs")); status != 401 {
		t.Error("the old key is good:", status, out)
	}
}

// TestBackendErrors: whatever is wrong with an assertion is 401 invalid_client.
func TestBackendErrors(t *testing.T) {
	b := open(t)
	rs, set := rsaSet(t)
	foreign, _ := rsaSet(t)
	b.client(func(c *Client) {
		c.ID, c.Type, c.Grants, c.JWKS, c.RedirectURIs, c.Scope = "backend", Asymmetric, []string{GrantClient}, set, nil, "system/*.rs"
	})
	secret := ""
	b.client(func(c *Client) { c.ID, c.Type = "symmetric", Symmetric; secret = c.NewSecret() })
	good := func(change ...func(jwt.MapClaims, map[string]any)) url.Values {
		return asserted(b.assertion(jwt.SigningMethodRS384, rs, "rsa", change...), "system/*.rs")
	}
	claim := func(name string, value any) url.Values {
		return good(func(c jwt.MapClaims, _ map[string]any) {
			if value == nil {
				delete(c, name)
			} else {
				c[name] = value
			}
		})
	}
	with := func(v url.Values, name, value string) url.Values {
		v.Set(name, value)
		return v
	}
	replayed := good()
	if status, out, _ := b.send(http.MethodPost, "/auth/token", replayed); status != 200 {
		t.Fatal(status, out)
	}
	for _, one := range []struct {
		name   string
		values url.Values
		header []string
		status int
		code   string
	}{
		{"used before", replayed, nil, 401, invalidClient},
		{"another key", asserted(b.assertion(jwt.SigningMethodRS384, foreign, "rsa"), "system/*.rs"), nil, 401, invalidClient},
		{"another kid", asserted(b.assertion(jwt.SigningMethodRS384, rs, "other"), "system/*.rs"), nil, 401, invalidClient},
		{"another issuer", claim("iss", "other"), nil, 401, invalidClient},
		{"another subject", claim("sub", "symmetric"), nil, 401, invalidClient},
		{"another audience", claim("aud", b.base), nil, 401, invalidClient},
		{"two audiences", claim("aud", []string{b.root + "/auth/token", b.base}), nil, 401, invalidClient},
		{"a longer audience", claim("aud", b.root+"/auth/token/"), nil, 401, invalidClient},
		{"late", claim("exp", b.clock.Now().Add(-time.Minute).Unix()), nil, 401, invalidClient},
		{"valid for an hour", claim("exp", b.clock.Now().Add(time.Hour).Unix()), nil, 401, invalidClient},
		{"no exp", claim("exp", nil), nil, 401, invalidClient},
		{"no jti", claim("jti", nil), nil, 401, invalidClient},
		{"no signature", asserted(b.assertion(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "rsa"), "system/*.rs"), nil, 401, invalidClient},
		{"no JWT", asserted("x", "system/*.rs"), nil, 401, invalidClient},
		{"another type", with(good(), "client_assertion_type", "urn:x"), nil, 401, invalidClient},
		{"no type", with(good(), "client_assertion_type", ""), nil, 401, invalidClient},
		{"another client_id", with(good(), "client_id", "symmetric"), nil, 401, invalidClient},
		{"two ways at once", good(), []string{"Authorization", basic("backend", "x")}, 400, invalidRequest},
		{"nothing", url.Values{"grant_type": {GrantClient}, "scope": {"system/*.rs"}, "client_id": {"backend"}}, nil, 401, invalidClient},
		{"a secret", url.Values{"grant_type": {GrantClient}, "scope": {"system/*.rs"}}, []string{"Authorization", basic("backend", "x")}, 401, invalidClient},
		{"a symmetric client", url.Values{"grant_type": {GrantClient}, "scope": {"system/*.rs"}}, []string{"Authorization", basic("symmetric", secret)}, 400, unauthorizedClient},
		{"no scope", with(good(), "scope", ""), nil, 400, invalidScope},
		{"more than registered", with(good(), "scope", "system/*.cud"), nil, 400, invalidScope},
		{"scopes of a user", with(good(), "scope", "user/*.rs"), nil, 400, invalidScope},
		{"scopes of a patient", with(good(), "scope", "patient/*.rs openid"), nil, 400, invalidScope},
		{"a scope that is none", with(good(), "scope", "system/*.sr"), nil, 400, invalidScope},
		{"bad Basic", url.Values{"grant_type": {GrantClient}}, []string{"Authorization", "Basic !"}, 401, invalidClient},
		{"Digest", url.Values{"grant_type": {GrantClient}}, []string{"Authorization", "Digest x"}, 401, invalidClient},
	} {
		t.Run(one.name, func(t *testing.T) {
			status, out, _ := b.send(http.MethodPost, "/auth/token", one.values, one.header...)
			if status != one.status || out["error"] != one.code {
				t.Error(status, out)
			}
		})
	}
	if status, out, _ := b.send(http.MethodPost, "/auth/token", claim("aud", []string{b.root + "/auth/token"})); status != 200 {
		t.Error("an audience in an array of one:", status, out)
	}
}

// TestSymmetric: Basic, with two secrets while they are changed.
func TestSymmetric(t *testing.T) {
	b := open(t)
	ctx := context.Background()
	first := ""
	b.client(func(c *Client) { c.Type = Symmetric; first = c.NewSecret() })
	ann := b.user("ann", "Patient/ann")
	try := func(header string) (int, map[string]any) {
		v := url.Values{"grant_type": {GrantCode}, "code": {b.grant(ann, "openid")}, "redirect_uri": {appRedirect}, "code_verifier": {verifier}}
		if header == "" {
			v.Set("client_id", "app")
			status, out, _ := b.send(http.MethodPost, "/auth/token", v)
			return status, out
		}
		status, out, _ := b.send(http.MethodPost, "/auth/token", v, "Authorization", header)
		return status, out
	}
	if status, out := try(basic("app", first)); status != 200 {
		t.Error(status, out)
	}
	if status, out := try(""); status != 401 || out["error"] != invalidClient {
		t.Error("without the secret:", status, out)
	}
	_, second, err := b.clients.RotateSecret(ctx, "app", false)
	if err != nil {
		t.Fatal(err)
	}
	_, third, err := b.clients.RotateSecret(ctx, "app", false)
	if err != nil {
		t.Fatal(err)
	}
	for secret, want := range map[string]int{first: 401, second: 200, third: 200, "": 401, secret.Digest(third): 401} {
		if status, out := try(basic("app", secret)); status != want {
			t.Error(status, out)
		}
	}
	_, fourth, err := b.clients.RotateSecret(ctx, "app", true)
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := try(basic("app", third)); status != 401 {
		t.Error("the secret before is good after --only")
	}
	if status, _ := try(basic("app", fourth)); status != 200 {
		t.Error("the new secret is not good")
	}
	all := ""
	list, err := b.clients.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		all += strings.Join(c.Secrets, " ")
	}
	if strings.Contains(all, fourth) {
		t.Error("a secret is kept in clear")
	}
}
