package task

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// delegate is Task/[id]/$delegate: the Task is handed to somebody else, who has not accepted it yet. It is handed on by its owner, or by who is of
// a role that it is for. Errors: BusinessRule, illegal-transition; Forbidden; Value, NotFound for whom it is handed to.
func (m *Module) delegate(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	return m.change(ctx, req, func(tx fhir.Tx, r *fhir.Resource) (func(object), error) {
		if err := terminal(r); err != nil {
			return nil, err
		}
		who := smart.From(ctx)
		if err := m.permitted(ctx, tx, who, r, true); err != nil {
			return nil, err
		}
		owner, err := m.assignee(ctx, tx, req.Input.Get("owner"))
		if err != nil {
			return nil, err
		}
		if fhir.ParseReference(r.Root().Get("owner").Get("reference").Text()).Relative() == owner {
			return nil, nil
		}
		self := ""
		if who != nil {
			self = fhir.ParseReference(who.FhirUser).Relative()
		}
		return func(o object) {
			o["owner"] = reference(owner)
			if phaseOf(text(o["status"])) == open {
				o["status"] = "requested"
			}
			m.noted(o, self, req.Input.Text("reason"))
		}, nil
	})
}
