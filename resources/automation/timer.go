package automation

import (
	"context"
	"time"

	"andiron.dev/fhir"
)

// The codes of Tasks (code system task-type) that the server carries out itself.
const (
	taskReminder = "appointment-reminder"
	taskCall     = "operation-call"
	taskDelayed  = "delayed-action"
)

const (
	recordTimer = "automation-timer"
	tagSystem   = fhir.CanonicalBase + "/CodeSystem/automation-action"
	tagTimer    = "timer" // meta.tag of Tasks that wait for their time, or for the server to carry them out
	superseded  = "superseded"
)

// timerRecord is what a timer has to be compared with when its focus changes.
type timerRecord struct {
	Rule     string    `json:"rule"` // id
	Action   string    `json:"action"`
	Due      time.Time `json:"due"`                // as the rule gave it; quiet hours may have moved the Task
	Asked    time.Time `json:"asked"`              // when the rule fired
	Previous string    `json:"previous,omitempty"` // what %previous was: "Type/id/_history/version"
	Causes   []string  `json:"causes,omitempty"`
}

// tagged marks a Task as the server's to carry out.
func tagged(o object) object {
	meta, _ := o["meta"].(object)
	if meta == nil {
		meta = object{}
	}
	tags, _ := meta["tag"].([]any)
	meta["tag"] = append(tags, object{"system": tagSystem, "code": tagTimer})
	o["meta"] = meta
	return o
}

// timer writes a draft Task that is promoted when it is due. There is one for a rule, an action, a focus and a time, whatever happens: one that
// has been carried out is not made again, one that was superseded is taken up again.
func (w *writing) timer(ctx context.Context, one *step, o object) error {
	focus := ""
	if w.s.resource != nil {
		focus = w.s.resource.Reference()
	}
	id := "timer-" + digest(w.rule.resource.ID(), one.action.key, focus, instant(one.due))
	if focus == "" {
		id = "timer-" + digest(w.rule.resource.ID(), one.action.key, w.occasion.id, instant(one.due))
	}
	o["id"], o["status"], o["intent"] = id, "draft", "order"
	before, err := w.s.tx.Read(ctx, "Task", id)
	switch code := fhir.CodeOf(err); {
	case code == fhir.NotFound || code == fhir.Deleted:
	case err != nil:
		return err
	case before.Root().Get("status").Text() != "cancelled" || !hasCode(before.Root().Get("statusReason"), superseded):
		return nil
	}
	if inputs, ok := o["input"].([]any); ok {
		if at, ok := w.s.start(); ok {
			o["input"] = append(inputs[:len(inputs):len(inputs)], object{"type": coded("automation-action", "start", ""), "valueDateTime": instant(at)})
		}
	}
	r, err := build(tagged(o))
	if err != nil {
		return err
	}
	record := timerRecord{Rule: w.rule.resource.ID(), Action: one.action.key, Due: one.due, Asked: w.s.now, Causes: w.occasion.cause.with(w.rule).Rules}
	if p := w.occasion.previous; p != nil && p.VersionID() != "" {
		record.Previous = p.Reference() + "/_history/" + p.VersionID()
	}
	if err := keep(ctx, w.s.tx, recordTimer, id, w.rule.resource.ID(), time.Time{}, record); err != nil {
		return err
	}
	if err := w.keepCall(ctx, one, id); err != nil {
		return err
	}
	return w.write(ctx, one, r, fhir.Update)
}

