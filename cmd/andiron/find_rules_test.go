package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// wantTotal is how many offers a $find has.
func (c *fixture) wantTotal(t *testing.T, want int, start, end string, more ...string) jsonObject {
	t.Helper()
	o := c.find(t, start, end, more...)
	if o.text("total") != fmt.Sprint(want) {
		t.Errorf("total %s, want %d: %v", o.text("total"), want, o)
	}
	return o
}

// wantNo is a $find that is refused.
func (c *fixture) wantNo(t *testing.T, status int, detail string, list ...string) {
	t.Helper()
	got, o := c.call(t, "POST", "/Appointment/$find", params(list...))
	if got != status || detail != "" && o.text("issue.0.details.coding.0.code") != detail {
		t.Errorf("%v: %d %v, want %d %s", list, got, o, status, detail)
	}
}

func TestFindRefuses(t *testing.T) {
	c := f0(t)
	tue := []string{"start", dateTime(tueStart), "end", dateTime(tueEnd)}
	with := func(more ...string) []string { return append(slices.Clone(tue), more...) }
	c.wantNo(t, 400, "range", "start", dateTime(tueEnd), "end", dateTime(tueStart))
	c.wantNo(t, 400, "range", "start", dateTime(tueEnd), "end", dateTime(tueEnd))
	c.wantNo(t, 422, "range", "start", dateTime(tueStart), "end", dateTime("2026-04-04T01:00:00-04:00"))
	c.wantNo(t, 422, "range", "start", dateTime(tueStart), "end", dateTime("2026-03-12T00:00:00-04:00"), "occurrence-count", `"valuePositiveInt":4`)
	c.wantNo(t, 400, "parameter-missing", "start", dateTime(tueStart))
	c.wantNo(t, 400, "parameter-unknown", with("practicioner", refersTo("Practitioner/dr-lee"))...)
	c.wantNo(t, 404, "", with("practitioner", refersTo("Practitioner/nobody"))...)
	c.wantNo(t, 404, "", with("location-reference", refersTo("Practitioner/dr-lee"))...)
	c.wantNo(t, 404, "", with("patient-reference", refersTo("Patient/nobody"))...)
	c.wantNo(t, 404, "", with("ignore-appointment", refersTo("Appointment/nobody"))...)
	c.wantNo(t, 404, "", with("referral-identifier", `"valueIdentifier":{"system":"urn:x","value":"1"}`)...)
	c.wantNo(t, 400, "", with("rank", `"valueCode":"worst"`)...)
	c.wantNo(t, 400, "", with("_count", `"valueInteger":-1`)...)
	c.wantNo(t, 400, "", with("visit-type", `"valueString":"|"`)...)
	c.wantNo(t, 400, "", with("occurrence-count", `"valuePositiveInt":53`)...)
	c.wantNo(t, 400, "", with("occurrence-count", `"valuePositiveInt":2`, "ignore-appointment", refersTo("Appointment/appt-0225-ben"))...)
	c.wantNo(t, 422, "no-schedule", with("practitioner", refersTo("Practitioner/pharm-paul"))...)
	_, odd := c.do(t, "GET", "/Schedule/sch-room1", "")
	c.keep(t, strings.NewReplacer(`"id":"sch-room1"`, `"id":"odd"`, `{"url":"timezone"`, `{"url":"duration","valueDuration":{"value":45,"unit":"min","system":"http://unitsofmeasure.org","code":"min"}},{"url":"timezone"`).Replace(odd))
	c.wantNo(t, 422, "incompatible-parameters", with("practitioner", refersTo("Practitioner/dr-lee"), "schedule", refersTo("Schedule/odd"))...)
}

