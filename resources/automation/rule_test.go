package automation_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/server"
)

const welcome = `{"resourceType":"ActivityDefinition","id":"welcome","url":"http://example.org/ActivityDefinition/welcome","status":"active","kind":"Task","description":"Say hello",
 "code":{"coding":[{"system":"http://example.org/tasks","code":"welcome"}]}}`

// hello is a rule with a trigger and an action.
func hello(trigger, action string) string {
	return fmt.Sprintf(`{"resourceType":"PlanDefinition","id":"hello","url":"http://example.org/PlanDefinition/hello","status":"active",
 "type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/plan-definition-type","code":"eca-rule"}]},
 "action":[{"id":"a","trigger":[%s],"definitionCanonical":"http://example.org/ActivityDefinition/welcome"%s}]}`, trigger, action)
}

func condition(text string) string {
	return fmt.Sprintf(`,"condition":[{"kind":"applicability","expression":{"language":"text/fhirpath","expression":%q}}]`, text)
}

const tasks = "Task?code=welcome"

// TestTriggers holds rules against changes: exactly those fire that match.
func TestTriggers(t *testing.T) {
	added := `{"type":"data-added","data":[{"type":"Patient"}]}`
	male := `{"resourceType":"Patient","id":"p","gender":"male","birthDate":"1980-01-01"}`
	female := strings.Replace(male, "male", "female", 1)
	for name, c := range map[string]struct {
		rule string
		do   func(*hospital)
		want int
	}{
		"added": {hello(added, ""), func(h *hospital) { h.put(male); h.put(female) }, 1},
		"modified": {hello(`{"type":"data-modified","data":[{"type":"Patient"}]}`, condition("%previous.gender != %resource.gender")), func(h *hospital) {
			h.put(male)
			h.put(female)
			h.put(strings.Replace(female, "1980", "1981", 1))
		}, 1},
		"removed":        {hello(`{"type":"data-removed","data":[{"type":"Patient"}]}`, condition("%resource.gender = 'male'")), func(h *hospital) { h.put(male); h.do(204, "DELETE", "Patient/p", "") }, 1},
		"other type":     {hello(added, ""), func(h *hospital) { h.put(`{"resourceType":"Location","id":"l","name":"x"}`) }, 0},
		"condition":      {hello(added, condition("%resource.gender = 'female'")), func(h *hospital) { h.put(male) }, 0},
		"context":        {hello(added, condition("%context.gender = 'male' and gender = 'male'")), func(h *hospital) { h.put(male) }, 1},
		"code filter":    {hello(`{"type":"data-added","data":[{"type":"Patient","codeFilter":[{"path":"gender","code":[{"code":"female"}]}]}]}`, ""), func(h *hospital) { h.put(strings.Replace(male, `"p"`, `"q"`, 1)); h.put(female) }, 1},
		"search filter":  {hello(`{"type":"data-added","data":[{"type":"Patient","codeFilter":[{"searchParam":"gender","code":[{"code":"male"}]}]}]}`, ""), func(h *hospital) { h.put(male) }, 1},
		"value set":      {hello(`{"type":"data-added","data":[{"type":"Patient","codeFilter":[{"path":"gender","valueSet":"http://hl7.org/fhir/ValueSet/administrative-gender"}]}]}`, ""), func(h *hospital) { h.put(male) }, 1},
		"date filter":    {hello(`{"type":"data-added","data":[{"type":"Patient","dateFilter":[{"path":"birthDate","valuePeriod":{"start":"1970","end":"1979"}}]}]}`, ""), func(h *hospital) { h.put(male) }, 0},
		"date search":    {hello(`{"type":"data-added","data":[{"type":"Patient","dateFilter":[{"searchParam":"birthdate","valuePeriod":{"start":"1980"}}]}]}`, ""), func(h *hospital) { h.put(male) }, 1},
		"trigger itself": {hello(`{"type":"data-added","data":[{"type":"Patient"}],"condition":{"language":"text/fhirpath","expression":"gender = 'other'"}}`, ""), func(h *hospital) { h.put(male) }, 0},
		"retired":        {strings.Replace(hello(added, ""), `"status":"active"`, `"status":"retired"`, 1), func(h *hospital) { h.put(male) }, 0},
		"named": {hello(`{"type":"named-event","name":"visit"}`, ""), func(h *hospital) {
			h.put(male)
			for range 2 {
				h.do(200, "POST", "PlanDefinition/$raise-event", `{"resourceType":"Parameters","parameter":[{"name":"name","valueString":"visit"},{"name":"id","valueString":"1"},{"name":"focus","valueReference":{"reference":"Patient/p"}}]}`)
			}
			h.do(200, "POST", "PlanDefinition/$raise-event", `{"resourceType":"Parameters","parameter":[{"name":"name","valueString":"other"}]}`)
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			h.drain()
			h.put(strings.ReplaceAll(male, `"p"`, `"before"`)) // from before the rule
			h.put(welcome)
			h.put(c.rule)
			c.do(h)
			h.drain()
			for _, task := range h.count(c.want, tasks) {
				if dig(task, "instantiatesCanonical") != "http://example.org/PlanDefinition/hello" || dig(task, "status") != "requested" || dig(task, "for", "reference") != "Patient/p" || dig(task, "description") != "Say hello" {
					t.Fatal(text(task))
				}
			}
		})
	}
}

