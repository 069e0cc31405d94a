package scheduling_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// oneDoctor is a service, a doctor with office hours, and nothing else.
func oneDoctor() []string {
	return []string{
		`{"resourceType":"HealthcareService","id":"hs","active":true,"type":` + fmt.Sprintf(visitCode, "office") + `,"extension":[{"url":"` + ext + `scheduling-parameters","extension":[
			{"url":"duration","valueDuration":{"value":30,"code":"min"}},{"url":"alignmentInterval","valueDuration":{"value":30,"code":"min"}}]}]}`,
		`{"resourceType":"Practitioner","id":"dr","active":true}`, `{"resourceType":"Patient","id":"pat","active":true}`,
		`{"resourceType":"Schedule","id":"sch","active":true,"serviceType":` + fmt.Sprintf(visitCode, "office") + `,"actor":[{"reference":"Practitioner/dr"}],"extension":[{"url":"` + ext +
			`scheduling-parameters","extension":[{"url":"timezone","valueCode":"America/New_York"},{"url":"availability","extension":[` + week("09:00:00", "12:00:00") + `]}]}]}`,
	}
}

func busySlot(id, start, end string) string {
	return `{"resourceType":"Slot","id":"` + id + `","schedule":{"reference":"Schedule/sch"},"status":"busy","start":"` + start + `","end":"` + end + `"}`
}

// free is how many offers there are on Tuesday.
func (p *practice) free(t testing.TB) int {
	t.Helper()
	status, text := p.do("GET", "/Appointment/$find?start=2026-03-03T00:00:00-05:00&end=2026-03-04T00:00:00-05:00&practitioner=Practitioner/dr", "")
	var b struct{ Total int }
	if err := json.Unmarshal([]byte(text), &b); err != nil || status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	return b.Total
}

// TestDiariesOfAnOlderStore: what was there before the diaries counts at once, and still does when they have been written.
func TestDiariesOfAnOlderStore(t *testing.T) {
	p := openPractice(t)
	p.load(t, append(oneDoctor(), busySlot("a", "2026-03-03T14:00:00Z", "2026-03-03T14:30:00Z"), busySlot("long", "2026-01-03T15:00:00Z", "2026-03-03T15:30:00Z"),
		`{"resourceType":"Appointment","id":"old","status":"booked","start":"2026-03-03T16:00:00Z","end":"2026-03-03T16:30:00Z","participant":[{"actor":{"reference":"Practitioner/dr"},"status":"accepted"}]}`,
		`{"resourceType":"Appointment","id":"gone","status":"cancelled","start":"2026-03-03T16:30:00Z","end":"2026-03-03T17:00:00Z","participant":[{"actor":{"reference":"Practitioner/dr"},"status":"accepted"}]}`))
	if n := p.free(t); n != 2 { // 10:30 and 11:30
		t.Errorf("%d before", n)
	}
	if status, body := p.do("PUT", "/Slot/new", busySlot("new", "2026-03-03T16:30:00Z", "2026-03-03T17:00:00Z")); status != 201 {
		t.Fatalf("%d %s", status, body)
	}
	if n := p.free(t); n != 1 {
		t.Errorf("%d with a new one", n)
	}
	if err := p.Drain(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := p.free(t); n != 1 {
		t.Errorf("%d after", n)
	}
	for _, change := range []struct {
		method, path, body string
		want               int
	}{
		{"DELETE", "/Slot/long", "", 3}, // opens 10:00 as well; 09:00 and 09:30 have "a"
		{"PUT", "/Slot/a", busySlot("a", "2026-03-10T14:00:00Z", "2026-03-10T14:30:00Z"), 4},
		{"DELETE", "/Slot/new", "", 5},
		{"DELETE", "/Appointment/old", "", 6},
	} {
		if status, body := p.do(change.method, change.path, change.body); status > 204 {
			t.Fatalf("%s %s: %d %s", change.method, change.path, status, body)
		}
		if n := p.free(t); n != change.want {
			t.Errorf("%d after %s %s, want %d", n, change.method, change.path, change.want)
		}
	}
}

// TestAlternativesCanBeBooked: the times that come with a refusal are offers, though the update that was refused could not keep them.
func TestAlternativesCanBeBooked(t *testing.T) {
	p := openPractice(t)
	p.load(t, append(oneDoctor(), busySlot("a", "2026-03-03T14:00:00Z", "2026-03-03T14:30:00Z")))
	status, text := p.do("POST", "/Appointment", `{"resourceType":"Appointment","status":"booked","serviceType":`+fmt.Sprintf(visitCode, "office")+`,"start":"2026-03-03T14:00:00Z","end":"2026-03-03T14:30:00Z","participant":[
		{"actor":{"reference":"Practitioner/dr"},"status":"accepted"},{"actor":{"reference":"Patient/pat"},"status":"accepted"}]}`)
	if status != 409 {
		t.Fatalf("%d %s", status, text)
	}
	_, rest, found := strings.Cut(text, `Appointment/of-`)
	if !found {
		t.Fatalf("no alternatives: %s", text)
	}
	id := "of-" + rest[:32]
	read := func() string {
		status, offer := p.do("GET", "/Appointment/"+id, "")
		if status != 200 {
			t.Fatalf("%d %s", status, offer)
		}
		return offer
	}
	waiting := read()
	if err := p.Drain(context.Background()); err != nil {
		t.Fatal(err)
	}
	if kept := read(); kept != waiting || !strings.Contains(kept, `"status":"proposed"`) {
		t.Errorf("%s\n%s", waiting, kept)
	}
	status, text = p.do("POST", "/Appointment/$book", `{"resourceType":"Parameters","parameter":[{"name":"appointment-reference","valueReference":{"reference":"Appointment/`+id+`"}},{"name":"patient-reference","valueReference":{"reference":"Patient/pat"}}]}`)
	if status != 200 || !strings.Contains(text, `"status":"booked"`) {
		t.Errorf("%d %s", status, text)
	}
	p.now = p.now.Add(16 * time.Minute)
	if status, _ := p.do("GET", "/Appointment/"+id, ""); status != 404 {
		t.Errorf("an offer that is over: %d", status)
	}
}
