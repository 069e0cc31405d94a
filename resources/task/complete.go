package task

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// complete is Task/[id]/$complete: the Task is completed, with what came of it. A Task without an owner becomes that of whoever completes it. Called again it
// changes nothing, unless it has something else to say. Errors: BusinessRule, step-out-of-order and illegal-transition; Forbidden.
func (m *Module) complete(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	outputs, err := outputsOf(req.Input)
	if err != nil {
		return nil, err
	}
	return m.change(ctx, req, func(tx fhir.Tx, r *fhir.Resource) (func(object), error) {
		if r.Root().Get("status").Text() == "completed" {
			return nil, nil
		}
		if err := terminal(r); err != nil {
			return nil, err
		}
		who := smart.From(ctx)
		if err := m.permitted(ctx, tx, who, r, true); err != nil {
			return nil, err
		}
		self := ""
		if who != nil {
			self = fhir.ParseReference(who.FhirUser).Relative()
		}
		return func(o object) {
			o["status"] = "completed"
			if outputs != nil {
				appended(o, "output", outputs...)
			}
			m.noted(o, self, req.Input.Text("comment"))
			if o["executionPeriod"] == nil { // an end without a start is when it was due
				o["executionPeriod"] = object{"start": instant(m.config.Now())}
			}
			if held, _ := o["owner"].(object); self != "" && (held == nil || !personal(text(held["reference"]))) {
				o["owner"] = reference(self)
			}
		}, nil
	})
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// outputsOf reads the parameters output: a type, and a value of any data type that a Task may have as output. Error: Value.
func outputsOf(in fhir.Parameters) (list []any, err error) {
	for p := range in.Each("output") {
		kind, value := p.Parts.Get("type"), p.Parts.Get("value")
		list = append(list, object{"type": fhir.Tree(kind.Value), value.Value.Name(): fhir.Tree(value.Value)})
	}
	return list, nil
}
