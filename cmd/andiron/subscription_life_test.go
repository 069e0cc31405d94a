package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir/event/eventtest"
)

// TestHeartbeatAndEnd: in silence a subscriber who wants to is told that there is nothing; after its end a subscription is off.
func TestHeartbeatAndEnd(t *testing.T) {
	s := follow(t, t.TempDir(), "--test-clock")
	sub := eventtest.New(t)
	now := time.Date(2037, 3, 2, 15, 0, 0, 0, time.UTC)
	s.setClock(t, now)
	id := s.created(t, "Subscription", fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"%s","end":"%s","channel":{"type":"rest-hook","endpoint":"%s",
		"extension":[{"url":"%sbackport-heartbeat-period","valueUnsignedInt":60}]}}`, bookedTopic, now.Add(time.Hour).Format(time.RFC3339), sub.URL, backport))
	s.drain(t)
	for _, minutes := range []int{2, 4} {
		s.setClock(t, now.Add(time.Duration(minutes)*time.Minute))
	}
	if n := sub.Notifications(t, "heartbeat"); len(n) != 2 || n[0].Since != 0 || len(n[0].Events) != 0 {
		t.Fatalf("%+v", n)
	}
	s.setClock(t, now.Add(61*time.Minute))
	s.created(t, "Appointment", appointment("booked", "dr-lee"))
	s.drain(t)
	if _, text := s.do(t, http.MethodGet, "/Subscription/"+id, ""); !strings.Contains(text, `"status":"off"`) || len(booked(t, sub)) != 0 {
		t.Errorf("%d %s", len(booked(t, sub)), text)
	}
	if status, text := s.do(t, http.MethodPut, "/Subscription/"+id, strings.Replace(second(s.do(t, http.MethodGet, "/Subscription/"+id, "")), `"off"`, `"requested"`, 1)); status != http.StatusUnprocessableEntity || !strings.Contains(text, "Subscription.end") {
		t.Errorf("%d %s", status, text)
	}
}

// TestMaxCountAndTimeout: what has gathered while a subscriber is too slow comes in order, so many at a time as it takes; one that is slower than it says
// is called again.
func TestMaxCountAndTimeout(t *testing.T) {
	s := follow(t, t.TempDir(), "--test-clock")
	s.addTopic(t)
	sub := eventtest.New(t)
	id := s.created(t, "Subscription", fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"%s","channel":{"type":"rest-hook","endpoint":"%s","extension":[
		{"url":"%sbackport-max-count","valuePositiveInt":4},{"url":"%sbackport-timeout","valueUnsignedInt":1}]}}`, patientTopic, sub.URL, backport, backport))
	s.active(t, id)
	sub.Clear()
	sub.Slow(1300 * time.Millisecond)
	for n := range 10 {
		s.created(t, "Patient", patient(n))
	}
	sub.WaitCount(t, 1, 5*time.Second)
	sub.Slow(0)
	events := sub.WaitEvents(t, 10, 10*time.Second)
	s.drain(t)
	seen := map[int64]bool{}
	for _, n := range booked(t, sub) {
		if len(n.Events) > 4 || len(n.Entries) != 0 || n.Events[0].Focus != "" {
			t.Errorf("%+v", n)
		}
		for _, e := range n.Events {
			seen[e.Number] = true
		}
	}
	if len(seen) != 10 || len(events) < 10 {
		t.Errorf("%v", seen)
	}
	got := sub.Requests()
	if first, _ := eventtest.Parse(got[0].Body); len(got) < 4 || first.Events[0].Number != 1 {
		t.Errorf("%d requests", len(got))
	} else if again, _ := eventtest.Parse(got[1].Body); again.Events[0].Number != 1 {
		t.Errorf("after a timeout comes %+v", again)
	}
}

