package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGateway goes through what README tells whoever connects a device gateway: a key pair, a registration on the store of a running
// server, a token, and an Observation with it; and that the token is good for nothing else.
func TestGateway(t *testing.T) {
	dir := t.TempDir()
	store, private, public := "sqlite:"+filepath.Join(dir, "store"), filepath.Join(dir, "gateway.key"), filepath.Join(dir, "gateway.jwks")
	s := startServer(t, "demo", "--store", store, "--auth", "smart")
	administer(t, "client", "keygen", "--private", private, "--public", public)
	if info, err := os.Stat(private); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key: %v, %v", info, err)
	}
	if status, _, stderr := command("client", "keygen", "--private", private, "--public", public); status != 1 || !strings.Contains(stderr, "exists") {
		t.Errorf("a key is overwritten: %d %s", status, stderr)
	}
	administer(t, "client", "add", "--store", store, "--id", "gateway", "--name", "Ward 3 monitors", "--grant", "client_credentials", "--scope", "system/Observation.cu", "--jwks", public)
	got := administer(t, "token", "get", "--server", s.url, "--client", "gateway", "--key", private, "--scope", "system/Observation.cu")
	send := func(method, path, body string) int {
		resp, _ := roundTrip(t, method, s.url+path, body, "Authorization: Bearer "+got["access_token"].(string), jsonBody)
		return resp.StatusCode
	}
	const pulse = `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"subject":{"reference":"Patient/pat-ana"}}`
	if code := send(http.MethodPost, "/Observation", pulse); code != http.StatusCreated {
		t.Errorf("an Observation: %d", code)
	}
	for _, path := range []string{"/Observation", "/Patient/pat-ana", "/Observation/obs-ben-hb"} {
		if code := send(http.MethodGet, path, ""); code != http.StatusForbidden {
			t.Errorf("GET %s: %d", path, code)
		}
	}
	if status, _, stderr := command("token", "get", "--server", s.url, "--client", "gateway", "--key", private, "--scope", "system/Patient.rs"); status != 1 || !strings.Contains(stderr, "invalid_scope") {
		t.Errorf("%d %s", status, stderr)
	}
	if status, _, stderr := command("token", "get", "--server", s.url, "--client", "nobody", "--key", private, "--scope", "system/Observation.cu"); status != 1 || !strings.Contains(stderr, "invalid_client") {
		t.Errorf("%d %s", status, stderr)
	}
}
