package automation

import (
	"context"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// step is what an action comes to: a resource, a call of an operation, or a group of steps.
type step struct {
	action *action
	made   object // nil where the action makes none
	call   *operationCall
	due    time.Time // zero = now
	steps  []*step
}

// operationCall is an operation of this server that is to be called.
type operationCall struct {
	definition *fhir.OperationDefinition
	on         string // the resource that it is called on, or a type; "" = the system
	input      object // Parameters
}

// deepest bounds how far actions and definitions are nested in each other.
const deepest = 10

// outline works out actions in the order in which they are to be carried out: those whose applicability conditions hold.
// Errors: NotFound for definitions that are not here; Invalid, NotSupported for what cannot be followed; TooCostly for what has no end.
func (s *situation) outline(ctx context.Context, plan *fhir.Resource, actions []*action, t *target, depth int) (steps []*step, err error) {
	if depth > deepest {
		return nil, fhir.Errorf(fhir.TooCostly, "actions and definitions are nested deeper than %d", deepest)
	}
	ordered, err := inOrder(actions)
	if err != nil {
		return nil, err
	}
	for _, a := range ordered {
		if ok, err := s.applicable(ctx, a); err != nil {
			return nil, err
		} else if !ok {
			continue
		}
		one, err := s.step(ctx, plan, a, t, depth)
		if err != nil {
			return nil, err
		}
		steps = append(steps, one)
	}
	return steps, nil
}

// applicable reports whether all applicability conditions of an action hold.
func (s *situation) applicable(ctx context.Context, a *action) (bool, error) {
	for c := range a.Each("condition") {
		if c.Get("kind").Text() != "applicability" {
			continue
		}
		if !c.Get("expression").Exists() {
			return false, fhir.NewOutcome(fhir.Invalid, "a condition without an expression cannot be decided", c.Path())
		}
		if ok, err := s.test(ctx, c.Get("expression")); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (s *situation) step(ctx context.Context, plan *fhir.Resource, a *action, t *target, depth int) (*step, error) {
	one := &step{action: a}
	canonical := a.Get("definitionCanonical").Text()
	if canonical == "" {
		canonical = a.Get("definitionUri").Text()
	}
	if canonical != "" {
		if err := s.defined(ctx, plan, one, canonical, t, depth); err != nil {
			return nil, err
		}
	}
	inner, err := s.outline(ctx, plan, a.actions, t, depth+1)
	if err != nil {
		return nil, err
	}
	one.steps = append(one.steps, s.selected(a, inner, t)...)
	return one, s.timed(one)
}

// defined works out the definition of an action.
func (s *situation) defined(ctx context.Context, plan *fhir.Resource, one *step, canonical string, t *target, depth int) error {
	d, err := s.m.define(ctx, s.tx, plan, canonical)
	switch {
	case err != nil:
		return err
	case d.operation != nil:
		one.call, err = s.operation(ctx, one.action, d.operation)
		return err
	case d.resource.Type() == "PlanDefinition":
		one.steps, err = s.outline(ctx, d.resource, readActions(d.resource.Root(), ""), t, depth+1)
		return err
	case d.resource.Type() != "ActivityDefinition":
		return fhir.NewOutcome(fhir.NotSupported, "an action names a definition that is no ActivityDefinition, PlanDefinition or operation of this server")
	}
	if status := d.resource.Root().Get("status").Text(); !t.proposal && status == "retired" {
		return fhir.NewOutcome(fhir.BusinessRule, "an action names an ActivityDefinition that is retired")
	}
	if one.made, err = s.activity(ctx, d, t); err != nil {
		return err
	}
	return s.dynamic(ctx, one.made, one.action.Element)
}

// selected are the nested steps that are carried out where nobody chooses among them: of a group that one is to be chosen from, the first.
// What $apply gives has them all, with the behaviour beside.
func (s *situation) selected(a *action, steps []*step, t *target) []*step {
	switch a.Get("selectionBehavior").Text() {
	case "exactly-one", "at-most-one":
		if !t.proposal && len(steps) > 1 {
			return steps[:1]
		}
	case "all-or-none":
		if len(steps) < len(a.actions) {
			return nil
		}
	}
	return steps
}

// inOrder sorts actions so that those that come before others do; otherwise they keep their order. Error: Invalid for a circle.
func inOrder(actions []*action) ([]*action, error) {
	after := make(map[string][]string) // action -> those that come before it
	for _, a := range actions {
		for rel := range a.Each("relatedAction") {
			other := rel.Get("actionId").Text()
			switch how := rel.Get("relationship").Text(); {
			case strings.HasPrefix(how, "before"):
				after[other] = append(after[other], a.key)
			case strings.HasPrefix(how, "after"):
				after[a.key] = append(after[a.key], other)
			}
		}
	}
	var done []*action
	left := slices.Clone(actions)
	for len(left) > 0 {
		i := slices.IndexFunc(left, func(a *action) bool {
			return !slices.ContainsFunc(left, func(other *action) bool { return other != a && slices.Contains(after[a.key], other.key) })
		})
		if i < 0 {
			return nil, fhir.NewOutcome(fhir.Invalid, "the actions come before each other in a circle", "PlanDefinition.action.relatedAction")
		}
		done, left = append(done, left[i]), slices.Delete(left, i, i+1)
	}
	return done, nil
}

// timed finds when a step is due. What the resource says itself, in Task.executionPeriod, goes before the timing of the action.
func (s *situation) timed(one *step) error {
	if p, ok := one.made["executionPeriod"].(object); ok && one.made["resourceType"] == "Task" {
		if text, _ := p["start"].(string); text != "" {
			at, ok := fhir.ParseTemporal(text, time.UTC)
			if !ok {
				return fhir.NewOutcome(fhir.Invalid, "executionPeriod.start is no dateTime")
			}
			one.due = at.Low
			return nil
		}
	}
	due, ok, err := s.due(one.action.Element)
	if !ok || err != nil {
		return err
	}
	one.due = due
	if one.made["resourceType"] == "Task" {
		p, _ := one.made["executionPeriod"].(object)
		if p == nil {
			p = object{}
		}
		p["start"], one.made["executionPeriod"] = instant(due), p
	}
	return nil
}

// due reads the timing of an action. A duration counts from now, that is from what has happened; a negative one back from the time that the
// resource is about, its start.
func (s *situation) due(a fhir.Element) (due time.Time, ok bool, err error) {
	offset := a.Get("timingDuration")
	if !offset.Exists() {
		offset = a.Get("timingAge")
	}
	if !offset.Exists() {
		offset = a.Get("timingRange").Get("low")
	}
	switch {
	case offset.Exists():
		d, ok := readDuration(offset)
		if !ok {
			return due, false, fhir.NewOutcome(fhir.Invalid, "the timing of an action needs a value in one of the units s, min, h, d, wk, mo, a", offset.Path())
		}
		if !d.negative() {
			return d.after(s.now), true, nil
		}
		start, ok := s.start()
		if !ok {
			return due, false, fhir.NewOutcome(fhir.Invalid, "a negative timing counts back from the start of a resource, and this one has none", offset.Path())
		}
		return d.after(start), true, nil
	case a.Get("timingDateTime").Exists():
		at, ok := fhir.ParseTemporal(a.Get("timingDateTime").Text(), time.UTC)
		return at.Low, ok, nil
	case a.Get("timingPeriod").Exists():
		from, _ := period(a.Get("timingPeriod"))
		return from, !from.IsZero(), nil
	case a.Get("timingTiming").Exists():
		table, err := readTiming(a.Get("timingTiming"))
		if err != nil {
			return due, false, fhir.NewOutcome(fhir.Invalid, err.Error(), a.Path()+".timingTiming")
		}
		for _, at := range table.events {
			if at.After(s.now) && (due.IsZero() || at.Before(due)) {
				due = at
			}
		}
		return due, !due.IsZero(), nil
	}
	return due, false, nil
}

// start is when what the resource is about begins.
func (s *situation) start() (time.Time, bool) {
	if s.resource == nil {
		return time.Time{}, false
	}
	root := s.resource.Root()
	for _, e := range []fhir.Element{
		root.Get("start"), root.Get("period").Get("start"), root.Get("executionPeriod").Get("start"), root.Get("occurrenceDateTime"),
		root.Get("occurrencePeriod").Get("start"), root.Get("performedDateTime"), root.Get("effectiveDateTime"), root.Get("planningHorizon").Get("start"),
	} {
		if at, ok := fhir.ParseTemporal(e.Text(), time.UTC); ok {
			return at.Low, true
		}
	}
	return time.Time{}, false
}
