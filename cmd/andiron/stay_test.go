package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// beds is a house with a ward of three beds, patients, and somebody who can see them again.
const beds = `{"resourceType":"Bundle","type":"transaction","entry":[
{"resource":{"resourceType":"Location","id":"ward-a","status":"active","name":"Ward A","physicalType":{"coding":[{"code":"wa"}]}},"request":{"method":"PUT","url":"Location/ward-a"}},
{"resource":{"resourceType":"Location","id":"bed-101","status":"active","name":"Bed 101","operationalStatus":{"system":"http://terminology.hl7.org/CodeSystem/v2-0116","code":"U"},
 "physicalType":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/location-physical-type","code":"bd"}]},"partOf":{"reference":"Location/ward-a"}},"request":{"method":"PUT","url":"Location/bed-101"}},
{"resource":{"resourceType":"Location","id":"bed-102","status":"active","name":"Bed 102","operationalStatus":{"system":"http://terminology.hl7.org/CodeSystem/v2-0116","code":"U"},
 "physicalType":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/location-physical-type","code":"bd"}]},"partOf":{"reference":"Location/ward-a"}},"request":{"method":"PUT","url":"Location/bed-102"}},
{"resource":{"resourceType":"Location","id":"bed-103","status":"active","name":"Bed 103","operationalStatus":{"system":"http://terminology.hl7.org/CodeSystem/v2-0116","code":"U"},
 "physicalType":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/location-physical-type","code":"bd"}]},"partOf":{"reference":"Location/ward-a"}},"request":{"method":"PUT","url":"Location/bed-103"}},
{"resource":{"resourceType":"Practitioner","id":"lee"},"request":{"method":"PUT","url":"Practitioner/lee"}},
{"resource":{"resourceType":"HealthcareService","id":"follow","active":true,"name":"Follow-up","type":[{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/visit-type","code":"followup"}]}]},"request":{"method":"PUT","url":"HealthcareService/follow"}},
{"resource":{"resourceType":"Patient","id":"ana","name":[{"family":"Silva"}]},"request":{"method":"PUT","url":"Patient/ana"}},
{"resource":{"resourceType":"Patient","id":"ben","name":[{"family":"Carter"}]},"request":{"method":"PUT","url":"Patient/ben"}}]}`

// ward is a server with the house, at nine in the morning.
func ward(t testing.TB) *running {
	t.Helper()
	s := startServer(t, "serve", "--store", "sqlite:"+t.TempDir(), "--test-clock")
	s.setClock(t, time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC))
	s.asked(t, 200, "POST", "", beds)
	s.drain(t)
	return s
}

// operands are Parameters: names and JSON values, "patient=Reference Patient/ana" or "reason=String because".
func operands(list ...string) string {
	var items []string
	for _, one := range list {
		name, rest, _ := strings.Cut(one, "=")
		typ, value, _ := strings.Cut(rest, " ")
		switch {
		case typ == "Reference":
			value = `{"reference":"` + value + `"}`
		case value == "" || value[0] != '{' && value[0] != '[' && value != "true" && value != "false":
			value = `"` + value + `"`
		}
		if typ == "part" {
			items = append(items, `{"name":"`+name+`","part":`+value+`}`)
			continue
		}
		items = append(items, `{"name":"`+name+`","value`+typ+`":`+value+`}`)
	}
	return `{"resourceType":"Parameters","parameter":[` + strings.Join(items, ",") + `]}`
}

const home = `disposition=CodeableConcept {"coding":[{"system":"http://terminology.hl7.org/CodeSystem/discharge-disposition","code":"home"}]}`

// admitted admits a patient to a bed, and gives the Encounter's id.
func (s *running) admitted(t testing.TB, patient, bed string) string {
	t.Helper()
	b := s.asked(t, 200, "POST", "/Encounter/$admit", operands("patient=Reference Patient/"+patient, "location=Reference Location/"+bed))
	return member(t, b, "Encounter")["id"].(string)
}

// condition demands the operational status of a bed.
func (s *running) condition(t testing.TB, bed, code string) {
	t.Helper()
	if got := textAt(s.asked(t, 200, "GET", "/Location/"+bed, ""), "operationalStatus.code"); got != code {
		t.Errorf("%s is %s, want %s", bed, got, code)
	}
}

