package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestReindex builds the index anew with and without a server, and refuses what it cannot do.
func TestReindex(t *testing.T) {
	files, dir := t.TempDir(), t.TempDir()
	writeFiles(t, files, 3, 20)
	store := "sqlite:" + dir
	if status, out, stderr := command("import", "--store", store, files); status != 0 {
		t.Fatalf("%d\n%s%s", status, out, stderr)
	}
	for _, test := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{}, 0, "(repair): complete, 63 of 63 resources, 100 %"},
		{[]string{"--type", "Patient"}, 0, "complete, 60 of 60 resources"},
		{[]string{"--parameter", "http://hl7.org/fhir/SearchParameter/individual-family"}, 0, "complete, 60 of 60 resources"},
		{[]string{"--type", "Basic"}, 0, "complete, 0 of 0 resources"},
		{[]string{"--pending"}, 0, ""},
		{[]string{"--type", "Patiant"}, 2, "is not a resource type"},
		{[]string{"--parameter", "http://example.org/none"}, 1, "no search parameter with this url is in force"},
		{[]string{"--pending", "--type", "Patient"}, 2, "goes neither with"},
	} {
		status, out, stderr := command(append([]string{"reindex", "--store", store}, test.args...)...)
		if status != test.status || !strings.Contains(out+stderr, test.want) {
			t.Errorf("%v: exit status %d\n%s%s", test.args, status, out, stderr)
		}
	}
	server := startServer(t, "serve", "--store", store)
	defer server.stop(t)
	for name, args := range map[string][]string{"beside it": {"--store", store}, "through it": {"--server", server.url}} {
		status, out, stderr := command(append([]string{"reindex", "--type", "Patient"}, args...)...)
		if status != 0 || !strings.Contains(out, "complete, 60 of 60 resources") {
			t.Errorf("%s: exit status %d\n%s%s", name, status, out, stderr)
		}
	}
	if status, _, stderr := command("reindex", "--server", server.url, "--parameter", "http://example.org/none"); status != 1 || !strings.Contains(stderr, "404") {
		t.Errorf("through the server, what there is not: %d %s", status, stderr)
	}
	if status, out, stderr := command("check", "--deep", "--store", store); status != 0 {
		t.Errorf("check: %d\n%s%s", status, out, stderr)
	}
}

// TestParameterOfAnotherProcess: a search parameter that an import puts in force is served by the server beside it.
func TestParameterOfAnotherProcess(t *testing.T) {
	files, store := t.TempDir(), "sqlite:"+t.TempDir()
	server := startServer(t, "serve", "--store", store)
	defer server.stop(t)
	text := `{"resourceType":"Patient","id":"a","contact":[{"name":{"family":"Fox"}}]}
{"resourceType":"SearchParameter","id":"x","url":"http://example.org/x","name":"x","status":"active","description":"x","code":"contact","base":["Patient"],"type":"string","expression":"Patient.contact.name.family"}
`
	if err := os.WriteFile(filepath.Join(files, "a.ndjson"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, out, stderr := command("import", "--store", store, files); status != 0 {
		t.Fatalf("%d\n%s%s", status, out, stderr)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		status, body := strictly(t, server.url+"/Patient?contact=fox")
		if status == 200 && strings.Contains(body, `"total":1`) {
			return
		}
		if status != 400 || time.Now().After(deadline) {
			t.Fatalf("%d %s", status, body)
		}
	}
}

// strictly searches so that a parameter that is not served is an error.
func strictly(t testing.TB, url string) (status int, body string) {
	t.Helper()
	resp, text := roundTrip(t, http.MethodGet, url, "", "Prefer: handling=strict")
	return resp.StatusCode, text
}
