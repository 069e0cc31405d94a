package automation_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"andiron.dev/resources/automation"
)

const reminders = "Task?code=appointment-reminder&status="

// TestREM1: three timers, at seven days one Communication, and no second one however often the sweeper runs.
func TestREM1(t *testing.T) {
	h := open(t)
	h.drain()
	h.put(patient)
	h.put(appointment("booked", "2026-03-12T15:00:00Z"))
	h.drain()
	timers := h.count(3, reminders+"draft")
	if got := dues(timers); !slices.Equal(got, []string{"2026-03-05T15:00:00Z", "2026-03-10T15:00:00Z", "2026-03-12T13:00:00Z"}) {
		t.Fatal(got)
	}
	for _, task := range timers {
		if dig(task, "focus", "reference") != "Appointment/x" || dig(task, "for", "reference") != "Patient/ana" || dig(task, "instantiatesCanonical") != base+"/PlanDefinition/appointment-reminders" {
			t.Fatal(text(task))
		}
	}
	h.at("2026-03-05T14:59:00Z")
	h.count(0, "Communication?_sort=sent")
	h.at("2026-03-05T15:00:01Z")
	h.drain()
	h.at("2026-03-05T16:00:00Z")
	sent := h.count(1, "Communication?_sort=sent")[0]
	if dig(sent, "status") != "completed" || dig(sent, "about", 0, "reference") != "Appointment/x" || !strings.HasPrefix(dig(sent, "basedOn", 0, "reference").(string), "CommunicationRequest/") {
		t.Fatal(text(sent))
	}
	h.count(1, "CommunicationRequest?status=completed")
	h.count(1, reminders+"completed")
	mails := h.messages("email")
	if len(mails) != 1 || mails[0]["to"] != "ana@example.org" || strings.Contains(mails[0]["text"].(string), "Silva") || !strings.Contains(mails[0]["text"].(string), "Thursday 12 March 2026 at 15:00") {
		t.Fatal(text(mails))
	}
	h.at("2026-03-12T14:59:00Z")
	h.count(3, "Communication?_sort=sent")
}

// TestREM1Nodes: three processes on one store send one message.
func TestREM1Nodes(t *testing.T) {
	h := open(t)
	spec, params := decoded(t)
	others := []*hospital{join(t, h.store, spec, params, h.now, h.outbox), join(t, h.store, spec, params, h.now, h.outbox)}
	h.drain()
	h.put(patient)
	h.put(appointment("booked", "2026-03-12T15:00:00Z"))
	for _, o := range others {
		o.drain()
	}
	h.count(3, reminders+"draft")
	h.now.Store(time.Date(2026, 3, 5, 15, 0, 1, 0, time.UTC).UnixMilli())
	done := make(chan struct{}, 3)
	for _, o := range append(others, h) {
		go func() { o.drain(); done <- struct{}{} }()
	}
	for range 3 {
		<-done
	}
	h.count(1, "Communication?_sort=sent")
	if n := len(h.messages("email")); n != 1 {
		t.Fatalf("%d messages", n)
	}
}

// TestREM2: moved after the first reminder: what is pending is cancelled, and there are new timers for the new time.
func TestREM2(t *testing.T) {
	h := open(t)
	h.drain()
	h.put(patient)
	h.put(appointment("booked", "2026-03-12T15:00:00Z"))
	h.at("2026-03-05T15:00:01Z")
	h.count(1, "Communication?_sort=sent")
	h.put(appointment("booked", "2026-03-20T15:00:00Z"))
	h.drain()
	if got := dues(h.count(3, reminders+"draft")); !slices.Equal(got, []string{"2026-03-13T15:00:00Z", "2026-03-18T15:00:00Z", "2026-03-20T13:00:00Z"}) {
		t.Fatal(got)
	}
	h.count(2, reminders+"cancelled")
	h.put(appointment("booked", "2026-03-12T15:00:00Z")) // and back: what has been sent is not sent again
	h.drain()
	if got := dues(h.count(2, reminders+"draft")); !slices.Equal(got, []string{"2026-03-10T15:00:00Z", "2026-03-12T13:00:00Z"}) {
		t.Fatal(got)
	}
	h.at("2026-03-12T14:59:00Z")
	h.count(3, "Communication?_sort=sent")
}

// TestREM3: what falls into the quiet hours is sent at 08:00 where the patient is, also when the clocks have been changed in between.
func TestREM3(t *testing.T) {
	h := open(t)
	h.drain()
	h.put(strings.Replace(patient, `"telecom"`, `"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/timezone","valueCode":"America/New_York"}],"telecom"`, 1))
	// 09:30 in New York on Sunday 8 March 2026, the day the clocks go forward: two hours before is 07:30 EDT, within the quiet hours.
	h.put(appointment("booked", "2026-03-08T13:30:00Z"))
	h.drain()
	h.count(2, reminders+"draft") // seven days before has passed
	h.at("2026-03-06T13:30:00Z")  // 08:30 EST
	h.at("2026-03-08T11:45:00Z")
	h.count(1, "Communication?_sort=sent")
	if got := dues(h.count(1, reminders+"draft")); got[0] != "2026-03-08T12:00:00Z" { // 08:00 EDT, not 08:00 EST
		t.Fatal(got)
	}
	h.at("2026-03-08T11:59:59Z")
	h.count(1, "Communication?_sort=sent")
	h.at("2026-03-08T12:00:00Z")
	h.count(2, "Communication?_sort=sent")
	// 08:15: two hours before would be moved to 08:00, which is too late.
	h.put(strings.Replace(appointment("booked", "2026-03-09T12:15:00Z"), `"id":"x"`, `"id":"y"`, 1))
	h.at("2026-03-09T12:00:00Z")
	h.count(2, "Communication?_sort=sent")
	h.count(1, reminders+"cancelled")
}

