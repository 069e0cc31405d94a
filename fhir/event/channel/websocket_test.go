package channel_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/event"
	"andiron.dev/fhir/event/channel"
	"andiron.dev/fhir/event/eventtest"
	"github.com/coder/websocket"
)

// desk stands for package event: it knows tokens, and has handshakes delivered.
type desk struct {
	t       *testing.T
	sockets *channel.Sockets

	mu     sync.Mutex
	tokens map[string][]string
	until  time.Time
	now    time.Time
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *desk) Redeem(_ context.Context, token string) ([]string, time.Time, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ids, ok := d.tokens[token]; ok {
		return ids, d.until, nil
	}
	return nil, time.Time{}, errors.New("no such token")
}

func (d *desk) notification(id string, kind event.Kind, topic string) *event.Notification {
	n := &event.Notification{Subscription: parse(d.t, `{"resourceType":"Subscription","id":"`+id+`","channel":{"type":"websocket"}}`), Kind: kind, Topic: topic, Content: event.Empty}
	if kind == event.EventNotification {
		n.Number, n.Events = 1, []event.NotifiedEvent{{Number: 1, Time: d.clock(), Type: "Patient", ID: "p", Focus: parse(d.t, `{"resourceType":"Patient","id":"p"}`)}}
	}
	n.Bundle = func() *fhir.Resource {
		return event.NewBundle(n, event.Envelope{ID: "6f1ed7d5-6a4c-4a5e-9a3b-000000000001", Status: "active", Time: d.clock()})
	}
	return n
}

func (d *desk) Status(_ context.Context, id string, kind event.Kind) (*event.Notification, error) {
	about := topic
	if id == "classic" {
		about = ""
	}
	n := d.notification(id, kind, about)
	n.Number = 41
	return n, nil
}

func newDesk(t *testing.T, change ...func(*channel.SocketOptions)) (*desk, string) {
	t.Helper()
	d := &desk{t: t, tokens: map[string][]string{"good": {"a", "b"}}, now: time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)}
	d.until = d.now.Add(time.Hour)
	o := channel.SocketOptions{Now: d.clock, Open: true}
	for _, f := range change {
		f(&o)
	}
	d.sockets = channel.NewSockets(o)
	d.sockets.Ask(d)
	s := httptest.NewServer(d.sockets)
	t.Cleanup(func() { d.sockets.Close(); s.Close() })
	return d, "ws" + strings.TrimPrefix(s.URL, "http")
}

func dial(t *testing.T, url string, header http.Header) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

func say(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// hear is the next text, or what the connection was closed with.
func hear(t *testing.T, c *websocket.Conn) (string, websocket.StatusCode) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, text, err := c.Read(ctx)
	if ctx.Err() != nil {
		t.Fatal("nothing was sent")
	}
	return string(text), websocket.CloseStatus(err)
}

func heard(t *testing.T, c *websocket.Conn) *eventtest.Notification {
	t.Helper()
	text, status := hear(t, c)
	n, err := eventtest.Parse(text)
	if err != nil {
		t.Fatalf("%v (closed with %d): %s", err, status, text)
	}
	return n
}

// bound waits until so many subscriptions are bound.
func (d *desk) bound(n int) {
	d.t.Helper()
	for end := time.Now().Add(5 * time.Second); len(d.sockets.Subscriptions()) != n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			d.t.Fatalf("%v are bound, want %d", d.sockets.Subscriptions(), n)
		}
	}
}