// happened has a rule write a Task for each event of a topic: count the Tasks of its name.
func (s *running) happened(t testing.TB, topic string) {
	t.Helper()
	s.stored(t, `{"resourceType":"ActivityDefinition","id":"`+topic+`","url":"http://example.org/a/`+topic+`","status":"active","kind":"Task","code":{"coding":[{"code":"`+topic+`"}]}}`)
	s.stored(t, `{"resourceType":"PlanDefinition","id":"`+topic+`","url":"http://example.org/p/`+topic+`","status":"active","type":{"coding":[{"code":"eca-rule"}]},
		"action":[{"trigger":[{"type":"named-event","name":"`+topic+`"}],"definitionCanonical":"http://example.org/a/`+topic+`"}]}`)
}

// TestADT3: an admission occupies the bed, opens stay and account, and has the Tasks in their order.
func TestADT3(t *testing.T) {
	s := ward(t)
	s.happened(t, "encounter-admitted")
	b := s.asked(t, 200, "POST", "/Encounter/$admit", operands("patient=Reference Patient/ana", "location=Reference Location/bed-101", "attending=Reference Practitioner/lee"))
	e := member(t, b, "Encounter")
	if textAt(e, "status") != "in-progress" || textAt(e, "location.0.status") != "active" || textAt(member(t, b, "Account"), "status") != "active" {
		t.Errorf("%v", e)
	}
	s.condition(t, "bed-101", "O")
	id := e["id"].(string)
	tasks := "/Task?encounter=" + id + "&code="
	first := textAt(s.asked(t, 200, "GET", tasks+"identify", ""), "entry.0.resource.id")
	second := textAt(s.asked(t, 200, "GET", tasks+"admission-assessment", ""), "entry.0.resource.id")
	s.amount(t, 1, "Task?encounter="+id+"&status=requested")
	s.refused(t, 422, "step-out-of-order", "POST", "/Task/"+second+"/$complete", "")
	s.asked(t, 200, "POST", "/Task/"+first+"/$complete", "")
	s.asked(t, 200, "POST", "/Task/"+second+"/$complete", "")
	s.drain(t)
	s.amount(t, 1, "Task?code=encounter-admitted")
	s.refused(t, 404, "not-found", "POST", "/Encounter/$admit", operands("patient=Reference Patient/nobody", "location=Reference Location/bed-102"))
	s.refused(t, 422, "not-a-bed", "POST", "/Encounter/$admit", operands("patient=Reference Patient/ben", "location=Reference Location/ward-a"))
}

// TestADT4: of twenty patients who are admitted to one bed at once, one is.
func TestADT4(t *testing.T) {
	s := ward(t)
	const many = 20
	for i := range many {
		s.stored(t, fmt.Sprintf(`{"resourceType":"Patient","id":"p%d"}`, i))
	}
	s.winner(t, many, "bed-not-available", func(i int) (string, string) {
		return "/Encounter/$admit", operands(fmt.Sprintf("patient=Reference Patient/p%d", i), "location=Reference Location/bed-101")
	})
	s.amount(t, 1, "Encounter?location=bed-101&status=in-progress")
	s.condition(t, "bed-101", "O")
}

// winner sends requests at once: one of them succeeds, the others lose with 409 and a detail.
func (s *running) winner(t testing.TB, n int, detail string, request func(i int) (path, body string)) {
	t.Helper()
	won := 0
	for _, p := range s.atOnce(n, request) {
		switch {
		case p.status == 200 || p.status == 201:
			won++
		case p.status != 409 || !strings.Contains(p.body, detail):
			t.Errorf("%d %s", p.status, p.body)
		}
	}
	if won != 1 {
		t.Errorf("%d have won", won)
	}
}

// TestADT5: one patient who is admitted twice at once has one stay.
func TestADT5(t *testing.T) {
	s := ward(t)
	s.winner(t, 2, "already-admitted", func(i int) (string, string) {
		return "/Encounter/$admit", operands("patient=Reference Patient/ana", fmt.Sprintf("location=Reference Location/bed-10%d", i+1))
	})
	s.amount(t, 1, "Encounter?patient=ana&status=in-progress")
	s.amount(t, 1, "Account?patient=ana")
	again := operands("patient=Reference Patient/ben", "location=Reference Location/bed-103")
	first := s.must(t, "admit-ben", "POST", "/Encounter/$admit", again)
	if second := s.must(t, "admit-ben", "POST", "/Encounter/$admit", again); first.status != 200 || second.body != first.body || !second.replayed {
		t.Errorf("%+v\n%+v", first, second)
	}
	s.amount(t, 1, "Encounter?patient=ben")
}

