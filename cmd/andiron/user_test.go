package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"andiron.dev/smart/account"
)

// TestUser administers users beside an open store, as a server would have it.
func TestUser(t *testing.T) {
	dir := t.TempDir()
	flags := &storeFlags{Store: "sqlite:" + dir, Cache: 24}
	st, err := flags.open()
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	accounts, err := account.New(account.Options{Store: st})
	if err != nil {
		t.Fatal(err)
	}
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	user := func(want int, args ...string) (out map[string]any, said string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		status := run(t.Context(), append(append([]string{"user"}, args...), "--store", "sqlite:"+dir), &stdout, &stderr)
		if status != want {
			t.Fatalf("user %v: status %d: %s%s", args, status, &stdout, &stderr)
		}
		if want == 0 {
			if err := json.Unmarshal(stdout.Bytes(), &out); err != nil {
				t.Fatalf("user %v: %v: %s", args, err, &stdout)
			}
		}
		return out, stdout.String() + stderr.String()
	}
	const password = "four random quiet words"
	login := func(name, password string) error {
		_, err := accounts.Login(t.Context(), account.Caller{}, name, password, "")
		return err
	}
	out, said := user(0, "add", "--username", "ana", "--password-file", file(password+"\r\n"), "--fhir-user", "Practitioner/1", "--role", "nurse", "--role", "biller")
	if out["username"] != "ana" || out["fhir_user"] != "Practitioner/1" || len(out["roles"].([]any)) != 2 || out["id"] == "" || strings.Contains(said, password) || strings.Contains(said, "argon2") {
		t.Errorf("%s", said)
	}
	if err := login("ana", password); err != nil {
		t.Error(err)
	}
	for _, bad := range [][]string{
		{"add", "--username", "Ana", "--password-file", file(password)}, {"add", "--username", "ben", "--password-file", file("short")}, {"add", "--username", "ben", "--password-file", file("\n")},
		{"add", "--username", "ben", "--password-file", filepath.Join(dir, "none")}, {"add", "--username", "b en"}, {"add", "--username", "ben", "--fhir-user", "Observation/1"},
		{"disable", "nobody"}, {"mfa", "--username", "nobody"}, {"link", "ana", "--issuer", "", "--subject", "x"},
	} {
		user(1, bad...)
	}
	for _, bad := range [][]string{{"add"}, {"disable"}, {"disable", "ana", "--username", "ben"}, {"add", "--username", "ben", "--role", "wizard"}, {"set", "ana"}, {"add", "--username", "ben", "--base-url", "x"}} {
		user(2, bad...)
	}
	out, _ = user(0, "add", "--username", "ben", "--base-url", "https://h.example/x/fhir/")
	link, ok := strings.CutPrefix(out["setup_url"].(string), "https://h.example/x/auth/setup?token=")
	if !ok {
		t.Fatal(out)
	}
	if _, err := accounts.UseLink(t.Context(), account.Caller{}, link, "", password); err != nil {
		t.Error(err)
	}
	if out, _ = user(0, "list"); len(out["users"].([]any)) != 2 {
		t.Errorf("%v", out)
	}
	if out, _ = user(0, "disable", "ana"); out["disabled"] != true || login("ana", password) == nil {
		t.Errorf("%v", out)
	}
	if out, _ = user(0, "enable", "--username", "ana"); out["disabled"] != nil || login("ana", password) != nil {
		t.Errorf("%v", out)
	}
	if out, _ = user(0, "set", "ana", "--role", "admin"); len(out["roles"].([]any)) != 1 || out["fhir_user"] != "Practitioner/1" {
		t.Errorf("%v", out)
	}
	user(0, "reset", "ana", "--password-file", file("some other words here"))
	if login("ana", password) == nil || login("ana", "some other words here") != nil {
		t.Error("the password is not the new one")
	}
	if out, _ = user(0, "reset", "ana"); !strings.HasPrefix(out["setup_url"].(string), "http://127.0.0.1:8080/auth/setup?token=") || login("ana", "some other words here") == nil {
		t.Errorf("%v", out)
	}
	if out, _ = user(0, "mfa", "ana", "--reset"); out["factors"].(map[string]any)["totp"] != false {
		t.Errorf("%v", out)
	}
	if out, _ = user(0, "link", "ana", "--issuer", "https://idp.example", "--subject", "s1"); out["identity"].(map[string]any)["sub"] != "s1" {
		t.Errorf("%v", out)
	}
	if _, said = user(1, "link", "ben", "--issuer", "https://idp.example", "--subject", "s1"); !strings.Contains(said, "another user") {
		t.Error(said)
	}
}
