package encounter

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// readiness is Encounter/[id]/$discharge-readiness (§8.7).
func (m *Module) readiness(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	out := fhir.NewParameters()
	view := func(tx fhir.Tx) error {
		out = fhir.NewParameters()
		r, err := tx.Read(ctx, req.Type, req.ID)
		if err != nil {
			return err
		}
		s := m.stayOf(r)
		if s.status != inProgress && s.status != onLeave {
			return refused(fhir.BusinessRule, illegalTransition, "an Encounter that is "+s.status+" does not end with a discharge")
		}
		found, err := m.blockers(smart.System(ctx), tx, s)
		if err != nil {
			return err
		}
		ready := true
		for _, b := range found {
			ready = ready && b.severity != required
		}
		out.Bool("ready", ready)
		for _, b := range found {
			out.Part("blocker", func(p *fhir.ParametersWriter) { b.write(p, seenIn(ctx, tx)) })
		}
		return nil
	}
	if req.Tx != nil {
		if err := view(req.Tx); err != nil {
			return nil, err
		}
	} else if err := m.config.Store.View(ctx, view); err != nil {
		return nil, err
	}
	return &fhir.Response{Resource: out.Resource()}, nil
}

// seenIn says of references whether the caller may read what they refer to.
func seenIn(ctx context.Context, tx fhir.Tx) func(string) bool {
	return func(ref string) bool {
		to := fhir.ParseReference(ref)
		_, err := tx.Read(ctx, to.Type, to.ID)
		return err == nil
	}
}

// write writes a blocker. What the caller may not see is not named.
func (b *blocker) write(p *fhir.ParametersWriter, seen func(string) bool) {
	p.Text("code", "code", b.code).Text("severity", "code", b.severity)
	if b.resource != "" && seen(b.resource) {
		p.JSON("resource", "Reference", `{"reference":"`+b.resource+`"}`) // type and id need no escapes
	}
	p.Text("text", "string", b.text)
	if ref := fhir.ParseReference(b.owner).Relative(); ref != "" && seen(ref) {
		p.JSON("owner", "Reference", `{"reference":"`+ref+`"}`)
	}
	for _, role := range b.roles {
		p.Text("overridable-by", "code", role)
	}
}