func TestFindNarrows(t *testing.T) {
	c := f0(t)
	lee := []string{"practitioner", refersTo("Practitioner/dr-lee")}
	all := func(more ...string) []string { return append(slices.Clone(lee), more...) }
	c.wantTotal(t, 14, tueStart, tueEnd, lee...)
	c.wantTotal(t, 14, tueStart, tueEnd, all("organization", refersTo("Organization/org-hosp"))...)
	c.wantTotal(t, 0, tueStart, tueEnd, all("organization", refersTo("Organization/payer-acme"))...)
	c.wantTotal(t, 14, tueStart, tueEnd, all("insurance-reference", refersTo("InsurancePlan/plan-silver"))...)
	c.wantTotal(t, 14, tueStart, tueEnd, all("location-reference", refersTo("Location/site-main"))...) // no calendar: where the service is given
	c.wantTotal(t, 0, tueStart, tueEnd, all("location-reference", refersTo("Location/loc-pharm"))...)
	c.wantTotal(t, 14, tueStart, tueEnd, all("location-string", `"valueString":"room 1"`)...)
	c.wantTotal(t, 0, tueStart, tueEnd, all("location-string", `"valueString":"Mars"`)...)
	c.wantTotal(t, 14, tueStart, tueEnd, all("specialty", `"valueString":"http://snomed.info/sct|419772000"`)...)
	c.wantTotal(t, 0, tueStart, tueEnd, all("specialty", `"valueString":"http://snomed.info/sct|394609007"`)...)
	c.wantTotal(t, 14, tueStart, tueEnd, "visit-type", visitToken("office")) // dr-lee's, and not the room's
	c.wantTotal(t, 15, tueStart, tueEnd, "practitioner", refersTo("Practitioner/dr-chan"), "location-reference", refersTo("Location/or-1"))
	c.wantTotal(t, 14, tueStart, tueEnd, "service-type-reference", refersTo("HealthcareService/hs-office"), "service-type-reference", refersTo("HealthcareService/hs-office"))
	both := c.wantTotal(t, 20, tueStart, tueEnd, "service-type-reference", refersTo("HealthcareService/hs-office"), "service-type-reference", refersTo("HealthcareService/hs-kim"))
	if n := len(offers(both)); n != 20 {
		t.Errorf("%d entries", n)
	}
	// A logical reference.
	_, r := c.call(t, "GET", "/Practitioner/dr-lee", "")
	c.wantTotal(t, 14, tueStart, tueEnd, "practitioner", `"valueReference":{"identifier":{"system":"`+r.text("identifier.0.system")+`","value":"`+r.text("identifier.0.value")+`"}}`)
	// A reason goes into what is found; nothing there is 200.
	o := c.wantTotal(t, 14, tueStart, tueEnd, all("reason", `"valueString":"http://snomed.info/sct|38341003"`)...)
	if offers(o)[0].text("resource.reasonCode.0.coding.0.code") != "38341003" {
		t.Errorf("%v", offers(o)[0])
	}
	none := c.wantTotal(t, 0, "2026-03-07T00:00:00-05:00", "2026-03-08T00:00:00-05:00", lee...)
	if none.text("entry.0.search.mode") != "outcome" || none.text("entry.0.resource.issue.0.details.coding.0.code") != "no-availability" || !strings.Contains(none.text("entry.0.resource.issue.0.diagnostics"), "2026-03-09T13:00:00Z") {
		t.Errorf("%v", none)
	}
	// _offset, _count=0, the maximum.
	if list := starts(t, c.find(t, tueStart, tueEnd, all("_offset", `"valueInteger":12`)...)); len(list) != 2 || list[0] != "2026-03-03T21:00:00Z" {
		t.Errorf("%v", list)
	}
	if o := c.wantTotal(t, 14, tueStart, tueEnd, all("_count", `"valueInteger":0`)...); len(offers(o)) != 0 {
		t.Errorf("%v", o)
	}
}