// TestADT6: a plain write does not get past the rules either.
func TestADT6(t *testing.T) {
	s := ward(t)
	s.admitted(t, "ana", "bed-101")
	into := func(patient, bed string) string {
		return `{"resourceType":"Encounter","status":"in-progress","class":{"code":"IMP"},"subject":{"reference":"Patient/` + patient + `"},"location":[{"location":{"reference":"Location/` + bed + `"},"status":"active"}]}`
	}
	s.refused(t, 409, "bed-not-available", "POST", "/Encounter", into("ben", "bed-101"))
	s.refused(t, 409, "already-admitted", "POST", "/Encounter", into("ana", "bed-102"))
	s.refused(t, 409, "bed-not-available", "POST", "", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":`+into("ben", "bed-101")+`,"request":{"method":"POST","url":"Encounter"}}]}`)
	s.asked(t, 201, "POST", "/Encounter", into("ben", "bed-102"))
	s.condition(t, "bed-102", "O")
}

// TestADT7: a transfer leaves a bed to be cleaned, and no gap.
func TestADT7(t *testing.T) {
	s := ward(t)
	s.happened(t, "encounter-transferred")
	id := s.admitted(t, "ana", "bed-101")
	s.setClock(t, time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC))
	b := s.asked(t, 200, "POST", "/Encounter/"+id+"/$transfer", operands("location=Reference Location/bed-102"))
	e := member(t, b, "Encounter")
	if textAt(e, "location.0.status") != "completed" || textAt(e, "location.0.period.end") != "2027-03-01T10:00:00Z" || textAt(e, "location.1.period.start") != "2027-03-01T10:00:00Z" || textAt(e, "location.1.status") != "active" {
		t.Errorf("%v", e["location"])
	}
	s.condition(t, "bed-101", "H")
	s.condition(t, "bed-102", "O")
	s.amount(t, 1, "Task?code=housekeeping&focus=Location/bed-101&status=requested")
	s.drain(t)
	s.amount(t, 1, "Task?code=encounter-transferred")
	s.asked(t, 200, "POST", "/Encounter/"+id+"/$discharge", operands(home))
	s.refused(t, 422, "illegal-transition", "POST", "/Encounter/"+id+"/$transfer", operands("location=Reference Location/bed-103"))
}

// TestADT8: two patients do not get each other's bed by transfers, and do by a swap.
func TestADT8(t *testing.T) {
	s := ward(t)
	a, b := s.admitted(t, "ana", "bed-101"), s.admitted(t, "ben", "bed-102")
	moves := [][2]string{{a, "bed-102"}, {b, "bed-101"}}
	for _, p := range s.atOnce(2, func(i int) (string, string) {
		return "/Encounter/" + moves[i][0] + "/$transfer", operands("location=Reference Location/" + moves[i][1])
	}) {
		if p.status != 409 || !strings.Contains(p.body, "bed-not-available") {
			t.Errorf("%d %s", p.status, p.body)
		}
	}
	s.asked(t, 200, "POST", "/Encounter/$swap-beds", operands("encounter=Reference Encounter/"+a, "encounter=Reference Encounter/"+b))
	s.amount(t, 1, "Encounter?_id="+a+"&location=bed-102")
	s.condition(t, "bed-101", "O")
	s.condition(t, "bed-102", "O")
	const many = 10 // an even number of swaps, all at once: none is lost, nobody is left without a bed
	for _, p := range s.atOnce(many, func(int) (string, string) {
		return "/Encounter/$swap-beds", operands("encounter=Reference Encounter/"+a, "encounter=Reference Encounter/"+b)
	}) {
		if p.status != 200 {
			t.Errorf("%d %s", p.status, p.body)
		}
	}
	for id, bed := range map[string]string{a: "bed-102", b: "bed-101"} {
		e := s.asked(t, 200, "GET", "/Encounter/"+id, "")
		places := e["location"].([]any)
		if last := places[len(places)-1]; textAt(last, "location.reference") != "Location/"+bed || textAt(last, "status") != "active" || len(places) != many+2 {
			t.Errorf("%d places, the last %v", len(places), last)
		}
	}
}

