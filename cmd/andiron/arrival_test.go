package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// arrivals is a clinic with a patient, two practitioners, two services and a waiting room.
const arrivals = `{"resourceType":"Bundle","type":"transaction","entry":[
{"resource":{"resourceType":"Patient","id":"ana","name":[{"family":"Ruiz"}],"birthDate":"1980-02-03"},"request":{"method":"PUT","url":"Patient/ana"}},
{"resource":{"resourceType":"Patient","id":"bo"},"request":{"method":"PUT","url":"Patient/bo"}},
{"resource":{"resourceType":"Patient","id":"cy"},"request":{"method":"PUT","url":"Patient/cy"}},
{"resource":{"resourceType":"Patient","id":"old","link":[{"other":{"reference":"Patient/ana"},"type":"replaced-by"}],"active":false},"request":{"method":"PUT","url":"Patient/old"}},
{"resource":{"resourceType":"Patient","id":"late","deceasedBoolean":true},"request":{"method":"PUT","url":"Patient/late"}},
{"resource":{"resourceType":"Organization","id":"payer","name":"Payer"},"request":{"method":"PUT","url":"Organization/payer"}},
{"resource":{"resourceType":"Coverage","id":"cover","status":"active","beneficiary":{"reference":"Patient/ana"},"payor":[{"reference":"Organization/payer"}],"order":1,
 "costToBeneficiary":[{"type":{"coding":[{"code":"gpvisit"}]},"valueMoney":{"value":20.00,"currency":"USD"}},{"type":{"coding":[{"code":"televisit"}]},"valueMoney":{"value":5.00,"currency":"USD"}}]},
 "request":{"method":"PUT","url":"Coverage/cover"}},
{"resource":{"resourceType":"Practitioner","id":"lee"},"request":{"method":"PUT","url":"Practitioner/lee"}},
{"resource":{"resourceType":"Practitioner","id":"kim"},"request":{"method":"PUT","url":"Practitioner/kim"}},
{"resource":{"resourceType":"Location","id":"desk","name":"Waiting room","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/timezone","valueCode":"America/New_York"}]},"request":{"method":"PUT","url":"Location/desk"}},
{"resource":{"resourceType":"HealthcareService","id":"office","active":true,"type":[{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/visit-type","code":"office"}]}],"location":[{"reference":"Location/desk"}]},
 "request":{"method":"PUT","url":"HealthcareService/office"}},
{"resource":{"resourceType":"HealthcareService","id":"video","characteristic":[{"coding":[{"code":"virtual"}]}],"type":[{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/visit-type","code":"video"}]}]},
 "request":{"method":"PUT","url":"HealthcareService/video"}},
{"resource":{"resourceType":"HealthcareService","id":"closed","active":false},"request":{"method":"PUT","url":"HealthcareService/closed"}}]}`

// clinicOpen is a server with the clinic, at nine in the morning in New York.
func clinicOpen(t testing.TB, args ...string) (*running, time.Time) {
	t.Helper()
	s := startServer(t, append([]string{"serve", "--store", "sqlite:" + t.TempDir(), "--test-clock"}, args...)...)
	now := time.Date(2027, 3, 1, 14, 0, 0, 0, time.UTC)
	s.setClock(t, now)
	s.asked(t, 200, "POST", "", arrivals)
	return s, now
}

// asked demands the status of an answer, and gives its body.
func (s *running) asked(t testing.TB, want int, method, path, body string) map[string]any {
	t.Helper()
	status, answer := s.do(t, method, path, body)
	if status != want {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, status, want, answer)
	}
	var v map[string]any
	if err := json.Unmarshal([]byte(answer), &v); err != nil && answer != "" {
		t.Fatal(err)
	}
	return v
}

// refused demands the status and the code of an error.
func (s *running) refused(t testing.TB, want int, detail, method, path, body string) {
	t.Helper()
	v := s.asked(t, want, method, path, body)
	issue := v["issue"].([]any)[0].(map[string]any)
	coding := issue["details"].(map[string]any)["coding"].([]any)[0].(map[string]any)
	if coding["code"] != detail {
		t.Fatalf("%s %s: %v, want %s: %v", method, path, coding["code"], detail, issue)
	}
}

