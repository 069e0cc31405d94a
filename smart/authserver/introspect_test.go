package authserver

import (
	"net/http"
	"net/url"
	"reflect"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"andiron.dev/smart/secret"
)

func TestIntrospect(t *testing.T) {
	b := open(t)
	b.client()
	auth := b.ehr()
	ann := b.user("ann", "Patient/ann", "patient")
	banner := true
	_, out := b.exchange(b.grant(ann, "openid fhirUser patient/*.rs offline_access", func(g *grant) {
		g.Patient, g.Encounter, g.Banner, g.Intent, g.FhirContext = "ann", "e1", &banner, "x", []byte(`[{"reference":"Task/1"}]`)
	}))
	access, renew := out["access_token"].(string), out["refresh_token"].(string)
	ask := func(token string, header ...string) (int, map[string]any) {
		status, out, _ := b.send(http.MethodPost, "/auth/introspect", url.Values{"token": {token}}, header...)
		return status, out
	}
	status, out := ask(access, "Authorization", auth)
	for name, want := range map[string]any{
		"active": true, "scope": "openid fhirUser patient/*.rs offline_access", "client_id": "app", "token_type": "Bearer", "iss": b.base, "sub": ann.ID,
		"fhirUser": b.base + "/Patient/ann", "patient": "ann", "encounter": "e1", "need_patient_banner": true, "intent": "x",
		"exp": float64(b.clock.Now().Add(accessIs).Unix()), "fhirContext": []any{map[string]any{"reference": "Task/1"}},
	} {
		if !reflect.DeepEqual(out[name], want) {
			t.Errorf("%s is %v, not %v", name, out[name], want)
		}
	}
	if status != 200 {
		t.Error(status)
	}
	if status, out := ask(renew, "Authorization", auth); status != 200 || out["active"] != true || out["exp"] == nil {
		t.Error("a refresh token:", status, out)
	}
	inactive := func(name, token string) {
		t.Helper()
		if status, out := ask(token, "Authorization", auth); status != 200 || !reflect.DeepEqual(out, map[string]any{"active": false}) {
			t.Error(name, status, out)
		}
	}
	inactive("no token of ours", secret.NewToken())
	if status, out := ask(access, "Authorization", "Bearer "+access); status != 403 || out["error"] != insufficientScope {
		t.Error("a bearer without the privilege:", status, out)
	}
	if status, out := ask(access, "Authorization", "Bearer x"); status != 401 || out["error"] != invalidToken {
		t.Error("a bearer that is none:", status, out)
	}
	if status, out := ask(access); status != 401 || out["error"] != invalidClient {
		t.Error("nobody:", status, out)
	}
	if status, out, _ := b.send(http.MethodPost, "/auth/introspect", url.Values{"token": {access}, "client_id": {"app"}}); status != 403 {
		t.Error("a public client:", status, out)
	}
	if status, out, _ := b.send(http.MethodPost, "/auth/introspect", url.Values{}, "Authorization", auth); status != 400 || out["error"] != invalidRequest {
		t.Error("no token:", status, out)
	}
	if status, _, h := b.send(http.MethodGet, "/auth/introspect", nil); status != 405 || h.Get("Allow") != "POST" {
		t.Error("GET:", status)
	}
	b.disable("ann")
	inactive("of a disabled user", access)
	b.clock.Add(accessIs)
	inactive("expired", access)
}

// TestIntrospectBearer: with the scope for it, or as a trusted client.
func TestIntrospectBearer(t *testing.T) {
	b := open(t)
	rs, set := rsaSet(t)
	for id, trusted := range map[string]bool{"backend": false, "trusted": true} {
		b.client(func(c *Client) {
			c.ID, c.Type, c.Grants, c.JWKS, c.RedirectURIs, c.Trusted = id, Asymmetric, []string{GrantClient}, set, nil, trusted
			c.Scope = "system/*.rs " + introspectScope
		})
	}
	issue := func(id, scope string) string {
		_, out, _ := b.send(http.MethodPost, "/auth/token", asserted(b.assertion(jwt.SigningMethodRS384, rs, "rsa", func(c jwt.MapClaims, _ map[string]any) { c["iss"], c["sub"] = id, id }), scope))
		token, _ := out["access_token"].(string)
		if token == "" {
			t.Fatal(out)
		}
		return token
	}
	plain := issue("backend", "system/*.rs")
	for token, want := range map[string]int{plain: 403, issue("backend", introspectScope): 200, issue("trusted", "system/*.rs"): 200} {
		status, out, _ := b.send(http.MethodPost, "/auth/introspect", url.Values{"token": {plain}}, "Authorization", "Bearer "+token)
		if status != want || want == 200 && (out["active"] != true || out["client_id"] != "backend" || out["sub"] != "backend") {
			t.Error(status, out)
		}
	}
}
