package automation

import (
	"context"
	"strconv"
	"strings"

	"andiron.dev/fhir"
)

// proposed is what PlanDefinition/$apply gives: a CarePlan whose activity is a RequestGroup with the actions in their order, and the resources of
// the actions. All are contained, since nothing is stored.
func (s *situation) proposed(plan *fhir.Resource, steps []*step, t *target) (*fhir.Resource, error) {
	var contained []any
	group := s.group(plan, t)
	group["id"] = "request-group"
	actions, err := s.groupActions(plan, steps, func(one *step, o object) (string, error) {
		o["id"] = "resource-" + strconv.Itoa(len(contained)+1)
		contained = append(contained, o)
		return "#" + o["id"].(string), nil
	})
	if err != nil {
		return nil, err
	}
	if actions != nil {
		group["action"] = actions
	}
	care := s.care(plan, t)
	care["contained"] = append(list(group), contained...)
	care["activity"] = list(object{"reference": reference("#request-group")})
	return s.m.checked(care)
}

func (s *situation) care(plan *fhir.Resource, t *target) object {
	o := object{"resourceType": "CarePlan", "status": "draft", "intent": "proposal", "instantiatesCanonical": list(canonicalOf(plan)), "created": instant(s.now)}
	if !t.proposal {
		o["status"], o["intent"] = "active", "order"
	}
	carry(o, plan.Root(), "title", "description")
	s.about(o, t)
	if t.practitioner != "" {
		o["author"] = reference(t.practitioner)
	} else if t.organization != "" {
		o["author"] = reference(t.organization)
	}
	return o
}

func (s *situation) group(plan *fhir.Resource, t *target) object {
	o := object{"resourceType": "RequestGroup", "status": "draft", "intent": "proposal", "instantiatesCanonical": list(canonicalOf(plan)), "authoredOn": instant(s.now)}
	if !t.proposal {
		o["status"], o["intent"] = "active", "order"
	}
	s.about(o, t)
	if fhir.ParseReference(t.practitioner).Type != "" {
		o["author"] = reference(t.practitioner)
	}
	return o
}

func (s *situation) about(o object, t *target) {
	if t.subject != "" {
		o["subject"] = reference(t.subject)
	}
	if t.encounter != "" {
		o["encounter"] = reference(t.encounter)
	}
}

// groupActions are steps as actions of a RequestGroup. place puts a resource somewhere, and says how it is referred to.
func (s *situation) groupActions(plan *fhir.Resource, steps []*step, place func(*step, object) (string, error)) (actions []any, err error) {
	for _, one := range steps {
		o := object{}
		a := one.action
		carry(o, a.Element, "prefix", "title", "description", "textEquivalent", "priority", "code", "documentation", "type", "groupingBehavior",
			"selectionBehavior", "requiredBehavior", "precheckBehavior", "cardinalityBehavior")
		o["id"] = a.key
		choice(o, a.Element, "timing", "timing", "DateTime", "Age", "Period", "Duration", "Range", "Timing")
		var conditions, related []any
		for c := range a.Each("condition") {
			if kind := c.Get("kind").Text(); kind != "applicability" { // those have been decided
				conditions = append(conditions, fhir.Tree(c))
			}
		}
		for r := range a.Each("relatedAction") {
			if find(steps, r.Get("actionId").Text()) != nil {
				related = append(related, fhir.Tree(r))
			}
		}
		if conditions != nil {
			o["condition"] = conditions
		}
		if related != nil {
			o["relatedAction"] = related
		}
		if one.made == nil && one.call == nil && len(one.steps) == 0 { // what has no definition is for people to do, in words
			one.made = s.words(one, plan)
		}
		if one.made != nil {
			ref, err := place(one, one.made)
			if err != nil {
				return nil, err
			}
			o["resource"] = reference(ref)
		}
		inner, err := s.groupActions(plan, one.steps, place)
		if err != nil {
			return nil, err
		}
		if inner != nil {
			delete(o, "resource") // rqg-1: an action has a resource or actions
			o["action"] = inner
		}
		actions = append(actions, o)
	}
	return actions, nil
}