// member finds the only resource of a type in a Bundle.
func member(t testing.TB, bundle map[string]any, typ string) map[string]any {
	t.Helper()
	var found map[string]any
	entries, _ := bundle["entry"].([]any)
	for _, e := range entries {
		r := e.(map[string]any)["resource"].(map[string]any)
		if r["resourceType"] != typ {
			continue
		}
		if found != nil {
			t.Fatalf("two resources of the type %s", typ)
		}
		found = r
	}
	if found == nil {
		t.Fatalf("no %s in %v", typ, bundle)
	}
	return found
}

// text is a value in a tree: "participant.0.status".
func textAt(v any, path string) string {
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			i := int(step[0] - '0')
			if i >= len(x) {
				return ""
			}
			v = x[i]
		}
	}
	return fmt.Sprint(v)
}

// bookedAt is an Appointment whose actors have no Schedule.
func bookedAt(id, status, patient string, start time.Time, more string) string {
	return fmt.Sprintf(`{"resourceType":"Appointment","id":"%s","status":"%s","start":"%s","end":"%s","participant":[{"actor":{"reference":"Patient/%s"},"status":"needs-action"},{"actor":{"reference":"Practitioner/lee"},"status":"accepted"}%s`,
		id, status, start.Format(time.RFC3339), start.Add(30*time.Minute).Format(time.RFC3339), patient, more)
}

const (
	inOffice = `],"serviceType":[{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/visit-type","code":"office"}]}]}`
	byVideo  = `],"serviceType":[{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/visit-type","code":"video"}]}]}`
)

func walkInFor(patient, priority string) string {
	more := ""
	if priority != "" {
		more = `,{"name":"priority","valueCodeableConcept":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActPriority","code":"` + priority + `"}]}}`
	}
	return `{"resourceType":"Parameters","parameter":[{"name":"patient","valueReference":{"reference":"Patient/` + patient + `"}},{"name":"service","valueReference":{"reference":"HealthcareService/office"}}` + more + `]}`
}

