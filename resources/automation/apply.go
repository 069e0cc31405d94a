package automation

import (
	"context"
	"strings"

	"andiron.dev/fhir"
)

// applyPlan is PlanDefinition/$apply (http://hl7.org/fhir/R4/plandefinition-operation-apply.html): a CarePlan with all that it consists of
// contained. Nothing is stored.
func (m *Module) applyPlan(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	var out *fhir.Resource
	err := m.config.Store.View(ctx, func(tx fhir.Tx) error {
		plan, s, t, err := m.applied(ctx, tx, req, "planDefinition")
		if err != nil {
			return err
		}
		steps, err := s.outline(ctx, plan, readActions(plan.Root(), ""), t, 0)
		if err != nil {
			return err
		}
		out, err = s.proposed(plan, steps, t)
		return err
	})
	return &fhir.Response{Resource: out}, err
}

// applyActivity is ActivityDefinition/$apply (http://hl7.org/fhir/R4/activitydefinition-operation-apply.html): a resource of the kind. Nothing
// is stored.
func (m *Module) applyActivity(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	var out *fhir.Resource
	err := m.config.Store.View(ctx, func(tx fhir.Tx) error {
		a, s, t, err := m.applied(ctx, tx, req, "activityDefinition")
		if err != nil {
			return err
		}
		o, err := s.activity(ctx, &definition{resource: a, url: canonicalOf(a)}, t)
		if err != nil {
			return err
		}
		out, err = m.checked(o)
		return err
	})
	return &fhir.Response{Resource: out}, err
}

// checked makes a resource of an object, and has the write gate look at it: what $apply gives can be stored.
func (m *Module) checked(o object) (*fhir.Resource, error) {
	r, err := build(o)
	if err != nil {
		return nil, err
	}
	if found := m.gate.Check(r.Root()); found != nil {
		wrong := *found
		for i := range wrong.Issues {
			wrong.Issues[i].Code, wrong.Issues[i].Text = fhir.BusinessRule, "what the definition gives is no valid resource: "+wrong.Issues[i].Text
		}
		return nil, &wrong
	}
	return r, nil
}

// applied reads what a request applies, and to whom.
func (m *Module) applied(ctx context.Context, tx fhir.Tx, req *fhir.Request, param string) (def *fhir.Resource, s *situation, t *target, err error) {
	given := req.Input.Get(param)
	switch {
	case req.ID != "" && given.Value.Exists():
		return nil, nil, nil, fhir.Errorf(fhir.Invalid, "the parameter '%s' is for the operation at the type; here the definition stands in the URL", param)
	case req.ID != "":
		def, err = tx.Read(ctx, req.Type, req.ID)
	case !given.Value.Exists():
		err = fhir.Errorf(fhir.Required, "the operation needs the parameter '%s' at the type: the definition itself", param)
	default:
		def, err = fhir.NewResource(given.Value)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	subjects := req.Input.Texts("subject")
	if len(subjects) > 1 {
		return nil, nil, nil, fhir.NewOutcome(fhir.NotSupported, "what the operation gives is about one subject, so it takes one: call it for each, or for a Group")
	}
	t = &target{proposal: true, userType: fhir.Tree(req.Input.Get("userType").Value), setting: fhir.Tree(req.Input.Get("setting").Value)}
	s = m.situation(tx, m.config.Now(), nil, nil)
	for _, p := range []struct {
		name  string
		value *string
		types string
	}{
		{"subject", &t.subject, " Patient Group Practitioner Organization Location Device "}, {"encounter", &t.encounter, " Encounter "},
		{"practitioner", &t.practitioner, " Practitioner PractitionerRole "}, {"organization", &t.organization, " Organization "},
	} {
		text := req.Input.Text(p.name)
		if text == "" {
			s.set(p.name, nil)
			continue
		}
		r, ref, err := m.applicant(ctx, tx, p.name, text, p.types)
		if err != nil {
			return nil, nil, nil, err
		}
		*p.value = ref
		s.set(p.name, r)
		if p.name == "subject" {
			s.resource = r
			s.set("resource", r)
			s.set("context", r)
		}
		if p.name == "encounter" {
			s.set("context", r)
		}
	}
	return def, s, t, nil
}

// applicant reads a reference among the parameters of $apply: "Patient/1", or the id alone where only one type will do.
func (m *Module) applicant(ctx context.Context, tx fhir.Tx, name, text, types string) (*fhir.Resource, string, error) {
	ref := fhir.ParseReference(text)
	if ref.ID == "" && fhir.ValidID(text) {
		ref = fhir.ParseReference(strings.Fields(types)[0] + "/" + text)
	}
	if ref.ID == "" || !strings.Contains(types, " "+ref.Type+" ") || ref.Base != "" && ref.Base != m.config.BaseURL {
		return nil, "", fhir.Errorf(fhir.Value, "the parameter '%s' must be a reference to one of%s here", name, strings.TrimRight(types, " "))
	}
	r, err := tx.Read(ctx, ref.Type, ref.ID)
	switch fhir.CodeOf(err) {
	case "":
		return r, r.Reference(), nil
	case fhir.NotFound, fhir.Deleted:
		return nil, "", fhir.Errorf(fhir.NotFound, "what the parameter '%s' refers to is not here", name)
	}
	return nil, "", err
}