// TestADT11: what is open holds a discharge up; a nurse may not go on without, the attending may.
func TestADT11(t *testing.T) {
	dir := t.TempDir()
	store := "sqlite:" + filepath.Join(dir, "store")
	s := startServer(t, "serve", "--store", store, "--auth", "smart", "--test-clock")
	s.setClock(t, time.Now())
	house := newCaller(t, s, store, "house", "system/*.cruds")
	user := func(name, role, who string) *caller {
		administer(t, "user", "add", "--store", store, "--username", name, "--fhir-user", who, "--role", role)
		return &caller{s, administer(t, "token", "issue", "--store", store, "--user", name, "--scope", "user/*.cruds")["access_token"].(string)}
	}
	must := func(c *caller, want int, method, path, body string, texts ...string) string {
		t.Helper()
		status, text := c.send(t, method, path, body)
		if status != want {
			t.Fatalf("%s %s: %d, want %d: %s", method, path, status, want, text)
		}
		for _, one := range texts {
			if !strings.Contains(text, one) {
				t.Fatalf("%s %s: no %s in %s", method, path, one, text)
			}
		}
		return text
	}
	must(house, 200, "POST", "", beds)
	must(house, 201, "PUT", "/Practitioner/joy", `{"resourceType":"Practitioner","id":"joy"}`)
	nurse, doctor, desk := user("joy", "nurse", "Practitioner/joy"), user("lee", "practitioner", "Practitioner/lee"), user("desk", "front-desk", "Practitioner/joy")
	patient := user("ana", "patient", "Patient/ana")
	must(patient, 403, "POST", "/Encounter/$admit", operands("patient=Reference Patient/ana", "location=Reference Location/bed-101"))
	must(desk, 200, "POST", "/Encounter/$admit", operands("patient=Reference Patient/ben", "location=Reference Location/bed-102"), `"status":"in-progress"`)
	text := must(nurse, 200, "POST", "/Encounter/$admit", operands("patient=Reference Patient/ana", "location=Reference Location/bed-101", "attending=Reference Practitioner/lee"), `"status":"in-progress"`)
	id := text[strings.Index(text, `/Encounter/`)+len(`/Encounter/`):]
	id = id[:strings.IndexByte(id, '"')]
	must(house, 201, "PUT", "/Task/open", `{"resourceType":"Task","id":"open","status":"requested","intent":"order","for":{"reference":"Patient/ana"},"encounter":{"reference":"Encounter/`+id+`"},
		"extension":[{"url":"https://andiron.dev/fhir/StructureDefinition/step-required","valueBoolean":true}]}`)
	must(house, 201, "PUT", "/ChargeItem/open", `{"resourceType":"ChargeItem","id":"open","status":"billable","code":{"text":"bed"},"subject":{"reference":"Patient/ana"},"context":{"reference":"Encounter/`+id+`"}}`)
	must(nurse, 200, "POST", "/Encounter/"+id+"/$transfer", operands("location=Reference Location/bed-103"), `"code":"housekeeping"`)
	must(nurse, 403, "PUT", "/Location/bed-101", `{"resourceType":"Location","id":"bed-101"}`) // what the transfer wrote is not hers to write
	must(nurse, 200, "POST", "/Location/bed-101/$housekeeping-done", "")
	must(nurse, 200, "GET", "/Location/ward-a/$bed-board", "", "Encounter/"+id)
	must(patient, 403, "GET", "/Location/ward-a/$bed-board", "")
	discharge := "/Encounter/" + id + "/$discharge"
	blocked := must(nurse, 422, "POST", discharge, operands(home), `"expression":["Task/open"]`, `"expression":["ChargeItem/open"]`)
	if n := strings.Count(blocked, `"severity"`); n != 2 {
		t.Errorf("%d issues: %s", n, blocked)
	}
	must(nurse, 200, "GET", "/Encounter/"+id+"/$discharge-readiness", "", `{"name":"ready","valueBoolean":false}`, `"valueReference":{"reference":"Task/open"}`)
	without := []string{home, `override=part [{"name":"blocker","valueCode":"task-open"},{"name":"reason","valueString":"it can wait"}]`, `override=part [{"name":"blocker","valueCode":"charge-unbilled"},{"name":"reason","valueString":"billed later"}]`}
	must(nurse, 403, "POST", discharge, operands(without...), `"code":"override"`)
	must(nurse, 403, "PUT", "/Encounter/"+id, finishing(must(nurse, 200, "GET", "/Encounter/"+id, ""))) // and neither by a plain write
	must(doctor, 200, "POST", discharge, operands(without...), "discharge-override", "it can wait", `"url":"who","valueReference":{"reference":"Practitioner/lee"}`)
	must(nurse, 403, "POST", "/Encounter/"+id+"/$reopen", operands("reason=String back again"))
}