// TestADT1: an appointment leads to one visit, which leads back to it, with all that belongs to a visit; a second call answers with the same.
func TestADT1(t *testing.T) {
	s, now := clinicOpen(t)
	s.drain(t)
	s.stored(t, bookedAt("a", "booked", "ana", now.Add(20*time.Minute), inOffice))
	first := s.asked(t, 200, "POST", "/Appointment/a/$check-in", `{"resourceType":"Parameters","parameter":[{"name":"verify","valueCode":"identity"}]}`)
	visit := member(t, first, "Encounter")
	for path, want := range map[string]string{
		"status": "arrived", "class.code": "AMB", "appointment.0.reference": "Appointment/a", "subject.reference": "Patient/ana", "serviceType.coding.0.code": "office",
		"participant.0.individual.reference": "Practitioner/lee", "location.0.location.reference": "Location/desk", "extension.0.valuePositiveInt": "1", "identifier.0.value": "V20270301-0001",
	} {
		if got := textAt(visit, path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	appointment := member(t, first, "Appointment")
	if textAt(appointment, "status") != "checked-in" || textAt(appointment, "participant.0.status") != "accepted" || textAt(appointment, "supportingInformation.0.reference") != "Encounter/"+visit["id"].(string) {
		t.Error(appointment)
	}
	account := member(t, first, "Account")
	if textAt(account, "coverage.0.coverage.reference") != "Coverage/cover" || textAt(visit, "account.0.reference") != "Account/"+account["id"].(string) {
		t.Error(account)
	}
	if charge := member(t, first, "ChargeItem"); textAt(charge, "priceOverride.value") != "20" || textAt(charge, "account.0.reference") != "Account/"+account["id"].(string) {
		t.Error(charge)
	}
	tasks := "Task?encounter=Encounter/" + visit["id"].(string)
	s.amount(t, 4, tasks)
	s.amount(t, 1, tasks+"&status=completed&code=verify-identity")
	s.amount(t, 3, tasks+"&status=requested")
	again := member(t, s.asked(t, 200, "POST", "/Appointment/a/$check-in", ""), "Encounter")
	if again["id"] != visit["id"] {
		t.Error(again)
	}
	s.amount(t, 1, "Encounter?appointment=Appointment/a")
	s.amount(t, 1, "ChargeItem?subject=Patient/ana")
	s.amount(t, 1, "Account?subject=Patient/ana")
	s.refused(t, 409, "already-arrived", "POST", "/Encounter", `{"resourceType":"Encounter","status":"arrived","class":{"code":"AMB"},"appointment":[{"reference":"Appointment/a"}]}`)
	// A visit from afar, on the same account.
	s.stored(t, bookedAt("v", "booked", "ana", now, byVideo))
	remote := s.asked(t, 200, "POST", "/Appointment/v/$check-in", "")
	if got := member(t, remote, "Encounter"); textAt(got, "class.code") != "VR" || got["location"] != nil || textAt(got, "account.0.reference") != "Account/"+account["id"].(string) {
		t.Error(got)
	}
	if textAt(member(t, remote, "ChargeItem"), "priceOverride.value") != "5" {
		t.Error(remote)
	}
	// Whoever was merged is who they are now.
	s.stored(t, bookedAt("m", "booked", "old", now, inOffice))
	if got := member(t, s.asked(t, 200, "POST", "/Appointment/m/$check-in", ""), "Encounter"); textAt(got, "subject.reference") != "Patient/ana" {
		t.Error(got)
	}
}

// TestOneVisitForAnAppointment: of twenty parallel check-ins one begins a visit, and all answer with it.
func TestOneVisitForAnAppointment(t *testing.T) {
	s, now := clinicOpen(t)
	s.stored(t, bookedAt("a", "booked", "ana", now, inOffice))
	answers := s.atOnce(20, func(int) (string, string) { return "/Appointment/a/$check-in", "" })
	ids := make(map[any]bool)
	for _, a := range answers {
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		var v map[string]any
		if err := json.Unmarshal([]byte(a.body), &v); err != nil {
			t.Fatal(err)
		}
		ids[member(t, v, "Encounter")["id"]] = true
	}
	if len(ids) != 1 {
		t.Error(ids)
	}
	s.amount(t, 1, "Encounter?appointment=Appointment/a")
	s.amount(t, 1, "ChargeItem?subject=Patient/ana")
	s.amount(t, 4, "Task?patient=Patient/ana")
}

// TestTokens: whoever comes at the same time draws different tokens, and visit numbers, without gaps.
func TestTokens(t *testing.T) {
	s, now := clinicOpen(t)
	const many = 10
	for i := range many {
		s.stored(t, fmt.Sprintf(`{"resourceType":"Patient","id":"p%d"}`, i))
		s.stored(t, strings.Replace(bookedAt(fmt.Sprintf("a%d", i), "booked", fmt.Sprintf("p%d", i), now, inOffice), `{"actor":{"reference":"Practitioner/lee"},"status":"accepted"}`, `{"type":[{"text":"interpreter"}],"status":"tentative"}`, 1))
	}
	tokens, numbers := make(map[string]bool), make(map[string]bool)
	for _, a := range s.atOnce(many, func(i int) (string, string) { return fmt.Sprintf("/Appointment/a%d/$check-in", i), "" }) {
		var v map[string]any
		if err := json.Unmarshal([]byte(a.body), &v); err != nil || a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		visit := member(t, v, "Encounter")
		tokens[textAt(visit, "extension.0.valuePositiveInt")], numbers[textAt(visit, "identifier.0.value")] = true, true
	}
	for i := 1; i <= many; i++ {
		if !tokens[fmt.Sprint(i)] || !numbers[fmt.Sprintf("V20270301-%04d", i)] {
			t.Errorf("%v %v", tokens, numbers)
		}
	}
}

// TestTaskOverdue: what is not done in time is the event task-overdue, once.
func TestTaskOverdue(t *testing.T) {
	s, now := clinicOpen(t)
	s.stored(t, `{"resourceType":"ActivityDefinition","id":"remind","url":"http://example.org/remind","status":"active","kind":"Task","code":{"coding":[{"code":"remind"}]}}`)
	s.stored(t, `{"resourceType":"PlanDefinition","id":"remind","url":"http://example.org/rule","status":"active","type":{"coding":[{"code":"eca-rule"}]},
		"action":[{"trigger":[{"type":"named-event","name":"task-overdue"}],"definitionCanonical":"http://example.org/remind"}]}`)
	s.stored(t, `{"resourceType":"Task","id":"t","status":"requested","intent":"order","executionPeriod":{"end":"`+now.Add(time.Hour).Format(time.RFC3339)+`"}}`)
	s.drain(t)
	s.amount(t, 0, "Task?code=remind")
	for range 2 {
		now = now.Add(2 * time.Hour)
		s.setClock(t, now)
		s.drain(t)
		s.amount(t, 1, "Task?_tag=overdue")
		s.amount(t, 1, "Task?code=remind&focus=Task/t")
	}
}

type posted struct {
	status int
	body   string
}

// atOnce posts n requests at the same time.
func (s *running) atOnce(n int, request func(i int) (path, body string)) []posted {
	answers := make([]posted, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			path, body := request(i)
			resp, err := http.Post(s.url+path, "application/fhir+json", strings.NewReader(body))
			if err != nil {
				answers[i].body = err.Error()
				return
			}
			defer resp.Body.Close()
			text, _ := io.ReadAll(resp.Body)
			answers[i] = posted{resp.StatusCode, string(text)}
		})
	}
	all.Wait()
	return answers
}

