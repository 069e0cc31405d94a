package automation

import (
	"context"
	"slices"

	"andiron.dev/fhir"
)

// dryRun is PlanDefinition/$dry-run: which rules would fire for a resource, and what they would generate. Nothing is written.
func (m *Module) dryRun(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	o, err := m.supposed(req)
	if err != nil {
		return nil, err
	}
	out := fhir.NewParameters()
	err = m.config.Store.View(ctx, func(tx fhir.Tx) error {
		rules, err := m.asked(ctx, tx, req)
		if err != nil {
			return err
		}
		for _, r := range rules {
			m.suppose(ctx, tx, r, o, out)
		}
		return nil
	})
	return &fhir.Response{Resource: out.Resource()}, err
}

// supposed is the occasion that a request supposes.
func (m *Module) supposed(req *fhir.Request) (*occasion, error) {
	o := &occasion{id: "dry-run", time: m.config.Now(), kind: req.Input.Text("trigger"), name: req.Input.Text("name")}
	var err error
	if p := req.Input.Get("resource"); p.Value.Exists() {
		if o.resource, err = fhir.NewResource(p.Value); err != nil {
			return nil, err
		}
	}
	if p := req.Input.Get("previous"); p.Value.Exists() {
		if o.previous, err = fhir.NewResource(p.Value); err != nil {
			return nil, err
		}
	}
	switch {
	case o.kind == "" && o.previous != nil:
		o.kind = dataModified
	case o.kind == "" && o.name != "":
		o.kind = namedEvent
	case o.kind == "":
		o.kind = dataAdded
	case !slices.Contains([]string{dataAdded, dataModified, dataRemoved, namedEvent, periodic}, o.kind):
		return nil, fhir.NewOutcome(fhir.Value, "the parameter 'trigger' is data-added, data-modified, data-removed, named-event or periodic")
	}
	if o.resource == nil && o.kind != periodic && o.kind != namedEvent {
		return nil, fhir.NewOutcome(fhir.Required, "the operation needs the parameter 'resource' for a trigger on data")
	}
	return o, nil
}

// asked are the rules that a request is about: the one that it names or brings, or all that are active.
func (m *Module) asked(ctx context.Context, tx fhir.Tx, req *fhir.Request) (rules []*rule, err error) {
	given := req.Input.Get("planDefinition")
	var one *fhir.Resource
	switch {
	case req.ID != "" && given.Value.Exists():
		return nil, fhir.NewOutcome(fhir.Invalid, "the parameter 'planDefinition' is for the operation at the type; here the rule stands in the URL")
	case req.ID != "":
		one, err = tx.Read(ctx, "PlanDefinition", req.ID)
	case given.Value.Exists():
		one, err = fhir.NewResource(given.Value)
	default:
		found, err := m.search(ctx, tx, "PlanDefinition", fhir.Params{{Name: "status", Value: "active"}, {Name: "_count", Value: "1000"}})
		for _, r := range found {
			if x := readRule(r); x != nil {
				rules = append(rules, x)
			}
		}
		return rules, err
	}
	if err != nil {
		return nil, err
	}
	x := readRule(one)
	if x == nil {
		return nil, fhir.NewOutcome(fhir.BusinessRule, "the PlanDefinition is no rule in force: its type must be eca-rule or workflow-definition, its status active")
	}
	return []*rule{x}, nil
}

// suppose writes what a rule would do, or why it would do nothing.
func (m *Module) suppose(ctx context.Context, tx fhir.Tx, r *rule, o *occasion, out *fhir.ParametersWriter) {
	s := m.situation(tx, o.time, o.resource, o.previous)
	var steps []*step
	why := ""
	actions, err := m.occasioned(ctx, s, r, o)
	switch {
	case err == nil && len(actions) == 0:
		why = m.reason(ctx, s, r, o)
	case err == nil:
		w := &writing{m: m, s: s, rule: r, occasion: o}
		for _, a := range actions {
			var more []*step
			if more, err = s.outline(ctx, r.resource, []*action{a}, w.target(a), 0); err != nil {
				break
			}
			steps = append(steps, more...)
		}
	}
	out.Part("rule", func(p *fhir.ParametersWriter) {
		p.Text("rule", "canonical", r.url).Bool("fires", err == nil && len(steps) > 0)
		if err != nil {
			o := fhir.AsOutcome(err)
			p.Text("error", "code", string(o.Code()))
			if len(o.Issues) > 0 {
				p.Text("text", "string", o.Issues[0].Text)
			}
		} else if why != "" {
			p.Text("text", "string", why)
		}
		writeSteps(p, steps)
	})
}

// reason says why a rule does not fire.
func (m *Module) reason(ctx context.Context, s *situation, r *rule, o *occasion) string {
	for _, a := range triggered(r.actions) {
		if ok, err := s.setsOff(ctx, a, o); ok && err == nil {
			return "a trigger is met, but not the conditions"
		}
	}
	return "no trigger is met"
}

func writeSteps(p *fhir.ParametersWriter, steps []*step) {
	for _, one := range steps {
		p.Part("action", func(part *fhir.ParametersWriter) {
			part.Text("id", "string", one.action.key)
			if !one.due.IsZero() {
				part.Text("due", "instant", instant(one.due))
			}
			if one.call != nil {
				part.Text("operation", "canonical", one.call.definition.URL(""))
			}
			if one.made != nil {
				if r, err := build(one.made); err == nil {
					part.WithResource("resource", r)
				}
			}
		})
		writeSteps(p, one.steps)
	}
}