// finishing is an Encounter that is over, and says to go on without what is open.
func finishing(encounter string) string {
	override := func(code string) string {
		return `{"url":"https://andiron.dev/fhir/StructureDefinition/discharge-override","extension":[{"url":"blocker","valueCode":"` + code + `"},{"url":"reason","valueString":"why not"}]}`
	}
	return strings.Replace(strings.Replace(encounter, `"status":"in-progress"`, `"status":"finished"`, 1), `"class":`, `"extension":[`+override("task-open")+`,`+override("charge-unbilled")+`],"class":`, 1)
}

// TestADT12: a discharge leaves the bed to be cleaned, and nobody is admitted to it before it is.
func TestADT12(t *testing.T) {
	s := ward(t)
	s.happened(t, "encounter-discharged")
	id := s.admitted(t, "ana", "bed-101")
	e := member(t, s.asked(t, 200, "POST", "/Encounter/"+id+"/$discharge", operands(home)), "Encounter")
	if textAt(e, "status") != "finished" || textAt(e, "location.0.status") != "completed" || textAt(e, "period.end") == "<nil>" || textAt(e, "length.code") != "min" {
		t.Errorf("%v", e)
	}
	s.condition(t, "bed-101", "H")
	s.refused(t, 409, "bed-not-available", "POST", "/Encounter/$admit", operands("patient=Reference Patient/ben", "location=Reference Location/bed-101"))
	s.asked(t, 200, "POST", "/Location/bed-101/$housekeeping-done", "")
	s.condition(t, "bed-101", "U")
	s.amount(t, 1, "Task?code=housekeeping&status=completed")
	s.admitted(t, "ben", "bed-101")
	s.asked(t, 200, "POST", "/Encounter/"+id+"/$discharge", operands(home)) // again: the same answer
	s.amount(t, 1, "Composition?encounter="+id)
	s.drain(t)
	s.amount(t, 1, "Task?code=encounter-discharged")
}

// TestADT14: follow-up is an appointment that is proposed for the days that were said, and the patient sees it.
func TestADT14(t *testing.T) {
	s := ward(t)
	id := s.admitted(t, "ana", "bed-101")
	b := s.asked(t, 200, "POST", "/Encounter/"+id+"/$discharge", operands(home,
		`follow-up=part [{"name":"service","valueReference":{"reference":"HealthcareService/follow"}},{"name":"after","valueDuration":{"value":7,"unit":"d","system":"http://unitsofmeasure.org","code":"d"}},
			{"name":"within","valueDuration":{"value":14,"unit":"d","system":"http://unitsofmeasure.org","code":"d"}},{"name":"reason","valueString":"wound check"}]`))
	a := member(t, b, "Appointment")
	if textAt(a, "status") != "proposed" || textAt(a, "requestedPeriod.0.start") != "2027-03-08T09:00:00Z" || textAt(a, "requestedPeriod.0.end") != "2027-03-15T09:00:00Z" || textAt(a, "serviceType.0.coding.0.code") != "followup" {
		t.Errorf("%v", a)
	}
	if order := member(t, b, "ServiceRequest"); textAt(a, "basedOn.0.reference") != "ServiceRequest/"+order["id"].(string) {
		t.Errorf("%v", order)
	}
	s.amount(t, 1, "Patient/ana/Appointment?status=proposed")
}
