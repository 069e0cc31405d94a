package automation_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
)

// TestAUT7 applies the plan that comes with the program: the CarePlan leads to a RequestGroup that has the actions in their order.
func TestAUT7(t *testing.T) {
	h := open(t)
	h.drain()
	h.put(patient)
	h.put(`{"resourceType":"Encounter","id":"e","status":"in-progress","class":{"code":"IMP"},"subject":{"reference":"Patient/ana"}}`)
	for _, plan := range []map[string]any{
		h.do(200, "GET", "PlanDefinition/admission-workflow/$apply?subject=Patient/ana&encounter=Encounter/e", ""),
		h.do(200, "POST", "PlanDefinition/admission-workflow/$apply", `{"resourceType":"Parameters","parameter":[{"name":"subject","valueString":"ana"},{"name":"encounter","valueString":"Encounter/e"}]}`),
	} {
		if plan["resourceType"] != "CarePlan" || dig(plan, "subject", "reference") != "Patient/ana" || dig(plan, "encounter", "reference") != "Encounter/e" {
			t.Fatal(text(plan))
		}
		contained := make(map[string]any)
		for _, c := range plan["contained"].([]any) {
			contained["#"+dig(c, "id").(string)] = c
		}
		group := contained[dig(plan, "activity", 0, "reference", "reference").(string)]
		var ids []string
		for _, a := range dig(group, "action").([]any) {
			ids = append(ids, dig(a, "id").(string))
			task := contained[dig(a, "resource", "reference").(string)]
			if dig(task, "resourceType") != "Task" || dig(task, "for", "reference") != "Patient/ana" || dig(task, "code", "coding", 0, "code") != dig(a, "id") {
				t.Fatal(text(task))
			}
		}
		if got := strings.Join(ids, " "); got != "identify admission-assessment fall-risk vte-risk mrsa-screening medication-reconciliation care-plan" {
			t.Fatal(got)
		}
	}
	h.count(0, "CarePlan?_sort=date")
	h.count(0, "Task?_sort=modified")
	for _, wrong := range []struct {
		status int
		query  string
	}{
		{400, ""}, {404, "?subject=Patient/nobody"}, {400, "?subject=Observation/1"}, {400, "?subject=Patient/ana&nonsense=1"}, {400, "?subject=Patient/ana&subject=Patient/b"},
	} {
		h.do(wrong.status, "GET", "PlanDefinition/admission-workflow/$apply"+wrong.query, "")
	}
}

// TestOrder sorts actions by what comes before what, leaves out what is not applicable, and nests.
func TestOrder(t *testing.T) {
	h := open(t)
	h.put(patient)
	action := func(id, more string) string { return `{"id":"` + id + `","title":"` + id + `"` + more + `}` }
	plan := func(actions ...string) string {
		return `{"resourceType":"Parameters","parameter":[{"name":"subject","valueString":"Patient/ana"},{"name":"planDefinition","resource":{"resourceType":"PlanDefinition","status":"draft","url":"http://example.org/p","action":[` + strings.Join(actions, ",") + `]}}]}`
	}
	got := h.do(200, "POST", "PlanDefinition/$apply", plan(
		action("c", `,"relatedAction":[{"actionId":"b","relationship":"after-end"}]`), action("b", condition("%subject.id = 'ana'")), action("x", condition("false")),
		action("a", `,"relatedAction":[{"actionId":"b","relationship":"before-start"}],"action":[`+action("a2", `,"relatedAction":[{"actionId":"a1","relationship":"after"}]`)+`,`+action("a1", "")+`]`)))
	var ids []string
	var walk func(any)
	walk = func(v any) {
		list, _ := v.([]any)
		for _, a := range list {
			ids = append(ids, dig(a, "id").(string))
			walk(dig(a, "action"))
		}
	}
	walk(dig(got, "contained", 0, "action"))
	if strings.Join(ids, " ") != "a a1 a2 b c" {
		t.Fatal(ids)
	}
	h.do(400, "POST", "PlanDefinition/$apply", plan(action("a", `,"relatedAction":[{"actionId":"b","relationship":"before"}]`), action("b", `,"relatedAction":[{"actionId":"a","relationship":"before"}]`)))
	h.do(404, "POST", "PlanDefinition/$apply", plan(action("a", `,"definitionCanonical":"http://example.org/nothing"`)))
}