// TestADT2: nobody is checked in days before or after an appointment, nor for one that does not take place.
func TestADT2(t *testing.T) {
	s, now := clinicOpen(t)
	checkIn := func(id, status, patient string, start time.Time, want int, detail, params string) {
		t.Helper()
		s.stored(t, bookedAt(id, status, patient, start, inOffice))
		if params != "" {
			params = `{"resourceType":"Parameters","parameter":[` + params + `]}`
		}
		s.refused(t, want, detail, "POST", "/Appointment/"+id+"/$check-in", params)
	}
	checkIn("soon", "booked", "ana", now.Add(72*time.Hour), 422, "too-early", "")
	checkIn("past", "booked", "ana", now.Add(-72*time.Hour), 422, "too-late", "")
	checkIn("off", "cancelled", "ana", now, 422, "illegal-transition", "")
	checkIn("missed", "noshow", "ana", now, 422, "illegal-transition", "")
	checkIn("dead", "booked", "late", now, 422, "patient-deceased", "")
	checkIn("gone", "booked", "nobody", now, 422, "no-patient", "")
	checkIn("odd", "booked", "ana", now, 400, "code-invalid", `{"name":"verify","valueCode":"shoes"}`)
	checkIn("odd", "booked", "ana", now, 400, "value", `{"name":"arrived-at","valueDateTime":"2027-03-01T15:00:00Z"}`)
	checkIn("odd", "booked", "ana", now, 400, "value", `{"name":"arrived-at","valueDateTime":"2027-03-01"}`)
	checkIn("odd", "booked", "ana", now, 400, "value", `{"name":"arrived-at","valueString":"now"}`)
	checkIn("odd", "booked", "ana", now, 400, "value", `{"name":"location","valueReference":{"reference":"Patient/ana"}}`)
	checkIn("odd", "booked", "ana", now, 404, "not-found", `{"name":"location","valueReference":{"reference":"Location/nowhere"}}`)
	checkIn("odd", "booked", "ana", now, 400, "parameter-unknown", `{"name":"nonsense","valueCode":"x"}`)
	s.refused(t, 404, "not-found", "POST", "/Appointment/nothing/$check-in", "")
	s.asked(t, 404, "POST", "/Appointment/$check-in", "")
	s.asked(t, 405, "GET", "/Appointment/odd/$check-in", "")
	s.amount(t, 0, "Encounter?_sort=date")
	s.amount(t, 0, "Account?_sort=status")
	s.asked(t, 200, "POST", "/Appointment/odd/$check-in", `{"resourceType":"Parameters","parameter":[{"name":"dry-run","valueBoolean":true}]}`)
	s.amount(t, 0, "Encounter?_sort=date")
}

