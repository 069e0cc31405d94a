package encounter

import (
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// workflow applies a PlanDefinition to a visit by its operation $apply, and stores what it gives: a CarePlan, its RequestGroup, and the resources of its
// actions. A Task that comes after others is a draft until these are over; each has its place by the extension step-required. What shape makes of a
// Task is stored; nil = as it is. A plan that is not here gives nothing: it may have been deleted on purpose.
func (w *work) workflow(plan, patient, encounter string, shape func(task object)) error {
	care, err := w.applied(plan, patient, encounter)
	if care == nil || err != nil {
		return err
	}
	contained := make(map[string]object)
	for _, one := range asList(care["contained"]) {
		if o, ok := one.(object); ok {
			contained["#"+asText(o["id"])] = o
		}
	}
	delete(care, "contained")
	group := contained[referred(first(care["activity"]), "reference")]
	if group == nil {
		return fhir.NewOutcome(fhir.BusinessRule, "the plan gives no actions")
	}
	p := &placing{w: w, contained: contained, group: w.m.config.NewID(), patient: patient, encounter: encounter, shape: shape, placed: make(map[string][]string), after: make(map[string][]string)}
	p.note(asList(group["action"]))
	if _, err := p.actions(asList(group["action"]), nil); err != nil {
		return err
	}
	group["id"], group["status"], group["intent"] = p.group, "active", "order"
	if _, err := w.create(group); err != nil {
		return err
	}
	care["id"], care["status"], care["intent"] = w.m.config.NewID(), "active", "order"
	care["activity"] = list(object{"reference": reference("RequestGroup/" + p.group)})
	_, err = w.create(care)
	return err
}

// applied is the CarePlan that a plan gives; nil where there is no such plan in force. plan is an id, or a canonical URL.
func (w *work) applied(plan, patient, encounter string) (object, error) {
	r, err := w.plan(plan)
	if r == nil || err != nil {
		return nil, err
	}
	params := fhir.NewParameters().Text("subject", "string", patient).Text("encounter", "string", encounter).Resource()
	resp, err := w.m.config.Serve.Serve(smart.System(w.ctx), &fhir.Request{
		Interaction: fhir.Operation, Type: "PlanDefinition", ID: r.ID(), Operation: "apply", Resource: params, Base: w.m.config.BaseURL, Tx: w.tx,
	})
	if err != nil {
		return nil, err
	}
	return objectOf(resp.Resource), nil
}

// plan finds a plan that is in force; nil = there is none.
func (w *work) plan(name string) (found *fhir.Resource, err error) {
	if url, _, _ := strings.Cut(name, "|"); strings.Contains(url, ":") {
		params := fhir.Params{{Name: "url", Value: url}, {Name: "status", Value: "active"}}
		if _, version, ok := strings.Cut(name, "|"); ok {
			params = append(params, fhir.Param{Name: "version", Value: version})
		}
		err = w.m.find(w.ctx, w.tx, "PlanDefinition", params, func(r *fhir.Resource) bool {
			found = r
			return false
		})
		return found, err
	}
	r, err := w.tx.Read(w.ctx, "PlanDefinition", strings.TrimPrefix(name, "PlanDefinition/"))
	if gone(err) || err == nil && r.Root().Get("status").Text() != "active" {
		return nil, nil
	}
	return r, err
}

// placing stores the resources of a plan's actions.
type placing struct {
	w                  *work
	contained          map[string]object
	group              string // id of the RequestGroup
	patient, encounter string
	shape              func(object)
	after              map[string][]string // action -> actions that come before it
	placed             map[string][]string // action -> references to the Tasks of it and of what is in it
	count              int
}

// note gathers which actions come after which.
func (p *placing) note(actions []any) {
	for _, one := range actions {
		action, _ := one.(object)
		id := asText(action["id"])
		for _, r := range asList(action["relatedAction"]) {
			rel, _ := r.(object)
			other := asText(rel["actionId"])
			switch asText(rel["relationship"]) {
			case "after", "after-end":
				p.after[id] = append(p.after[id], other)
			case "before", "before-start":
				p.after[other] = append(p.after[other], id)
			}
		}
		p.note(asList(action["action"]))
	}
}

// actions stores resources in the order of their actions, so that what comes before is there already. waits are the Tasks that come before all.
func (p *placing) actions(actions []any, waits []string) (tasks []string, err error) {
	for _, one := range actions {
		action, ok := one.(object)
		if !ok {
			continue
		}
		id := asText(action["id"])
		before := waits[:len(waits):len(waits)]
		for _, other := range p.after[id] {
			before = append(before, p.placed[other]...)
		}
		var own []string
		if o := p.contained[referred(action, "resource")]; o != nil {
			ref, err := p.place(o, before, asText(action["requiredBehavior"]))
			if err != nil {
				return nil, err
			}
			if action["resource"] = reference(ref); strings.HasPrefix(ref, "Task/") {
				own = append(own, ref)
			}
		}
		inner, err := p.actions(asList(action["action"]), before)
		if err != nil {
			return nil, err
		}
		own = append(own, inner...)
		p.placed[id] = own
		tasks = append(tasks, own...)
	}
	return tasks, nil
}

// place stores one resource.
func (p *placing) place(o object, before []string, behavior string) (string, error) {
	delete(o, "id")
	if asText(o["intent"]) != "" {
		o["intent"] = "order"
	}
	if o["resourceType"] == "Task" {
		p.count++
		o["status"] = "requested"
		o["for"], o["encounter"] = reference(p.patient), reference(p.encounter)
		o["groupIdentifier"] = object{"system": fhir.CanonicalBase + "/sid/workflow", "value": p.group}
		parts := list(object{"url": "required", "valueBoolean": behavior != "could"}, object{"url": "sequence", "valuePositiveInt": p.count})
		o["extension"] = append(asList(o["extension"]), object{"url": ours("step-required"), "extension": parts})
		for _, ref := range before {
			o["status"] = "draft"
			o["input"] = append(asList(o["input"]), object{"type": coded(codes("automation-action"), "after", ""), "valueReference": reference(ref)})
		}
		o["basedOn"] = append(asList(o["basedOn"]), reference("RequestGroup/"+p.group))
		if p.shape != nil {
			p.shape(o)
		}
	}
	r, err := p.w.create(o)
	if err != nil {
		return "", err
	}
	return r.Reference(), nil
}

func asList(v any) []any {
	l, _ := v.([]any)
	return l
}

func asText(v any) string {
	s, _ := v.(string)
	return s
}

func first(v any) any {
	if l := asList(v); len(l) > 0 {
		return l[0]
	}
	return nil
}

// referred is the reference that an object has under a name.
func referred(v any, name string) string {
	o, _ := v.(object)
	ref, _ := o[name].(object)
	return asText(ref["reference"])
}