// TestTopicGoes: when a topic is deleted what follows it goes into error, and says why; it begins again when the topic is there again.
func TestTopicGoes(t *testing.T) {
	s := follow(t, t.TempDir(), "--test-clock")
	s.addTopic(t)
	sub := eventtest.New(t)
	var ids []string
	for range 2 {
		ids = append(ids, s.subscribe(t, sub.URL, "id-only", 1))
	}
	_, text := s.do(t, http.MethodGet, "/Basic?code=SubscriptionTopic&_sort=-_lastUpdated&_count=1", "")
	_, rest, _ := strings.Cut(text, `"resource":{"resourceType":"Basic","id":"`)
	topic, _, _ := strings.Cut(rest, `"`)
	if status, text := s.do(t, http.MethodDelete, "/Basic/"+topic, ""); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, text)
	}
	s.created(t, "Patient", patient(1))
	s.drain(t)
	for _, id := range ids {
		if _, text := s.do(t, http.MethodGet, "/Subscription/"+id, ""); !strings.Contains(text, `"status":"error"`) || !strings.Contains(text, "topic") {
			t.Error(text)
		}
	}
	again := strings.Replace(second(s.do(t, http.MethodGet, "/Subscription/"+ids[0], "")), `"error","error"`, `"requested","error"`, 1)
	if status, text := s.do(t, http.MethodPut, "/Subscription/"+ids[0], again); status != http.StatusBadRequest {
		t.Errorf("without the topic: %d %s", status, text)
	}
	s.addTopic(t)
	if status, text := s.do(t, http.MethodPut, "/Subscription/"+ids[0], again); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
	s.active(t, ids[0])
	sub.Clear()
	s.created(t, "Patient", patient(2))
	s.drain(t)
	if n := booked(t, sub); len(n) != 1 || n[0].Events[0].Number != 1 {
		t.Errorf("%+v", n)
	}
}

// TestEndpointNames: where the name of a host leads is found out whatever way a Subscription is written; one that cannot be delivered any more can
// be turned off.
func TestEndpointNames(t *testing.T) {
	dir := t.TempDir()
	s := follow(t, dir)
	sub := eventtest.New(t)
	id := s.subscribeClassic(t, strings.Replace(sub.URL, "127.0.0.1", "localhost", 1), "Patient?gender=male")
	s.created(t, "Patient", `{"resourceType":"Patient","gender":"male"}`)
	sub.WaitCount(t, 1, 5*time.Second)
	s.stop(t)
	s = startServer(t, "serve", "--store", "sqlite:"+dir)
	body := `{"resourceType":"Subscription","id":"a","status":"requested","reason":"test","criteria":"Patient?gender=male","channel":{"type":"rest-hook","endpoint":"https://localhost/hook"}}`
	entry := `{"resourceType":"Bundle","type":"%s","entry":[{"request":{"method":"PUT","url":"Subscription/a"},"resource":` + body + `},{"request":{"method":"PUT","url":"Subscription/b"},"resource":` + strings.NewReplacer(`"a"`, `"b"`, "localhost", "localhost:8443").Replace(body) + `}]}`
	for _, write := range []struct{ method, path, body string }{
		{"POST", "/Subscription", body}, {"PUT", "/Subscription/a", body}, {"POST", "", fmt.Sprintf(entry, "batch")}, {"POST", "", fmt.Sprintf(entry, "transaction")},
		{"PUT", "/Subscription/" + id, strings.Replace(body, `"a"`, `"`+id+`"`, 1)},
	} {
		status, text := s.do(t, write.method, write.path, write.body)
		if status >= 500 || status < 300 && !strings.Contains(write.body, `"batch"`) || !strings.Contains(text, "--allow-endpoints") {
			t.Errorf("%s %s: %d %s", write.method, write.path, status, text)
		}
	}
	s.amount(t, 1, "Subscription")
	_, text := s.do(t, http.MethodGet, "/Subscription/"+id, "")
	if status, text := s.do(t, http.MethodPut, "/Subscription/"+id, strings.Replace(text, `"status":"active"`, `"status":"off"`, 1)); status != http.StatusOK {
		t.Errorf("it cannot be turned off: %d %s", status, text)
	}
}

