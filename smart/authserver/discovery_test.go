package authserver

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestDiscovery(t *testing.T) {
	b := open(t)
	status, m, h := b.send(http.MethodGet, "/fhir/.well-known/smart-configuration", nil, "Accept", "application/fhir+xml", "Origin", "https://any.example")
	if status != 200 || h.Get("Content-Type") != "application/json" || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" {
		t.Fatal(status, h)
	}
	if m["issuer"] != b.base {
		t.Error(m["issuer"])
	}
	has := func(name string, want ...string) {
		t.Helper()
		list, _ := m[name].([]any)
		for _, one := range want {
			if !slices.Contains(list, any(one)) {
				t.Errorf("%s lacks %s: %v", name, one, list)
			}
		}
	}
	has("capabilities", "launch-ehr", "launch-standalone", "authorize-post", "client-public", "client-confidential-symmetric", "client-confidential-asymmetric", "sso-openid-connect",
		"context-banner", "context-style", "context-ehr-patient", "context-ehr-encounter", "context-standalone-patient", "permission-offline", "permission-online", "permission-patient",
		"permission-user", "permission-v1", "permission-v2")
	has("grant_types_supported", "authorization_code", "client_credentials", "refresh_token")
	has("code_challenge_methods_supported", "S256")
	has("token_endpoint_auth_signing_alg_values_supported", "RS384", "ES384")
	has("id_token_signing_alg_values_supported", "RS256")
	has("token_endpoint_auth_methods_supported", "client_secret_basic", "private_key_jwt", "none")
	if list, _ := m["code_challenge_methods_supported"].([]any); len(list) != 1 {
		t.Error(list)
	}
	if m["registration_endpoint"] != nil {
		t.Error("registration is off, and advertised")
	}
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "introspection_endpoint", "revocation_endpoint", "management_endpoint", "jwks_uri"} {
		target, _ := m[name].(string)
		if !strings.HasPrefix(target, b.root+"/auth/") {
			t.Errorf("%s is %q", name, target)
			continue
		}
		status, _, _ := b.send(http.MethodOptions, strings.TrimPrefix(target, b.root), nil)
		if status == http.StatusNotFound {
			t.Errorf("%s is not there", name)
		}
	}
	for _, scope := range m["scopes_supported"].([]any) {
		if _, err := understood(scope.(string)); err != nil {
			t.Errorf("%s is advertised: %v", scope, err)
		}
	}
	for _, path := range []string{"/fhir/.well-known/openid-configuration", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/fhir"} {
		status, m, h := b.send(http.MethodGet, path, nil)
		if status != 200 || h.Get("Access-Control-Allow-Origin") != "*" {
			t.Error(path, status)
		}
		for _, name := range []string{"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported"} {
			if m[name] == nil {
				t.Errorf("%s lacks %s", path, name)
			}
		}
	}
	for _, path := range []string{"/.well-known/udap", "/fhir/.well-known/udap", "/.well-known/smart-configuration/x", "/other/.well-known/smart-configuration"} {
		if status, _, _ := b.send(http.MethodGet, path, nil); status != http.StatusNotFound {
			t.Error(path, status)
		}
	}
	status, _, again := b.send(http.MethodGet, "/fhir/.well-known/smart-configuration", nil, "If-None-Match", h.Get("ETag"))
	if status != http.StatusNotModified {
		t.Error(status, again)
	}
	if status, _, h := b.send(http.MethodPost, "/fhir/.well-known/smart-configuration", url.Values{}); status != 405 || h.Get("Allow") == "" {
		t.Error(status)
	}
}

// TestBehindProxy: the endpoints are where clients see the base.
func TestBehindProxy(t *testing.T) {
	for base, want := range map[string]string{
		"https://fhir.example.org/fhir": "https://fhir.example.org/auth/token", "https://example.org/hospital/fhir/": "https://example.org/hospital/auth/token", "https://example.org": "https://example.org/auth/token"} {
		s := &Server{config: Config{Base: func(*http.Request) string { return base }}}
		if got := s.url(nil, "/token"); got != want {
			t.Errorf("%s: %s", base, got)
		}
	}
}

func TestCORS(t *testing.T) {
	b := open(t)
	b.client(func(c *Client) { c.Origins = []string{"https://app.example.org"} })
	b.client(func(c *Client) { c.ID, c.Origins = "other", []string{"https://other.example.org"} })
	preflight := func(origin, path string) string {
		_, _, h := b.send(http.MethodOptions, path, nil, "Origin", origin, "Access-Control-Request-Method", "POST")
		if h.Get("Access-Control-Allow-Credentials") != "" {
			t.Error("credentials are allowed")
		}
		return h.Get("Access-Control-Allow-Origin")
	}
	for _, one := range []struct{ origin, path, want string }{
		{"https://app.example.org", "/auth/token", "https://app.example.org"}, {"https://app.example.org", "/auth/revoke", "https://app.example.org"}, {"https://evil.example", "/auth/token", ""},
		{"null", "/auth/token", ""}, {"https://app.example.org", "/auth/authorize", ""}, {"https://app.example.org", "/auth/consent", ""}, {"https://app.example.org", "/auth/introspect", ""},
		{"https://evil.example", "/auth/jwks", "*"}} {
		if got := preflight(one.origin, one.path); got != one.want {
			t.Errorf("%s at %s: %q", one.origin, one.path, got)
		}
	}
	v := url.Values{"grant_type": {GrantCode}, "code": {"x"}, "redirect_uri": {appRedirect}, "code_verifier": {verifier}, "client_id": {"app"}}
	for origin, want := range map[string]string{"https://app.example.org": "https://app.example.org", "https://other.example.org": "", "https://evil.example": ""} {
		_, _, h := b.send(http.MethodPost, "/auth/token", v, "Origin", origin)
		if got := h.Get("Access-Control-Allow-Origin"); got != want || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Origin") {
			t.Errorf("%s: %q %v", origin, got, h)
		}
	}
	if !b.server.MayCall(t.Context(), "https://other.example.org") || b.server.MayCall(t.Context(), "https://evil.example") {
		t.Error("MayCall")
	}
	if _, err := b.clients.SetStatus(t.Context(), "other", Disabled); err != nil {
		t.Fatal(err)
	}
	b.clock.Add(originsFresh)
	if b.server.MayCall(t.Context(), "https://other.example.org") {
		t.Error("the origin of a disabled client")
	}
}
