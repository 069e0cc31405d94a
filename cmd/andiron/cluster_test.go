package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"andiron.dev/fhir/store/mongo/replica"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/smart/secret"
)

// clusterArgs starts a replica set in memory and gives what a command is told about it.
func clusterArgs(t *testing.T) (uri string, keys string) {
	t.Helper()
	s, err := replica.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	dir := t.TempDir() // where a store makes keys
	if _, err := secret.Load(secret.Options{Default: dir}); err != nil {
		t.Fatal(err)
	}
	return s.URI(), filepath.Join(dir, secret.File)
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "one.ndjson")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func fetch(t *testing.T, method, url, body string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/fhir+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// TestCluster runs two servers on one replica set: what one writes the other reads, a condition has one winner, and one that is
// killed takes nothing with it.
func TestCluster(t *testing.T) {
	uri, keys := clusterArgs(t)
	args := []string{"serve", "--store", uri, "--secret-key-file", keys}
	a, b := startServer(t, args...), startServer(t, args...)
	if status, text := fetch(t, http.MethodPut, a.url+"/Patient/1", `{"resourceType":"Patient","id":"1","name":[{"family":"Fuchs"}]}`); status != http.StatusCreated {
		t.Fatalf("%d %s", status, text)
	}
	if status, text := fetch(t, http.MethodGet, b.url+"/Patient?family=fuchs", ""); status != http.StatusOK || !strings.Contains(text, `"family":"Fuchs"`) {
		t.Errorf("the other server answers %d %s", status, text)
	}
	type answer struct{ status int }
	answers := make(chan answer, 20)
	for i := range cap(answers) {
		url := []string{a.url, b.url}[i%2]
		go func() {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/Patient", strings.NewReader(`{"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"7"}]}`))
			if err != nil {
				answers <- answer{}
				return
			}
			req.Header.Set("Content-Type", "application/fhir+json")
			req.Header.Set("If-None-Exist", "identifier=urn:mrn|7")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				answers <- answer{}
				return
			}
			resp.Body.Close()
			answers <- answer{resp.StatusCode}
		}()
	}
	statuses := make(map[int]int)
	for range cap(answers) {
		got := <-answers
		statuses[got.status]++
	}
	if statuses[http.StatusCreated] != 1 || statuses[http.StatusOK] != cap(answers)-1 {
		t.Errorf("a conditional create by %d: %v", cap(answers), statuses)
	}
	a.kill()
	if status, text := fetch(t, http.MethodPut, b.url+"/Patient/2", `{"resourceType":"Patient","id":"2"}`); status != http.StatusCreated {
		t.Errorf("after the other server was killed: %d %s", status, text)
	}
	if status, _ := fetch(t, http.MethodGet, strings.TrimSuffix(b.url, "/fhir")+"/readyz", ""); status != http.StatusOK {
		t.Errorf("readyz: %d", status)
	}
	if status, out, stderr := command("check", "--deep", "--auth", "off", "--store", uri, "--secret-key-file", keys); status != 0 || !strings.Contains(out, "content is sound") ||
		!strings.Contains(out, "sh.shardCollection") || !strings.Contains(out, `"permissions": "sufficient"`) {
		t.Errorf("check: %d\n%s%s", status, out, stderr)
	}
}

// TestClusterMistakes: what keeps a server from using a cluster is said in words.
func TestClusterMistakes(t *testing.T) {
	uri, keys := clusterArgs(t)
	if status, _, stderr := command("check", "--auth", "off", "--store", uri); status != 2 || !strings.Contains(stderr, "--secret-key-file") {
		t.Errorf("without keys: %d %s", status, stderr)
	}
	s, err := replica.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Standalone = true
	if status, _, stderr := command("check", "--auth", "off", "--store", s.URI(), "--secret-key-file", keys); status != 1 || !strings.Contains(stderr, "rs.initiate(") || !strings.Contains(stderr, "--replSet rs0") {
		t.Errorf("a standalone server: %d %s", status, stderr)
	}
	if status, _, stderr := command("check", "--auth", "off", "--store", "mongodb://ann:geheim@127.0.0.1:1/?replicaSet=rs0", "--mongo-timeout", "200ms", "--secret-key-file", keys); status != 1 || strings.Contains(stderr, "geheim") {
		t.Errorf("nobody there: %d %s", status, stderr)
	}
	if status, out, _ := command("check", "--auth", "off", "--store", uri, "--secret-key-file", keys); status != 0 || !strings.Contains(out, "there is none yet") {
		t.Errorf("an empty cluster: %d %s", status, out)
	}
}

// TestCopy copies a store to a cluster and back: history, version ids, times and the audit trail come along.
func TestCopy(t *testing.T) {
	chosen.Folder(t)
	uri, keys := clusterArgs(t)
	first, second := "sqlite:"+t.TempDir(), "sqlite:"+t.TempDir()
	s := startServer(t, "serve", "--store", first, "--secret-key-file", keys)
	for _, family := range []string{"Amsel", "Drossel", "Fink"} {
		if status, text := fetch(t, http.MethodPut, s.url+"/Patient/1", `{"resourceType":"Patient","id":"1","name":[{"family":"`+family+`"}]}`); status >= 300 {
			t.Fatalf("%d %s", status, text)
		}
	}
	if status, text := fetch(t, http.MethodPost, s.url+"/Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.10},"subject":{"reference":"Patient/1"}}`); status >= 300 {
		t.Fatalf("%d %s", status, text)
	}
	if status, text := fetch(t, http.MethodPut, s.url+"/Patient/2", `{"resourceType":"Patient","id":"2"}`); status >= 300 {
		t.Fatalf("%d %s", status, text)
	}
	if status, text := fetch(t, http.MethodDelete, s.url+"/Patient/2", ""); status >= 300 {
		t.Fatalf("%d %s", status, text)
	}
	_, before := fetch(t, http.MethodGet, s.url+"/Patient/1/_history/2", "")
	s.kill()
	for _, way := range [][2]string{{first, uri}, {uri, second}} {
		status, out, stderr := command("copy", "--from", way[0], "--to", way[1], "--secret-key-file", keys)
		if status != 0 || !strings.Contains(out, `"Patient":5`) {
			t.Fatalf("copying: %d %s%s", status, out, stderr)
		}
		if status, _, stderr := command("copy", "--from", way[0], "--to", way[1], "--secret-key-file", keys); status != 1 || !strings.Contains(stderr, "is not empty") {
			t.Errorf("copying again: %d %s", status, stderr)
		}
	}
	for _, store := range []string{uri, second} {
		s := startServer(t, "serve", "--store", store, "--secret-key-file", keys)
		if _, after := fetch(t, http.MethodGet, s.url+"/Patient/1/_history/2", ""); after != before {
			t.Errorf("a version was %s and is %s", before, after)
		}
		if status, _ := fetch(t, http.MethodGet, s.url+"/Patient/2", ""); status != http.StatusGone {
			t.Errorf("what was deleted is %d", status)
		}
		if _, text := fetch(t, http.MethodGet, s.url+"/Observation?subject=Patient/1", ""); !strings.Contains(text, "1.10") {
			t.Errorf("a search in the copy: %s", text)
		}
		s.kill()
		if status, out, stderr := command("check", "--deep", "--auth", "off", "--store", store, "--secret-key-file", keys); status != 0 {
			t.Errorf("check: %s%s", out, stderr)
		}
	}
}
