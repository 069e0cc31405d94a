package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir/event/eventtest"
	"github.com/coder/websocket"
)

const backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"

// channelled stores a subscription to booked appointments whose channel has these elements, and waits until it is active.
func (s *running) channelled(t testing.TB, channel string) string {
	t.Helper()
	id := s.created(t, "Subscription", `{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"`+bookedTopic+`","channel":{`+channel+
		`,"payload":"application/fhir+json","_payload":{"extension":[{"url":"`+backport+`backport-payload-content","valueCode":"id-only"}]}}}`)
	s.active(t, id)
	return id
}

// bindingToken asks for a token, and says where it is good.
func (s *running) bindingToken(t testing.TB, id string) (token, url string) {
	t.Helper()
	_, text := s.do(t, http.MethodGet, "/Subscription/"+id+"/$get-ws-binding-token", "")
	var p struct {
		Parameter []struct{ Name, ValueString, ValueURL string }
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	for _, one := range p.Parameter {
		switch one.Name {
		case "token":
			token = one.ValueString
		case "websocket-url":
			url = one.ValueURL
		}
	}
	if token == "" || !strings.HasPrefix(url, "ws://") {
		t.Fatal(text)
	}
	return token, url
}

// line is a connection of a subscriber.
type line struct{ *websocket.Conn }

func dial(t testing.TB, url, say string) *line {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	if err := c.Write(t.Context(), websocket.MessageText, []byte(say)); err != nil {
		t.Fatal(err)
	}
	return &line{c}
}

// hear is what comes next; "" = the connection was closed for what the client did.
func (l *line) hear(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, text, err := l.Read(ctx)
	if err != nil && websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Fatal(err)
	}
	return string(text)
}

