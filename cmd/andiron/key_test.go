package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/smart/secret"
)

// sealed keeps a record with a secret in it in a store.
func sealed(t *testing.T, dir, kind string, k *secret.Keys, name string) {
	t.Helper()
	st, err := (&storeFlags{Store: "sqlite:" + dir}).open()
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	text, err := k.Seal([]byte("the secret of "+name), []byte(name))
	if err != nil {
		t.Fatal(err)
	}
	value, _ := json.Marshal(map[string]any{"seed": text})
	if err := st.Update(t.Context(), nil, func(tx fhir.Tx) error {
		return tx.Keep(t.Context(), &fhir.Record{Kind: kind, Key: name, Value: value})
	}); err != nil {
		t.Fatal(err)
	}
}

func opened(t *testing.T, dir, kind string, k *secret.Keys, name string) string {
	t.Helper()
	st, err := (&storeFlags{Store: "sqlite:" + dir}).open()
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var value struct{ Seed []byte }
	if err := st.View(t.Context(), func(tx fhir.Tx) error {
		r, err := tx.Record(t.Context(), kind, name)
		if err != nil {
			return err
		}
		return json.Unmarshal(r.Value, &value)
	}); err != nil {
		t.Fatal(err)
	}
	plain, err := k.Open(value.Seed, []byte(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

func keyCommandOf(t *testing.T, want int, args ...string) *keyReport {
	t.Helper()
	status, out, stderr := command(append([]string{"key"}, args...)...)
	if status != want {
		t.Fatalf("key %v: %d %s%s", args, status, out, stderr)
	}
	var r keyReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("key %v: %v: %s", args, err, out)
	}
	return &r
}

func TestKeyRotation(t *testing.T) {
	chosen.Folder(t)
	dir := t.TempDir()
	store := []string{"--store", "sqlite:" + dir}
	first := keyCommandOf(t, 0, append([]string{"list"}, store...)...)
	if len(first.Keys) != 1 || !first.Keys[0].Seals || first.Where != filepath.Join(dir, secret.File) {
		t.Fatalf("%+v", first)
	}
	k, err := secret.Load(secret.Options{Default: dir}) // a server that runs
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range sealedKinds() {
		sealed(t, dir, kind, k, "x")
	}
	rotated := keyCommandOf(t, 0, append([]string{"rotate"}, store...)...)
	if rotated.Added == "" || len(rotated.Keys) != 2 || rotated.Keys[1].ID != rotated.Added || rotated.Rewrapped != len(sealedKinds()) || rotated.Keys[0].Records != 0 || rotated.Keys[1].Records != rotated.Records {
		t.Errorf("%+v", rotated)
	}
	for _, kind := range sealedKinds() {
		if got := opened(t, dir, kind, k, "x"); got != "the secret of x" {
			t.Errorf("%s: %q", kind, got)
		}
	}
	if pruned := keyCommandOf(t, 0, append([]string{"prune"}, store...)...); len(pruned.Removed) != 0 || len(pruned.Keys) != 2 {
		t.Errorf("a key that was replaced just now is forgotten: %+v", pruned)
	}
	// As it will be tomorrow.
	file := filepath.Join(dir, secret.File)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	today, yesterday := time.Now().UTC().Format("2006-01-02T"), time.Now().UTC().Add(-24*time.Hour).Format("2006-01-02T")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), today, yesterday)), 0o600); err != nil {
		t.Fatal(err)
	}
	if pruned := keyCommandOf(t, 0, append([]string{"prune"}, store...)...); len(pruned.Removed) != 1 || pruned.Removed[0] != first.Keys[0].ID || len(pruned.Keys) != 1 {
		t.Errorf("%+v", pruned)
	}
	if got := opened(t, dir, sealedKinds()[0], k, "x"); got != "the secret of x" {
		t.Errorf("%q", got)
	}
	// The keys are lost.
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if lost := keyCommandOf(t, 1, append([]string{"list"}, store...)...); lost.Lost != len(sealedKinds()) {
		t.Errorf("%+v", lost)
	}
}

func TestKeysFromElsewhere(t *testing.T) {
	chosen.Folder(t)
	dir := t.TempDir()
	store := []string{"--store", "sqlite:" + filepath.Join(dir, "store")}
	file := filepath.Join(dir, "key")
	if status, _, stderr := command(append([]string{"key", "list", "--secret-key-file", file}, store...)...); status == 0 {
		t.Errorf("a file that is not there: %s", stderr)
	}
	const one, two = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=", "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
	if err := os.WriteFile(file, []byte(two), 0o644); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := command(append([]string{"key", "list", "--secret-key-file", file}, store...)...); status == 0 || !strings.Contains(stderr, "chmod 600") || strings.Contains(stderr, two[:8]) {
		t.Errorf("a file that everybody can read: %d %s", status, stderr)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ANDIRON_SECRET_KEY_FILE", file)
	named := keyCommandOf(t, 0, append([]string{"list"}, store...)...)
	if named.Where != file {
		t.Errorf("%+v", named)
	}
	os.Unsetenv("ANDIRON_SECRET_KEY_FILE")
	t.Setenv("ANDIRON_SECRET_KEY", one)
	if status, _, stderr := command(append([]string{"key", "list"}, store...)...); status == 0 || strings.Contains(stderr, one) {
		t.Errorf("a key that is not random: %d %s", status, stderr)
	}
	t.Setenv("ANDIRON_SECRET_KEY", two)
	env := keyCommandOf(t, 0, append([]string{"list"}, store...)...)
	if len(env.Keys) != 1 || env.Keys[0].ID != named.Keys[0].ID || !strings.Contains(env.Where, "ANDIRON_SECRET_KEY") {
		t.Errorf("%+v", env)
	}
	if rotated := keyCommandOf(t, 0, append([]string{"rotate"}, store...)...); rotated.Added != "" || len(rotated.Keys) != 1 {
		t.Errorf("%+v", rotated)
	}
	if _, err := os.Stat(filepath.Join(dir, "store", secret.File)); err == nil {
		t.Error("a key file was made although there is a key")
	}
}