func TestFindGoesByWhatIsTaken(t *testing.T) {
	c := f0(t)
	c.keep(t, slot("other", "sch-lee", "busy", "2026-03-03T14:00:00Z", "2026-03-03T15:00:00Z")[:1]+`"serviceType":[{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/visit-type","code":"surgery"}]}],`+
		slot("other", "sch-lee", "busy", "2026-03-03T14:00:00Z", "2026-03-03T15:00:00Z")[1:])
	c.wantTotal(t, 14, tueStart, tueEnd, forOffice()...) // SCH-31: another service's
	c.keep(t, slot("other", "sch-lee", "busy", "2026-03-03T14:00:00Z", "2026-03-03T15:00:00Z"))
	c.wantTotal(t, 12, tueStart, tueEnd, forOffice()...)
	c.keep(t, slot("holiday", "sch-lee", "busy-unavailable", "2026-02-20T05:00:00Z", "2026-03-05T05:00:00Z")) // begun long ago
	c.wantTotal(t, 0, tueStart, tueEnd, forOffice()...)
	c.keep(t, slot("holiday", "sch-lee", "busy-unavailable", "2026-03-03T19:00:00Z", "2029-03-05T05:00:00Z")) // years
	c.wantTotal(t, 8-2, tueStart, tueEnd, forOffice()...)
	c.keep(t, slot("holiday", "sch-lee", "entered-in-error", "2026-03-03T19:00:00Z", "2029-03-05T05:00:00Z"))
	c.keep(t, slot("extra", "sch-lee", "free", "2026-03-03T22:00:00Z", "2026-03-03T23:00:00Z")) // opens time
	c.wantTotal(t, 14, tueStart, tueEnd, forOffice()...)
	if status, body := c.do(t, "DELETE", "/Slot/other", ""); status > 204 {
		t.Fatalf("%d %s", status, body)
	}
	c.wantTotal(t, 16, tueStart, tueEnd, forOffice()...)
	// SCH-30: imported, for the actor alone.
	c.keep(t, `{"resourceType":"Appointment","id":"imported","status":"booked","start":"2026-03-03T15:00:00Z","end":"2026-03-03T15:30:00Z","participant":[{"actor":{"reference":"Practitioner/dr-lee"},"status":"accepted"},{"actor":{"reference":"Patient/pat-ana"},"status":"accepted"}]}`)
	if list := starts(t, c.wantTotal(t, 15, tueStart, tueEnd, forOffice()...)); slices.Contains(list, "2026-03-03T15:00:00Z") {
		t.Errorf("%v", list)
	}
	c.wantTotal(t, 16, tueStart, tueEnd, forOffice("ignore-appointment", refersTo("Appointment/imported"))...)
	// Her other appointments.
	kim := []string{"practitioner", refersTo("Practitioner/dr-kim"), "_count", `"valueInteger":50`}
	c.wantTotal(t, 6, tueStart, tueEnd, kim...)
	c.wantTotal(t, 3, tueStart, tueEnd, append(kim, "patient-reference", refersTo("Patient/pat-ana"))...) // 09:45, 10:00 and 10:15 overlap; 09:30 ends as hers begins
	c.wantTotal(t, 6, tueStart, tueEnd, append(kim, "patient-reference", refersTo("Patient/pat-ben"))...)
	// Every week across the change of the clocks, but not where time is open this week alone.
	c.wantTotal(t, 13, tueStart, tueEnd, forOffice("occurrence-count", `"valuePositiveInt":3`)...)
}

func TestFindLeavesOutWhoIsNotThere(t *testing.T) {
	c := f0(t)
	_, lee := c.do(t, "GET", "/Practitioner/dr-lee", "")
	c.keep(t, strings.Replace(lee, `"active":true`, `"active":false`, 1))
	c.wantTotal(t, 0, tueStart, tueEnd, forOffice()...) // SCH-29
	c.keep(t, strings.Replace(lee, `"active":false`, `"active":true`, 1))
	c.wantTotal(t, 14, tueStart, tueEnd, forOffice()...)
	_, s := c.do(t, "GET", "/Schedule/sch-lee", "")
	c.keep(t, strings.Replace(s, `"active":true`, `"active":false`, 1))
	c.wantTotal(t, 0, tueStart, tueEnd, forOffice()...)
	c.keep(t, strings.Replace(s, `{"url":"timezone"`, `{"url":"minimumLeadTime","valueDuration":{"value":2,"unit":"h","system":"http://unitsofmeasure.org","code":"h"}},{"url":"timezone"`, 1))
	c.clock(t, "2026-03-03T12:29:00Z") // SCH-33: half past seven
	if list := starts(t, c.find(t, tueStart, tueEnd, forOffice()...)); len(list) != 13 || list[0] != "2026-03-03T14:30:00Z" {
		t.Errorf("%v", list)
	}
}