func (l *line) notified(t testing.TB) *eventtest.Notification {
	t.Helper()
	text := l.hear(t)
	n, err := eventtest.Parse(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return n
}

// TestWebSocket: whoever shows a token is greeted and then told; what happens while nobody is connected is counted, and asked for with $events;
// a token opens one connection, and none when its time is over.
func TestWebSocket(t *testing.T) {
	s := follow(t, t.TempDir(), "--test-clock")
	id := s.channelled(t, `"type":"websocket"`)
	token, url := s.bindingToken(t, id)
	one := dial(t, url, "bind-with-token "+token)
	if n := one.notified(t); n.Type != "handshake" || n.Since != 0 || !strings.HasSuffix(n.Subscription, "Subscription/"+id) {
		t.Fatalf("%+v", n)
	}
	lee := s.created(t, "Appointment", appointment("booked", "dr-lee"))
	if n := one.notified(t); n.Type != "event-notification" || len(n.Events) != 1 || n.Events[0].Number != 1 || !strings.HasSuffix(n.Events[0].Focus, "Appointment/"+lee) || len(n.Entries) != 1 || n.Entries[0].Resource != nil {
		t.Fatalf("%+v", n)
	}
	_ = one.Close(websocket.StatusNormalClosure, "")
	for _, used := range []string{token, "none"} {
		if text := dial(t, url, "bind-with-token "+used).hear(t); text != "" {
			t.Errorf("the token %q opens: %s", used, text)
		}
	}
	s.created(t, "Appointment", appointment("booked", "dr-lee"))
	s.drain(t)
	token, _ = s.bindingToken(t, id)
	two := dial(t, url, "bind-with-token "+token)
	if n := two.notified(t); n.Type != "handshake" || n.Since != 2 {
		t.Fatalf("%+v", n)
	}
	if n, err := eventtest.Parse(second(s.do(t, http.MethodGet, "/Subscription/"+id+"/$events?eventsSinceNumber=2", ""))); err != nil || len(n.Events) != 1 || n.Events[0].Number != 2 {
		t.Errorf("%v %+v", err, n)
	}
	s.created(t, "Appointment", appointment("booked", "dr-kim"))
	if n := two.notified(t); len(n.Events) != 1 || n.Events[0].Number != 3 {
		t.Fatalf("%+v", n)
	}
	token, _ = s.bindingToken(t, id)
	s.setClock(t, time.Now().Add(2*time.Hour))
	if text := dial(t, url, "bind-with-token "+token).hear(t); text != "" {
		t.Errorf("a token that has expired opens: %s", text)
	}
	if text := two.hear(t); text != "" {
		t.Errorf("what an expired token has bound is sent: %s", text)
	}
}

// TestClassicWebSocket is the way of R4: the id binds, and nothing is told but that something has happened.
func TestClassicWebSocket(t *testing.T) {
	s := follow(t, t.TempDir())
	id := s.created(t, "Subscription", `{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"Observation?code=1","channel":{"type":"websocket"}}`)
	s.active(t, id)
	c := dial(t, "ws"+strings.TrimPrefix(s.url, "http")+"/ws", "bind "+id)
	if text := c.hear(t); text != "bound "+id {
		t.Fatal(text)
	}
	for _, code := range []string{"2", "1"} {
		s.created(t, "Observation", `{"resourceType":"Observation","status":"final","code":{"coding":[{"code":"`+code+`"}]}}`)
	}
	if text := c.hear(t); text != "ping "+id {
		t.Fatal(text)
	}
}

func second(_ int, text string) string { return text }

// post is a mail server that takes everything.
type post struct {
	address string
	mu      sync.Mutex
	mails   []string
	to      []string
}

func openPost(t *testing.T) *post {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	p := &post{address: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

// serve is as much of RFC 5321 as a client needs.
func (p *post) serve(c net.Conn) {
	defer c.Close()
	lines := bufio.NewReader(c)
	fmt.Fprint(c, "220 post\r\n")
	for {
		text, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.TrimSpace(text)); {
		case strings.HasPrefix(verb, "DATA"):
			fmt.Fprint(c, "354 go on\r\n")
			var mail strings.Builder
			for {
				text, err := lines.ReadString('\n')
				if err != nil {
					return
				}
				if text == ".\r\n" {
					break
				}
				mail.WriteString(text)
			}
			p.mu.Lock()
			p.mails = append(p.mails, mail.String())
			p.mu.Unlock()
			fmt.Fprint(c, "250 taken\r\n")
		case strings.HasPrefix(verb, "RCPT"):
			p.mu.Lock()
			p.to = append(p.to, verb)
			p.mu.Unlock()
			fmt.Fprint(c, "250 ok\r\n")
		case verb == "QUIT":
			fmt.Fprint(c, "221 bye\r\n")
			return
		default:
			fmt.Fprint(c, "250 ok\r\n")
		}
	}
}

// TestEmail: handshake and notification are mails, files where there is no mail server; what a program may read is attached, and no resource ever is.
func TestEmail(t *testing.T) {
	const channel = `"type":"email","endpoint":"mailto:ward@hospital.example"`
	dir := t.TempDir()
	server := openPost(t)
	for name, read := range map[string]func() []string{
		"folder": func() (mails []string) {
			files, _ := filepath.Glob(filepath.Join(dir, "outbox", "*.eml"))
			for _, name := range files {
				text, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				mails = append(mails, string(text))
			}
			return mails
		},
		"server": func() []string {
			server.mu.Lock()
			defer server.mu.Unlock()
			return server.mails
		},
	} {
		t.Run(name, func(t *testing.T) {
			flags := []string{"--test-clock"}
			where := dir
			if name == "server" {
				flags, where = append(flags, "--smtp-addr", server.address, "--smtp-security", "none", "--smtp-from", "andiron@hospital.example"), t.TempDir()
			}
			s := follow(t, where, flags...)
			id := s.channelled(t, channel)
			s.created(t, "Appointment", strings.Replace(appointment("booked", "dr-lee"), `"status"`, `"comment":"Secretname","status"`, 1))
			s.drain(t)
			mails := read()
			if len(mails) != 2 {
				t.Fatalf("%d mails", len(mails))
			}
			all := strings.Join(mails, "\n")
			for _, want := range []string{"Subject: Subscription " + id + " begins", "Subject: Subscription " + id + ": something happened", "<ward@hospital.example>", "notification.json"} {
				if !strings.Contains(strings.ReplaceAll(all, "\r\n ", " "), want) {
					t.Errorf("%q is missing in\n%s", want, all)
				}
			}
			if strings.Contains(all, "Secretname") {
				t.Error("a mail holds a resource")
			}
		})
	}
	if len(server.to) != 2 || !strings.Contains(server.to[0], "WARD@HOSPITAL.EXAMPLE") {
		t.Errorf("%v", server.to)
	}
}

// TestMessages: the endpoint is sent messages, about the notification where there is a topic, and about the resource where the criteria are those of R4.
func TestMessages(t *testing.T) {
	s := follow(t, t.TempDir(), "--test-clock")
	sub, classic := eventtest.New(t), eventtest.New(t)
	s.channelled(t, `"type":"message","endpoint":"`+sub.URL+`","header":["X-Ward: 7"]`)
	id := s.created(t, "Subscription", `{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"Appointment?status=booked","channel":{"type":"message","endpoint":"`+classic.URL+`","payload":"application/fhir+json"}}`)
	s.active(t, id)
	lee := s.created(t, "Appointment", appointment("booked", "dr-lee"))
	s.drain(t)
	type message struct {
		Type  string
		Entry []struct {
			FullURL  string
			Resource json.RawMessage
		}
	}
	type head struct {
		ResourceType, EventURI string
		Focus                  []struct{ Reference string }
	}
	read := func(r *eventtest.Request) (m message, h head) {
		if err := json.Unmarshal([]byte(r.Body), &m); err != nil || m.Type != "message" || len(m.Entry) != 2 || r.Method != http.MethodPost {
			t.Fatalf("%v %s", err, r.Body)
		}
		if err := json.Unmarshal(m.Entry[0].Resource, &h); err != nil || h.ResourceType != "MessageHeader" || len(h.Focus) != 1 || h.Focus[0].Reference != m.Entry[1].FullURL {
			t.Fatalf("%v %s", err, r.Body)
		}
		return m, h
	}
	got := sub.Requests()
	if len(got) != 2 || got[1].Header.Get("X-Ward") != "7" {
		t.Fatalf("%d messages", len(got))
	}
	for i, kind := range []string{"handshake", "event-notification"} {
		m, h := read(got[i])
		if n, err := eventtest.Parse(string(m.Entry[1].Resource)); err != nil || n.Type != kind || h.EventURI != bookedTopic {
			t.Errorf("%v %+v %+v", err, n, h)
		}
	}
	if got = classic.Requests(); len(got) != 1 {
		t.Fatalf("%d messages", len(got))
	}
	if m, _ := read(got[0]); !strings.Contains(string(m.Entry[1].Resource), `"id":"`+lee+`"`) {
		t.Error(got[0].Body)
	}
}
