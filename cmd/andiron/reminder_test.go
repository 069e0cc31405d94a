package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	anaToBeReminded = `{"resourceType":"Patient","id":"ana","name":[{"family":"Silva"}],"telecom":[{"system":"email","value":"ana@example.org"},{"system":"phone","value":"+1 555 0100"}]}`
	reminderTasks   = "Task?code=appointment-reminder&status="
	reminded        = "Communication?category=appointment-reminder&status="
)

// visit is Ana's appointment, of an hour.
func visit(status string, start time.Time) string {
	return fmt.Sprintf(`{"resourceType":"Appointment","id":"visit","status":"%s","start":"%s","end":"%s","participant":[{"actor":{"reference":"Patient/ana"},"status":"accepted"}]}`,
		status, start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339))
}

// reminding is a server whose clock stands at now, with a patient to be reminded.
type reminding struct {
	*running
	dir string
	now time.Time
}

func openReminding(t *testing.T, patient string, more ...string) *reminding {
	t.Helper()
	dir := t.TempDir()
	c := &reminding{startServer(t, append([]string{"serve", "--store", "sqlite:" + dir, "--test-clock"}, more...)...), dir, time.Date(2037, 3, 2, 15, 0, 0, 0, time.UTC)}
	c.setClock(t, c.now)
	c.stored(t, patient)
	return c
}

// at sets the clock: what is due then is done when it returns.
func (c *reminding) at(t *testing.T, text string) {
	t.Helper()
	now, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	c.setClock(t, now)
}

// messages are the lines of a file of the outbox.
func (c *reminding) messages(t *testing.T, medium string) (list []map[string]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, "outbox", medium+".jsonl"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var one map[string]string
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		list = append(list, one)
	}
	return list
}

// timers are when the reminders with a status are due.
func (c *reminding) timers(t *testing.T, status string) (list []string) {
	t.Helper()
	_, text := c.do(t, "GET", "/"+reminderTasks+status+"&_count=100", "")
	var b struct {
		Entry []struct {
			Resource struct{ ExecutionPeriod struct{ Start time.Time } }
		}
	}
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	for _, e := range b.Entry {
		list = append(list, e.Resource.ExecutionPeriod.Start.UTC().Format(time.RFC3339))
	}
	slices.Sort(list)
	return list
}

func (c *reminding) due(t *testing.T, status string, want ...string) {
	t.Helper()
	if got := c.timers(t, status); !slices.Equal(got, want) {
		t.Fatalf("%s: %v, want %v", status, got, want)
	}
}

// TestREM1: three timers ten days ahead; seven days before, three processes send one message between them, and no second one however often
// anybody looks, nor after a crash.
func TestREM1(t *testing.T) {
	c := openReminding(t, anaToBeReminded)
	c.stored(t, visit("booked", c.now.Add(10*24*time.Hour)))
	c.drain(t)
	c.due(t, "draft", "2037-03-05T15:00:00Z", "2037-03-10T15:00:00Z", "2037-03-12T13:00:00Z")
	c.amount(t, 3, reminderTasks+"draft&focus=Appointment/visit&patient=Patient/ana")
	c.at(t, "2037-03-05T14:59:00Z")
	c.amount(t, 0, "Communication")
	all := []*running{c.running}
	for range 2 {
		all = append(all, startServer(t, "serve", "--store", "sqlite:"+c.dir, "--test-clock"))
	}
	at := time.Date(2037, 3, 5, 15, 0, 1, 0, time.UTC)
	together(t, all, at)
	c.amount(t, 1, reminded+"completed")
	_, text := c.do(t, "GET", "/"+reminded+"completed", "")
	if !strings.Contains(text, `"about":[{"reference":"Appointment/visit"}]`) || !strings.Contains(text, `"basedOn":[{"reference":"CommunicationRequest/`) || !strings.Contains(text, "/PlanDefinition/appointment-reminders") {
		t.Error(text)
	}
	if sent := c.messages(t, "email"); len(sent) != 1 || sent[0]["to"] != "ana@example.org" || strings.Contains(sent[0]["text"], "Silva") || !strings.Contains(sent[0]["text"], "12 March 2037 at 15:00") {
		t.Errorf("%v", sent)
	}
	c.kill()
	s := all[1]
	s.setClock(t, at.Add(time.Minute))
	s.amount(t, 1, "Communication")
	s.amount(t, 2, reminderTasks+"draft")
}

// TestREM2: moved after the first reminder, what is pending is cancelled, and there are timers for the new time.
func TestREM2(t *testing.T) {
	c := openReminding(t, anaToBeReminded)
	start := c.now.Add(10 * 24 * time.Hour)
	c.stored(t, visit("booked", start))
	c.at(t, "2037-03-05T15:00:01Z")
	c.amount(t, 1, "Communication")
	c.stored(t, visit("booked", start.Add(8*24*time.Hour)))
	c.drain(t)
	c.due(t, "draft", "2037-03-13T15:00:00Z", "2037-03-18T15:00:00Z", "2037-03-20T13:00:00Z")
	c.due(t, "cancelled", "2037-03-10T15:00:00Z", "2037-03-12T13:00:00Z")
	c.at(t, "2037-03-12T15:00:00Z")
	c.amount(t, 1, "Communication")
	c.at(t, "2037-03-13T15:00:01Z")
	c.amount(t, 2, reminded+"completed")
}