// TestWalkIn: who comes without an appointment has one then; nobody is here twice for the same.
func TestWalkIn(t *testing.T) {
	s, _ := clinicOpen(t)
	got := s.asked(t, 200, "POST", "/Encounter/$walk-in", walkInFor("bo", "UR"))
	visit, appointment := member(t, got, "Encounter"), member(t, got, "Appointment")
	if textAt(visit, "priority.coding.0.code") != "UR" || textAt(visit, "status") != "arrived" || textAt(appointment, "status") != "arrived" || textAt(appointment, "appointmentType.coding.0.code") != "WALKIN" ||
		textAt(visit, "appointment.0.reference") != "Appointment/"+appointment["id"].(string) || textAt(appointment, "supportingInformation.0.reference") != "Encounter/"+visit["id"].(string) {
		t.Error(got)
	}
	s.refused(t, 409, "already-arrived", "POST", "/Encounter/$walk-in", walkInFor("bo", ""))
	for _, wrong := range []struct {
		status int
		detail string
		body   string
	}{
		{400, "parameter-missing", `{"resourceType":"Parameters"}`}, {404, "not-found", walkInFor("nobody", "")}, {422, "patient-deceased", walkInFor("late", "")},
		{404, "not-found", strings.Replace(walkInFor("cy", ""), "HealthcareService/office", "HealthcareService/none", 1)}, {400, "value", strings.Replace(walkInFor("cy", ""), "HealthcareService/office", "Location/desk", 1)},
		{422, "service-inactive", strings.Replace(walkInFor("cy", ""), "HealthcareService/office", "HealthcareService/closed", 1)},
	} {
		s.refused(t, wrong.status, wrong.detail, "POST", "/Encounter/$walk-in", wrong.body)
	}
	answers := s.atOnce(10, func(int) (string, string) { return "/Encounter/$walk-in", walkInFor("cy", "") })
	won := 0
	for _, a := range answers {
		if a.status == 200 {
			won++
		} else if a.status != 409 {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if won != 1 {
		t.Errorf("%d visits", won)
	}
	s.amount(t, 1, "Encounter?patient=Patient/cy")
	s.amount(t, 1, "Appointment?patient=Patient/cy")
}

const admissionSteps = `{"resourceType":"PlanDefinition","id":"steps","url":"http://example.org/steps","status":"active","type":{"coding":[{"code":"workflow-definition"}]},"action":[
{"id":"stay","trigger":[{"type":"data-added","data":[{"type":"Encounter"}]}],"action":[
{"id":"first","title":"First","code":[{"coding":[{"code":"first"}]}]},
{"id":"second","title":"Second","code":[{"coding":[{"code":"second"}]}],"relatedAction":[{"actionId":"first","relationship":"after-end"}]}]}]}`

// TestADT9: the second step is not done before the first, by whatever way, and then it is.
func TestADT9(t *testing.T) {
	s, _ := clinicOpen(t)
	s.stored(t, admissionSteps)
	s.drain(t)
	s.stored(t, `{"resourceType":"Encounter","id":"e","status":"in-progress","class":{"code":"IMP"},"subject":{"reference":"Patient/bo"}}`)
	s.drain(t)
	_, body := s.do(t, "GET", "/Task?code=first,second&_sort=code", "")
	var found struct {
		Entry []struct{ Resource map[string]any }
	}
	if err := json.Unmarshal([]byte(body), &found); err != nil || len(found.Entry) != 2 {
		t.Fatal(body)
	}
	first, second := found.Entry[0].Resource, found.Entry[1].Resource
	done := func(task map[string]any) string {
		task["status"] = "completed"
		delete(task, "meta")
		text, _ := json.Marshal(task)
		return string(text)
	}
	path := "/Task/" + second["id"].(string)
	s.refused(t, 422, "step-out-of-order", "PUT", path, done(second))
	s.refused(t, 422, "step-out-of-order", "POST", path+"/$complete", "")
	s.refused(t, 422, "step-out-of-order", "POST", "", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":`+done(second)+`,"request":{"method":"PUT","url":"`+path[1:]+`"}}]}`)
	s.asked(t, 200, "POST", "/Task/"+first["id"].(string)+"/$complete", "")
	s.amount(t, 1, "Task?code=second&status=requested")
	s.asked(t, 200, "PUT", path, done(second))
}

// TestADT10: of ten nurses who claim a Task at the same time, one owns it.
func TestADT10(t *testing.T) {
	s, _ := clinicOpen(t)
	s.stored(t, `{"resourceType":"Task","id":"t","status":"requested","intent":"order"}`)
	for i := range 10 {
		s.stored(t, fmt.Sprintf(`{"resourceType":"Practitioner","id":"nurse-%d"}`, i))
	}
	answers := s.atOnce(10, func(i int) (string, string) {
		return "/Task/t/$claim", fmt.Sprintf(`{"resourceType":"Parameters","parameter":[{"name":"owner","valueReference":{"reference":"Practitioner/nurse-%d"}}]}`, i)
	})
	var won []int
	for i, a := range answers {
		if a.status == 200 {
			won = append(won, i)
		} else if a.status != 409 {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if len(won) != 1 || textAt(s.asked(t, 200, "GET", "/Task/t", ""), "owner.reference") != fmt.Sprintf("Practitioner/nurse-%d", won[0]) {
		t.Error(won)
	}
}

// TestADT13: the urgent patient is called first, then who kept an appointment, then who came without; and the time that each can expect grows.
func TestADT13(t *testing.T) {
	s, _ := clinicOpen(t)
	nine := time.Date(2027, 3, 2, 14, 0, 0, 0, time.UTC)
	s.stored(t, bookedAt("a", "booked", "ana", nine, inOffice))
	s.setClock(t, nine.Add(time.Minute))
	walkIn := member(t, s.asked(t, 200, "POST", "/Encounter/$walk-in", walkInFor("bo", "")), "Encounter")["id"]
	s.setClock(t, nine.Add(2*time.Minute))
	urgent := member(t, s.asked(t, 200, "POST", "/Encounter/$walk-in", walkInFor("cy", "UR")), "Encounter")["id"]
	s.setClock(t, nine.Add(5*time.Minute))
	kept := member(t, s.asked(t, 200, "POST", "/Appointment/a/$check-in", ""), "Encounter")["id"]
	s.setClock(t, nine.Add(10*time.Minute))
	queue := s.asked(t, 200, "GET", "/Location/desk/$queue", "")
	var order []any
	eta := ""
	entries, _ := queue["entry"].([]any)
	for i, e := range entries {
		order = append(order, strings.TrimPrefix(textAt(e, "item.reference"), "Encounter/"))
		if textAt(e, "extension.0.extension.0.valuePositiveInt") != fmt.Sprint(i+1) || textAt(e, "extension.0.extension.2.valueDateTime") <= eta {
			t.Error(e)
		}
		eta = textAt(e, "extension.0.extension.2.valueDateTime")
	}
	if queue["mode"] != "snapshot" || !slices.Equal(order, []any{urgent, kept, walkIn}) {
		t.Fatal(queue)
	}
	if got := textAt(entries[2], "extension.0.extension.1.valueUnsignedInt"); got != "9" {
		t.Errorf("waiting for %s minutes", got)
	}
	if got := s.asked(t, 200, "GET", "/Location/desk/$queue?practitioner=Practitioner/lee", ""); len(got["entry"].([]any)) != 1 {
		t.Error(got)
	}
	s.stored(t, `{"resourceType":"Location","id":"house"}`)
	s.stored(t, `{"resourceType":"Location","id":"desk","name":"Waiting room","partOf":{"reference":"Location/house"},"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/timezone","valueCode":"America/New_York"}]}`)
	if got := s.asked(t, 200, "GET", "/Location/house/$queue", ""); len(got["entry"].([]any)) != 3 || textAt(got, "entry.0.item.reference") != "Encounter/"+urgent.(string) {
		t.Error(got)
	}
	for _, empty := range []string{"?practitioner=Practitioner/kim", "?date=2027-03-03"} {
		if got := s.asked(t, 200, "GET", "/Location/desk/$queue"+empty, ""); got["entry"] != nil {
			t.Error(got)
		}
	}
	for path, want := range map[string]int{
		"/Location/nowhere/$queue": 404, "/Location/$queue": 404, "/Location/desk/$queue?date=tomorrow": 400, "/Location/desk/$queue?date=2027-03": 400, "/Location/desk/$queue?practitioner=Patient/ana": 400,
		"/Location/desk/$queue?nonsense=1": 400,
	} {
		s.asked(t, want, "GET", path, "")
	}
	// Who is called leaves the queue, and how long it takes is what the others can expect.
	text, _ := json.Marshal(s.asked(t, 200, "GET", "/Encounter/"+urgent.(string), ""))
	s.asked(t, 200, "PUT", "/Encounter/"+urgent.(string), strings.Replace(string(text), `"status":"arrived"`, `"status":"in-progress"`, 1))
	s.amount(t, 1, "Appointment?patient=Patient/cy&status=fulfilled")
	s.setClock(t, nine.Add(18*time.Minute))
	text, _ = json.Marshal(s.asked(t, 200, "GET", "/Encounter/"+urgent.(string), ""))
	s.asked(t, 200, "PUT", "/Encounter/"+urgent.(string), strings.Replace(string(text), `"status":"in-progress","statusHistory"`, `"status":"finished","statusHistory"`, 1))
	queue = s.asked(t, 200, "GET", "/Location/desk/$queue", "")
	got, err := time.Parse(time.RFC3339, textAt(queue["entry"], "1.extension.0.extension.2.valueDateTime")) // two visits of eight minutes from now
	if err != nil || got.Sub(nine.Add(34*time.Minute)).Abs() > 30*time.Second {
		t.Errorf("the second is expected at %s %v", got, err)
	}
	s.asked(t, 204, "DELETE", "/Location/desk", "")
	s.asked(t, 410, "GET", "/Location/desk/$queue", "")
}

// TestArrivalByClients: $check-in, $queue and $claim with tokens, and without the scopes that they need.
func TestArrivalByClients(t *testing.T) {
	dir := t.TempDir()
	store := "sqlite:" + filepath.Join(dir, "store")
	s := startServer(t, "serve", "--store", store, "--auth", "smart")
	client := func(name, scopes string) func(method, path, body string) (int, string) {
		private, public := filepath.Join(dir, name+".key"), filepath.Join(dir, name+".jwks")
		administer(t, "client", "keygen", "--private", private, "--public", public)
		administer(t, "client", "add", "--store", store, "--id", name, "--name", name, "--grant", "client_credentials", "--scope", scopes, "--jwks", public)
		token := administer(t, "token", "get", "--server", s.url, "--client", name, "--key", private, "--scope", scopes)["access_token"].(string)
		return func(method, path, body string) (int, string) {
			req, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+token)
			req.Header.Set("Content-Type", "application/fhir+json")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return resp.StatusCode, string(text)
		}
	}
	desk := client("desk", "system/Patient.crus system/Practitioner.crus system/Location.crus system/Appointment.crus system/Encounter.crus system/Task.crus")
	other := client("other", "system/Appointment.rs system/Task.rs")
	appointment := bookedAt("a", "booked", "ana", time.Now(), `,{"actor":{"reference":"Location/desk"},"status":"accepted"}]}`)
	for path, body := range map[string]string{
		"/Patient/ana": `{"resourceType":"Patient","id":"ana"}`, "/Practitioner/lee": `{"resourceType":"Practitioner","id":"lee"}`, "/Location/desk": `{"resourceType":"Location","id":"desk"}`,
		"/Task/t": `{"resourceType":"Task","id":"t","status":"requested","intent":"order"}`,
	} {
		if status, answer := desk("PUT", path, body); status != 201 {
			t.Fatalf("%s: %d %s", path, status, answer)
		}
	}
	if status, answer := desk("PUT", "/Appointment/a", appointment); status != 201 {
		t.Fatalf("%d %s", status, answer)
	}
	if _, answer := desk("POST", "/Appointment/a/$check-in", ""); strings.Contains(answer, `"resourceType":"Account"`) || !strings.Contains(answer, `"resourceType":"Task"`) {
		t.Errorf("the answer shows what the client may not read, or not what it may: %s", answer)
	}
	claim := `{"resourceType":"Parameters","parameter":[{"name":"owner","valueReference":{"reference":"Practitioner/lee"}}]}`
	for _, call := range []struct {
		who    func(string, string, string) (int, string)
		want   int
		method string
		path   string
		body   string
	}{
		{other, 403, "POST", "/Appointment/a/$check-in", ""}, {other, 403, "GET", "/Location/desk/$queue", ""}, {other, 403, "POST", "/Task/t/$claim", claim}, {other, 403, "POST", "/Encounter/$walk-in", walkInFor("ana", "")},
		{desk, 200, "POST", "/Appointment/a/$check-in", ""}, {desk, 200, "POST", "/Appointment/a/$check-in", ""}, {desk, 200, "GET", "/Location/desk/$queue", ""},
		{desk, 400, "POST", "/Task/t/$claim", ""}, {desk, 200, "POST", "/Task/t/$claim", claim}, {desk, 200, "POST", "/Task/t/$complete", ""},
	} {
		if status, answer := call.who(call.method, call.path, call.body); status != call.want {
			t.Errorf("%s %s: %d, want %d: %s", call.method, call.path, status, call.want, answer)
		}
	}
}