// TestUnsound refuses rules that could not be followed.
func TestUnsound(t *testing.T) {
	h := open(t)
	for _, rule := range []string{
		hello(`{"type":"data-added"}`, ""),
		hello(`{"type":"data-added","data":[{"type":"Quantity"}]}`, ""),
		hello(`{"type":"data-accessed","data":[{"type":"Patient"}]}`, ""),
		hello(`{"type":"named-event"}`, ""),
		hello(`{"type":"periodic"}`, ""),
		hello(`{"type":"periodic","timingTiming":{"repeat":{"when":["AC"],"period":1,"periodUnit":"d"}}}`, ""),
		hello(`{"type":"data-added","data":[{"type":"Patient"}]}`, condition("%resource.gender = ")),
		hello(`{"type":"data-added","data":[{"type":"Patient"}]}`, strings.Replace(condition("true"), "text/fhirpath", "text/cql", 1)),
		hello(`{"type":"data-added","data":[{"type":"Patient"}]}`, `,"dynamicValue":[{"path":"a b","expression":{"language":"text/fhirpath","expression":"1"}}]`),
	} {
		h.do(422, "PUT", "PlanDefinition/hello", rule)
	}
}

// TestOnce drains again and again, from several processes, and after the cursor has been lost: a rule fires once for an event.
func TestOnce(t *testing.T) {
	h := open(t)
	h.drain()
	h.put(welcome)
	h.put(hello(`{"type":"data-added","data":[{"type":"Patient"}]}`, ""))
	for i := range 20 {
		h.put(fmt.Sprintf(`{"resourceType":"Patient","id":"p%d"}`, i))
	}
	spec, params := decoded(t)
	all := []*hospital{h}
	for range 2 {
		all = append(all, join(t, h.store, spec, params, h.now, h.outbox))
	}
	done := make(chan error, len(all))
	for _, one := range all {
		go func() { done <- one.module.Drain(t.Context()) }()
	}
	for range all {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	h.count(20, tasks)
}

// TestTimer has a Task wait for its time, which a dynamic value gives.
func TestTimer(t *testing.T) {
	h := open(t)
	h.drain()
	h.put(patient)
	h.put(welcome)
	h.put(hello(`{"type":"data-added","data":[{"type":"Appointment"}]}`, `,"dynamicValue":[{"path":"executionPeriod.start","expression":{"language":"text/fhirpath","expression":"%resource.start - 1 day"}},{"path":"priority","expression":{"language":"text/fhirpath","expression":"'urgent'"}}]`))
	h.put(appointment("booked", "2026-03-12T15:00:00Z"))
	h.drain()
	if task := h.count(1, tasks)[0]; dig(task, "status") != "draft" || dues(h.find(tasks))[0] != "2026-03-11T15:00:00Z" || dig(task, "priority") != "urgent" {
		t.Fatal(text(task))
	}
	h.at("2026-03-11T14:59:59Z")
	h.count(0, tasks+"&status=requested")
	h.at("2026-03-11T15:00:00Z")
	h.count(1, tasks+"&status=requested")
}

// TestTimingDuration counts forward from the event, and back from the start of what it is about.
func TestTimingDuration(t *testing.T) {
	for value, want := range map[string]string{`"value":3,"code":"h"`: "2026-03-02T18:00:00Z", `"value":-1,"code":"d"`: "2026-03-11T15:00:00Z", `"value":1,"unit":"mo"`: "2026-04-02T15:00:00Z"} {
		h := open(t)
		h.drain()
		h.put(patient)
		h.put(welcome)
		h.put(hello(`{"type":"data-added","data":[{"type":"Appointment"}]}`, `,"timingDuration":{`+value+`}`))
		h.put(appointment("booked", "2026-03-12T15:00:00Z"))
		h.drain()
		if got := dues(h.count(1, tasks+"&status=draft"))[0]; got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}

// TestDelayed has an action that makes no Task wait all the same.
func TestDelayed(t *testing.T) {
	h := open(t)
	h.drain()
	h.put(patient)
	h.put(`{"resourceType":"ActivityDefinition","id":"welcome","url":"http://example.org/ActivityDefinition/welcome","status":"active","kind":"ServiceRequest","code":{"text":"follow-up"}}`)
	h.put(hello(`{"type":"data-added","data":[{"type":"Appointment"}]}`, `,"timingDuration":{"value":3,"code":"h"}`))
	h.put(appointment("booked", "2026-03-12T15:00:00Z"))
	h.drain()
	h.count(0, "ServiceRequest?status=active")
	h.at("2026-03-02T18:00:00Z")
	r := h.count(1, "ServiceRequest?status=active")[0]
	if dig(r, "subject", "reference") != "Patient/ana" || dig(r, "code", "text") != "follow-up" || dig(r, "instantiatesCanonical", 0) != "http://example.org/PlanDefinition/hello" {
		t.Fatal(text(r))
	}
	h.count(1, "Task?status=completed")
}

// TestLoop has a rule generate what it fires for: it fires once, and the trace says why it did not go on.
func TestLoop(t *testing.T) {
	h := open(t)
	h.drain()
	h.put(welcome)
	h.put(hello(`{"type":"data-added","data":[{"type":"Task"}]},{"type":"data-added","data":[{"type":"Patient"}]}`, ""))
	h.put(`{"resourceType":"Patient","id":"p"}`)
	h.drain()
	h.drain()
	h.count(1, tasks)
	failed := h.do(200, "GET", "PlanDefinition/hello/$trace?failed=true", "")
	if len(dig(failed, "parameter").([]any)) != 1 || !strings.Contains(text(failed), "too-costly") {
		t.Fatal(text(failed))
	}
}

// again is a module whose operation writes what the rule that calls it is about.
type again struct{ store fhir.Store }

func (a again) Register(r *fhir.Registry) error {
	return r.Operation(`{"resourceType":"OperationDefinition","id":"again","url":"`+base+`/OperationDefinition/again","name":"Again","status":"active","kind":"operation",
		"affectsState":true,"code":"again","system":true,"type":false,"instance":false}`, fhir.HandlerFunc(func(ctx context.Context, _ *fhir.Request) (*fhir.Response, error) {
		r, err := fhir.ParseResource(`{"resourceType":"Basic","id":"`+server.NewUUID()+`","code":{"text":"again"}}`, fhir.DefaultLimits())
		if err != nil {
			return nil, err
		}
		return &fhir.Response{}, a.store.Update(ctx, nil, func(tx fhir.Tx) error {
			_, err := tx.Create(ctx, r)
			return err
		})
	}))
}

// TestLoopThroughOperation has a rule call an operation that writes what the rule is about: it does not fire for that.
func TestLoopThroughOperation(t *testing.T) {
	h := open(t)
	h.drain()
	h.put(`{"resourceType":"PlanDefinition","id":"hello","url":"http://example.org/PlanDefinition/hello","status":"active","type":{"coding":[{"code":"eca-rule"}]},
 "action":[{"id":"a","trigger":[{"type":"data-added","data":[{"type":"Basic"}]}],"definitionCanonical":"` + base + `/OperationDefinition/again"}]}`)
	h.put(`{"resourceType":"Basic","id":"first","code":{"text":"first"}}`)
	for range 5 {
		h.drain()
	}
	h.count(2, "Basic?_total=accurate")
	if failed := h.do(200, "GET", "PlanDefinition/hello/$trace?failed=true", ""); !strings.Contains(text(failed), "too-costly") {
		t.Fatal(text(failed))
	}
}

// TestFailing has a rule that cannot be carried out until somebody sees to it: others go on, and it is tried again.
func TestFailing(t *testing.T) {
	h := open(t)
	h.drain()
	added := `{"type":"data-added","data":[{"type":"Patient"}]}`
	h.put(hello(added, ""))
	h.put(`{"resourceType":"Patient","id":"p"}`)
	h.drain()
	h.count(0, tasks)
	h.put(welcome)
	h.at("2026-03-02T15:00:20Z")
	h.count(1, tasks)
	h.at("2026-03-02T16:00:20Z")
	h.count(1, tasks)
}

// TestPeriodic is AUT-6: once a period, also with three processes.
func TestPeriodic(t *testing.T) {
	h := open(t)
	spec, params := decoded(t)
	all := []*hospital{h, join(t, h.store, spec, params, h.now, h.outbox), join(t, h.store, spec, params, h.now, h.outbox)}
	h.drain()
	h.put(welcome)
	h.put(hello(`{"type":"periodic","timingTiming":{"repeat":{"frequency":1,"period":1,"periodUnit":"h"}}}`, ""))
	h.drain()
	h.count(0, tasks)
	start := time.UnixMilli(h.now.Load())
	for hour := 1; hour <= 3; hour++ {
		h.now.Store(start.Add(time.Duration(hour)*time.Hour + time.Minute).UnixMilli())
		done := make(chan error, len(all))
		for _, one := range all {
			go func() { done <- one.module.Drain(t.Context()) }()
		}
		for range all {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		h.count(hour, tasks)
	}
}

// TestOperation has a rule call an operation.
func TestOperation(t *testing.T) {
	h := open(t)
	h.drain()
	h.put(`{"resourceType":"PlanDefinition","id":"hello","url":"http://example.org/PlanDefinition/hello","status":"active","type":{"coding":[{"code":"eca-rule"}]},
 "action":[{"id":"a","trigger":[{"type":"data-added","data":[{"type":"Patient"}]}],"definitionCanonical":"` + base + `/OperationDefinition/PlanDefinition-raise-event",
 "dynamicValue":[{"path":"name","expression":{"language":"text/fhirpath","expression":"'born'"}},{"path":"focus","expression":{"language":"text/fhirpath","expression":"%resource"}}]}]}`)
	h.put(strings.ReplaceAll(hello(`{"type":"named-event","name":"born"}`, ""), "hello", "second"))
	h.put(welcome)
	h.put(`{"resourceType":"Patient","id":"p"}`)
	h.drain()
	if calls := h.count(1, "Task?code=operation-call"); dig(calls[0], "status") != "completed" {
		t.Fatal(text(calls))
	}
	h.count(1, tasks)
}

// TestRetired takes a rule out of force: its timers are not carried out.
func TestRetired(t *testing.T) {
	h := open(t)
	h.drain()
	h.put(patient)
	h.put(welcome)
	rule := hello(`{"type":"data-added","data":[{"type":"Appointment"}]}`, `,"timingDuration":{"value":3,"code":"h"}`)
	h.put(rule)
	h.put(appointment("proposed", "2026-03-12T15:00:00Z"))
	h.drain()
	h.put(strings.Replace(rule, `"active"`, `"retired"`, 1))
	h.at("2026-03-02T18:00:00Z")
	h.count(1, tasks+"&status=cancelled")
}

// TestLostCursor looks at old events once more, after what they are about has changed: nothing fires twice, and no timer is taken away.
func TestLostCursor(t *testing.T) {
	h := open(t)
	h.drain()
	h.put(patient)
	h.put(appointment("booked", "2026-03-12T15:00:00Z"))
	h.drain()
	h.put(appointment("booked", "2026-03-13T15:00:00Z"))
	h.drain()
	h.put(appointment("booked", "2026-03-14T15:00:00Z"))
	h.drain()
	h.count(3, reminders+"draft")
	if err := h.store.Update(t.Context(), nil, func(tx fhir.Tx) error {
		return tx.Keep(t.Context(), &fhir.Record{Kind: "automation", Key: "cursor", Value: []byte(`{"seq":1}`)})
	}); err != nil {
		t.Fatal(err)
	}
	spec, params := decoded(t)
	join(t, h.store, spec, params, h.now, h.outbox).drain()
	h.count(3, reminders+"draft")
	h.count(6, reminders+"cancelled")
}

// TestRaisedByItself: a rule whose operation raises the event that it goes by fires once.
func TestRaisedByItself(t *testing.T) {
	h := open(t)
	h.drain()
	h.put(`{"resourceType":"PlanDefinition","id":"echo","url":"http://example.org/echo","status":"active","type":{"coding":[{"code":"eca-rule"}]},
		"action":[{"trigger":[{"type":"named-event","name":"call"}],"definitionCanonical":"` + base + `/OperationDefinition/PlanDefinition-raise-event","dynamicValue":[{"path":"name","expression":{"language":"text/fhirpath","expression":"'call'"}}]}]}`)
	h.do(200, "POST", "PlanDefinition/$raise-event", `{"resourceType":"Parameters","parameter":[{"name":"name","valueString":"call"}]}`)
	h.drain()
	h.count(1, "Task?code=operation-call&status=completed")
	h.count(1, "Task?code=operation-call")
}

// TestForgedTasks: a Task that somebody else has written, or has changed, has the server call nothing but what a rule has said.
func TestForgedTasks(t *testing.T) {
	h := open(t)
	h.drain()
	h.put(welcome)
	h.put(hello(`{"type":"named-event","name":"secret"}`, ""))
	const forged = `{"resourceType":"Task","id":"%s","status":"requested","intent":"order","code":{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/task-type","code":"operation-call"}]},
		"meta":{"tag":[{"system":"https://andiron.dev/fhir/CodeSystem/automation-action","code":"timer"}]},
		"contained":[{"resourceType":"Parameters","id":"parameters","parameter":[{"name":"name","valueString":"secret"}]}],
		"input":[{"type":{"coding":[{"code":"operation"}]},"valueCanonical":"https://andiron.dev/fhir/OperationDefinition/PlanDefinition-raise-event"},{"type":{"coding":[{"code":"on"}]},"valueString":"PlanDefinition"},
			{"type":{"coding":[{"code":"parameters"}]},"valueReference":{"reference":"#parameters"}}]}`
	h.put(fmt.Sprintf(forged, "forged"))
	h.drain()
	h.count(1, "Task?_id=forged&status=requested")
	h.count(0, tasks)
	h.put(`{"resourceType":"PlanDefinition","id":"later","url":"http://example.org/later","status":"active","type":{"coding":[{"code":"eca-rule"}]},
		"action":[{"trigger":[{"type":"data-added","data":[{"type":"Patient"}]}],"timingDuration":{"value":1,"unit":"h"},"definitionCanonical":"` + base + `/OperationDefinition/PlanDefinition-raise-event","dynamicValue":[{"path":"name","expression":{"language":"text/fhirpath","expression":"'harmless'"}}]}]}`)
	h.put(`{"resourceType":"Patient","id":"p"}`)
	h.drain()
	timer := h.count(1, "Task?code=operation-call&status=draft")[0]
	h.put(fmt.Sprintf(forged, timer["id"]))
	h.at("2026-03-03T15:00:00Z")
	h.count(1, "Task?code=operation-call&status=completed")
	h.count(0, tasks)
}
