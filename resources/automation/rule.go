package automation

import (
	"context"
	"slices"
	"strconv"

	"andiron.dev/fhir"
)

// rule is a PlanDefinition that the server acts by.
type rule struct {
	resource *fhir.Resource
	url      string // what generated resources name: the canonical URL, or a reference where there is none
	workflow bool   // a firing generates a CarePlan with ordered Tasks
	actions  []*action
}

// action is an action of a rule with those that are nested in it.
type action struct {
	fhir.Element
	key      string // its id, or its place: "0.2"
	triggers []fhir.Element
	actions  []*action
}

const planType = "http://terminology.hl7.org/CodeSystem/plan-definition-type"

// readRule reads a PlanDefinition; nil for one that nobody acts by.
func readRule(r *fhir.Resource) *rule {
	root := r.Root()
	x := &rule{resource: r, url: canonicalOf(r), actions: readActions(root, "")}
	is := false
	for coding := range root.Get("type").Each("coding") {
		if system := coding.Get("system").Text(); system != planType && system != "" {
			continue
		}
		is = is || coding.Get("code").Text() == "eca-rule"
		x.workflow = x.workflow || coding.Get("code").Text() == "workflow-definition"
	}
	if !is && !x.workflow || root.Get("status").Text() != "active" {
		return nil
	}
	return x
}

func readActions(parent fhir.Element, prefix string) (actions []*action) {
	i := 0
	for e := range parent.Each("action") {
		a := &action{Element: e, key: e.Get("id").Text()}
		place := prefix + strconv.Itoa(i)
		if a.key == "" {
			a.key = place
		}
		a.triggers = slices.Collect(e.Each("trigger"))
		a.actions = readActions(e, place+".")
		actions = append(actions, a)
		i++
	}
	return actions
}

// canonicalOf is what names a definition.
func canonicalOf(r *fhir.Resource) string {
	if url := r.Root().Get("url").Text(); url != "" {
		return url
	}
	return r.Reference()
}

// find is an action by its key, wherever it is nested.
func (r *rule) find(key string) *action { return findAction(r.actions, key) }

func findAction(actions []*action, key string) *action {
	for _, a := range actions {
		if a.key == key {
			return a
		}
		if found := findAction(a.actions, key); found != nil {
			return found
		}
	}
	return nil
}

// triggered are the actions with triggers of their own, each of which is looked at by itself. What is nested in one goes with it.
func triggered(actions []*action) (found []*action) {
	for _, a := range actions {
		if len(a.triggers) > 0 {
			found = append(found, a)
		}
		found = append(found, triggered(a.actions)...)
	}
	return found
}

// each visits an action and all that is nested in it.
func (a *action) each(fn func(*action)) {
	fn(a)
	for _, inner := range a.actions {
		inner.each(fn)
	}
}

// sound is the rule about PlanDefinitions: what cannot be read as a rule is refused when it is stored, not found out about at night.
func (m *Module) sound(_ context.Context, c *fhir.Change) (*fhir.Resource, error) {
	if c.After == nil {
		return nil, nil
	}
	x := readRule(c.After)
	if x == nil {
		return nil, nil
	}
	wrong := &fhir.Outcome{}
	note := func(err error) {
		if err != nil {
			wrong.Issues = append(wrong.Issues, fhir.AsOutcome(err).Issues...)
		}
	}
	keys := make(map[string]bool)
	for _, a := range x.actions {
		a.each(func(a *action) {
			if keys[a.key] {
				note(fhir.NewOutcome(fhir.BusinessRule, "two actions have the same id", a.Path()+".id"))
			}
			keys[a.key] = true
			for _, t := range a.triggers {
				note(m.soundTrigger(t))
			}
			for condition := range a.Each("condition") {
				if condition.Get("kind").Text() == "applicability" {
					note(m.soundExpression(condition.Get("expression")))
				}
			}
			for value := range a.Each("dynamicValue") {
				note(m.soundExpression(value.Get("expression")))
				if _, err := parsePath(value.Get("path").Text()); err != nil {
					note(fhir.NewOutcome(fhir.BusinessRule, "the path cannot be read: it is made of names, indexes and ofType()", value.Path()+".path"))
				}
			}
		})
	}
	if len(wrong.Issues) > 0 {
		return nil, wrong
	}
	return nil, nil
}

func (m *Module) soundExpression(e fhir.Element) error {
	_, err := m.expression(e)
	if err == nil {
		return nil
	}
	o := *fhir.AsOutcome(err)
	for i := range o.Issues {
		o.Issues[i].Code = fhir.BusinessRule
	}
	return &o
}
