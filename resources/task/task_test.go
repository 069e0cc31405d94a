package task_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/smart"
)

const (
	steps = `{"resourceType":"RequestGroup","id":"g","status":"active","intent":"order","action":[
 {"id":"one","resource":{"reference":"Task/one"}},
 {"id":"two","relatedAction":[{"actionId":"one","relationship":"after-end"}],"resource":{"reference":"Task/two"}},
 {"id":"early","relatedAction":[{"actionId":"three","relationship":"before-start"}],"action":[{"id":"e","resource":{"reference":"Task/early"}}]},
 {"id":"three","relatedAction":[{"actionId":"two","relationship":"after"}],"resource":{"reference":"Task/three"}}]}`
	putStatus = `[{"op":"replace","path":"/status","value":"%s"}]`
)

func stepOf(id, status, more string) string {
	return `{"resourceType":"Task","id":"` + id + `","status":"` + status + `","intent":"order","basedOn":[{"reference":"RequestGroup/g"}],"code":{"coding":[{"code":"do-` + id + `"}]}` + more + `}`
}

// workflow is three steps in a row, and one beside that the last waits for too.
func workflow(t testing.TB) *ward {
	w := open(t)
	w.put(steps, stepOf("one", "requested", ""), stepOf("two", "draft", ""), stepOf("three", "draft", ""), stepOf("early", "requested", ""))
	return w
}

