package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	visitTypes = "https://andiron.dev/fhir/CodeSystem/visit-type|"
	tueStart   = "2026-03-03T00:00:00-05:00"
	tueEnd     = "2026-03-04T00:00:00-05:00"
)

func visitToken(code string) string { return `"valueString":"` + visitTypes + code + `"` }

// forOffice are the parameters of dr-lee's office visits, and more.
func forOffice(more ...string) []string {
	return append([]string{"practitioner", refersTo("Practitioner/dr-lee"), "service-type-reference", refersTo("HealthcareService/hs-office")}, more...)
}

func wantStarts(t *testing.T, o jsonObject, total int, first, last string) {
	t.Helper()
	list := starts(t, o)
	if o.text("total") != fmt.Sprint(total) || len(list) != min(total, 20) {
		t.Fatalf("total %s with %d entries, want %d: %v", o.text("total"), len(list), total, list)
	}
	if total > 0 && (list[0] != first || list[len(list)-1] != last) {
		t.Errorf("from %s to %s, want %s to %s", list[0], list[len(list)-1], first, last)
	}
}

func TestSCH1(t *testing.T) {
	c := f0(t)
	o := c.find(t, tueStart, tueEnd, forOffice()...)
	wantStarts(t, o, 14, "2026-03-03T14:00:00Z", "2026-03-03T21:30:00Z")
	for _, at := range starts(t, o) {
		if at >= "2026-03-03T17:00:00Z" && at < "2026-03-03T18:00:00Z" {
			t.Errorf("%s is at noon", at)
		}
	}
	e := offers(o)[0]
	for path, want := range map[string]string{
		"resource.status": "proposed", "resource.minutesDuration": "30", "resource.serviceType.0.coding.0.code": "office", "resource.participant.0.actor.reference": "Practitioner/dr-lee",
		"resource.participant.0.status": "needs-action", "resource.contained.0.resourceType": "Slot", "resource.contained.0.schedule.reference": "Schedule/sch-lee",
		"resource.contained.0.start": "2026-03-03T14:00:00Z", "resource.contained.0.end": "2026-03-03T14:30:00Z", "search.score": "0.8313", "resource.end": "2026-03-03T14:30:00Z",
	} {
		if got := e.text(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	// An offer can be read, is found by no search, and ends.
	id := e.text("resource.id")
	if status, r := c.call(t, "GET", "/Appointment/"+id, ""); status != 200 || r.text("status") != "proposed" {
		t.Errorf("an offer: %d %v", status, r)
	}
	if n := c.total(t, "Appointment?_id="+id); n != 0 {
		t.Errorf("a search finds %d offers", n)
	}
	if again := offers(c.find(t, tueStart, tueEnd, forOffice()...))[0].text("resource.id"); again != id {
		t.Errorf("the same offer has the ids %s and %s", id, again)
	}
	// By GET, by visit type, by Argonaut's uri.
	path := "/Appointment/$find?start=" + url.QueryEscape(tueStart) + "&end=" + url.QueryEscape(tueEnd) + "&practitioner=Practitioner/dr-lee&visit-type=" + url.QueryEscape(visitTypes+"office")
	status, got := c.call(t, "GET", path, "")
	if status != 200 {
		t.Fatalf("%d %v", status, got)
	}
	wantStarts(t, got, 14, "2026-03-03T14:00:00Z", "2026-03-03T21:30:00Z")
	wantStarts(t, c.find(t, tueStart, tueEnd, "practitioner", `"valueUri":"Practitioner/dr-lee"`, "visit-type", visitToken("office")), 14, "2026-03-03T14:00:00Z", "2026-03-03T21:30:00Z")
	c.clock(t, "2026-03-02T13:16:00Z")
	if status, _ := c.call(t, "GET", "/Appointment/"+id, ""); status != 404 {
		t.Errorf("an offer that is over: %d", status)
	}
}

func TestSCH2(t *testing.T) {
	c := f0(t)
	wantStarts(t, c.find(t, "2026-03-06T00:00:00-05:00", "2026-03-07T00:00:00-05:00", forOffice()...), 14, "2026-03-06T14:00:00Z", "2026-03-06T21:30:00Z")
	wantStarts(t, c.find(t, "2026-03-09T00:00:00-04:00", "2026-03-10T00:00:00-04:00", forOffice()...), 14, "2026-03-09T13:00:00Z", "2026-03-09T20:30:00Z")
	night := []string{"schedule", refersTo("Schedule/sch-night")}
	short := c.find(t, "2026-03-08T00:00:00-05:00", "2026-03-09T00:00:00-04:00", night...)
	wantStarts(t, short, 6, "2026-03-08T05:00:00Z", "2026-03-08T07:30:00Z")
	long := c.find(t, "2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00", night...)
	wantStarts(t, long, 10, "2026-11-01T04:00:00Z", "2026-11-01T08:30:00Z")
	for _, at := range []string{"2026-11-01T05:00:00Z", "2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z", "2026-11-01T06:30:00Z"} { // 01:00 and 01:30, twice
		if !slices.Contains(starts(t, long), at) {
			t.Errorf("%s is missing", at)
		}
	}
}

func TestSCH3(t *testing.T) {
	c := f0(t)
	kim := []string{"practitioner", refersTo("Practitioner/dr-kim"), "visit-type", visitToken("minor-procedure")}
	o := c.find(t, tueStart, tueEnd, kim...)
	wantStarts(t, o, 6, "2026-03-03T14:00:00Z", "2026-03-03T15:15:00Z")
	half := offers(o)[2]
	if half.text("resource.start") != "2026-03-03T14:30:00Z" {
		t.Fatalf("the third is at %s", half.text("resource.start"))
	}
	c.bookOffer(t, half, "Patient/pat-ana", 200)
	wantStarts(t, c.find(t, tueStart, tueEnd, kim...), 1, "2026-03-03T15:15:00Z", "2026-03-03T15:15:00Z")
}

// bookOffer books an offer for a patient.
func (c *fixture) bookOffer(t *testing.T, offer jsonObject, patient string, want int) jsonObject {
	t.Helper()
	status, o := c.call(t, "POST", "/Appointment/$book", params("appointment-reference", refersTo("Appointment/"+offer.text("resource.id")), "patient-reference", refersTo(patient)))
	if status != want {
		t.Fatalf("$book: %d, want %d: %v", status, want, o)
	}
	return o
}

func TestSCH4(t *testing.T) {
	c := f0(t)
	c.keep(t, slot("taken", "sch-room1", "busy-unavailable", "2026-03-03T14:00:00Z", "2026-03-03T15:00:00Z"))
	o := c.find(t, tueStart, tueEnd, forOffice("location-reference", refersTo("Location/room-1"))...)
	wantStarts(t, o, 12, "2026-03-03T15:00:00Z", "2026-03-03T21:30:00Z")
	e := offers(o)[0]
	if e.text("resource.participant.0.actor.reference") != "Practitioner/dr-lee" || e.text("resource.participant.1.actor.reference") != "Location/room-1" || e.text("resource.contained.1.schedule.reference") != "Schedule/sch-room1" {
		t.Errorf("%v", e)
	}
	both := c.find(t, tueStart, tueEnd, "practitioner", refersTo("Practitioner/dr-lee"), "practitioner", refersTo("Practitioner/dr-kim"), "_count", `"valueInteger":100`)
	if both.text("total") != "20" {
		t.Errorf("the union has %s", both.text("total"))
	}
	who := make(map[string]int)
	for _, e := range offers(both) {
		var named []string
		for i := range 3 {
			if actor := e.text(fmt.Sprintf("resource.participant.%d.actor.reference", i)); actor != "" {
				named = append(named, actor)
			}
		}
		who[strings.Join(named, "+")]++
	}
	if who["Practitioner/dr-lee"] != 14 || who["Practitioner/dr-kim"] != 6 || len(who) != 2 {
		t.Errorf("%v", who)
	}
}

func TestSCH5(t *testing.T) {
	c := f0(t)
	best := func(timing string) jsonObject {
		return c.find(t, tueStart, tueEnd, forOffice("rank", `"valueCode":"best"`, "timing", `"valueTiming":`+timing)...)
	}
	for _, timing := range []string{
		`{"repeat":{"boundsPeriod":{"start":"2026-03-03T12:00:00-05:00","end":"2026-03-03T18:00:00-05:00"}}}`,
		`{"repeat":{"dayOfWeek":["tue"],"when":["AFT"]}}`,
	} {
		o := best(timing)
		list := offers(o)
		if at := list[0].text("resource.start"); at != "2026-03-03T18:00:00Z" || list[0].text("search.score") != "0.7563" {
			t.Errorf("the best is at %s: %s", at, list[0].text("search.score"))
		}
		for i, e := range list {
			if e.text("resource.start") == "2026-03-03T14:00:00Z" && e.text("search.score") != "0.6313" {
				t.Errorf("09:00 scores %s", e.text("search.score"))
			}
			if i > 0 && e.text("search.score") > list[i-1].text("search.score") {
				t.Errorf("%s after %s", e.text("search.score"), list[i-1].text("search.score"))
			}
		}
		if o.text("total") != "14" {
			t.Errorf("total %s", o.text("total"))
		}
	}
}

func TestSCH6(t *testing.T) {
	c := f0(t)
	o := c.find(t, tueStart, tueEnd, forOffice("_count", `"valueInteger":5`)...)
	all := starts(t, c.find(t, tueStart, tueEnd, forOffice()...))
	var seen []string
	for pages := 0; ; pages++ {
		if o.text("total") != "14" || pages > 3 {
			t.Fatalf("page %d: total %s", pages, o.text("total"))
		}
		seen = append(seen, starts(t, o)...)
		next := ""
		for i := range 3 {
			if o.text(fmt.Sprintf("link.%d.relation", i)) == "next" {
				next = o.text(fmt.Sprintf("link.%d.url", i))
			}
		}
		if next == "" {
			break
		}
		if strings.Contains(next, "dr-lee") {
			t.Errorf("the link tells whom: %s", next)
		}
		_, path, _ := strings.Cut(next, "/fhir")
		var status int
		if status, o = c.call(t, "GET", path, ""); status != 200 {
			t.Fatalf("%d %v", status, o)
		}
	}
	if !slices.Equal(seen, all) || len(seen) != 14 {
		t.Errorf("%v\n%v", seen, all)
	}
}

func TestSCH7(t *testing.T) {
	c := f0(t)
	status, r := c.do(t, "GET", "/Schedule/sch-lee", "")
	if status != 200 {
		t.Fatal(r)
	}
	c.keep(t, strings.Replace(r, `"planningHorizon":{"start":"2026-01-01"`, `"planningHorizon":{"start":"2026-01-01","end":"2026-03-10"`, 1))
	o := c.find(t, "2026-03-09T00:00:00-04:00", "2026-03-13T00:00:00-04:00", forOffice("_count", `"valueInteger":200`)...)
	list := starts(t, o)
	if len(list) != 28 || list[27] != "2026-03-10T20:30:00Z" {
		t.Errorf("%d: %v", len(list), list)
	}
}

func TestSCH8HeldTimesAreNotOffered(t *testing.T) {
	c := f0(t)
	first := offers(c.find(t, tueStart, tueEnd, forOffice()...))[0]
	status, held := c.call(t, "POST", "/Appointment/$hold", params("appointment-reference", refersTo("Appointment/"+first.text("resource.id")), "patient-reference", refersTo("Patient/pat-ana")))
	if status != 200 || held.text("entry.0.resource.status") != "pending" {
		t.Fatalf("$hold: %d %v", status, held)
	}
	wantStarts(t, c.find(t, tueStart, tueEnd, forOffice()...), 13, "2026-03-03T14:30:00Z", "2026-03-03T21:30:00Z")
	c.clock(t, time.Date(2026, 3, 2, 13, 11, 0, 0, time.UTC).Format(time.RFC3339))
	wantStarts(t, c.find(t, tueStart, tueEnd, forOffice()...), 14, "2026-03-03T14:00:00Z", "2026-03-03T21:30:00Z")
}