// words is the Task for an action without a definition; nil for one that says nothing.
func (s *situation) words(one *step, plan *fhir.Resource) object {
	a := one.action.Element
	description := text(a)
	if description == "" {
		return nil
	}
	o := object{"resourceType": "Task", "status": "draft", "intent": "proposal", "description": description, "authoredOn": instant(s.now)}
	for code := range a.Each("code") {
		o["code"] = fhir.Tree(code)
		break
	}
	var roles []any
	for p := range a.Each("participant") {
		if role := fhir.Tree(p.Get("role")); role != nil {
			roles = append(roles, role)
		}
	}
	if roles != nil {
		o["performerType"] = roles
	}
	for _, name := range []string{"subject", "encounter"} {
		if v := s.variables[name]; len(v) == 1 {
			e := v[0].Element()
			o[map[string]string{"subject": "for", "encounter": "encounter"}[name]] = reference(e.Get("resourceType").Text() + "/" + e.Get("id").Text())
		}
	}
	s.instantiates(o, "Task", canonicalOf(plan), "")
	return o
}

// workflow stores what a rule of the type workflow-definition gives: a CarePlan, its RequestGroup, and the resources of the actions in their
// order. A Task that comes after others is a draft until they are completed.
func (w *writing) workflow(ctx context.Context, a *action, t *target) error {
	plan := w.rule.resource
	steps, err := w.s.outline(ctx, plan, []*action{a}, t, 0)
	if err != nil || len(steps) == 0 {
		return err
	}
	group, care := w.s.group(plan, t), w.s.care(plan, t)
	groupID, careID := w.m.config.NewID(), w.m.config.NewID()
	placed := make(map[string]string)   // action -> reference
	before := make(map[string][]string) // action -> references of those that say they come before it
	actions, err := w.s.groupActions(plan, steps, func(one *step, o object) (string, error) {
		w.ordered(one, o, t, placed, before)
		o["basedOn"] = list(reference("RequestGroup/" + groupID))
		r, err := build(o)
		if err != nil {
			return "", err
		}
		r = r.WithID(w.m.config.NewID())
		placed[one.action.key] = r.Reference()
		for rel := range one.action.Each("relatedAction") {
			if strings.HasPrefix(rel.Get("relationship").Text(), "before") {
				before[rel.Get("actionId").Text()] = append(before[rel.Get("actionId").Text()], r.Reference())
			}
		}
		return r.Reference(), w.write(ctx, one, r, fhir.Create)
	})
	if err != nil {
		return err
	}
	if actions != nil {
		group["action"] = actions
	}
	care["activity"] = list(object{"reference": reference("RequestGroup/" + groupID)})
	for _, part := range []struct {
		o  object
		id string
	}{{group, groupID}, {care, careID}} {
		r, err := build(part.o)
		if err != nil {
			return err
		}
		if err := w.write(ctx, &step{action: a}, r.WithID(part.id), fhir.Create); err != nil {
			return err
		}
	}
	return nil
}

// ordered makes a Task of a workflow wait for those that it comes after. The steps are placed in their order, so they are there already.
func (w *writing) ordered(one *step, o object, t *target, placed map[string]string, before map[string][]string) {
	if o["resourceType"] != "Task" {
		return
	}
	o["intent"], o["status"] = "order", "requested"
	if t.subject != "" {
		o["for"] = reference(t.subject)
	}
	if t.encounter != "" {
		o["encounter"] = reference(t.encounter)
	}
	if t.focus != "" {
		o["focus"] = reference(t.focus)
	}
	inputs, _ := o["input"].([]any)
	waits := before[one.action.key]
	for rel := range one.action.Each("relatedAction") {
		if ref := placed[rel.Get("actionId").Text()]; ref != "" && strings.HasPrefix(rel.Get("relationship").Text(), "after") {
			waits = append(waits, ref)
		}
	}
	for _, ref := range waits {
		o["status"] = "draft"
		inputs = append(inputs, object{"type": coded("automation-action", "after", ""), "valueReference": reference(ref)})
	}
	if inputs != nil {
		o["input"] = inputs
	}
}
