package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir/event/eventtest"
)

const bookedTopic = "https://andiron.dev/fhir/SubscriptionTopic/appointment-booked"

func appointment(status, practitioner string) string {
	return fmt.Sprintf(`{"resourceType":"Appointment","status":"%s","start":"2026-03-12T13:00:00Z","end":"2026-03-12T13:30:00Z","participant":[{"actor":{"reference":"Practitioner/%s"},"status":"accepted"}]}`, status, practitioner)
}

// followBooked subscribes to booked appointments of a practitioner and waits until the subscription is active.
func (s *running) followBooked(t testing.TB, endpoint, practitioner string) string {
	t.Helper()
	const at = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	id := s.created(t, "Subscription", fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"%s","_criteria":{"extension":[{"url":"%sbackport-filter-criteria",
		"valueString":"Appointment?practitioner=Practitioner/%s"}]},"channel":{"type":"rest-hook","endpoint":"%s","payload":"application/fhir+json",
		"_payload":{"extension":[{"url":"%sbackport-payload-content","valueCode":"id-only"}]}}}`, bookedTopic, at, practitioner, endpoint, at))
	s.active(t, id)
	return id
}

func (s *running) drain(t testing.TB) {
	t.Helper()
	if status, text := s.beside(t, http.MethodPost, "/_test/drain", ""); status != http.StatusOK {
		t.Fatalf("drain: %d %s", status, text)
	}
}

func (s *running) setClock(t testing.TB, now time.Time) {
	t.Helper()
	if status, text := s.beside(t, http.MethodPut, "/_test/clock", fmt.Sprintf(`{"now":"%s"}`, now.UTC().Format(time.RFC3339))); status != http.StatusOK {
		t.Fatalf("clock: %d %s", status, text)
	}
}

func booked(t testing.TB, sub *eventtest.Subscriber) []*eventtest.Notification {
	t.Helper()
	return sub.Notifications(t, "event-notification")
}

// TestAUT1: a topic with a filter. What the filter lets through is delivered once, in the shape of the guide.
func TestAUT1(t *testing.T) {
	s := follow(t, t.TempDir(), "--test-clock")
	sub := eventtest.New(t)
	id := s.followBooked(t, sub.URL, "dr-lee")
	if n := sub.Notifications(t, "handshake"); len(n) != 1 || n[0].Topic != bookedTopic || n[0].Since != 0 {
		t.Fatalf("handshake: %+v", n)
	}
	lee := s.created(t, "Appointment", appointment("booked", "dr-lee"))
	s.created(t, "Appointment", appointment("booked", "dr-kim"))
	s.created(t, "Appointment", appointment("proposed", "dr-lee"))
	s.drain(t)
	got := booked(t, sub)
	if len(got) != 1 || len(got[0].Events) != 1 || got[0].Events[0].Number != 1 || !strings.HasSuffix(got[0].Events[0].Focus, "Appointment/"+lee) || got[0].Since != 1 {
		t.Fatalf("%+v", got)
	}
	if _, text := s.do(t, http.MethodPut, "/Appointment/"+lee, strings.Replace(appointment("booked", "dr-lee"), `"status"`, `"id":"`+lee+`","comment":"still booked","status"`, 1)); !strings.Contains(text, "still booked") {
		t.Fatal(text)
	}
	s.drain(t)
	if got := booked(t, sub); len(got) != 1 {
		t.Fatalf("what was booked before is announced again: %+v", got)
	}
	if _, text := s.do(t, http.MethodGet, "/Subscription/"+id+"/$status", ""); !strings.Contains(text, `"events-since-subscription-start","valueString":"1"`) || !strings.Contains(text, `"searchset"`) {
		t.Error(text)
	}
	for _, path := range []string{"/Basic/topic-appointment-booked", "/Basic?code=SubscriptionTopic", "/metadata"} {
		if status, text := s.do(t, http.MethodGet, path, ""); status != http.StatusOK || !strings.Contains(text, bookedTopic) {
			t.Errorf("%s: %d", path, status)
		}
	}
}

// TestAUT2: three failures and a success are one delivery, under the number that the event has had from the beginning.
func TestAUT2(t *testing.T) {
	s := follow(t, t.TempDir(), "--test-clock")
	sub := eventtest.New(t)
	id := s.followBooked(t, sub.URL, "dr-lee")
	sub.Clear()
	sub.Fail(3, http.StatusInternalServerError)
	s.created(t, "Appointment", appointment("booked", "dr-lee"))
	s.drain(t)
	now := time.Now()
	for _, after := range []time.Duration{11 * time.Second, 80 * time.Second, 20 * time.Minute} {
		s.setClock(t, now.Add(after))
	}
	if n := len(sub.Requests()); n != 4 {
		t.Errorf("there were %d attempts", n)
	}
	if got := booked(t, sub); len(got) != 1 || got[0].Events[0].Number != 1 {
		t.Fatalf("%+v", got)
	}
	if _, text := s.do(t, http.MethodGet, "/Subscription/"+id+"/$status", ""); !strings.Contains(text, `"events-since-subscription-start","valueString":"1"`) || !strings.Contains(text, `"active"`) {
		t.Error(text)
	}
}

// TestAUT3: after 72 hours a subscription is in error, and goes on counting; put as requested it is greeted, and $events has what was missed.
func TestAUT3(t *testing.T) {
	s := follow(t, t.TempDir(), "--test-clock")
	sub := eventtest.New(t)
	id := s.followBooked(t, sub.URL, "dr-lee")
	sub.Answer(func(int, *eventtest.Request) int { return http.StatusServiceUnavailable })
	s.created(t, "Appointment", appointment("booked", "dr-lee"))
	s.drain(t)
	now := time.Now()
	for h := 1; h <= 73; h += 6 {
		s.setClock(t, now.Add(time.Duration(h)*time.Hour))
		if h < 70 {
			if _, text := s.do(t, http.MethodGet, "/Subscription/"+id, ""); !strings.Contains(text, `"status":"active"`) {
				t.Fatalf("after %d hours: %s", h, text)
			}
		}
	}
	s.setClock(t, now.Add(74*time.Hour))
	_, text := s.do(t, http.MethodGet, "/Subscription/"+id, "")
	if !strings.Contains(text, `"status":"error"`) || !strings.Contains(text, `"error":"`) {
		t.Fatal(text)
	}
	for range 2 {
		s.created(t, "Appointment", appointment("booked", "dr-lee"))
	}
	s.drain(t)
	sub.Answer(nil)
	sub.Clear()
	again := strings.Replace(text, `"status":"error"`, `"status":"requested"`, 1)
	if status, text := s.do(t, http.MethodPut, "/Subscription/"+id, again); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	s.drain(t)
	if n := sub.Notifications(t, "handshake"); len(n) != 1 || n[0].Since != 3 {
		t.Fatalf("handshake: %+v", n)
	}
	if n := booked(t, sub); len(n) != 0 {
		t.Errorf("what was missed is sent without being asked for: %+v", n)
	}
	_, text = s.do(t, http.MethodGet, "/Subscription/"+id+"/$events?eventsSinceNumber=1", "")
	n, err := eventtest.Parse(text)
	if err != nil || len(n.Events) != 3 || n.Events[0].Number != 1 || n.Events[2].Number != 3 || n.Type != "query-event" || len(n.Entries) != 3 {
		t.Fatalf("%v %s", err, text)
	}
	if status, text := s.do(t, http.MethodPost, "/Subscription/"+id+"/$resend", `{"resourceType":"Parameters","parameter":[{"name":"eventsSinceNumber","valueString":"2"}]}`); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	s.created(t, "Appointment", appointment("booked", "dr-lee"))
	s.drain(t)
	sent := map[int64]bool{}
	for _, n := range booked(t, sub) {
		for _, e := range n.Events {
			sent[e.Number] = true
		}
	}
	if sent[1] || !sent[2] || !sent[3] || !sent[4] {
		t.Errorf("sent: %v", sent)
	}
}

