package automation

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// raise is PlanDefinition/$raise-event: a named event happens, about a resource or none. The rules that it sets off fire before the answer.
func (m *Module) raise(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	o := &occasion{kind: namedEvent, time: m.config.Now(), name: req.Input.Text("name"), id: "event:" + req.Input.Text("name") + "\x00" + req.Input.Text("id")}
	if req.Input.Text("id") == "" {
		o.id = "event:" + m.config.NewID()
	}
	o.cause, _ = ctx.Value(causeKey{}).(cause)
	var rules []*rule
	err := m.config.Store.View(ctx, func(tx fhir.Tx) error { // as the caller sees it: who may not read it cannot raise events about it
		ref := req.Input.Get("focus").Value.Get("reference").Text()
		if ref != "" {
			var err error
			if o.resource, err = m.resolve(ctx, tx, ref); err != nil {
				return err
			}
			if o.resource == nil {
				return fhir.NewOutcome(fhir.NotFound, "the focus of the event is not here", "Parameters.parameter")
			}
			o.at = o.resource.Reference()
		}
		found, err := m.search(smart.System(ctx), tx, "PlanDefinition", fhir.Params{{Name: "status", Value: "active"}, {Name: "_count", Value: "1000"}})
		for _, r := range found {
			if x := readRule(r); x != nil {
				rules = append(rules, x)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	fired := 0
	for _, r := range rules {
		did, err := m.fire(smart.System(ctx), r, o)
		if err != nil {
			return nil, err
		}
		if did {
			fired++
		}
	}
	return &fhir.Response{Resource: fhir.NewParameters().Int("fired", fired).Resource()}, nil
}
