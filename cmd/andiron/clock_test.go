package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// beside sends a request to a path that is not below the FHIR base.
func (s *running) beside(t testing.TB, method, path, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, strings.TrimSuffix(s.url, "/fhir")+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestClockCanBeSetForTestsOnly(t *testing.T) {
	s := startServer(t, "serve", "--store", "sqlite:"+t.TempDir(), "--test-clock")
	if status, body := s.beside(t, "PUT", "/_test/clock", `{"now":"2031-05-04T10:00:00+02:00"}`); status != 200 || !strings.HasPrefix(body, `{"now":"2031-05-04T08:00:0`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body := s.do(t, "POST", "/Patient", patient(1)); status != 201 || !strings.Contains(body, `"lastUpdated":"2031-05-04T08:0`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body := s.beside(t, "POST", "/_test/drain", ""); status != 200 || !strings.HasPrefix(body, `{"now":"2031-05-04T08:0`) {
		t.Errorf("%d %s", status, body)
	}
	for _, wrong := range []string{"", "{}", `{"now":"tomorrow"}`, `{"now":"2031-05-04"}`, `{"now":"9999-01-01T00:00:00Z"}`, `{"now":1}`} {
		if status, body := s.beside(t, "PUT", "/_test/clock", wrong); status != 400 {
			t.Errorf("%s: %d %s", wrong, status, body)
		}
	}
	if status, _ := s.beside(t, "GET", "/_test/clock", ""); status == 200 {
		t.Error("GET reads the clock")
	}
	s = startServer(t, "serve", "--store", "sqlite:"+t.TempDir())
	for _, path := range []string{"/_test/clock", "/_test/drain", "/_test"} {
		for _, method := range []string{"PUT", "POST"} {
			if status, body := s.beside(t, method, path, `{"now":"2031-05-04T10:00:00Z"}`); status != 404 {
				t.Errorf("without the flag: %s %s %d %s", method, path, status, body)
			}
		}
	}
}

// TestClockOfTokens: with tokens too the server goes by its clock, and the end points ask for none.
func TestClockOfTokens(t *testing.T) {
	s := startServer(t, "demo", "--store", "sqlite:"+t.TempDir(), "--auth", "smart", "--test-clock")
	later := time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)
	if status, body := s.beside(t, "PUT", "/_test/clock", `{"now":"`+later+`"}`); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := s.do(t, "GET", "/Patient", ""); status != 401 {
		t.Errorf("without a token: %d", status)
	}
}

func TestClockIsRefusedElsewhere(t *testing.T) {
	for _, args := range [][]string{
		{"--addr", "0.0.0.0:8080", "--base-url", "https://fhir.example.org/fhir"},
		{"--addr", "127.0.0.1:8080", "--base-url", "https://fhir.example.org/fhir"},
	} {
		status, _, stderr := command(append([]string{"check", "--store", "sqlite:" + t.TempDir(), "--test-clock"}, args...)...)
		if status != 2 || !strings.Contains(stderr, "--test-clock lets everybody") {
			t.Errorf("%v: %d %s", args, status, stderr)
		}
	}
}
