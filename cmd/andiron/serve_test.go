package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir/store/storetest/chosen"
)

// TestServerSurvivesKill: what was acknowledged is there after kill -9, under its id and with its version, and the next server goes
// on from there.
func TestServerSurvivesKill(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[string]string{} // id -> family
	for round := range 3 {
		s := startServer(t, "serve", "--store", "sqlite:"+dir)
		var mu sync.Mutex
		var wg sync.WaitGroup
		stop := time.Now().Add(400 * time.Millisecond)
		for worker := range 8 {
			wg.Go(func() {
				client := &http.Client{}
				for i := 0; ; i++ {
					family := fmt.Sprintf("r%dw%di%d", round, worker, i)
					resp, err := client.Post(s.url+"/Patient", "application/fhir+json", strings.NewReader(`{"resourceType":"Patient","name":[{"family":"`+family+`"}]}`))
					if err != nil {
						return // killed
					}
					var created struct{ ID string }
					err = json.NewDecoder(resp.Body).Decode(&created)
					resp.Body.Close()
					if resp.StatusCode == http.StatusCreated && err == nil {
						mu.Lock()
						acknowledged[created.ID] = family
						mu.Unlock()
					}
				}
			})
		}
		time.Sleep(time.Until(stop))
		s.kill()
		wg.Wait()
	}
	s := startServer(t, "serve", "--store", "sqlite:"+dir)
	for id, family := range acknowledged {
		if status, body := s.do(t, http.MethodGet, "/Patient/"+id, ""); status != http.StatusOK || !strings.Contains(body, family) {
			t.Fatalf("%s was acknowledged and is lost: %d %s", id, status, body)
		}
	}
	if n := s.total(t, "Patient"); n < len(acknowledged) || len(acknowledged) < 10 {
		t.Errorf("%d acknowledged, %d found by search", len(acknowledged), n)
	}
	if took := s.stop(t); took > 5*time.Second {
		t.Errorf("an idle server took %s to stop", took)
	}
	if status, out, stderr := command("check", "--deep", "--store", "sqlite:"+dir); status != 0 {
		t.Errorf("check: %d\n%s%s", status, out, stderr)
	}
}

func TestServerTellsOnlyWhatItMay(t *testing.T) {
	s := startServer(t, "serve", "--store", "sqlite:"+t.TempDir())
	base := strings.TrimSuffix(s.url, "/fhir")
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ready"} {
		resp, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d, want %s", path, resp.StatusCode, want)
		}
	}
	req, _ := http.NewRequest(http.MethodGet, s.url+"/Patient", nil)
	req.Host = "evil.example"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a request for another host got %d", resp.StatusCode)
	}
}

func TestSettingsReportEveryMistakeAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "andiron.json")
	if err := os.WriteFile(file, []byte(`{"addr":"nowhere","bogus":1,"max-body-mb":"many","request-timeout":"5"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ANDIRON_MAX_ENTRIES", "lots")
	status, _, stderr := command("check", "--config", file)
	if status != 2 {
		t.Errorf("exit status %d, want 2", status)
	}
	for _, want := range []string{"'bogus' is not a setting", "max-body-mb", "request-timeout", "ANDIRON_MAX_ENTRIES"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is missing in\n%s", want, stderr)
		}
	}
	t.Setenv("ANDIRON_MAX_ENTRIES", "0")
	status, _, stderr = command("check", "--addr", "0.0.0.0:80", "--base-url", "x", "--store", "oracle:x", "--origin", "y")
	for _, want := range []string{"--addr", "--base-url", "https", "--store", "--origin", "--max-entries"} {
		if status != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%d: %q is missing in\n%s", status, want, stderr)
		}
	}
	status, _, stderr = command("check", "--auth", "off", "--addr", "0.0.0.0:80")
	if status != 2 || !strings.Contains(stderr, "must be a loopback address") {
		t.Errorf("%d: everybody may do everything from everywhere:\n%s", status, stderr)
	}
}

func TestSettingsComeFromFlagsThenEnvironmentThenFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "andiron.json")
	if err := os.WriteFile(file, []byte(`{"max-entries":1,"max-body-mb":1,"max-bundle-mb":1,"origin":["https://a.example","https://b.example"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ANDIRON_MAX_BODY_MB", "2")
	t.Setenv("ANDIRON_MAX_BUNDLE_MB", "2")
	status, out, stderr := command("check", "--config", file, "--max-bundle-mb", "3", "--store", "sqlite:"+t.TempDir())
	if status != 0 {
		t.Fatalf("%d %s", status, stderr)
	}
	var effective struct {
		Settings map[string]any `json:"settings"`
	}
	if err := json.Unmarshal([]byte(out), &effective); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, want := range map[string]string{"max-entries": "1", "max-body-mb": "2", "max-bundle-mb": "3", "origin": "[https://a.example https://b.example]"} {
		if got := fmt.Sprint(effective.Settings[name]); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

func TestDemoIsLoadedOnce(t *testing.T) {
	dir := t.TempDir()
	s := startServer(t, "demo", "--store", "sqlite:"+dir)
	before := s.total(t, "Patient")
	if status, body := s.do(t, http.MethodDelete, "/Patient/pat-dup", ""); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, body)
	}
	s.stop(t)
	s = startServer(t, "demo", "--store", "sqlite:"+dir)
	if after := s.total(t, "Patient"); before < 4 || after != before-1 {
		t.Errorf("%d patients, after a deletion and a restart %d", before, after)
	}
}

func TestServeRefusesAStoreOfTheFuture(t *testing.T) {
	chosen.Folder(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "andiron.db"), []byte("this is no database, but a text of some length"), 0o600); err != nil {
		t.Fatal(err)
	}
	status, _, stderr := command("serve", "--store", "sqlite:"+dir, "--addr", "127.0.0.1:0")
	if status != 1 || !strings.Contains(stderr, "store cannot be opened") {
		t.Errorf("%d %s", status, stderr)
	}
}