// TestREM3: what falls into the quiet hours is sent at 08:00 where the patient is, also when the clocks have been changed in between.
func TestREM3(t *testing.T) {
	c := openReminding(t, strings.Replace(anaToBeReminded, `"telecom"`, `"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/timezone","valueCode":"America/New_York"}],"telecom"`, 1))
	// 09:30 in New York on Sunday 8 March 2026, when the clocks have gone forward: two hours before is 07:30, within the quiet hours.
	c.stored(t, visit("booked", time.Date(2037, 3, 8, 13, 30, 0, 0, time.UTC)))
	c.drain(t)
	c.at(t, "2037-03-06T13:30:00Z") // 08:30, by the clocks of winter
	c.amount(t, 1, "Communication")
	c.at(t, "2037-03-08T11:45:00Z")
	c.due(t, "draft", "2037-03-08T12:00:00Z") // 08:00, by those of summer
	c.at(t, "2037-03-08T11:59:59Z")
	c.amount(t, 1, "Communication")
	c.at(t, "2037-03-08T12:00:00Z")
	c.amount(t, 2, reminded+"completed")
	// An hour before at 08:15 would come at 08:00, which is too late to be of use.
	c.stored(t, strings.Replace(visit("booked", time.Date(2037, 3, 9, 12, 15, 0, 0, time.UTC)), `"visit"`, `"early"`, 1))
	c.at(t, "2037-03-09T12:00:00Z")
	c.amount(t, 2, "Communication")
	c.amount(t, 1, reminderTasks+"cancelled&focus=Appointment/early")
}

// TestREM4: of an appointment that is cancelled, or goes away, nobody is reminded.
func TestREM4(t *testing.T) {
	c := openReminding(t, anaToBeReminded)
	start := c.now.Add(10 * 24 * time.Hour)
	c.stored(t, visit("booked", start))
	c.stored(t, strings.Replace(visit("booked", start), `"visit"`, `"other"`, 1))
	c.drain(t)
	c.amount(t, 6, reminderTasks+"draft")
	c.stored(t, visit("cancelled", start))
	if status, text := c.do(t, "DELETE", "/Appointment/other", ""); status != 204 {
		t.Fatalf("%d %s", status, text)
	}
	c.drain(t)
	c.amount(t, 6, reminderTasks+"cancelled")
	for _, at := range []string{"2037-03-05T15:00:01Z", "2037-03-10T15:00:01Z", "2037-03-12T14:00:00Z"} {
		c.at(t, at)
	}
	c.amount(t, 0, "Communication")
	if sent := append(c.messages(t, "email"), c.messages(t, "sms")...); len(sent) != 0 {
		t.Errorf("%v", sent)
	}
}

// TestREM5: a text message goes only to who has agreed to it, a mail otherwise, and to who cannot be reached somebody makes a call.
func TestREM5(t *testing.T) {
	c := openReminding(t, anaToBeReminded)
	consent := func(patient, provision string) string {
		return `{"resourceType":"Consent","id":"` + patient + `","status":"active","scope":{"text":"communication"},"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationMode","code":"SMSWRIT"}]}],
			"patient":{"reference":"Patient/` + patient + `"},"provision":{"type":"` + provision + `"}}`
	}
	named := func(text, id string) string {
		return strings.NewReplacer(`"ana"`, `"`+id+`"`, "Patient/ana", "Patient/"+id, `"visit"`, `"`+id+`"`).Replace(text)
	}
	for _, id := range []string{"agrees", "denies"} {
		c.stored(t, named(anaToBeReminded, id))
	}
	c.stored(t, consent("agrees", "permit"))
	c.stored(t, consent("denies", "deny"))
	c.stored(t, named(strings.Replace(anaToBeReminded, `{"system":"email","value":"ana@example.org"},`, "", 1), "phone"))
	for _, id := range []string{"ana", "agrees", "denies", "phone"} {
		c.stored(t, named(visit("booked", c.now.Add(10*24*time.Hour)), id))
	}
	c.at(t, "2037-03-05T15:00:01Z")
	c.amount(t, 3, reminded+"completed")
	for id, medium := range map[string]string{"ana": "EMAILWRIT", "agrees": "SMSWRIT", "denies": "EMAILWRIT"} {
		c.amount(t, 1, reminded+"completed&patient=Patient/"+id+"&medium="+medium)
	}
	if mails, texts := c.messages(t, "email"), c.messages(t, "sms"); len(mails) != 2 || len(texts) != 1 || texts[0]["to"] != "+1 555 0100" {
		t.Errorf("%v %v", mails, texts)
	}
	c.amount(t, 1, reminded+"not-done&patient=Patient/phone")
	c.amount(t, 1, "Task?code=call-patient&status=requested&patient=Patient/phone")
}

// TestREM6: while messages cannot be handed over it is tried again; in the end a Communication says that it was not done, and somebody is to call.
func TestREM6(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "blocked")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil { // where the folder for messages should be
		t.Fatal(err)
	}
	c := openReminding(t, anaToBeReminded, "--outbox-dir", blocked)
	c.stored(t, visit("booked", c.now.Add(10*24*time.Hour)))
	c.at(t, "2037-03-05T15:00:01Z")
	c.amount(t, 0, "Communication")
	c.amount(t, 1, reminderTasks+"requested")
	for _, at := range []string{"2037-03-05T15:01:00Z", "2037-03-05T15:05:00Z", "2037-03-05T15:15:00Z"} {
		c.at(t, at)
	}
	c.amount(t, 0, "Communication")
	c.at(t, "2037-03-05T15:55:00Z")
	c.amount(t, 1, reminded+"not-done")
	if _, text := c.do(t, "GET", "/"+reminded+"not-done", ""); !strings.Contains(text, `"statusReason"`) {
		t.Error(text)
	}
	c.amount(t, 1, reminderTasks+"failed")
	c.amount(t, 1, "Task?code=call-patient&status=requested&focus=Appointment/visit")
	// The provider is there again: the next reminder goes out.
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	c.at(t, "2037-03-10T15:00:01Z")
	c.amount(t, 1, reminded+"completed")
}