// TestMadeAnew: a Subscription that is deleted and made again under its id is another one, whose numbers begin at 1, after a restart too.
func TestMadeAnew(t *testing.T) {
	dir := t.TempDir()
	s := follow(t, dir, "--test-clock")
	sub := eventtest.New(t)
	const text = `{"resourceType":"Subscription","id":"s%d","status":"requested","reason":"test","criteria":"Patient?gender=male","channel":{"type":"rest-hook","endpoint":"%s"}}`
	var deletes, puts []string
	const many = 8
	for n := range many {
		s.stored(t, fmt.Sprintf(text, n, sub.URL))
		deletes = append(deletes, fmt.Sprintf(`{"request":{"method":"DELETE","url":"Subscription/s%d"}}`, n))
		puts = append(puts, fmt.Sprintf(`{"request":{"method":"PUT","url":"Subscription/s%d"},"resource":%s}`, n, fmt.Sprintf(text, n, sub.URL)))
	}
	s.drain(t)
	s.created(t, "Patient", `{"resourceType":"Patient","gender":"male"}`)
	for _, entries := range [][]string{deletes, puts} {
		if status, text := s.do(t, http.MethodPost, "", `{"resourceType":"Bundle","type":"transaction","entry":[`+strings.Join(entries, ",")+`]}`); status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
	}
	s.drain(t)
	s.stop(t)
	s = follow(t, dir, "--test-clock")
	sub.Clear()
	s.created(t, "Patient", `{"resourceType":"Patient","gender":"male"}`)
	s.drain(t)
	if n := len(sub.Requests()); n != many {
		t.Errorf("%d of %d are told", n, many)
	}
	for n := range many {
		if _, text := s.do(t, http.MethodGet, fmt.Sprintf("/Subscription/s%d/$status", n), ""); !strings.Contains(text, `"events-since-subscription-start","valueString":"1"`) {
			t.Errorf("s%d: %s", n, text)
		}
	}
}

// TestAdditionalContext: what the topic's shape includes comes along, as much of it as the content has it.
func TestAdditionalContext(t *testing.T) {
	s := follow(t, t.TempDir(), "--test-clock")
	const at = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic."
	topic := `{"resourceType":"Basic","code":{"coding":[{"code":"SubscriptionTopic"}]},"extension":[{"url":"` + at + `url","valueUri":"http://example.org/observed"},
		{"url":"` + at + `resourceTrigger","extension":[{"url":"resource","valueUri":"http://hl7.org/fhir/StructureDefinition/Observation"}]},
		{"url":"` + at + `notificationShape","extension":[{"url":"resource","valueUri":"http://hl7.org/fhir/StructureDefinition/Observation"},
			{"url":"include","valueString":"Observation:patient&iterate=Patient.link"},{"url":"include","valueString":"Observation:encounter"},{"url":"include","valueString":"%s"}]}]}`
	if status, text := s.do(t, http.MethodPost, "/Basic", fmt.Sprintf(topic, "Encounter:patient")); status != http.StatusBadRequest {
		t.Errorf("%d %s", status, text)
	}
	s.created(t, "Basic", fmt.Sprintf(topic, "Observation:nothing-that-R4-has"))
	s.stored(t, `{"resourceType":"Patient","id":"ana"}`)
	subs := map[string]*eventtest.Subscriber{"empty": eventtest.New(t), "id-only": eventtest.New(t), "full-resource": eventtest.New(t)}
	for content, sub := range subs {
		s.active(t, s.created(t, "Subscription", fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"http://example.org/observed","channel":{"type":"rest-hook","endpoint":"%s",
			"payload":"application/fhir+json","_payload":{"extension":[{"url":"%sbackport-payload-content","valueCode":"%s"}]}}}`, sub.URL, backport, content)))
	}
	s.created(t, "Observation", `{"resourceType":"Observation","status":"final","code":{"text":"a"},"subject":{"reference":"Patient/ana"},"encounter":{"reference":"Encounter/there-is-none"}}`)
	s.drain(t)
	for content, sub := range subs {
		n := booked(t, sub)
		if len(n) != 1 || len(n[0].Events) != 1 {
			t.Fatalf("%s: %+v", content, n)
		}
		context, entries := n[0].Events[0].Context, n[0].Entries
		if content == "empty" {
			if len(context) != 0 || len(entries) != 0 {
				t.Errorf("%s: %+v", content, n[0])
			}
			continue
		}
		if len(context) != 1 || !strings.HasSuffix(context[0], "Patient/ana") || len(entries) != 2 || entries[1].FullURL != context[0] || entries[1].Method != http.MethodGet || (entries[1].Resource != nil) != (content == "full-resource") {
			t.Errorf("%s: %+v", content, n[0])
		}
	}
}