// TestREM4: of a cancelled appointment nobody is reminded.
func TestREM4(t *testing.T) {
	for _, how := range []string{"cancelled", "deleted"} {
		h := open(t)
		h.drain()
		h.put(patient)
		h.put(appointment("booked", "2026-03-12T15:00:00Z"))
		h.drain()
		if how == "deleted" {
			h.do(204, "DELETE", "Appointment/x", "")
		} else {
			h.put(appointment("cancelled", "2026-03-12T15:00:00Z"))
		}
		h.drain()
		h.count(3, reminders+"cancelled")
		h.at("2026-03-13T15:00:00Z")
		h.count(0, "Communication?_sort=sent")
	}
}

// TestREM5: no text message without consent; without any way a Task.
func TestREM5(t *testing.T) {
	consent := `{"resourceType":"Consent","id":"c","status":"active","scope":{"text":"communication"},"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationMode","code":"SMSWRIT"}]}],"patient":{"reference":"Patient/ana"},"provision":{"type":"permit"}}`
	for _, c := range []struct{ name, patient, consent, medium string }{
		{"no consent", patient, "", "email"},
		{"consent", patient, consent, "sms"},
		{"denied", patient, strings.Replace(consent, "permit", "deny", 1), "email"},
		{"only a telephone", strings.Replace(patient, `,{"system":"email","value":"ana@example.org"}`, "", 1), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t)
			h.drain()
			h.put(c.patient)
			if c.consent != "" {
				h.put(c.consent)
			}
			h.put(appointment("booked", "2026-03-12T15:00:00Z"))
			h.at("2026-03-05T15:00:01Z")
			sent := h.count(1, "Communication?_sort=sent")[0]
			if n := len(h.messages("email")) + len(h.messages("sms")); c.medium == "" {
				if h.count(1, "Task?code=call-patient&status=requested"); n != 0 || dig(sent, "status") != "not-done" {
					t.Fatal(n, text(sent))
				}
			} else if n != 1 || len(h.messages(c.medium)) != 1 || dig(sent, "medium", 0, "text") != c.medium {
				t.Fatal(n, text(sent))
			}
		})
	}
}

// TestREM6: while the provider is down it is tried again, and in the end somebody has to call.
func TestREM6(t *testing.T) {
	out := &sender{}
	h := open(t, out)
	out.Sender = nil
	out.down.Store(true)
	h.drain()
	h.put(patient)
	h.put(appointment("booked", "2026-03-12T15:00:00Z"))
	h.at("2026-03-05T15:00:01Z")
	h.count(0, "Communication?_sort=sent")
	h.count(1, reminders+"requested")
	for _, at := range []string{"2026-03-05T15:01:00Z", "2026-03-05T15:05:00Z", "2026-03-05T15:15:00Z", "2026-03-05T15:55:00Z"} {
		h.at(at)
	}
	missed := h.count(1, "Communication?_sort=sent")[0]
	if dig(missed, "status") != "not-done" || dig(missed, "statusReason") == nil {
		t.Fatal(text(missed))
	}
	h.count(1, reminders+"failed")
	h.count(1, "Task?code=call-patient&status=requested")
	h.count(1, "Flag?_lastUpdated=gt2000")
}

// stuck is a Sender that is still at it when its process ends.
type stuck struct{ begun chan struct{} }

func (s *stuck) Send(ctx context.Context, _ *automation.Message) error {
	close(s.begun)
	<-ctx.Done()
	return ctx.Err()
}

// TestCrashedExecutor has a process end while it sends: another one goes on when the lease has ended, and not before.
func TestCrashedExecutor(t *testing.T) {
	s := &stuck{make(chan struct{})}
	h := open(t, s)
	h.drain()
	h.put(patient)
	h.put(appointment("booked", "2026-03-12T15:00:00Z"))
	h.drain()
	h.now.Store(time.Date(2026, 3, 5, 15, 0, 1, 0, time.UTC).UnixMilli())
	ctx, crash := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.module.Drain(ctx) }()
	<-s.begun
	crash()
	if <-done == nil {
		t.Fatal("it went on")
	}
	spec, params := decoded(t)
	next := join(t, h.store, spec, params, h.now, h.outbox)
	next.at("2026-03-05T15:00:59Z")
	next.count(0, "Communication?_sort=sent")
	next.count(1, reminders+"in-progress")
	next.at("2026-03-05T15:01:02Z")
	next.count(1, "Communication?_sort=sent")
	if n := len(next.messages("email")); n != 1 {
		t.Fatalf("%d messages", n)
	}
}

// TestOutbox is written so that nobody else reads it.
func TestOutbox(t *testing.T) {
	o := &automation.Outbox{Dir: filepath.Join(t.TempDir(), "out")}
	for range 2 {
		if err := o.Send(t.Context(), &automation.Message{Medium: "sms", To: "1", Text: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(filepath.Join(o.Dir, "sms.jsonl"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
}