// TestAUT4: what was committed when the server died is delivered after a restart, each event under a number of its own.
func TestAUT4(t *testing.T) {
	dir := t.TempDir()
	s := follow(t, dir, "--test-clock")
	sub := eventtest.New(t)
	s.followBooked(t, sub.URL, "dr-lee")
	for range 20 {
		s.created(t, "Appointment", appointment("booked", "dr-lee"))
	}
	s.kill()
	s = follow(t, dir, "--test-clock")
	s.drain(t)
	numbers := map[int64]bool{}
	for _, n := range booked(t, sub) {
		for _, e := range n.Events {
			numbers[e.Number] = true
		}
	}
	if len(numbers) != 20 || !numbers[1] || !numbers[20] {
		t.Errorf("there are %d events: %v", len(numbers), numbers)
	}
}

// TestAUT5: of what was rolled back, rehearsed or refused nobody hears, and it takes no number.
func TestAUT5(t *testing.T) {
	s := follow(t, t.TempDir(), "--test-clock")
	sub, tasks := eventtest.New(t), eventtest.New(t)
	id := s.followBooked(t, sub.URL, "dr-lee")
	s.subscribeClassic(t, tasks.URL, "Task?code=prepare")
	s.stored(t, prepare)
	s.stored(t, `{"resourceType":"PlanDefinition","id":"prepare","url":"http://example.org/rule","status":"active","type":{"coding":[{"code":"eca-rule"}]},
		"action":[{"trigger":[{"type":"named-event","name":"visit"}],"definitionCanonical":"http://example.org/prepare"}]}`)
	for _, last := range []string{
		`{"request":{"method":"PUT","url":"Patient/a","ifMatch":"W/\"9\""},"resource":{"resourceType":"Patient","id":"a"}}`,
		`{"request":{"method":"PUT","url":"Patient/a"},"resource":{"resourceType":"Patient","id":"a","gender":"none of these"}}`,
		`{"request":{"method":"PUT","url":"Subscription/a"},"resource":{"resourceType":"Subscription","id":"a","status":"requested","reason":"r","criteria":"Nothing?","channel":{"type":"rest-hook","endpoint":"http://127.0.0.1:9"}}}`,
	} {
		failing := `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST","url":"Appointment"},"resource":` + appointment("booked", "dr-lee") + `},` + last + `]}`
		if status, text := s.do(t, http.MethodPost, "", failing); status < 400 || status >= 500 {
			t.Fatalf("%d %s", status, text)
		}
	}
	raise := `{"resourceType":"Parameters","parameter":[{"name":"name","valueString":"visit"},{"name":"id","valueString":"1"}%s]}`
	if status, text := s.do(t, http.MethodPost, "/PlanDefinition/$raise-event", fmt.Sprintf(raise, `,{"name":"dry-run","valueBoolean":true}`)); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	s.drain(t)
	if n, m := len(booked(t, sub)), len(tasks.Requests()); n != 0 || m != 0 {
		t.Errorf("%d and %d notifications of what did not happen", n, m)
	}
	if status, text := s.do(t, http.MethodPost, "/PlanDefinition/$raise-event", fmt.Sprintf(raise, "")); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	s.created(t, "Appointment", appointment("booked", "dr-lee"))
	s.drain(t)
	if n := booked(t, sub); len(n) != 1 || n[0].Events[0].Number != 1 || len(tasks.Requests()) != 1 {
		t.Errorf("%+v, %d", n, len(tasks.Requests()))
	}
	if _, text := s.do(t, http.MethodGet, "/Subscription/"+id+"/$status", ""); !strings.Contains(text, `"events-since-subscription-start","valueString":"1"`) {
		t.Error(text)
	}
}

