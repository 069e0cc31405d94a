package main

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"andiron.dev/fhir/event/eventtest"
)

// pastes posts what a section of README.md has its reader post.
func (s *running) pastes(t *testing.T, section string, replace ...string) {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n## "+section)
	rest, _, _ = strings.Cut(rest, "\n## ")
	list := regexp.MustCompile(`(?s)\npost (\S+) <<'JSON'\n(.*?)\nJSON\n`).FindAllStringSubmatch(rest, -1)
	if len(list) < 3 {
		t.Fatalf("README.md: %q posts %d resources", section, len(list))
	}
	for _, one := range list {
		if status, text := s.do(t, http.MethodPost, "/"+one[1], strings.NewReplacer(replace...).Replace(one[2])); status != http.StatusCreated {
			t.Fatalf("README.md: %s: %d %s", one[1], status, text)
		}
		s.drain(t)
	}
}

// TestReadme pastes what README.md says about subscriptions and rules into a demo hospital.
func TestReadme(t *testing.T) {
	s := startServer(t, "demo", "--store", "sqlite:"+t.TempDir(), "--test-clock", loopbackOpen)
	sub := eventtest.New(t)
	s.pastes(t, "Subscriptions", "http://127.0.0.1:9000", sub.URL)
	var got []string
	for _, r := range sub.Requests() {
		path, _, _ := strings.Cut(r.Path, "/Observation/")
		got = append(got, r.Method+" "+path)
	}
	if want := "POST /alarm, POST /alarm, PUT /hook"; strings.Join(slices.Sorted(slices.Values(got)), ", ") != want {
		t.Errorf("%v, want %s", got, want)
	}
	if n := sub.Notifications(t, "event-notification"); len(n) != 1 || !strings.Contains(n[0].Events[0].Focus, "Observation/") {
		t.Errorf("%+v", n)
	}
	s.pastes(t, "Rules")
	s.amount(t, 1, "Task?code=hello&status=draft&priority=urgent")
	if status, text := s.do(t, http.MethodGet, "/PlanDefinition/$trace", ""); status != http.StatusOK || !strings.Contains(text, `"fired"`) {
		t.Errorf("%d %s", status, text)
	}
}