func TestWebSocket(t *testing.T) {
	d, url := newDesk(t)
	if err := d.sockets.Deliver(t.Context(), d.notification("a", event.EventNotification, topic)); err != nil {
		t.Errorf("nobody is connected: %v", err)
	}
	one, two := dial(t, url, nil), dial(t, url, nil)
	say(t, one, "bind-with-token good")
	for _, id := range []string{"a", "b"} {
		if n := heard(t, one); n.Type != "handshake" || n.Subscription != "Subscription/"+id {
			t.Errorf("%+v", n)
		}
	}
	say(t, two, "bind-with-token good")
	heard(t, two)
	heard(t, two)
	if got := d.sockets.Subscriptions(); got["a"] != 41 || got["b"] != 41 || len(got) != 2 {
		t.Errorf("%v", got)
	}
	// The second one's handshakes are not the first one's; a bind again greets nobody.
	say(t, one, "bind-with-token good")
	if err := d.sockets.Deliver(t.Context(), d.notification("b", event.EventNotification, topic)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*websocket.Conn{one, two} {
		if n := heard(t, c); n.Type != "event-notification" || n.Subscription != "Subscription/b" || n.Events[0].Number != 1 {
			t.Errorf("%+v", n)
		}
	}
	_ = one.Close(websocket.StatusNormalClosure, "")
	_ = two.Close(websocket.StatusNormalClosure, "")
	d.bound(0)
}

func TestWebSocketRefuses(t *testing.T) {
	d, url := newDesk(t, func(o *channel.SocketOptions) { o.MostFrom, o.Bindings = 12, 2 })
	d.tokens["many"] = []string{"a", "b", "c"}
	for _, text := range []string{"bind-with-token bad", "bind-with-token ", "bind-with-token", "bind :a", "bind a", "bind ../x", "hello", "", "bind-with-token many", strings.Repeat("x", 5000)} {
		c := dial(t, url, nil)
		say(t, c, text)
		for {
			heard, status := hear(t, c)
			if status == websocket.StatusPolicyViolation || status == websocket.StatusMessageTooBig {
				break
			}
			if heard == "" {
				t.Fatalf("%.20q: closed with %d", text, status)
			}
		}
	}
	d.bound(0)
	c := dial(t, url, nil)
	if err := c.Write(t.Context(), websocket.MessageBinary, []byte("bind-with-token good")); err != nil {
		t.Fatal(err)
	}
	if _, status := hear(t, c); status != websocket.StatusPolicyViolation {
		t.Errorf("binary: %d", status)
	}
	c = dial(t, url, nil)
	for range 30 {
		_ = c.Write(t.Context(), websocket.MessageText, []byte("bind-with-token good"))
	}
	for status := websocket.StatusCode(-1); status != websocket.StatusPolicyViolation; {
		if _, status = hear(t, c); status != -1 && status != websocket.StatusPolicyViolation {
			t.Fatalf("a flood: %d", status)
		}
	}
}

func TestWebSocketLimits(t *testing.T) {
	d, url := newDesk(t, func(o *channel.SocketOptions) {
		o.MostFrom, o.BindWithin, o.Quiet, o.Origins = 2, 300*time.Millisecond, 100*time.Millisecond, []string{"https://app.example.org"}
	})
	refused := func(header http.Header) int {
		c, resp, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: header})
		if err == nil {
			_ = c.CloseNow()
			return 101
		}
		return resp.StatusCode
	}
	if status := refused(http.Header{"Origin": {"https://evil.example.org"}}); status != http.StatusForbidden {
		t.Errorf("another origin: %d", status)
	}
	one := dial(t, url, http.Header{"Origin": {"https://app.example.org"}})
	two := dial(t, url, nil)
	if status := refused(nil); status != http.StatusServiceUnavailable {
		t.Errorf("a third connection: %d", status)
	}
	say(t, one, "bind-with-token good")
	heard(t, one)
	heard(t, one)
	if text, status := hear(t, two); status != websocket.StatusPolicyViolation {
		t.Errorf("a connection that binds nothing: %q, %d", text, status)
	}
	// one answers pings only while it reads; it has read nothing since, so that it is given up.
	d.bound(0)
}

func TestWebSocketTokenExpires(t *testing.T) {
	d, url := newDesk(t)
	c := dial(t, url, nil)
	say(t, c, "bind-with-token good")
	heard(t, c)
	heard(t, c)
	d.mu.Lock()
	d.now = d.until
	d.mu.Unlock()
	if err := d.sockets.Deliver(t.Context(), d.notification("a", event.EventNotification, topic)); err != nil {
		t.Fatal(err)
	}
	if text, status := hear(t, c); status != websocket.StatusPolicyViolation {
		t.Errorf("after the token has expired: %q, %d", text, status)
	}
	d.bound(0)
}

func TestWebSocketOfR4(t *testing.T) {
	d, url := newDesk(t)
	c := dial(t, url, nil)
	say(t, c, "bind :classic")
	if text, _ := hear(t, c); text != "bound classic" {
		t.Errorf("%q", text)
	}
	for _, kind := range []event.Kind{event.Heartbeat, event.EventNotification} {
		if err := d.sockets.Deliver(t.Context(), d.notification("classic", kind, "")); err != nil {
			t.Fatal(err)
		}
	}
	if text, _ := hear(t, c); text != "ping classic" {
		t.Errorf("%q", text)
	}
	go d.sockets.Close()
	if text, status := hear(t, c); status != websocket.StatusGoingAway {
		t.Errorf("the server stops: %q, %d", text, status)
	}
	if _, resp, err := websocket.Dial(t.Context(), url, nil); err == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Error("a server that stops lets in")
	}
}

func TestWebSocketCheck(t *testing.T) {
	d, _ := newDesk(t)
	for c, want := range map[string]bool{`"x":1`: true, `"payload":"application/fhir+json"`: true, `"endpoint":"wss://x"`: false, `"header":["A: b"]`: false, `"payload":"text/plain"`: false} {
		if o := d.sockets.Check(subscription(t, `{"type":"websocket",`+c+`}`)); (o == nil) != want {
			t.Errorf("%s: %v", c, o)
		}
	}
}
