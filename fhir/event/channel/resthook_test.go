package channel_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/event"
	"andiron.dev/fhir/event/channel"
	"andiron.dev/fhir/event/eventtest"
)

const topic = "https://andiron.dev/fhir/SubscriptionTopic/appointment-booked"

func parse(t testing.TB, text string) *fhir.Resource {
	t.Helper()
	r, err := fhir.ParseResource(text, fhir.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// subscription is one with the given channel.
func subscription(t testing.TB, channel string) *fhir.Resource {
	t.Helper()
	return parse(t, `{"resourceType":"Subscription","id":"s1","status":"active","reason":"test","criteria":"`+topic+`","channel":`+channel+`}`)
}

// noted is a notification of one event about a patient.
func noted(t testing.TB, sub *fhir.Resource, topic string, content event.Content) *event.Notification {
	t.Helper()
	when := time.Date(2026, 11, 22, 4, 50, 35, 0, time.UTC)
	n := &event.Notification{
		Subscription: sub, Kind: event.EventNotification, Topic: topic, Content: content, Number: 7,
		Events: []event.NotifiedEvent{{
			Number: 7, Time: when, Type: "Patient", ID: "p1", VersionID: "2", Method: fhir.Update,
			Focus: parse(t, `{"resourceType":"Patient","id":"p1","name":[{"family":"Secretname"}]}`).WithVersion("2", when),
		}},
	}
	n.Bundle = func() *fhir.Resource {
		return event.NewBundle(n, event.Envelope{ID: "6f1ed7d5-6a4c-4a5e-9a3b-000000000001", Base: "https://s/fhir", Status: "active", Time: when})
	}
	return n
}

// channels are those of a server that may call this machine.
func channels(t testing.TB, mailer channel.Mailer) map[string]event.Channel {
	t.Helper()
	n := 0
	return channel.New(channel.Config{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Mailer: mailer, Now: time.Now, Source: "https://s/fhir",
		NewID: func() string {
			n++
			return strings.Repeat("0", 7) + string(rune('0'+n)) + "-0000-4000-8000-000000000000"
		},
	})
}

func TestRestHookToTopic(t *testing.T) {
	s, hook := eventtest.New(t), channels(t, nil)["rest-hook"]
	sub := subscription(t, `{"type":"rest-hook","endpoint":"`+s.URL+`/in?k=1","payload":"application/fhir+json","header":["Authorization: Bearer abc","X-Two:  2 "]}`)
	if o := hook.Check(sub); o != nil {
		t.Fatal(o)
	}
	for _, content := range []event.Content{event.Empty, event.IDOnly, event.FullResource} {
		s.Clear()
		if err := hook.Deliver(t.Context(), noted(t, sub, topic, content)); err != nil {
			t.Fatal(err)
		}
		r := s.Requests()[0]
		if r.Method != "POST" || r.Path != "/in" || r.Header.Get("Authorization") != "Bearer abc" || r.Header.Get("X-Two") != "2" || r.Header.Get("Content-Type") != "application/fhir+json" {
			t.Errorf("%s: %s %s %v", content, r.Method, r.Path, r.Header)
		}
		if _, sent := r.Header["X-Idempotency-Key"]; sent {
			t.Error("a header that is for net/http was sent")
		}
		n, err := eventtest.Parse(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if n.Type != "event-notification" || n.Since != 7 || len(n.Events) != 1 || n.Events[0].Number != 7 || n.Topic != topic || n.Status != "active" {
			t.Errorf("%s: %+v", content, n)
		}
		focus, entries, inside := "https://s/fhir/Patient/p1", 1, strings.Contains(r.Body, "Secretname")
		if content == event.Empty {
			focus, entries = "", 0
		}
		if n.Events[0].Focus != focus || len(n.Entries) != entries || inside != (content == event.FullResource) {
			t.Errorf("%s: focus %q, %d entries, content %v", content, n.Events[0].Focus, len(n.Entries), inside)
		}
	}
}

func TestRestHookOfCriteria(t *testing.T) {
	s, hook := eventtest.New(t), channels(t, nil)["rest-hook"]
	for _, c := range []struct{ channel, method, path, body string }{
		{`{"type":"rest-hook","endpoint":"` + s.URL + `/in"}`, "POST", "/in", ""},
		{`{"type":"rest-hook","endpoint":"` + s.URL + `/in","payload":"application/fhir+json"}`, "PUT", "/in/Patient/p1", "Secretname"},
		{`{"type":"rest-hook","endpoint":"` + s.URL + `/in/","payload":"application/json"}`, "PUT", "/in/Patient/p1", "Secretname"},
	} {
		s.Clear()
		if err := hook.Deliver(t.Context(), noted(t, subscription(t, c.channel), "", "")); err != nil {
			t.Fatal(err)
		}
		r := s.Requests()[0]
		if r.Method != c.method || r.Path != c.path || !strings.Contains(r.Body, c.body) || c.body == "" && (r.Body != "" || r.Header.Get("Content-Type") != "") {
			t.Errorf("%s: %s %s %q", c.channel, r.Method, r.Path, r.Body)
		}
	}
	n := noted(t, subscription(t, `{"type":"rest-hook","endpoint":"`+s.URL+`/in"}`), "", "")
	n.Kind = event.Handshake
	s.Clear()
	if err := hook.Deliver(t.Context(), n); err != nil || len(s.Requests()) != 0 {
		t.Errorf("a handshake that R4 does not know: %v, %d requests", err, len(s.Requests()))
	}
}

func TestRestHookAnswers(t *testing.T) {
	s, hook := eventtest.New(t), channels(t, nil)["rest-hook"]
	sub := subscription(t, `{"type":"rest-hook","endpoint":"`+s.URL+`/in"}`)
	for status, want := range map[int]string{200: "", 202: "", 204: "", 301: "redirects are not followed", 404: "answered 404", 410: "gone", 429: "answered 429", 500: "answered 500", 503: "answered 503"} {
		s.Answer(func(int, *eventtest.Request) int { return status })
		err := hook.Deliver(t.Context(), noted(t, sub, topic, event.IDOnly))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) || errors.Is(err, event.ErrPermanent) != (status == 410) {
			t.Errorf("%d: %v", status, err)
		}
	}
	s.Answer(nil)
	s.Slow(5 * time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if err := hook.Deliver(ctx, noted(t, sub, topic, event.IDOnly)); err == nil || time.Since(begun) > 3*time.Second || !strings.Contains(err.Error(), "too long") {
		t.Errorf("%v after %s", err, time.Since(begun))
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	err := hook.Deliver(t.Context(), noted(t, subscription(t, `{"type":"rest-hook","endpoint":"`+gone.URL+`/secret"}`), topic, event.IDOnly))
	if err == nil || strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "secret") {
		t.Errorf("nobody listens: %v", err)
	}
}

// TestRestHookGoesNowhereElse: a redirect is not followed, and what is not allowed is refused before and when it is dialled.
func TestRestHookGoesNowhereElse(t *testing.T) {
	inside := eventtest.New(t)
	redirect := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusTemporaryRedirect))
	defer redirect.Close()
	hook := channels(t, nil)["rest-hook"]
	if err := hook.Deliver(t.Context(), noted(t, subscription(t, `{"type":"rest-hook","endpoint":"`+redirect.URL+`"}`), topic, event.IDOnly)); err == nil {
		t.Error("a redirect was followed")
	}
	closed := channel.New(channel.Config{Now: time.Now})["rest-hook"]
	port := inside.URL[strings.LastIndexByte(inside.URL, ':'):]
	for _, endpoint := range []string{
		inside.URL, "http://localhost" + port, "http://[::ffff:127.0.0.1]" + port, "http://0x7f.1" + port, "http://2130706433" + port, "http://0.0.0.0" + port,
		"https://127.0.0.1" + port, "https://localhost/", "https://169.254.169.254/latest", "https://10.0.0.1/", "https://[::1]/", "http://93.184.216.34/", "https://93.184.216.34:25/",
	} {
		sub := subscription(t, `{"type":"rest-hook","endpoint":"`+endpoint+`"}`)
		if o := closed.Check(sub); o == nil {
			t.Errorf("%s is accepted", endpoint)
		} else if at := o.Issues[0].Expression[0]; at != "Subscription.channel.endpoint" {
			t.Errorf("%s: the issue is at %s", endpoint, at)
		}
		if strings.Contains(endpoint, "93.184") {
			continue
		}
		if err := closed.Deliver(t.Context(), noted(t, sub, topic, event.IDOnly)); err == nil {
			t.Errorf("%s is delivered to", endpoint)
		}
	}
	if n := len(inside.Requests()); n != 0 {
		t.Errorf("the endpoint inside was reached %d times", n)
	}
	for _, endpoint := range []string{"ftp://127.0.0.1/", "https://u:p@127.0.0.1/", "http://127.0.0.1/#x", "/relative", "mailto:a@b.example", "https://127.0.0.1:99999/"} {
		if o := hook.Check(subscription(t, `{"type":"rest-hook","endpoint":"`+endpoint+`"}`)); o == nil {
			t.Errorf("%q is accepted", endpoint)
		}
	}
	if o := hook.Check(subscription(t, `{"type":"rest-hook"}`)); o == nil || o.Code() != fhir.Required {
		t.Errorf("no endpoint: %v", o)
	}
	if o := hook.Check(subscription(t, `{"type":"rest-hook","endpoint":"http://localhost`+port+`/x"}`)); o != nil {
		t.Errorf("localhost is a name of what is allowed: %v", o)
	}
	if o := hook.Check(subscription(t, `{"type":"rest-hook","endpoint":"https://nobody.invalid/x"}`)); o != nil {
		t.Errorf("a name that is not known now may be later: %v", o)
	}
}

func TestHeaders(t *testing.T) {
	hook := channels(t, nil)["rest-hook"]
	check := func(headers string) *fhir.Outcome {
		return hook.Check(subscription(t, `{"type":"rest-hook","endpoint":"http://127.0.0.1/x","header":[`+headers+`]}`))
	}
	for _, h := range []string{"Authorization: Bearer xyz", "X-A:", "X-Trace:a:b", "Cookie: a=b"} {
		if o := check(`"` + h + `"`); o != nil {
			t.Errorf("%q: %v", h, o)
		}
	}
	for _, h := range []string{
		"Host: a", "hOsT: a", "Content-Length: 1", "Transfer-Encoding: chunked", "Connection: close", "Keep-Alive: 1", "TE: x", "Trailer: x", "Upgrade: h2c", "Proxy-Authorization: s3cr3t",
		"no colon", ": s3cr3t", "A B: s3cr3t", "A : s3cr3t", " A: s3cr3t", `A: s3cr3t\r\nHost: x`, `A\n: s3cr3t`, `Ä: s3cr3t`, `A: s3cr3t\u0000`, "Expect: 100-continue",
	} {
		o := check(`"` + h + `"`)
		if o == nil {
			t.Errorf("%q is accepted", h)
		} else if strings.Contains(o.Error(), "s3cr3t") {
			t.Errorf("%q: the issue repeats it: %v", h, o)
		}
	}
	if check(strings.TrimSuffix(strings.Repeat(`"A: b",`, 33), ",")) == nil {
		t.Error("any number of headers is accepted")
	}
	// What is in the store already is sent without what may not be.
	s := eventtest.New(t)
	sub := subscription(t, `{"type":"rest-hook","endpoint":"`+s.URL+`","header":["Host: evil.example","Content-Length: 1","A: b"]}`)
	if err := hook.Deliver(t.Context(), noted(t, sub, topic, event.IDOnly)); err != nil {
		t.Fatal(err)
	}
	if r := s.Requests()[0]; r.Header.Get("A") != "b" || len(r.Body) < 100 {
		t.Errorf("%v", r)
	}
}

func TestPayload(t *testing.T) {
	hook := channels(t, nil)["rest-hook"]
	for media, want := range map[string]bool{"": true, "application/fhir+json": true, "application/json": true, "application/fhir+xml": false, "text/plain": false, "nonsense": false} {
		c := `{"type":"rest-hook","endpoint":"http://127.0.0.1/x"`
		if media != "" {
			c += `,"payload":"` + media + `"`
		}
		if o := hook.Check(subscription(t, c+"}")); (o == nil) != want {
			t.Errorf("%q: %v", media, o)
		}
	}
}

func TestMessage(t *testing.T) {
	s, m := eventtest.New(t), channels(t, nil)["message"]
	sub := subscription(t, `{"type":"message","endpoint":"`+s.URL+`/$process-message","payload":"application/fhir+json"}`)
	if o := m.Check(sub); o != nil {
		t.Fatal(o)
	}
	if err := m.Deliver(t.Context(), noted(t, sub, topic, event.IDOnly)); err != nil {
		t.Fatal(err)
	}
	root := parse(t, s.Requests()[0].Body).Root()
	var entries []fhir.Element
	for e := range root.Each("entry") {
		entries = append(entries, e)
	}
	if root.Get("type").Text() != "message" || len(entries) != 2 {
		t.Fatalf("%s", s.Requests()[0].Body)
	}
	head := entries[0].Get("resource")
	if head.Get("resourceType").Text() != "MessageHeader" || head.Get("eventUri").Text() != topic || head.Get("focus").First().Get("reference").Text() != entries[1].Get("fullUrl").Text() {
		t.Errorf("%s", head.Raw())
	}
	if n, err := eventtest.Parse(entries[1].Get("resource").Raw()); err != nil || n.Events[0].Number != 7 {
		t.Errorf("%v %+v", err, n)
	}
	s.Clear()
	if err := m.Deliver(t.Context(), noted(t, sub, "", "")); err != nil {
		t.Fatal(err)
	}
	if body := s.Requests()[0].Body; !strings.Contains(body, "Secretname") || !strings.Contains(body, `"reference":"https://s/fhir/Patient/p1"`) {
		t.Error(body)
	}
}
