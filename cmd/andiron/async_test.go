package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestAsyncSurvivesKill: a job that a killed server had promised has a result, or is reported as interrupted; it is not lost.
func TestAsyncSurvivesKill(t *testing.T) {
	dir := t.TempDir()
	s := startServer(t, "serve", "--store", "sqlite:"+dir)
	for i := range 20 {
		if status, body := s.do(t, http.MethodPost, "/Patient", patient(i)); status != http.StatusCreated {
			t.Fatalf("%d %s", status, body)
		}
	}
	var jobs []string
	for range 40 {
		req, err := http.NewRequest(http.MethodGet, s.url+"/Patient?_count=20", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Prefer", "respond-async")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		path, ok := strings.CutPrefix(resp.Header.Get("Content-Location"), s.url)
		if resp.StatusCode != http.StatusAccepted || !ok {
			t.Fatalf("%d %v", resp.StatusCode, resp.Header)
		}
		jobs = append(jobs, path)
	}
	s.kill()
	s = startServer(t, "serve", "--store", "sqlite:"+dir, "--test-clock")
	later := time.Now().Add(time.Minute).UTC().Format(time.RFC3339)
	if status, body := s.beside(t, http.MethodPut, "/_test/clock", `{"now":"`+later+`"}`); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	done, interrupted := 0, 0
	for _, path := range jobs {
		status, body := s.do(t, http.MethodGet, path, "")
		switch {
		case status == http.StatusOK && strings.Contains(body, `"type":"searchset"`) && strings.Contains(body, `"status":"200 OK"`):
			done++
		case status == http.StatusOK && strings.Contains(body, `"code":"incomplete"`):
			interrupted++
		default:
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	t.Logf("%d jobs had ended, %d were interrupted", done, interrupted)
}
