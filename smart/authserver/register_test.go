package authserver

import (
	"net/http"
	"strings"
	"testing"
)

func TestRegister(t *testing.T) {
	off := open(t)
	if status, _, _ := off.sendBody(http.MethodPost, "/auth/register", strings.NewReader(`{}`), "Content-Type", "application/json"); status != http.StatusNotFound {
		t.Error("it is not off:", status)
	}
	b := open(t, func(c *Config) { c.AllowRegister = true })
	_, set := rsaSet(t)
	register := func(body string) (int, map[string]any) {
		status, out, _ := b.sendBody(http.MethodPost, "/auth/register", strings.NewReader(body), "Content-Type", "application/json")
		return status, out
	}
	status, out := register(`{"client_name":"Mine","redirect_uris":["https://mine.example/cb"],"token_endpoint_auth_method":"none","scope":"openid patient/*.cruds system/*.rs","grant_types":["authorization_code","refresh_token"],"contacts":["x"]}`)
	if status != 201 || out["client_id"] == nil || out["client_secret"] != nil || out["scope"] != "openid patient/*.rs" {
		t.Fatal(status, out)
	}
	c, err := b.clients.Get(t.Context(), out["client_id"].(string))
	if err != nil || c.Trusted || !c.Registered || c.Type != Public || len(c.Origins) != 1 || c.Origins[0] != "https://mine.example" {
		t.Error(c, err)
	}
	status, out = register(`{"client_name":"Mine","redirect_uris":["https://mine.example/cb"]}`)
	if secret, _ := out["client_secret"].(string); status != 201 || len(secret) != 43 || out["client_secret_expires_at"] != 0.0 || out["token_endpoint_auth_method"] != "client_secret_basic" {
		t.Error(status, out)
	}
	// Who has registered itself may not look into the tokens of others.
	if status, _, _ := b.send(http.MethodPost, "/auth/introspect", map[string][]string{"token": {"x"}}, "Authorization", basic(out["client_id"].(string), out["client_secret"].(string))); status != 403 {
		t.Error("introspection:", status)
	}
	if status, out := register(`{"client_name":"Mine","redirect_uris":["https://mine.example/cb"],"token_endpoint_auth_method":"private_key_jwt","jwks":` + string(set) + `}`); status != 201 || out["jwks"] == nil {
		t.Error(status, out)
	}
	for body, code := range map[string]string{
		`{`:                      invalidRequest,
		`{"client_name":1}`:      invalidClientMetadata,
		`{"client_name":"Mine"}`: invalidRedirectURI,
		`{"client_name":"Mine","redirect_uris":["http://evil.example/"]}`:                                                          invalidRedirectURI,
		`{"client_name":"Mine","redirect_uris":["https://mine.example/"],"grant_types":["client_credentials"]}`:                    invalidClientMetadata,
		`{"client_name":"Mine","redirect_uris":["https://mine.example/"],"response_types":["token"]}`:                              invalidClientMetadata,
		`{"client_name":"Mine","redirect_uris":["https://mine.example/"],"token_endpoint_auth_method":"client_secret_post"}`:       invalidClientMetadata,
		`{"client_name":"Mine","redirect_uris":["https://mine.example/"],"scope":"system/*.rs"}`:                                   invalidClientMetadata,
		`{"redirect_uris":["https://mine.example/"]}`:                                                                              invalidClientMetadata,
		`{"client_name":"a","client_name":"b","redirect_uris":["https://mine.example/"]}`:                                          invalidRequest,
		`{"client_name":"Mine","redirect_uris":["https://mine.example/"],"token_endpoint_auth_method":"private_key_jwt","jwks":1}`: invalidClientMetadata,
	} {
		if status, out := register(body); status != 400 || out["error"] != code {
			t.Errorf("%s: %d %v", body, status, out)
		}
	}
}
