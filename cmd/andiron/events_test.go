package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir/event/eventtest"
)

const (
	patientTopic = "https://example.org/SubscriptionTopic/patient-changed"
	// loopbackOpen lets notifications reach the tests.
	loopbackOpen = "--allow-endpoints=127.0.0.0/8"
)

// follow starts a server whose notifications may reach this machine.
func follow(t testing.TB, dir string, more ...string) *running {
	t.Helper()
	return startServer(t, append([]string{"serve", "--store", "sqlite:" + dir, loopbackOpen}, more...)...)
}

// created stores a resource and returns its id.
func (s *running) created(t testing.TB, typ, body string) string {
	t.Helper()
	status, text := s.do(t, http.MethodPost, "/"+typ, body)
	var one struct{ ID string }
	if err := json.Unmarshal([]byte(text), &one); status != http.StatusCreated || err != nil {
		t.Fatalf("%s: %d %s", typ, status, text)
	}
	return one.ID
}

// addTopic stores a topic about all that happens to patients.
func (s *running) addTopic(t testing.TB) {
	t.Helper()
	const at = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic."
	s.created(t, "Basic", `{"resourceType":"Basic","code":{"coding":[{"system":"http://hl7.org/fhir/fhir-types","code":"SubscriptionTopic"}]},
		"modifierExtension":[{"url":"`+at+`status","valueCode":"active"}],
		"extension":[{"url":"`+at+`url","valueUri":"`+patientTopic+`"},{"url":"`+at+`resourceTrigger","extension":[
			{"url":"resource","valueUri":"http://hl7.org/fhir/StructureDefinition/Patient"},
			{"url":"supportedInteraction","valueCode":"create"},{"url":"supportedInteraction","valueCode":"update"},{"url":"supportedInteraction","valueCode":"delete"}]}]}`)
}

// subscribe stores a subscription to the topic and waits until it is active.
func (s *running) subscribe(t testing.TB, endpoint, content string, maxCount int) string {
	t.Helper()
	const at = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	id := s.created(t, "Subscription", fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"%s","channel":{"type":"rest-hook","endpoint":"%s",
		"extension":[{"url":"%sbackport-max-count","valuePositiveInt":%d}],
		"payload":"application/fhir+json","_payload":{"extension":[{"url":"%sbackport-payload-content","valueCode":"%s"}]}}}`, patientTopic, endpoint, at, maxCount, at, content))
	s.active(t, id)
	return id
}

// subscribeClassic stores a subscription with criteria of R4 and waits until it is active.
func (s *running) subscribeClassic(t testing.TB, endpoint, criteria string) string {
	t.Helper()
	id := s.created(t, "Subscription", fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"%s","channel":{"type":"rest-hook","endpoint":"%s"}}`, criteria, endpoint))
	s.active(t, id)
	return id
}

func (s *running) active(t testing.TB, id string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		_, text := s.do(t, http.MethodGet, "/Subscription/"+id, "")
		if strings.Contains(text, `"status":"active"`) {
			return
		}
		if time.Now().After(end) || strings.Contains(text, `"status":"error"`) {
			t.Fatalf("the subscription does not become active: %s", text)
		}
	}
}

// settle waits until a subscriber is sent nothing any more.
func settle(t testing.TB, sub *eventtest.Subscriber, quiet time.Duration) {
	t.Helper()
	last, since := -1, time.Now()
	for end := time.Now().Add(2 * time.Minute); time.Since(since) < quiet; time.Sleep(20 * time.Millisecond) {
		if n := len(sub.Requests()); n != last {
			last, since = n, time.Now()
		}
		if time.Now().After(end) {
			t.Fatal("notifications do not come to an end")
		}
	}
}

func TestEventFlagsReportMistakes(t *testing.T) {
	_, _, stderr := command("check", "--allow-endpoints", "nowhere", "--smtp-addr", "mail.example.org", "--smtp-user", "me", "--smtp-security", "none")
	for _, want := range []string{"--allow-endpoints", "--smtp-addr", "--smtp-from", "--smtp-secret-file", "--smtp-security"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is missing in\n%s", want, stderr)
		}
	}
}
