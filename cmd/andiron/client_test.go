package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// object runs a command that must succeed, and reads the one JSON object that it prints.
func object(t *testing.T, args ...string) map[string]any {
	t.Helper()
	status, out, stderr := command(args...)
	if status != 0 {
		t.Fatalf("%v: exit status %d\n%s%s", args, status, out, stderr)
	}
	values := map[string]any{}
	if err := json.Unmarshal([]byte(out), &values); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return values
}

// TestClientCommands administers clients while a server runs on the store.
func TestClientCommands(t *testing.T) {
	dir := t.TempDir()
	store := "sqlite:" + dir
	server := startServer(t, "serve", "--store", store)
	c := object(t, "client", "add", "--store", store, "--id", "app", "--name", "The App", "--scope", "openid launch/patient patient/*.rs", "--grant", "authorization_code", "--grant", "refresh_token",
		"--redirect-uri", "https://app.example.org/cb?a=1,2", "--origin", "https://app.example.org", "--public", "--json")
	if c["client_id"] != "app" || c["type"] != "public" || c["client_secret"] != nil || c["status"] != "active" || c["redirect_uris"].([]any)[0] != "https://app.example.org/cb?a=1,2" {
		t.Error(c)
	}
	c = object(t, "client", "add", "--store", store, "--id", "ehr", "--scope", "openid user/*.rs", "--grant", "authorization_code", "--redirect-uri", "https://ehr.example.org/cb", "--secret", "--trusted")
	secret, _ := c["client_secret"].(string)
	if len(secret) != 43 || c["trusted"] != true || c["name"] != "ehr" || c["secret_digests"] != nil {
		t.Error(c)
	}
	jwks := filepath.Join(dir, "jwks.json")
	set := `{"keys":[{"kty":"EC","crv":"P-384","kid":"k","x":"wcE8O55ro6aOuTf5Ty1k_IG4mTcuLiVercHouge1G5Ri-leevhev4uJzlHpi3U8r","y":"mLRgz8Giu6XA_AqG8bywqbygShmd8jowflrdx0KQtM5X4s4aqDeCRfcpexykp3aI"}]}`
	if err := os.WriteFile(jwks, []byte(set), 0o600); err != nil {
		t.Fatal(err)
	}
	c = object(t, "client", "add", "--store", store, "--id", "lab", "--scope", "system/Observation.cruds", "--grant", "client_credentials", "--jwks", jwks, "--role", "device-gateway")
	if c["type"] != "asymmetric" || c["jwks"] == nil {
		t.Error(c)
	}
	if list := object(t, "client", "list", "--store", store)["clients"].([]any); len(list) != 3 || strings.Contains(toText(list), secret) || strings.Contains(toText(list), "digest") {
		t.Error(list)
	}
	if c = object(t, "client", "show", "--store", store, "ehr"); c["client_secret"] != nil || c["secrets"] != 1.0 {
		t.Error(c)
	}
	if c = object(t, "client", "rotate", "--store", store, "--id", "ehr"); c["client_secret"] == secret || c["client_secret"] == nil || c["secrets"] != 2.0 {
		t.Error(c)
	}
	if c = object(t, "client", "rotate", "--store", store, "--id", "lab", "--jwks-url", "https://lab.example.org/jwks"); c["jwks"] != nil || c["jwks_url"] != "https://lab.example.org/jwks" {
		t.Error(c)
	}
	if c = object(t, "client", "disable", "--store", store, "app"); c["status"] != "disabled" {
		t.Error(c)
	}
	if c = object(t, "client", "enable", "--store", store, "app"); c["status"] != "active" {
		t.Error(c)
	}
	token := object(t, "token", "issue", "--store", store, "--scope", "patient/*.rs", "--patient", "ann", "--ttl", "10m")
	if text, _ := token["access_token"].(string); len(text) != 43 || token["patient"] != "ann" || token["expires_in"] != 600.0 {
		t.Error(token)
	}
	for _, one := range []struct {
		want string
		args []string
	}{
		{"exactly one of --jwks", []string{"client", "add", "--id", "x", "--scope", "openid", "--grant", "authorization_code", "--redirect-uri", "https://x.example/"}},
		{"exactly one of --jwks", []string{"client", "add", "--id", "x", "--scope", "openid", "--grant", "authorization_code", "--redirect-uri", "https://x.example/", "--public", "--secret"}},
		{"already", []string{"client", "add", "--id", "app", "--scope", "openid", "--grant", "authorization_code", "--redirect-uri", "https://x.example/", "--public"}},
		{"--redirect-uri: ", []string{"client", "add", "--id", "x", "--scope", "openid", "--grant", "authorization_code", "--redirect-uri", "http://x.example/", "--public"}},
		{"--scope: ", []string{"client", "add", "--id", "x", "--scope", "patient/*.sr", "--grant", "authorization_code", "--redirect-uri", "https://x.example/", "--public"}},
		{"--grant: client_credentials needs a key", []string{"client", "add", "--id", "x", "--scope", "system/*.rs", "--grant", "client_credentials", "--secret"}},
		{"--jwks: ", []string{"client", "add", "--id", "x", "--scope", "system/*.rs", "--grant", "client_credentials", "--jwks", jwks + ".none"}},
		{"no such", []string{"client", "show", "nobody"}},
		{"--id is missing", []string{"client", "show"}},
		{"name two clients", []string{"client", "show", "app", "--id", "ehr"}},
		{"only a symmetric client", []string{"client", "rotate", "app"}},
		{"only an asymmetric client", []string{"client", "rotate", "app", "--jwks-url", "https://x.example/"}},
		{"--patient: ", []string{"token", "issue", "--scope", "patient/*.rs"}},
		{"--ttl: ", []string{"token", "issue", "--scope", "system/*.rs", "--ttl", "48h"}},
	} {
		status, out, stderr := command(append(one.args, "--store", store)...)
		if status == 0 || !strings.Contains(stderr, one.want) || out != "" && !strings.HasPrefix(out, "Usage") {
			t.Errorf("%v: exit status %d\n%s%s", one.args, status, out, stderr)
		}
	}
	server.stop(t)
}

func toText(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}
