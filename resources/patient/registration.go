package patient

import (
	"context"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/resources/number"
	"andiron.dev/search"
	"andiron.dev/smart"
)

// registration is what $register is asked to do.
type registration struct {
	m            *Module
	base         string
	patient      *draft
	traits       *traits
	organization string // id
	assigned     bool   // the organization is there
	numbers      number.Sequence
	policy       string
	reason       string
	beside       []fhir.Parameter // coverage, consent, related-person, questionnaire-response
}

// registration reads the parameters. Errors: those of §6.2 that are of the request alone.
func (m *Module) registration(ctx context.Context, req *fhir.Request) (*registration, error) {
	if req.Faults != nil {
		return nil, req.Faults
	}
	r := &registration{m: m, base: m.base(req.Base), reason: strings.TrimSpace(req.Input.Text("reason"))}
	var err error
	if r.policy, err = policyOf(req.Input.Text("on-duplicate")); err != nil {
		return nil, err
	}
	if r.policy == create {
		if err := mayDuplicate(ctx); err != nil {
			return nil, err
		}
		if r.reason == "" {
			return nil, refusal(fhir.Required, "reason", "whoever creates a second Patient for somebody who seems to be known has to say why", "Parameters.parameter")
		}
	}
	given := req.Input.Get("patient").Value
	if given.Get("id").Exists() {
		return nil, fhir.NewOutcome(fhir.Invalid, "the server gives the Patient its id", given.Path()+".id")
	}
	r.patient = draftOf(given)
	answers := req.Input.Get("questionnaire-response").Value
	if answers.Exists() {
		if err := m.extract(ctx, r.patient, answers); err != nil {
			return nil, err
		}
	}
	for _, p := range req.Input {
		switch p.Name {
		case "coverage", "consent", "related-person", "questionnaire-response":
			r.beside = append(r.beside, p)
		}
	}
	if err := r.sound(given.Path()); err != nil {
		return nil, err
	}
	return r, r.manage(ctx, req.Input.Get("managing-organization").Value)
}

// mayDuplicate lets supervisors pass, and everybody where nobody says who asks.
func mayDuplicate(ctx context.Context) error {
	p := smart.From(ctx)
	if p == nil || p.IsServer() || p.HasRole(smart.RoleAdmin) || p.HasRole("front-desk-supervisor") {
		return nil
	}
	return fhir.NewOutcome(fhir.Forbidden, "a second Patient for somebody who seems to be known is for the roles admin and front-desk-supervisor")
}

// sound checks what is given of the patient; at is where.
func (r *registration) sound(at string) error {
	patient, err := r.patient.resource()
	if err != nil {
		return err
	}
	root := patient.Root()
	if o := r.m.gate.Check(root); o != nil {
		return o.Within(at)
	}
	for _, needed := range []string{"name", "birthDate"} {
		if e := root.Get(needed); !told(e) {
			return refusal(fhir.BusinessRule, "insufficient-demographics", "a name and a birth date are needed, or an extension data-absent-reason on what is not known", at+"."+needed)
		}
	}
	for _, id := range identifiersOf(root) {
		if strings.HasPrefix(id.system, recordSystem) {
			return refusal(fhir.BusinessRule, "mrn-given", "medical record numbers are given by the server", at+".identifier")
		}
	}
	r.traits = traitsOf(root)
	for _, p := range r.beside {
		if p.Name == "coverage" && inverted(p.Value.Get("period")) {
			return refusal(fhir.BusinessRule, "bad-period", "the coverage ends before it begins", p.Value.Path()+".period")
		}
	}
	return nil
}

// told reports whether an element has a value that says something, or says why it has none.
func told(e fhir.Element) bool {
	for item := range e.Items() {
		if item.Text() != "" {
			return true
		}
		for _, part := range []string{"family", "text", "given"} {
			for name := range item.Each(part) {
				if strings.TrimSpace(name.Text()) != "" || absent(name) {
					return true
				}
			}
		}
		if absent(item) {
			return true
		}
	}
	return false
}

func absent(e fhir.Element) bool {
	for extension := range e.Each("extension") {
		if extension.Get("url").Text() == "http://hl7.org/fhir/StructureDefinition/data-absent-reason" {
			return true
		}
	}
	return false
}

// inverted reports whether a period ends before it begins.
func inverted(period fhir.Element) bool {
	start, ok := fhir.ParseTemporal(period.Get("start").Text(), time.UTC)
	end, also := fhir.ParseTemporal(period.Get("end").Text(), time.UTC)
	return ok && also && !end.High.After(start.Low)
}

// manage finds the organization: the one that is named, that the Patient names, that the caller works for, or the only one that provides care.
func (r *registration) manage(ctx context.Context, named fhir.Element) error {
	if !named.Exists() {
		patient, err := r.patient.resource()
		if err != nil {
			return err
		}
		named = patient.Root().Get("managingOrganization")
	}
	err := r.m.config.Store.View(ctx, func(tx fhir.Tx) (err error) {
		if named.Exists() {
			r.organization, err = r.organizationOf(ctx, tx, named)
			return err
		}
		r.organization, err = r.employer(ctx, tx)
		return err
	})
	r.assigned = r.organization != ""
	if !r.assigned {
		r.organization = "default"
	}
	r.numbers = number.Records(r.organization)
	return err
}

// organizationOf reads a reference to an Organization. Errors: Value; NotFound.
func (r *registration) organizationOf(ctx context.Context, tx fhir.Tx, named fhir.Element) (string, error) {
	ref := fhir.ParseReference(named.Get("reference").Text())
	if ref.Type != "Organization" || ref.Base != "" && ref.Base != r.base {
		return "", fhir.NewOutcome(fhir.Value, "the managing organization must be a reference to an Organization of this server", named.Path())
	}
	_, err := tx.Read(ctx, ref.Type, ref.ID)
	if missing(err) {
		return "", fhir.NewOutcome(fhir.NotFound, "the managing organization is not known", named.Path())
	}
	return ref.ID, err
}

// employer is the organization that the caller is or works for, otherwise the only one that provides care and is part of no other; "" = there is no telling.
func (r *registration) employer(ctx context.Context, tx fhir.Tx) (string, error) {
	sys, found := smart.System(ctx), make(map[string]bool)
	look := func(typ, element string, params ...fhir.Param) (string, error) {
		clear(found)
		q, err := r.m.query(r.base, typ, params...)
		if err != nil {
			return "", err
		}
		err = search.Each(sys, tx, q, func(one *fhir.Resource) bool {
			switch ref := fhir.ParseReference(one.Root().Get(element).Get("reference").Text()); {
			case typ == "Organization" && ref.URL == "":
				found[one.ID()] = true
			case typ != "Organization" && ref.Type == "Organization":
				found[ref.ID] = true
			}
			return len(found) < 2
		})
		for id := range found {
			if len(found) == 1 {
				return id, err
			}
		}
		return "", err
	}
	if p := smart.From(ctx); p != nil {
		switch ref := fhir.ParseReference(p.FhirUser); ref.Type {
		case "Organization":
			return ref.ID, nil
		case "Practitioner":
			if id, err := look("PractitionerRole", "organization", fhir.Param{Name: "practitioner", Value: ref.Relative()}, fhir.Param{Name: "active:not", Value: "false"}); err != nil || id != "" {
				return id, err
			}
		}
	}
	return look("Organization", "partOf", fhir.Param{Name: "type", Value: "http://terminology.hl7.org/CodeSystem/organization-type|prov"}, fhir.Param{Name: "active:not", Value: "false"})
}