func TestConfigurationsAreChecked(t *testing.T) {
	c := f0(t)
	for _, part := range []string{
		`{"url":"duration","valueDuration":{"value":0,"code":"min"}}`, `{"url":"duration","valueDuration":{"value":30,"code":"a"}}`, `{"url":"duration","valueInteger":30}`,
		`{"url":"alignmentInterval","valueDuration":{"value":1.5,"code":"min"}}`, `{"url":"bufferBefore","valueDuration":{"value":-5,"code":"min"}}`, `{"url":"slotCapacity","valuePositiveInt":100000}`,
		`{"url":"timezone","valueCode":"Mars/Olympus"}`, `{"url":"timezone","valueCode":"Local"}`, `{"url":"holdDuration","valueDuration":{"value":31,"code":"min"}}`,
		`{"url":"bookingLimit","valueTiming":{"repeat":{"frequency":8,"period":1,"periodUnit":"h"}}}`, `{"url":"bookingLimit","valueTiming":{"repeat":{"period":1,"periodUnit":"d"}}}`,
		`{"url":"availability","extension":[{"url":"availableTime","extension":[{"url":"daysOfWeek","valueCode":"monday"}]}]}`,
		`{"url":"availability","extension":[{"url":"notAvailableTime","extension":[{"url":"during","valuePeriod":{"start":"2026-03-05","end":"2026-03-01"}}]}]}`,
	} {
		status, o := c.call(t, "PUT", "/HealthcareService/wrong", `{"resourceType":"HealthcareService","id":"wrong","extension":[{"url":"https://andiron.dev/fhir/StructureDefinition/scheduling-parameters","extension":[`+part+`]}]}`)
		if status != 400 || o.text("issue.0.code") != "value" && o.text("issue.0.code") != "invariant" || !strings.HasPrefix(o.text("issue.0.expression.0"), "HealthcareService.extension") {
			t.Errorf("%s: %d %v", part, status, o)
		}
	}
}

func TestScheduleFind(t *testing.T) {
	c := f0(t)
	ask := func(more ...string) jsonObject {
		status, o := c.call(t, "POST", "/Schedule/$find", params(append([]string{"start", dateTime(tueStart), "end", dateTime(tueEnd)}, more...)...))
		if status != 200 {
			t.Fatalf("%d %v", status, o)
		}
		return o
	}
	o := ask("service-type-reference", refersTo("HealthcareService/hs-office"))
	if o.text("total") != "3" || o.text("entry.0.resource.id") != "sch-room1" || o.text("entry.2.resource.id") != "sch-lee" { // rooms are open from 08:00
		t.Errorf("%v", o)
	}
	o = ask("practitioner", refersTo("Practitioner/dr-kim"), "practitioner", refersTo("Practitioner/dr-lee"))
	if o.text("total") != "2" || !strings.Contains(fmt.Sprint(o.at("entry.0.resource.extension")), "2026-03-03T14:00:00Z") {
		t.Errorf("%v", o)
	}
	status, _ := c.call(t, "GET", "/Schedule/$find?start="+url.QueryEscape(tueEnd)+"&end="+url.QueryEscape(tueStart), "")
	if status != 400 {
		t.Errorf("the wrong way round: %d", status)
	}
}