// TestRefusals: what cannot be served is refused, and the answer names the element.
func TestRefusals(t *testing.T) {
	s := follow(t, t.TempDir())
	const at = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	good := `{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"` + bookedTopic + `","_criteria":{"extension":[{"url":"` + at + `backport-filter-criteria","valueString":"Appointment?patient=Patient/1"}]},
		"channel":{"type":"rest-hook","endpoint":"http://127.0.0.1:9/hook","payload":"application/fhir+json","_payload":{"extension":[{"url":"` + at + `backport-payload-content","valueCode":"id-only"}]}}}`
	for _, test := range []struct{ name, from, to, element string }{
		{"a topic that there is not", bookedTopic, "https://example.org/none", "Subscription.criteria"},
		{"a filter that the topic does not offer", "patient=Patient/1", "identifier=1", "Subscription.criteria"},
		{"a modifier that it does not offer", "patient=Patient/1", "patient:missing=true", "Subscription.criteria"},
		{"a filter on another type", "Appointment?patient", "Encounter?patient", "Subscription.criteria"},
		{"a channel", `"type":"rest-hook"`, `"type":"sms"`, "Subscription.channel.type"},
		{"an endpoint elsewhere", "http://127.0.0.1:9", "http://10.1.2.3", "Subscription.channel.endpoint"},
		{"a payload", `"application/fhir+json"`, `"application/fhir+xml"`, "Subscription.channel.payload"},
		{"a content", "id-only", "everything", "Subscription.channel.payload"},
		{"a status", `"status":"requested"`, `"status":"error"`, "Subscription.status"},
		{"R5", `"_criteria"`, `"extension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-Subscription.topic","valueCanonical":"https://example.org/a"}],"_criteria"`, "Subscription.extension"},
		{"a search that cannot be read", bookedTopic, "Observation?nothing=1", "Subscription.criteria"},
		{"a chain", bookedTopic, "Observation?patient.name=a", "Subscription.criteria"},
	} {
		body := strings.Replace(good, test.from, test.to, 1)
		if strings.HasPrefix(test.to, "Observation") {
			body = `{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"` + test.to + `","channel":{"type":"rest-hook","endpoint":"http://127.0.0.1:9/hook"}}`
		}
		if status, text := s.do(t, http.MethodPost, "/Subscription", body); status < 400 || status >= 500 || !strings.Contains(text, test.element) {
			t.Errorf("%s: %d %s", test.name, status, text)
		}
	}
	if status, text := s.do(t, http.MethodPost, "/Subscription", good); status != http.StatusCreated {
		t.Errorf("%d %s", status, text)
	}
}
