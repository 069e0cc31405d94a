package task

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// unnamed is the owner of what somebody has claimed whom the server cannot tell from others: without authorization, nor saying who.
const unnamed = "not authenticated"

// claim is Task/[id]/$claim: whoever asks becomes the owner, unless somebody else is. What lies ready for a team or an organization is there to be
// claimed. Errors: Conflict, owned; BusinessRule, illegal-transition; Forbidden for claiming in the name of another.
func (m *Module) claim(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	return m.change(ctx, req, func(tx fhir.Tx, r *fhir.Resource) (func(object), error) {
		if err := terminal(r); err != nil {
			return nil, err
		}
		owner, err := m.claimant(ctx, tx, req)
		if err != nil {
			return nil, err
		}
		current := r.Root().Get("owner")
		held := current.Get("reference").Text()
		switch {
		case owner != "" && fhir.ParseReference(held).Relative() == owner:
			return nil, nil
		case current.Exists() && (held == "" || personal(held)):
			o := fhir.NewOutcome(fhir.Conflict, "somebody else has claimed the Task", "Task.owner")
			o.Issues[0].Detail = "owned"
			return nil, o
		}
		return func(o object) {
			o["owner"] = object{"display": unnamed}
			if owner != "" {
				o["owner"] = reference(owner)
			}
			switch o["status"] {
			case "requested", "received":
				o["status"] = "accepted"
			}
		}, nil
	})
}

// claimant is in whose name a Task is claimed: the user of the token; without a token, or for a client that acts for itself, whom the parameter
// owner names. "" = nobody knows. Errors: Forbidden; Value, NotFound for the parameter.
func (m *Module) claimant(ctx context.Context, tx fhir.Tx, req *fhir.Request) (string, error) {
	given := req.Input.Get("owner")
	who := smart.From(ctx)
	self := ""
	if who != nil {
		self = fhir.ParseReference(who.FhirUser).Relative()
	}
	if !given.Value.Exists() {
		if self == "" && who != nil && !who.IsServer() {
			return "", fhir.NewOutcome(fhir.Required, "the token is nobody's in the records, so the parameter 'owner' has to say who claims the Task", "Parameters.parameter")
		}
		return self, nil
	}
	owner, err := m.assignee(ctx, tx, given)
	if err != nil || self == "" || who.HasRole(smart.RoleAdmin) {
		return owner, err
	}
	is, err := m.is(smart.System(ctx), tx, who, owner)
	if err == nil && !is {
		err = fhir.NewOutcome(fhir.Forbidden, "a Task is claimed for oneself; to give it to another there is $delegate", "Parameters.parameter")
	}
	return owner, err
}

// assignee reads a parameter that names who is to do a Task. Errors: Value; NotFound.
func (m *Module) assignee(ctx context.Context, tx fhir.Tx, p fhir.Parameter) (string, error) {
	ref := fhir.ParseReference(p.Value.Get("reference").Text())
	r, err := m.read(ctx, tx, p.Value.Get("reference").Text(), "Practitioner", "PractitionerRole", "Organization", "CareTeam", "HealthcareService", "Patient", "Device", "RelatedPerson")
	switch {
	case err != nil:
		return "", err
	case r != nil:
		return r.Reference(), nil
	case ref.ID == "" || ref.Base != "" && ref.Base != m.config.BaseURL:
		return "", fhir.NewOutcome(fhir.Value, "the parameter 'owner' must be a reference to who is here: 'Practitioner/1'", "Parameters.parameter")
	}
	return "", fhir.NewOutcome(fhir.NotFound, "who the parameter 'owner' refers to is not here, or cannot own a Task", "Parameters.parameter")
}
