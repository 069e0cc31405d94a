package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCompose: what compose.yaml and the Dockerfile tell the program are settings that it has, and it would run with them.
func TestCompose(t *testing.T) {
	text, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	uri, keys := clusterArgs(t)
	values := map[string]string{"ANDIRON_STORE": uri, "ANDIRON_SECRET_KEY_FILE": keys, "ANDIRON_BASE_URL": "https://fhir.example.org/fhir"}
	names := regexp.MustCompile(`(?m)^\s+(ANDIRON_[A-Z_]+):`).FindAllStringSubmatch(string(text), -1)
	if len(names) != len(values) {
		t.Fatalf("%v", names)
	}
	for _, name := range names {
		if values[name[1]] == "" {
			t.Fatalf("nothing is known of %s", name[1])
		}
		t.Setenv(name[1], values[name[1]])
	}
	for service, command := range map[string][]string{"keys": {"key", "list", "--store", "sqlite:/keys"}, "andiron": {"serve", "--addr", "0.0.0.0:8080"}} {
		list, err := json.Marshal(command)
		if want := `command: ` + strings.ReplaceAll(string(list), `","`, `", "`); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s has not %s", service, want)
		}
	}
	if status, out, stderr := command("check", "--addr", "0.0.0.0:8080"); status != 0 || !strings.Contains(out, `"base-url": "https://fhir.example.org/fhir"`) || !strings.Contains(out, `"store": "mongodb://`) {
		t.Errorf("%d %s%s", status, out, stderr)
	}
	for _, name := range []string{"ANDIRON_STORE", "ANDIRON_SECRET_KEY_FILE", "ANDIRON_BASE_URL"} {
		os.Unsetenv(name)
	}
	dir := filepath.Join(t.TempDir(), "keys")
	if status, _, stderr := command("key", "list", "--store", "sqlite:"+dir); status != 0 {
		t.Fatal(stderr)
	}
	if info, err := os.Stat(filepath.Join(dir, "secret.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	image, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(image), "FROM golang:")
	version, _, _ := strings.Cut(rest, " ")
	module, err := os.ReadFile("../../go.mod")
	if err != nil || !strings.Contains(string(module), "\ngo "+version) {
		t.Errorf("the image is built with Go %s: %v", version, err)
	}
}
