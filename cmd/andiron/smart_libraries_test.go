package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// TestSMARTLibraries has real client libraries (npm's fhirclient and openid-client) go through standalone launch, EHR launch, refresh
// and backend services with a demo hospital: conformance/spec/smart/launch.mjs.
func TestSMARTLibraries(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: it installs npm packages")
	}
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: real SMART client libraries need %s, and it is not there", tool)
		}
	}
	dir := installed(t)
	store := "sqlite:" + t.TempDir()
	s := startServer(t, "demo", "--store", store, "--auth", "smart")
	keys, jwk := backendKeys(t)
	administer(t, "client", "add", "--store", store, "--id", "backend", "--name", "Warehouse", "--scope", "system/Observation.rs", "--grant", "client_credentials", "--jwks", keys)
	rotated := administer(t, "client", "rotate", "--store", store, demoEHR)
	it, err := json.Marshal(map[string]any{
		"base": s.url, "app": "demo-app", "patient": "pat-ben", "encounter": "enc-ben-stay",
		"user":    map[string]string{"username": "lee", "password": demoPassword, "fhirUser": "Practitioner/dr-lee"},
		"person":  map[string]string{"username": "ana", "password": demoPassword, "patient": "pat-ana"},
		"ehr":     map[string]any{"id": demoEHR, "secret": rotated["client_secret"]},
		"backend": map[string]any{"id": "backend", "kid": "k1", "jwk": jwk},
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "launch.mjs")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "ANDIRON="+string(it))
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// installed is a folder with the script and its packages.
func installed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, "conformance/spec/smart"))); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("npm", "ci", "--legacy-peer-deps", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: the npm packages of real SMART client libraries cannot be installed: %v\n%s", err, out)
	}
	return dir
}

// backendKeys gives a file with a client's public key, and its private key.
func backendKeys(t *testing.T) (file string, private json.RawMessage) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	write := func(v any) json.RawMessage {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	file = filepath.Join(t.TempDir(), "jwks.json")
	public := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES384"}}}
	if err := os.WriteFile(file, write(public), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, write(jose.JSONWebKey{Key: key, KeyID: "k1"})
}

// administer runs a command of administration and returns what it prints.
func administer(t *testing.T, args ...string) (printed map[string]any) {
	t.Helper()
	status, out, stderr := command(args...)
	if status != 0 {
		t.Fatalf("andiron %s: %d %s", strings.Join(args, " "), status, stderr)
	}
	if err := json.Unmarshal([]byte(out), &printed); err != nil {
		t.Fatalf("andiron %s: %v in %s", strings.Join(args, " "), err, out)
	}
	return printed
}