// follow lets the timers about a resource follow a change of it: those that the rule would not set any more, or would set for another
// time, are cancelled. The rule is asked as of when it fired, so that the passing of time alone takes no timer away.
func (m *Module) follow(ctx context.Context, o *occasion) (did bool, err error) {
	var pending []*fhir.Resource
	err = m.config.Store.View(ctx, func(tx fhir.Tx) error {
		pending = nil
		current, err := tx.Read(ctx, o.resource.Type(), o.resource.ID())
		if code := fhir.CodeOf(err); err != nil && code != fhir.NotFound && code != fhir.Deleted {
			return err
		}
		if (current == nil) != (o.kind == dataRemoved) || current != nil && current.VersionID() != o.resource.VersionID() {
			return nil // there is a later event, and that is what counts
		}
		pending, err = m.search(ctx, tx, "Task", fhir.Params{
			{Name: "focus", Value: o.resource.Reference()}, {Name: "status", Value: "draft"}, {Name: "_tag", Value: tagSystem + "|" + tagTimer}, {Name: "_count", Value: "200"},
		})
		return err
	})
	if err != nil {
		return false, err
	}
	for _, task := range pending {
		err := m.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
			current, err := tx.Read(ctx, "Task", task.ID())
			if code := fhir.CodeOf(err); code == fhir.NotFound || code == fhir.Deleted {
				return nil
			} else if err != nil || current.Root().Get("status").Text() != "draft" {
				return err
			}
			holds, err := m.holds(ctx, tx, task.ID(), o)
			if err != nil || holds {
				return err
			}
			did = true
			return m.change(ctx, tx, current, func(t object) {
				t["status"], t["statusReason"] = "cancelled", coded("automation-action", superseded, "What it is about has changed")
			})
		})
		if err != nil {
			return did, err
		}
	}
	return did, nil
}

// holds reports whether the rule behind a timer would still set it.
func (m *Module) holds(ctx context.Context, tx fhir.Tx, id string, o *occasion) (bool, error) {
	var record timerRecord
	if err := load(ctx, tx, recordTimer, id, &record); err != nil {
		return false, err
	}
	r := m.state.rules[record.Rule]
	if r == nil || o.kind == dataRemoved {
		return record.Rule == "", nil // a Task that nobody remembers is left alone
	}
	var previous *fhir.Resource
	if ref := fhir.ParseReference(record.Previous); ref.Version != "" {
		var err error
		if previous, err = tx.VRead(ctx, ref.Type, ref.ID, ref.Version); err != nil && !deterministic(err) {
			return false, err
		}
	}
	s := m.situation(tx, record.Asked, o.resource, previous)
	for _, root := range triggered(r.actions) {
		if findAction([]*action{root}, record.Action) == nil {
			continue
		}
		holds, err := s.wouldSet(ctx, r, root, &record)
		if err != nil && deterministic(err) {
			continue
		}
		return holds, err
	}
	return false, nil
}

// wouldSet reports whether an action, asked again, gives the timer that a record is about.
func (s *situation) wouldSet(ctx context.Context, r *rule, root *action, record *timerRecord) (bool, error) {
	asked := false
	for _, t := range root.triggers {
		o := &occasion{kind: t.Get("type").Text(), name: t.Get("name").Text()}
		ok, err := s.triggeredBy(ctx, t, o)
		if err != nil {
			return false, err
		}
		asked = asked || ok
	}
	if !asked {
		return false, nil
	}
	w := &writing{m: s.m, s: s, rule: r}
	steps, err := s.outline(ctx, r.resource, []*action{root}, w.target(root), 0)
	if err != nil {
		return false, err
	}
	found := find(steps, record.Action)
	return found != nil && found.due.Equal(record.Due), nil
}

// find is the step of an action.
func find(steps []*step, key string) *step {
	for _, one := range steps {
		if one.action.key == key {
			return one
		}
		if found := find(one.steps, key); found != nil {
			return found
		}
	}
	return nil
}

// change writes the next version of a resource.
func (m *Module) change(ctx context.Context, tx fhir.Tx, r *fhir.Resource, fn func(object)) error {
	o, ok := fhir.Tree(r.Root()).(object)
	if !ok {
		return fhir.NewOutcome(fhir.Structure, "a resource is no object")
	}
	stripVersion(o)
	fn(o)
	if r.Type() == "Task" {
		o["lastModified"] = instant(m.config.Now())
	}
	return m.store(ctx, tx, o, nil)
}

// store writes a resource that has its id, and remembers which rules have led to it.
func (m *Module) store(ctx context.Context, tx fhir.Tx, o object, causes []string) error {
	r, err := build(o)
	if err != nil {
		return err
	}
	resp, err := m.config.Serve.Serve(ctx, &fhir.Request{Interaction: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r, Tx: tx, Base: m.config.BaseURL})
	if err != nil {
		return err
	}
	return cause{causes}.keep(ctx, tx, resp.Version, m.config.Now())
}
