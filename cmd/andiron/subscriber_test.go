package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"andiron.dev/fhir/event/eventtest"
)

// caller sends requests with a token of a client that acts for itself.
type caller struct {
	s     *running
	token string
}

func newCaller(t *testing.T, s *running, store, id, scope string) *caller {
	t.Helper()
	dir := t.TempDir()
	private, public := filepath.Join(dir, "key"), filepath.Join(dir, "jwks")
	administer(t, "client", "keygen", "--private", private, "--public", public)
	administer(t, "client", "add", "--store", store, "--id", id, "--name", id, "--grant", "client_credentials", "--scope", scope, "--jwks", public)
	got := administer(t, "token", "get", "--server", s.url, "--client", id, "--key", private, "--scope", scope)
	return &caller{s, got["access_token"].(string)}
}

func (c *caller) send(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, c.s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/fhir+json")
	if method == http.MethodPatch {
		req.Header.Set("Content-Type", "application/json-patch+json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

// TestSubscriberRights: the secrets of a subscription are its owner's, whatever way somebody looks for them; what is delivered is what the owner may see
// when it is; and when the owner may do nothing any more it ends.
func TestSubscriberRights(t *testing.T) {
	store := "sqlite:" + t.TempDir()
	s := startServer(t, "serve", "--store", store, "--auth", "smart", "--test-clock", loopbackOpen)
	owner := newCaller(t, s, store, "owner", "system/Subscription.cruds system/Observation.rs?category=vital-signs")
	other := newCaller(t, s, store, "other", "system/*.cruds")
	sub := eventtest.New(t)
	const secret = "Authorization: Bearer hush"
	text := fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"Observation?status=final","channel":{"type":"rest-hook","endpoint":"%s","payload":"application/fhir+json","header":["%s"]}}`, sub.URL, secret)
	if status, text := owner.send(t, http.MethodPost, "/Subscription", strings.Replace(text, "Observation?status=final", "Encounter?status=planned", 1)); status != http.StatusForbidden {
		t.Errorf("a subscription to what its owner cannot read: %d %s", status, text)
	}
	status, made := owner.send(t, http.MethodPost, "/Subscription", text)
	var one struct{ ID string }
	if err := json.Unmarshal([]byte(made), &one); err != nil || status != http.StatusCreated || !strings.Contains(made, secret) {
		t.Fatalf("%d %s", status, made)
	}
	s.drain(t)
	at := "/Subscription/" + one.ID
	for _, path := range []string{at, at + "/_history", at + "/_history/1", "/Subscription", "/Subscription/_history", "/_history", "/Subscription?_id=" + one.ID, at + "/$status"} {
		if status, text := other.send(t, http.MethodGet, path, ""); status != http.StatusOK || strings.Contains(text, "hush") {
			t.Errorf("%s: %d %s", path, status, text)
		}
		if path == at || path == at+"/_history" {
			if _, text := owner.send(t, http.MethodGet, path, ""); !strings.Contains(text, secret) {
				t.Errorf("%s: the owner does not see it: %s", path, text)
			}
		}
	}
	if status, text := other.send(t, http.MethodPatch, at, `[{"op":"test","path":"/channel/header/0","value":"`+secret+`"}]`); status < 400 {
		t.Errorf("a patch tells: %d %s", status, text)
	}
	if status, text := other.send(t, http.MethodPost, at+"/$resend", ""); status != http.StatusForbidden {
		t.Errorf("$resend: %d %s", status, text)
	}
	observation := func(category string) string {
		return `{"resourceType":"Observation","status":"final","code":{"text":"a"},"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"` + category + `"}]}]}`
	}
	for _, category := range []string{"vital-signs", "laboratory", "vital-signs"} {
		if status, text := other.send(t, http.MethodPost, "/Observation", observation(category)); status != http.StatusCreated {
			t.Fatalf("%d %s", status, text)
		}
	}
	s.drain(t)
	got := sub.Requests()
	if len(got) != 2 {
		t.Errorf("%d notifications", len(got))
	}
	for _, r := range got {
		if strings.Contains(r.Body, "laboratory") || r.Header.Get("Authorization") != "Bearer hush" {
			t.Errorf("%v %s", r.Header, r.Body)
		}
	}
	administer(t, "client", "disable", "--store", store, "owner")
	if status, text := other.send(t, http.MethodPost, "/Observation", observation("vital-signs")); status != http.StatusCreated {
		t.Fatalf("%d %s", status, text)
	}
	s.drain(t)
	if _, text := other.send(t, http.MethodGet, at, ""); len(sub.Requests()) != len(got) || !strings.Contains(text, `"status":"off"`) {
		t.Errorf("%d notifications, %s", len(sub.Requests()), text)
	}
	// Who takes a subscription over does not get its secrets.
	thief := eventtest.New(t)
	if status, text := other.send(t, http.MethodPatch, at, `[{"op":"replace","path":"/channel/endpoint","value":"`+thief.URL+`"},{"op":"replace","path":"/status","value":"requested"}]`); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	if status, text := other.send(t, http.MethodPost, "/Observation", observation("vital-signs")); status != http.StatusCreated {
		t.Fatalf("%d %s", status, text)
	}
	s.drain(t)
	if got := thief.Requests(); len(got) == 0 || got[0].Header.Get("Authorization") != "" {
		t.Errorf("%v", got)
	}
}
