package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRegisterIsForStaff: registering and merging with tokens (domain.md §3.9, §17.2).
func TestRegisterIsForStaff(t *testing.T) {
	dir := t.TempDir()
	store := "sqlite:" + filepath.Join(dir, "store")
	s := startServer(t, "demo", "--store", store, "--auth", "smart")
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("four random quiet words"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"front-desk", "front-desk-supervisor"} {
		administer(t, "user", "add", "--store", store, "--username", role, "--password-file", password, "--role", role)
	}
	token := func(args ...string) string {
		return administer(t, append([]string{"token", "issue", "--store", store, "--scope"}, args...)...)["access_token"].(string)
	}
	send := func(token, path, body string) (int, string, http.Header) {
		req, err := http.NewRequest(http.MethodPost, s.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/fhir+json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text), resp.Header
	}
	const another = `,{"name":"on-duplicate","valueCode":"create"},{"name":"reason","valueString":"twins"}`
	desk, head := token("user/Patient.cruds user/Account.cruds", "--user", "front-desk"), token("user/Patient.cruds user/Account.cruds", "--user", "front-desk-supervisor")
	for _, test := range []struct {
		name, token, more string
		want              int
	}{
		{"a patient", token("patient/*.cruds", "--patient", "pat-ana"), "", 403},
		{"without Account", token("user/Patient.cruds", "--user", "front-desk"), "", 403},
		{"a doctor", token("user/*.cruds", "--user", "lee"), "", 403},
		{"a client for itself", token("system/*.cruds"), "", 403},
		{"the desk", desk, "", 200}, {"again", desk, "", 409}, {"the desk, another", desk, another, 403}, {"its head, another", head, another, 200},
	} {
		if status, text, _ := send(test.token, "/Patient/$register", withParameters(evaNew+test.more)); status != test.want {
			t.Errorf("%s: %d, want %d: %s", test.name, status, test.want, text)
		}
	}
	// A merge takes a second factor, which a token for development has not seen.
	if status, text, header := send(desk, "/Patient/$merge", withParameters(dupIntoAna)); status != 401 || !strings.Contains(header.Get("WWW-Authenticate"), "insufficient_user_authentication") {
		t.Errorf("%d %v %s", status, header, text)
	}
	if status, text, _ := send(token("system/*.cruds"), "/Patient/$merge", withParameters(dupIntoAna)); status != 200 {
		t.Errorf("%d %s", status, text)
	}
}