// TestActivity applies an ActivityDefinition of each kind: what comes is valid, and can be stored.
func TestActivity(t *testing.T) {
	h := open(t)
	h.put(patient)
	for kind, want := range map[string]string{
		"Task": "for", "CommunicationRequest": "subject", "ServiceRequest": "subject", "SupplyRequest": "itemCodeableConcept", "Appointment": "participant",
		"DeviceRequest": "codeCodeableConcept", "MedicationRequest": "medicationCodeableConcept", "NutritionOrder": "patient", "CarePlan": "subject",
	} {
		h.put(`{"resourceType":"ActivityDefinition","id":"a","url":"http://example.org/a","status":"active","kind":"` + kind + `","code":{"text":"x"},"priority":"urgent","description":"Do it","timingDateTime":"2026-04-01","quantity":{"value":2},
 "dosage":[{"text":"one a day"}],"participant":[{"type":"practitioner","role":{"text":"nurse"}}]}`)
		got := h.do(200, "GET", "ActivityDefinition/a/$apply?subject=Patient/ana", "")
		if got["resourceType"] != kind || got[want] == nil || !strings.Contains(text(got), "http://example.org/a") {
			t.Errorf("%s: %s", kind, text(got))
		}
	}
	h.put(`{"resourceType":"ActivityDefinition","id":"a","url":"http://example.org/a","status":"active","kind":"VisionPrescription"}`)
	h.do(400, "GET", "ActivityDefinition/a/$apply?subject=Patient/ana", "")
}

// TestWorkflow has a workflow rule store its CarePlan, RequestGroup and Tasks.
func TestWorkflow(t *testing.T) {
	h := open(t)
	h.drain()
	h.put(patient)
	h.put(welcome)
	h.put(strings.Replace(`{"resourceType":"PlanDefinition","id":"w","url":"http://example.org/w","status":"active","type":{"coding":[{"code":"workflow-definition"}]},
 "action":[{"id":"stay","trigger":[{"type":"data-added","data":[{"type":"Encounter"}]}],"action":[
 {"id":"two","relatedAction":[{"actionId":"one","relationship":"after-end"}],DEF},{"id":"one",DEF}]}]}`, "DEF", `"definitionCanonical":"http://example.org/ActivityDefinition/welcome"`, 2))
	h.put(`{"resourceType":"Encounter","id":"e","status":"in-progress","class":{"code":"IMP"},"subject":{"reference":"Patient/ana"}}`)
	h.drain()
	h.count(1, "CarePlan?status=active")
	group := h.count(1, "RequestGroup?status=active")[0]
	one := h.count(1, tasks+"&status=requested")[0]
	two := h.count(1, tasks+"&status=draft")[0]
	if dig(group, "action", 0, "action", 0, "resource", "reference") != "Task/"+one["id"].(string) || dig(two, "basedOn", 0, "reference") != "RequestGroup/"+group["id"].(string) {
		t.Fatal(text(group), text(two))
	}
	if dig(two, "input", 1, "valueReference", "reference") != "Task/"+one["id"].(string) { // resources/task goes by that
		t.Fatal(text(two))
	}
}

// TestDryRun says what would be, and leaves nothing behind.
func TestDryRun(t *testing.T) {
	h := open(t)
	h.drain()
	h.put(welcome)
	h.put(hello(`{"type":"data-added","data":[{"type":"Patient"}]}`, condition("gender = 'male'")))
	try := func(gender string) string {
		return text(h.do(200, "POST", "PlanDefinition/hello/$dry-run", `{"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"resourceType":"Patient","id":"p","gender":"`+gender+`"}}]}`))
	}
	if got := try("male"); !strings.Contains(got, `"valueBoolean": true`) || !strings.Contains(got, "Say hello") {
		t.Error(got)
	}
	if got := try("female"); !strings.Contains(got, `"valueBoolean": false`) || !strings.Contains(got, "not the conditions") {
		t.Error(got)
	}
	h.drain()
	h.count(0, tasks)
	h.do(400, "POST", "PlanDefinition/$dry-run", `{"resourceType":"Parameters"}`)
}

// TestShipped holds what comes with the program against the write gate, and leaves alone what an administrator has changed or deleted.
func TestShipped(t *testing.T) {
	spec, params := decoded(t)
	files, err := fs.Glob(os.DirFS("."), "*/*.json")
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := fhir.ParseResource(string(b), fhir.DefaultLimits())
		if err != nil {
			t.Fatal(name, err)
		}
		if o := gate.New(spec).Check(r.Root()); o != nil {
			t.Error(name, o)
		}
	}
	h := open(t)
	h.drain()
	plan := h.do(200, "GET", "PlanDefinition/appointment-reminders", "")
	plan["status"] = "retired"
	h.put(text(plan))
	h.do(204, "DELETE", "PlanDefinition/admission-workflow", "")
	next := join(t, h.store, spec, params, h.now, h.outbox)
	next.drain()
	if got := next.do(200, "GET", "PlanDefinition/appointment-reminders", ""); got["status"] != "retired" {
		t.Error("a change was overwritten")
	}
	next.do(410, "GET", "PlanDefinition/admission-workflow", "")
}
