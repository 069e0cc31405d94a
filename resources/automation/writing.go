package automation

import (
	"context"
	"time"

	"andiron.dev/fhir"
)

// writing is what a firing has written so far, within its transaction.
type writing struct {
	m        *Module
	s        *situation
	rule     *rule
	occasion *occasion
	now      bool // timers have waited already: what is due was due
	done     []written
}

// written is one thing that a firing did.
type written struct {
	Action   string    `json:"action"`
	Resource string    `json:"resource,omitempty"` // reference to it
	Due      time.Time `json:"due,omitzero"`
}

// actions carries out actions of the rule that have been set off.
func (w *writing) actions(ctx context.Context, actions []*action) error {
	for _, a := range actions {
		t := w.target(a)
		if w.rule.workflow {
			if err := w.workflow(ctx, a, t); err != nil {
				return err
			}
			continue
		}
		steps, err := w.s.outline(ctx, w.rule.resource, []*action{a}, t, 0)
		if err != nil {
			return err
		}
		if err := w.steps(ctx, steps, t); err != nil {
			return err
		}
	}
	return nil
}

// target is what a rule applies its definitions to: whose record the resource is in, and the resource itself.
func (w *writing) target(a *action) *target {
	t := &target{rule: w.rule.url, inputs: list(object{"type": coded("automation-action", "action-id", ""), "valueString": a.key})}
	r := w.s.resource
	if r == nil {
		return t
	}
	if r.ID() != "" {
		t.focus = r.Reference()
	}
	t.subject = patientOf(r)
	if t.encounter = r.Root().Get("encounter").Get("reference").Text(); r.Type() == "Encounter" {
		t.encounter = r.Reference()
	}
	return t
}

// patientOf is the reference to the patient that a resource is about; "" where it is about none, or several.
func patientOf(r *fhir.Resource) string {
	if r.Type() == "Patient" {
		return r.Reference()
	}
	root := r.Root()
	for _, name := range []string{"subject", "patient", "for", "beneficiary", "individual"} {
		text := root.Get(name).Get("reference").Text()
		if fhir.ParseReference(text).Type == "Patient" {
			return text
		}
	}
	found := ""
	for p := range root.Each("participant") {
		if text := p.Get("actor").Get("reference").Text(); fhir.ParseReference(text).Type == "Patient" {
			if found != "" {
				return ""
			}
			found = text
		}
	}
	return found
}

func (w *writing) steps(ctx context.Context, steps []*step, t *target) error {
	for _, one := range steps {
		if err := w.step(ctx, one, t); err != nil {
			return err
		}
		if err := w.steps(ctx, one.steps, t); err != nil {
			return err
		}
	}
	return nil
}

// step writes what a step has made: at once, or as a timer for when it is due.
func (w *writing) step(ctx context.Context, one *step, t *target) error {
	own := *t
	own.inputs = list(object{"type": coded("automation-action", "action-id", ""), "valueString": one.action.key})
	switch {
	case one.call != nil:
		o := one.call.task(w.s, one, &own)
		if one.due.IsZero() {
			return w.callNow(ctx, one, o)
		}
		return w.timer(ctx, one, o)
	case one.made == nil:
		return nil
	case one.made["resourceType"] == "Task":
		if _, has := one.made["input"]; has {
			one.made["input"] = append(one.made["input"].([]any)[:0:0], own.inputs...)
		}
		if one.due.IsZero() {
			return w.create(ctx, one, one.made)
		}
		return w.timer(ctx, one, one.made)
	case !w.now && one.due.After(w.m.config.Now()):
		return w.timer(ctx, one, w.delayed(one, &own))
	}
	return w.create(ctx, one, one.made)
}

// delayed is the timer for an action that makes no Task: the action is carried out when it is due, with what is the case by then.
func (w *writing) delayed(one *step, t *target) object {
	o := object{
		"resourceType": "Task", "intent": "order", "code": coded("task-type", taskDelayed, "Carry out an action of a rule"), "authoredOn": instant(w.s.now),
		"executionPeriod": object{"start": instant(one.due)}, "input": t.inputs,
	}
	if title := one.action.Get("title").Text(); title != "" {
		o["description"] = title
	}
	if t.subject != "" {
		o["for"] = reference(t.subject)
	}
	if t.focus != "" {
		o["focus"] = reference(t.focus)
	}
	w.s.instantiates(o, "Task", t.rule, "")
	return o
}

// create writes a resource under an id of its own.
func (w *writing) create(ctx context.Context, one *step, o object) error {
	r, err := build(o)
	if err != nil {
		return err
	}
	return w.write(ctx, one, r.WithID(w.m.config.NewID()), fhir.Create)
}

// write writes a resource as a client would: past the gate and the rules of its type.
func (w *writing) write(ctx context.Context, one *step, r *fhir.Resource, how fhir.Interaction) error {
	if len(w.done) >= mostMade {
		return fhir.Errorf(fhir.TooCostly, "one firing may generate %d resources and no more", mostMade)
	}
	resp, err := w.m.config.Serve.Serve(ctx, &fhir.Request{Interaction: how, Type: r.Type(), ID: r.ID(), Resource: r, Tx: w.s.tx, Base: w.m.config.BaseURL})
	if err != nil {
		return err
	}
	if err := w.caused(ctx, resp.Version); err != nil {
		return err
	}
	w.done = append(w.done, written{Action: one.action.key, Resource: r.Reference(), Due: one.due})
	return nil
}

func (w *writing) caused(ctx context.Context, v *fhir.Version) error {
	return w.occasion.cause.with(w.rule).keep(ctx, w.s.tx, v, w.m.config.Now())
}