// TestOrder: no way leads past a step, and ending it lets those begin that wait for nothing else.
func TestOrder(t *testing.T) {
	w := workflow(t)
	for _, status := range []string{"requested", "accepted", "in-progress", "completed"} {
		if got := w.refuse(422, "step-out-of-order", "PATCH", "Task/two", fmt.Sprintf(putStatus, status)); !strings.Contains(got, "Task/one (do-one)") {
			t.Error(got)
		}
		w.refuse(422, "step-out-of-order", "PUT", "Task/two", stepOf("two", status, ""))
	}
	w.refuse(422, "step-out-of-order", "POST", "Task/two/$complete", "")
	w.refuse(422, "step-out-of-order", "POST", "", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":`+stepOf("two", "completed", "")+`,"request":{"method":"PUT","url":"Task/two"}}]}`)
	w.do(200, "POST", "Task/one/$complete", "")
	w.status("requested", "two")
	w.status("draft", "three")
	w.do(200, "PATCH", "Task/two", fmt.Sprintf(putStatus, "completed"))
	w.status("draft", "three")
	if got := w.refuse(422, "step-out-of-order", "POST", "Task/three/$complete", ""); !strings.Contains(got, "Task/early") || strings.Contains(got, "Task/two") {
		t.Error(got)
	}
	w.refuse(422, "reason-required", "PATCH", "Task/early", fmt.Sprintf(putStatus, "cancelled"))
	w.refuse(422, "step-open", "DELETE", "Task/early", "")
	w.put(stepOf("early", "cancelled", `,"statusReason":{"text":"not needed"}`))
	w.status("requested", "three")
	w.do(200, "POST", "Task/three/$complete", "")
	w.refuse(422, "illegal-transition", "PATCH", "Task/one", fmt.Sprintf(putStatus, "in-progress"))
}

// TestTransactionCompletesInOrder: what a transaction has completed counts for what comes after it there.
func TestTransactionCompletesInOrder(t *testing.T) {
	w := workflow(t)
	entry := func(id string) string {
		return `{"resource":` + stepOf(id, "completed", "") + `,"request":{"method":"PUT","url":"Task/` + id + `"}}`
	}
	w.do(200, "POST", "", `{"resourceType":"Bundle","type":"transaction","entry":[`+entry("one")+","+entry("two")+","+entry("early")+","+entry("three")+`]}`)
	w.status("completed", "three")
}

// TestOtherOrders: inputs "after" and places in a group do as a RequestGroup does.
func TestOtherOrders(t *testing.T) {
	w := open(t)
	plain := func(id, status, more string) string {
		return `{"resourceType":"Task","id":"` + id + `","status":"` + status + `","intent":"order"` + more + `}`
	}
	after := `,"input":[{"type":{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/automation-action","code":"after"}]},"valueReference":{"reference":"Task/a"}}]`
	w.put(plain("a", "requested", ""), plain("b", "draft", after))
	w.refuse(422, "step-out-of-order", "PUT", "Task/b", plain("b", "in-progress", after))
	w.put(plain("a", "completed", ""), plain("b", "in-progress", after))
	place := func(n int, more string) string {
		return fmt.Sprintf(`,"groupIdentifier":{"system":"urn:g","value":"1|2"},"extension":[{"url":"https://andiron.dev/fhir/StructureDefinition/step-required","extension":[{"url":"sequence","valuePositiveInt":%d}%s]}]`, n, more)
	}
	first, second, third := place(1, ""), place(2, `,{"url":"required","valueBoolean":false}`), place(3, "")
	w.put(plain("p", "requested", first), plain("q", "draft", second), plain("r", "draft", third))
	w.refuse(422, "step-out-of-order", "PUT", "Task/r", plain("r", "completed", third))
	w.put(plain("p", "completed", first))
	w.status("requested", "q")
	w.status("requested", "r") // q is not required
	w.put(plain("r", "completed", third))
}

// TestMachine: which status follows which, for Tasks that are no steps.
func TestMachine(t *testing.T) {
	w := open(t)
	put := func(status, more string) string {
		return `{"resourceType":"Task","id":"t","status":"` + status + `","intent":"order"` + more + `}`
	}
	for _, path := range []string{
		"draft requested received accepted ready in-progress on-hold in-progress completed entered-in-error", "requested completed", "draft cancelled", "in-progress failed requested rejected cancelled",
		"in-progress requested accepted",
	} {
		for _, status := range strings.Fields(path) {
			w.put(put(status, ""))
		}
		w.do(204, "DELETE", "Task/t", "")
	}
	for _, wrong := range []string{"completed requested", "cancelled draft", "requested draft", "in-progress rejected", "entered-in-error draft", "failed completed"} {
		from, to, _ := strings.Cut(wrong, " ")
		w.put(put(from, ""))
		w.refuse(422, "illegal-transition", "PUT", "Task/t", put(to, ""))
		w.do(204, "DELETE", "Task/t", "")
	}
	timer := `,"meta":{"tag":[{"system":"https://andiron.dev/fhir/CodeSystem/automation-action","code":"timer"}]}`
	w.put(put("draft", timer), put("cancelled", timer+`,"statusReason":{"coding":[{"code":"superseded"}]}`), put("draft", timer))
}

// TestClaim: of any number of parallel claims one holds, and it can be repeated.
func TestClaim(t *testing.T) {
	w := open(t)
	w.put(`{"resourceType":"Task","id":"t","status":"requested","intent":"order"}`, `{"resourceType":"CareTeam","id":"team"}`, `{"resourceType":"Practitioner","id":"gone"}`)
	owner := func(ref string) string {
		return `{"resourceType":"Parameters","parameter":[{"name":"owner","valueReference":{"reference":"` + ref + `"}}]}`
	}
	won := make([]int, 10)
	for i := range won {
		w.put(fmt.Sprintf(`{"resourceType":"Practitioner","id":"n%d"}`, i))
	}
	var all sync.WaitGroup
	for i := range won {
		all.Go(func() { won[i], _ = w.send("POST", "Task/t/$claim", owner(fmt.Sprintf("Practitioner/n%d", i))) })
	}
	all.Wait()
	winner := -1
	for i, status := range won {
		if status == 200 && winner < 0 {
			winner = i
		} else if status != 409 {
			t.Error(won)
		}
	}
	got := w.do(200, "POST", "Task/t/$claim", owner(fmt.Sprintf("Practitioner/n%d", winner)))
	if dig(got, "owner", "reference") != fmt.Sprintf("Practitioner/n%d", winner) || got["status"] != "accepted" || dig(got, "meta", "versionId") != "2" {
		t.Error(text(got))
	}
	w.refuse(409, "owned", "POST", "Task/t/$claim", "")
	w.do(204, "DELETE", "Practitioner/gone", "")
	for _, wrong := range []struct {
		status int
		task   string
		body   string
	}{
		{404, "nothing", ""}, {404, "t", owner("Practitioner/nobody")}, {404, "t", owner("Practitioner/gone")}, {400, "t", owner("nonsense")}, {404, "t", owner("Observation/1")},
		{400, "t", owner("https://elsewhere.example.org/fhir/Practitioner/1")}, {400, "t", `{"resourceType":"Parameters","parameter":[{"name":"owner","valueString":"x"}]}`},
		{400, "t", `{"resourceType":"Parameters","parameter":[{"name":"nonsense","valueString":"x"}]}`}, {400, "t", `{"resourceType":"Patient"}`},
		{400, "t", strings.Replace(owner("Practitioner/n1"), "]}", `,{"name":"owner","valueReference":{"reference":"Practitioner/n2"}}]}`, 1)},
	} {
		w.do(wrong.status, "POST", "Task/"+wrong.task+"/$claim", wrong.body)
		if wrong.body == "" {
			wrong.body = owner("Practitioner/n1")
		}
		w.do(wrong.status, "POST", "Task/"+wrong.task+"/$delegate", wrong.body)
	}
	w.do(404, "POST", "Task/$claim", "")
	w.do(405, "GET", "Task/t/$claim", "")
	w.do(400, "POST", "Task/t/$delegate", "")
	// What is handed to a team lies ready there.
	toTeam := `{"resourceType":"Parameters","parameter":[{"name":"owner","valueReference":{"reference":"CareTeam/team"}},{"name":"reason","valueString":"end of shift"}]}`
	if got := w.do(200, "POST", "Task/t/$delegate", toTeam); got["status"] != "requested" || dig(got, "note", 0, "text") != "end of shift" {
		t.Error(text(got))
	}
	w.do(200, "POST", "Task/t/$claim", owner("Practitioner/n3"))
	w.put(`{"resourceType":"Task","id":"t","status":"cancelled","intent":"order"}`)
	for _, op := range []string{"claim", "complete"} {
		w.refuse(422, "illegal-transition", "POST", "Task/t/$"+op, "")
	}
	w.refuse(422, "illegal-transition", "POST", "Task/t/$delegate", owner("Practitioner/n3"))
}

// TestComplete: what came of a Task is kept, once.
func TestComplete(t *testing.T) {
	w := open(t)
	w.put(`{"resourceType":"Task","id":"t","status":"requested","intent":"order"}`)
	body := `{"resourceType":"Parameters","parameter":[{"name":"output","part":[{"name":"type","valueCodeableConcept":{"text":"weight"}},{"name":"value","valueQuantity":{"value":71.50,"unit":"kg"}}]},
 {"name":"output","part":[{"name":"type","valueCodeableConcept":{"text":"form"}},{"name":"value","valueReference":{"reference":"QuestionnaireResponse/1"}}]},{"name":"comment","valueString":"done"}]}`
	for range 2 {
		got := w.do(200, "POST", "Task/t/$complete", body)
		if got["status"] != "completed" || len(got["output"].([]any)) != 2 || dig(got, "output", 0, "valueQuantity", "unit") != "kg" || len(got["note"].([]any)) != 1 || dig(got, "meta", "versionId") != "2" {
			t.Error(text(got))
		}
	}
	w.put(`{"resourceType":"Task","id":"u","status":"requested","intent":"order"}`)
	for _, wrong := range []string{
		`{"name":"output","part":[{"name":"type","valueCodeableConcept":{"text":"weight"}}]}`, `{"name":"output","valueString":"x"}`, `{"name":"output","part":[{"name":"type","valueString":"x"},{"name":"value","valueString":"x"}]}`,
		`{"name":"output","part":[{"name":"type","valueCodeableConcept":{"text":"weight"}},{"name":"value","resource":{"resourceType":"Patient"}}]}`, `{"name":"comment","valueInteger":1}`,
	} {
		w.do(400, "POST", "Task/u/$complete", `{"resourceType":"Parameters","parameter":[`+wrong+`]}`)
	}
	w.status("requested", "u")
	w.do(200, "POST", "Task/u/$complete", `{"resourceType":"Parameters","parameter":[{"name":"dry-run","valueBoolean":true}]}`)
	w.status("requested", "u")
}

// TestWho: a step is ended by its owner, or by a role that it is for.
func TestWho(t *testing.T) {
	w := workflow(t)
	forNurses := `,"performerType":[{"coding":[{"code":"nurse"}]}]`
	w.put(stepOf("one", "requested", forNurses), `{"resourceType":"Practitioner","id":"nina"}`, `{"resourceType":"Practitioner","id":"otto"}`)
	person := func(id, role string) *smart.Principal {
		return &smart.Principal{Subject: "user:" + id, FhirUser: "Practitioner/" + id, Roles: []string{role}}
	}
	w.who = person("otto", "biller")
	for _, method := range []string{"completed", "cancelled"} {
		w.refuse(403, "forbidden", "PUT", "Task/one", stepOf("one", method, forNurses+`,"statusReason":{"text":"why not"}`))
	}
	w.refuse(403, "forbidden", "POST", "Task/one/$complete", "")
	to := `{"resourceType":"Parameters","parameter":[{"name":"owner","valueReference":{"reference":"Practitioner/otto"}}]}`
	w.refuse(403, "forbidden", "POST", "Task/one/$delegate", to)
	w.who = person("nina", "nurse")
	w.refuse(403, "forbidden", "POST", "Task/one/$claim", to)
	if got := w.do(200, "POST", "Task/one/$claim", ""); dig(got, "owner", "reference") != "Practitioner/nina" {
		t.Error(text(got))
	}
	w.do(200, "POST", "Task/one/$delegate", to)
	w.who = person("otto", "biller")
	w.do(200, "POST", "Task/one/$complete", "")
	w.who = nil
	w.status("requested", "two")
}

// TestTeam: what is promoted is given to whom the care team has for it, or to the team where it has several.
func TestTeam(t *testing.T) {
	w := open(t)
	more := `,"for":{"reference":"Patient/p"},"performerType":[{"coding":[{"code":"%s"}]}]`
	w.put(steps, `{"resourceType":"Patient","id":"p"}`, stepOf("one", "requested", ""), stepOf("two", "draft", fmt.Sprintf(more, "nurse")), stepOf("early", "completed", ""), stepOf("three", "draft", fmt.Sprintf(more, "doctor")),
		`{"resourceType":"CareTeam","id":"t","status":"active","subject":{"reference":"Patient/p"},"participant":[
 {"role":[{"coding":[{"code":"nurse"}]}],"member":{"reference":"Practitioner/a"}},{"role":[{"coding":[{"code":"nurse"}]}],"member":{"reference":"Practitioner/b"}},
 {"role":[{"coding":[{"code":"doctor"}]}],"member":{"reference":"Practitioner/d"}}]}`)
	w.do(200, "POST", "Task/one/$complete", "")
	if got := w.do(200, "GET", "Task/two", ""); got["status"] != "requested" || dig(got, "owner", "reference") != "CareTeam/t" {
		t.Error(text(got))
	}
	w.do(200, "POST", "Task/two/$complete", "")
	if got := w.do(200, "GET", "Task/three", ""); got["status"] != "requested" || dig(got, "owner", "reference") != "Practitioner/d" {
		t.Error(text(got))
	}
}

// TestOverdue: what should have been done is marked once, and supervisors hear of it once.
func TestOverdue(t *testing.T) {
	w := open(t)
	until := `,"executionPeriod":{"end":"2026-03-02T10:00:00Z"}`
	w.put(steps, stepOf("one", "requested", until), stepOf("two", "draft", until), `{"resourceType":"Task","id":"plain","status":"in-progress","intent":"order"`+until+`}`,
		`{"resourceType":"Task","id":"old","status":"in-progress","intent":"order","executionPeriod":{"end":"2016-03-02T10:00:00Z"}}`)
	count := func(want int, search string) {
		t.Helper()
		if got := w.do(200, "GET", "Task?_total=accurate&"+search, "")["total"]; got != float64(want) {
			t.Errorf("%s: %v", search, got)
		}
	}
	w.drain()
	count(0, "_tag=overdue")
	for range 3 {
		w.now.Add(int64(2 * time.Hour / time.Millisecond))
		w.drain()
		count(2, "_tag=overdue")
		count(1, "code=escalation&status=requested&focus=Task/one")
	}
	if got := dig(w.do(200, "GET", "Task/plain", ""), "meta", "versionId"); got != "2" {
		t.Error(got)
	}
	got := w.do(200, "GET", "Task/one", "")
	got["executionPeriod"] = map[string]any{"end": "2026-03-03T10:00:00Z"} // more time
	w.put(text(got))
	count(1, "_tag=overdue")
	w.now.Add(int64(48 * time.Hour / time.Millisecond))
	w.drain()
	count(2, "code=escalation")
	w.do(200, "POST", "Task/one/$complete", "")
	count(1, "_tag=overdue")
}

// TestLease: of two servers on one store one looks for what is overdue, and the other takes over when it does not any more.
func TestLease(t *testing.T) {
	w := open(t)
	until := `,"executionPeriod":{"end":"2026-03-02T08:59:00Z"}`
	w.put(steps, stepOf("one", "requested", until))
	other := w.join()
	var all sync.WaitGroup
	for _, one := range []*ward{w, other, w, other} {
		all.Go(one.drain)
	}
	all.Wait()
	if got := w.do(200, "GET", "Task?_total=accurate&code=escalation", "")["total"]; got != float64(1) {
		t.Error(got)
	}
	if got := dig(w.do(200, "GET", "Task/one", ""), "meta", "versionId"); got != "2" {
		t.Error(got)
	}
	// The worker itself looks at once, when the lease of whoever had it is over.
	w.put(stepOf("early", "requested", until))
	w.now.Add(int64(2 * time.Minute / time.Millisecond))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan bool)
	go func() { other.module.Run(ctx); done <- true }()
	for range 200 {
		if other.do(200, "GET", "Task?_total=accurate&code=escalation", "")["total"] == float64(2) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	<-done
	if got := w.do(200, "GET", "Task?_total=accurate&code=escalation", "")["total"]; got != float64(2) {
		t.Error(got)
	}
}

// TestMeeting: two steps that end at the same time leave nothing behind that has waited for both.
func TestMeeting(t *testing.T) {
	w := open(t)
	after := func(id string) string {
		return `{"type":{"coding":[{"code":"after"}]},"valueReference":{"reference":"Task/` + id + `"}}`
	}
	for i := range 20 {
		group := fmt.Sprintf(`,"basedOn":[{"reference":"RequestGroup/g%d"}]`, i)
		one, two, last := fmt.Sprintf("one%d", i), fmt.Sprintf("two%d", i), fmt.Sprintf("last%d", i)
		plain := func(id, status, more string) string {
			return `{"resourceType":"Task","id":"` + id + `","status":"` + status + `","intent":"order"` + group + more + `}`
		}
		w.put(plain(one, "requested", ""), plain(two, "requested", ""), plain(last, "draft", `,"input":[`+after(one)+`,`+after(two)+`]`))
		var both sync.WaitGroup
		for _, id := range []string{one, two} {
			both.Go(func() {
				if status, v := w.send("POST", "Task/"+id+"/$complete", ""); status != 200 {
					t.Errorf("%d %s", status, text(v))
				}
			})
		}
		both.Wait()
		w.status("requested", last)
	}
}
