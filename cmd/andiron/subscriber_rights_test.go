package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"andiron.dev/fhir/event/eventtest"
)

const vital = `{"resourceType":"Observation","id":"%s","status":"final","code":{"coding":[{"code":"8867-4"}],"text":"%s"},"subject":{"reference":"Patient/%s"},
	"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"%s"}]}]}`

// stores puts a resource under its id.
func (c *caller) stores(t *testing.T, resource string) {
	t.Helper()
	var r struct{ ResourceType, ID string }
	if err := json.Unmarshal([]byte(resource), &r); err != nil {
		t.Fatal(err)
	}
	if status, text := c.send(t, http.MethodPut, "/"+r.ResourceType+"/"+r.ID, resource); status != http.StatusOK && status != http.StatusCreated {
		t.Fatalf("%s: %d %s", resource, status, text)
	}
}

// subscribes stores a subscription, and returns its id.
func (c *caller) subscribes(t *testing.T, criteria, endpoint, more string) string {
	t.Helper()
	status, text := c.send(t, http.MethodPost, "/Subscription", fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"%s","channel":{"type":"rest-hook","endpoint":"%s","payload":"application/fhir+json"%s}}`, criteria, endpoint, more))
	var one struct{ ID string }
	if err := json.Unmarshal([]byte(text), &one); status != http.StatusCreated || err != nil {
		t.Fatalf("%d %s", status, text)
	}
	c.s.drain(t)
	return one.ID
}

func content(level string) string {
	return `,"_payload":{"extension":[{"url":"` + backport + `backport-payload-content","valueCode":"` + level + `"}]}`
}

// status is that of a Subscription.
func (c *caller) status(t *testing.T, id string) string {
	t.Helper()
	_, text := c.send(t, http.MethodGet, "/Subscription/"+id, "")
	var one struct{ Status string }
	_ = json.Unmarshal([]byte(text), &one)
	return one.Status
}

// TestTopicTellsWhatTheOwnerMaySee: the numbers of a topic go on, and an event that its owner may not see is a number and a time, whatever the content,
// and whether something is made, changed or deleted. What has come out of reach is not told of under what it was.
func TestTopicTellsWhatTheOwnerMaySee(t *testing.T) {
	store := "sqlite:" + t.TempDir()
	s := startServer(t, "serve", "--store", store, "--auth", "smart", "--test-clock", loopbackOpen)
	owner := newCaller(t, s, store, "owner", "system/Subscription.cruds system/Observation.rs?category=vital-signs")
	other := newCaller(t, s, store, "other", "system/*.cruds")
	const at = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic."
	other.stores(t, `{"resourceType":"Basic","id":"observed","code":{"coding":[{"code":"SubscriptionTopic"}]},"extension":[{"url":"`+at+`url","valueUri":"http://example.org/observed"},
		{"url":"`+at+`resourceTrigger","extension":[{"url":"resource","valueUri":"Observation"}]}]}`)
	if status, text := owner.send(t, http.MethodPost, "/Subscription", `{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"`+bookedTopic+`","channel":{"type":"rest-hook","endpoint":"http://127.0.0.1:9"}}`); status != http.StatusForbidden || !strings.Contains(text, "Subscription.criteria") {
		t.Errorf("a topic about what its owner cannot read: %d %s", status, text)
	}
	clerk := newCaller(t, s, store, "clerk", "system/Basic.cruds")
	_, topic := other.send(t, http.MethodGet, "/Basic/observed", "")
	for _, text := range []string{strings.Replace(topic, "Observation", "Patient", 1), strings.Replace(topic, `"code":"SubscriptionTopic"`, `"code":"other"`, 1)} {
		if status, text := clerk.send(t, http.MethodPut, "/Basic/observed", text); status != http.StatusForbidden {
			t.Errorf("who has nothing to do with subscriptions changes a topic: %d %s", status, text)
		}
	}
	if status, text := clerk.send(t, http.MethodDelete, "/Basic/observed", ""); status != http.StatusForbidden {
		t.Errorf("who has nothing to do with subscriptions deletes a topic: %d %s", status, text)
	}
	clerk.stores(t, `{"resourceType":"Basic","id":"note","code":{"text":"note"}}`)
	ids, full := eventtest.New(t), eventtest.New(t)
	owner.subscribes(t, "http://example.org/observed", ids.URL, content("id-only"))
	id := owner.subscribes(t, "http://example.org/observed", full.URL, content("full-resource"))
	other.stores(t, `{"resourceType":"Patient","id":"ana"}`)
	for i, one := range []struct{ id, category string }{{"open", "vital-signs"}, {"closed", "laboratory"}, {"open", "laboratory"}, {"closed", "laboratory"}} {
		other.stores(t, fmt.Sprintf(vital, one.id, fmt.Sprint("Secret", i), "ana", one.category))
		s.drain(t) // before it comes out of reach
	}
	for _, id := range []string{"closed", "open"} {
		if status, text := other.send(t, http.MethodDelete, "/Observation/"+id, ""); status != http.StatusNoContent {
			t.Fatalf("%d %s", status, text)
		}
	}
	s.drain(t)
	for name, sub := range map[string]*eventtest.Subscriber{"id-only": ids, "full-resource": full} {
		var seen []string
		for _, r := range sub.Requests() {
			for _, hidden := range []string{"Observation/closed", "Secret1", "Secret2", "Secret3"} {
				if strings.Contains(r.Body, hidden) {
					t.Errorf("%s: %s is told: %s", name, hidden, r.Body)
				}
			}
			n, err := eventtest.Parse(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range n.Events {
				seen = append(seen, fmt.Sprint(e.Number, " ", e.Focus[max(strings.LastIndex(e.Focus, "Observation"), 0):]))
			}
			if name == "id-only" && strings.Contains(r.Body, "Secret") {
				t.Errorf("more than ids: %s", r.Body)
			}
		}
		if got := strings.Join(seen, ", "); got != "1 Observation/open, 2 , 3 , 4 , 5 , 6 " {
			t.Errorf("%s: %s", name, got)
		}
	}
	_, text := owner.send(t, http.MethodGet, "/Subscription/"+id+"/$events?eventsSinceNumber=1", "")
	if n, err := eventtest.Parse(text); err != nil || len(n.Events) != 6 || strings.Contains(text, "Observation/closed") || strings.Contains(text, "Secret1") {
		t.Errorf("%v %s", err, text)
	}
}

// TestSecretsStayTheOwners looks for the values of channel.header in every way that there is to read a Subscription.
func TestSecretsStayTheOwners(t *testing.T) {
	store := "sqlite:" + t.TempDir()
	s := startServer(t, "serve", "--store", store, "--auth", "smart", "--test-clock", loopbackOpen)
	owner := newCaller(t, s, store, "owner", "system/Subscription.cruds system/Observation.rs")
	other := newCaller(t, s, store, "other", "system/*.cruds")
	id := owner.subscribes(t, "Observation?status=final", eventtest.New(t).URL, `,"header":["Authorization: Bearer hushhush"]`)
	at := "/Subscription/" + id
	other.stores(t, `{"resourceType":"List","id":"l","status":"current","mode":"working","entry":[{"item":{"reference":"Subscription/`+id+`"}}]}`)
	other.stores(t, `{"resourceType":"Patient","id":"ana"}`)
	other.stores(t, `{"resourceType":"Provenance","id":"p","target":[{"reference":"Subscription/`+id+`"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"reference":"Patient/ana"}}]}`)
	batch := func(url string) string {
		return `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"` + url + `"}}]}`
	}
	for _, ask := range []struct{ method, path, body string }{
		{"GET", at, ""}, {"GET", at + "/_history", ""}, {"GET", at + "/_history/1", ""}, {"GET", "/Subscription?_id=" + id, ""}, {"GET", "/Subscription/_history", ""}, {"GET", "/_history", ""}, {"GET", "/?_type=Subscription", ""},
		{"GET", "/List?_id=l&_include=List:item", ""}, {"GET", "/Subscription?_list=l", ""}, {"GET", "/Provenance?_id=p&_include=Provenance:target", ""}, {"GET", "/Patient/ana/$everything", ""}, {"GET", "/Patient?_id=ana&_revinclude=*&_include:iterate=*", ""},
		{"POST", "", batch("Subscription/" + id)}, {"POST", "", batch("Subscription?_id=" + id)}, {"POST", "", strings.Replace(batch("Subscription/"+id), "batch", "transaction", 1)}, {"GET", at + "/$meta", ""}, {"GET", at + "/$status", ""}, {"GET", at + "/$events", ""},
		{"GET", at + "?_elements=channel", ""}, {"GET", at + "?_pretty=true", ""}, {"GET", "/Subscription?_summary=data", ""}, {"GET", at + "/$versions", ""}, {"GET", "/List/l/$graph?graph=x", ""}, {"PUT", at, `{"resourceType":"Patient"}`},
	} {
		status, text := other.send(t, ask.method, ask.path, ask.body)
		if strings.Contains(text, "hushhush") || status >= 500 {
			t.Errorf("%s %s: %d %s", ask.method, ask.path, status, text)
		}
	}
	for _, search := range []string{"_content=hushhush", "_text=hushhush", "_filter=url%20co%20hush"} {
		if status, text := other.send(t, http.MethodGet, "/Subscription?"+search, ""); status == http.StatusOK && strings.Contains(text, id) {
			t.Errorf("who searches for the secret is told that it is there: %s %s", search, text)
		}
	}
	if _, text := owner.send(t, http.MethodGet, at, ""); !strings.Contains(text, "hushhush") {
		t.Error(text)
	}
}

// TestSubscriberIsAskedAgain: what a user's subscription tells is what the user may see when it does: without the role, with a Consent that forbids it,
// and with the account shut there is nothing.
func TestSubscriberIsAskedAgain(t *testing.T) {
	store := "sqlite:" + t.TempDir()
	s := startServer(t, "serve", "--store", store, "--auth", "smart", "--test-clock", loopbackOpen)
	other, officer := newCaller(t, s, store, "other", "system/*.cruds"), newCaller(t, s, store, "officer", "system/Consent.cruds")
	for _, id := range []string{"ana", "bob"} {
		other.stores(t, `{"resourceType":"Patient","id":"`+id+`"}`)
	}
	other.stores(t, `{"resourceType":"Practitioner","id":"ada"}`)
	user := signedIn(t, s, store, "ada", "admin")
	sub := eventtest.New(t)
	id := user.subscribes(t, "Observation?status=final", sub.URL, "")
	n := 0
	tell := func(patient string) int {
		t.Helper()
		n++
		sub.Clear()
		other.stores(t, fmt.Sprintf(vital, fmt.Sprint("o", n), "x", patient, "vital-signs"))
		s.drain(t)
		return len(sub.Requests())
	}
	if tell("ana") != 1 {
		t.Fatal("nothing is told of what the user may see")
	}
	consent := `{"resourceType":"Consent","id":"c","status":"%s","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],
		"patient":{"reference":"Patient/ana"},"provision":{"type":"deny","actor":[{"role":{"coding":[{"code":"PRCP"}]},"reference":{"reference":"Practitioner/ada"}}]}}`
	officer.stores(t, fmt.Sprintf(consent, "active"))
	if tell("ana") != 0 {
		t.Error("it is told of a patient who forbids it")
	}
	if tell("bob") != 1 {
		t.Error("a Consent of another patient counts")
	}
	officer.stores(t, fmt.Sprintf(consent, "inactive"))
	if tell("ana") != 1 {
		t.Error("a Consent that is over counts")
	}
	administer(t, "user", "set", "--store", store, "--role", "inventory-clerk", "ada")
	if tell("ana") != 0 {
		t.Error("it is told of what the user's role does not show any more")
	}
	administer(t, "user", "set", "--store", store, "--role", "admin", "ada")
	if tell("ana") != 1 || other.status(t, id) != "active" {
		t.Error("a role that is back does not count")
	}
	administer(t, "user", "disable", "--store", store, "ada")
	if tell("ana") != 0 || other.status(t, id) != "off" {
		t.Errorf("after the user was shut out the subscription is %s", other.status(t, id))
	}
}

// signedIn is a user who has signed in and let an app act for them.
func signedIn(t *testing.T, s *running, store, name, role string) *caller {
	t.Helper()
	const password, redirect, verifier = "four random quiet words", "https://app.example.org/cb", "a-verifier-that-is-long-enough-to-be-one-of-rfc-7636"
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	const scope = "user/*.cruds"
	administer(t, "user", "add", "--store", store, "--username", name, "--password-file", file, "--fhir-user", "Practitioner/"+name, "--role", role)
	administer(t, "client", "add", "--store", store, "--id", "app", "--scope", scope, "--grant", "authorization_code", "--redirect-uri", redirect, "--public")
	root := strings.TrimSuffix(s.url, "/fhir")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), root) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	show := func(r *http.Request) (text, location string) {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		resp, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return string(body), resp.Header.Get("Location")
	}
	submit := func(path string, v url.Values) (text, location string) {
		r, _ := http.NewRequest(http.MethodPost, root+path, strings.NewReader(v.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return show(r)
	}
	field := func(text, name string) string {
		m := regexp.MustCompile(`name="` + name + `"[^>]*value="([^"]*)"`).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("the page has no %s:\n%s", name, text)
		}
		return html.UnescapeString(m[1])
	}
	sum := sha256.Sum256([]byte(verifier))
	asked := url.Values{
		"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {redirect}, "scope": {scope}, "state": {"a-state-that-nobody-guesses"}, "aud": {s.url},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	r, _ := http.NewRequest(http.MethodGet, root+"/auth/authorize?"+asked.Encode(), nil)
	page, _ := show(r)
	page, _ = submit("/auth/login", url.Values{"csrf": {field(page, "csrf")}, "next": {field(page, "next")}, "username": {name}, "password": {password}})
	_, location := submit("/auth/consent", url.Values{"csrf": {field(page, "csrf")}, "request": {field(page, "request")}, "scope": {scope}, "decision": {"allow"}})
	back, err := url.Parse(location)
	if err != nil || back.Query().Get("code") == "" {
		t.Fatalf("%v %s", err, location)
	}
	text, _ := submit("/auth/token", url.Values{"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {redirect}, "client_id": {"app"}, "code_verifier": {verifier}})
	var token struct {
		Access string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(text), &token); err != nil || token.Access == "" {
		t.Fatal(text)
	}
	return &caller{s, token.Access}
}