func TestUtilization(t *testing.T) {
	c := f0(t)
	ask := func(period string) jsonObject {
		status, o := c.call(t, "POST", "/HealthcareService/hs-kim/$utilization", params("period", `"valuePeriod":`+period))
		if status != 200 {
			t.Fatalf("%d %v", status, o)
		}
		return o
	}
	tuesday := `{"start":"` + tueStart + `","end":"` + tueEnd + `"}`
	value := func(o jsonObject, name string) string {
		list, _ := o["parameter"].([]any)
		for _, p := range list {
			if one := jsonObject(p.(map[string]any)); one.text("name") == name {
				return one.text("valueInteger") + one.text("valueDecimal")
			}
		}
		return ""
	}
	before := ask(tuesday)
	kim := c.find(t, tueStart, tueEnd, "practitioner", refersTo("Practitioner/dr-kim"))
	c.bookOffer(t, offers(kim)[0], "Patient/pat-ana", 200)
	o := ask(tuesday)
	if value(before, "booked-minutes") != "0" || value(o, "booked-minutes") != "30" || value(before, "available-minutes") == "0" || value(before, "no-show-rate") != "" {
		t.Errorf("%v %v", before, o)
	}
	for _, wrong := range []string{`{"start":"2026-03-03"}`, `{"start":"2026-03-03","end":"2026-03-02"}`} {
		if status, o := c.call(t, "POST", "/HealthcareService/hs-kim/$utilization", params("period", `"valuePeriod":`+wrong)); status != 400 {
			t.Errorf("%s: %d %v", wrong, status, o)
		}
	}
	if status, _ := c.call(t, "POST", "/HealthcareService/hs-kim/$utilization", params("period", `"valuePeriod":{"start":"2024-01-01","end":"2026-01-01"}`)); status != 422 {
		t.Errorf("two years: %d", status)
	}
	status, feb := c.call(t, "POST", "/HealthcareService/hs-office/$utilization", params("period", `"valuePeriod":{"start":"2026-02-01T00:00:00-05:00","end":"2026-03-01T00:00:00-05:00"}`))
	if status != 200 || value(feb, "no-show-rate") == "" || value(feb, "utilization") == "" {
		t.Errorf("%d %v", status, feb)
	}
}

// TestFindInABundle: entries of a batch and of a transaction find too, and what they find can be booked.
func TestFindInABundle(t *testing.T) {
	c := f0(t)
	for _, kind := range []string{"batch", "transaction"} {
		ask := "Appointment/$find?start=" + url.QueryEscape(tueStart) + "&end=" + url.QueryEscape(tueEnd) + "&practitioner=Practitioner/dr-lee&_count=1"
		status, o := c.call(t, "POST", "", `{"resourceType":"Bundle","type":"`+kind+`","entry":[{"request":{"method":"GET","url":"`+ask+`"}}]}`)
		found := jsonObject{}
		if inner, ok := o.at("entry.0.resource").(map[string]any); ok {
			found = inner
		}
		if status != 200 || found.text("entry.0.resource.status") != "proposed" {
			t.Fatalf("%s: %d %v", kind, status, o)
		}
		patient := map[string]string{"batch": "Patient/pat-ana", "transaction": "Patient/pat-ben"}[kind]
		c.bookOffer(t, offers(found)[0], patient, 200)
	}
	c.wantTotal(t, 12, tueStart, tueEnd, forOffice()...)
}

// TestFindHoldsOfOthers: a Slot that is held blocks until the hold expires, and for good where nothing says when.
func TestFindHoldsOfOthers(t *testing.T) {
	c := f0(t)
	c.keep(t, slot("s", "sch-lee", "busy-tentative", "2026-03-03T14:00:00Z", "2026-03-03T14:30:00Z"))
	c.wantTotal(t, 13, tueStart, tueEnd, forOffice()...)
	c.keep(t, `{"resourceType":"Slot","id":"s","extension":[{"url":"https://andiron.dev/fhir/StructureDefinition/hold-expires","valueInstant":"2026-03-02T12:59:00Z"}],"schedule":{"reference":"Schedule/sch-lee"},"status":"busy-tentative","start":"2026-03-03T14:00:00Z","end":"2026-03-03T14:30:00Z"}`)
	c.wantTotal(t, 14, tueStart, tueEnd, forOffice()...)
}
