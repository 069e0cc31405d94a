package core

import (
	"context"
	"errors"
	"strings"

	"andiron.dev/fhir"
)

// errRehearsed ends an update that was only to show what would become of it.
var errRehearsed = errors.New("rehearsed")

// validate is http://hl7.org/fhir/R4/resource-operation-validate.html: what the write gate has to say of a resource and, with a mode,
// whether the caller might write it, found out by writing it and taking it back. It succeeds whatever it finds.
func (m *Module) validate(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	mode, profile := req.Input.Text("mode"), req.Input.Text("profile")
	given := req.Input.Get("resource").Value
	switch mode {
	case "", "create":
	case "update", "delete":
		if req.ID == "" {
			return nil, fhir.Errorf(fhir.Invalid, "the mode '%s' is for a resource that the URL names", mode)
		}
	case "profile":
		if profile == "" {
			return nil, fhir.NewOutcome(fhir.Required, "the mode 'profile' needs the parameter 'profile'")
		}
	default:
		return nil, fhir.NewOutcome(fhir.CodeInvalid, "the value of 'mode' must be create, update, delete or profile")
	}
	if !given.Exists() && mode != "delete" && (req.ID == "" || mode != "" && mode != "profile") {
		return nil, fhir.NewOutcome(fhir.Required, "the operation needs the parameter 'resource'")
	}
	found := &fhir.Outcome{}
	if mode != "delete" {
		if err := m.inspect(ctx, req, given, found); err != nil {
			return nil, err
		}
	}
	if mode == "create" || mode == "update" || mode == "delete" {
		if len(found.Issues) == 0 {
			if err := m.rehearse(ctx, req, mode, given, found); err != nil {
				return nil, err
			}
		}
	}
	if unchecked := m.unchecked(req.Type, profile); unchecked != nil {
		found.Issues = append(found.Issues, *unchecked)
	}
	return &fhir.Response{Resource: found.Resource()}, nil
}

// inspect holds the resource, or the stored one where none is given, against the structure that R4 defines.
func (m *Module) inspect(ctx context.Context, req *fhir.Request, given fhir.Element, found *fhir.Outcome) error {
	if !given.Exists() {
		return m.view(ctx, req, func(tx fhir.Tx) error {
			r, err := tx.Read(ctx, req.Type, req.ID)
			if err == nil {
				found.Issues = nil
				if o := m.gate.Check(r.Root()); o != nil {
					found.Issues = o.Issues
				}
			}
			return err
		})
	}
	if req.Faults != nil {
		found.Issues = append(found.Issues, req.Faults.Issues...)
	}
	// The gate names places from the root of the document, which may be Parameters.
	if text := given.Get("resourceType").Text(); text != req.Type {
		found.Issues = append(found.Issues, fhir.NewOutcome(fhir.Invalid, "the resource is not of the type that the URL names", req.Type+".resourceType").Issues...)
	}
	root := given
	if parsed, err := fhir.Parse(compact(given), fhir.Limits{}); err == nil {
		root = parsed
	}
	if o := m.gate.Check(root); o != nil {
		found.Issues = append(found.Issues, o.Issues...)
	}
	return nil
}

// rehearse writes and takes it back: rules, rights and versions have their say.
func (m *Module) rehearse(ctx context.Context, req *fhir.Request, mode string, given fhir.Element, found *fhir.Outcome) error {
	var r *fhir.Resource
	if mode != "delete" {
		var err error
		if r, err = fhir.NewResource(given); err != nil {
			return err
		}
	}
	err := m.config.Store.Update(ctx, nil, func(tx fhir.Tx) (err error) {
		switch mode {
		case "create":
			_, err = tx.Create(ctx, r.WithID(m.config.NewID()))
		case "update":
			err = m.rehearseUpdate(ctx, tx, req, r)
		default:
			_, err = tx.Delete(ctx, req.Type, req.ID)
		}
		if err == nil {
			err = errRehearsed
		}
		return err
	})
	switch {
	case errors.Is(err, errRehearsed):
		return nil
	case fhir.CodeOf(err) == fhir.Exception, fhir.CodeOf(err) == fhir.Transient, fhir.CodeOf(err) == fhir.LockError:
		return err
	}
	found.Issues = append(found.Issues, fhir.AsOutcome(err).Issues...)
	return nil
}

func (m *Module) rehearseUpdate(ctx context.Context, tx fhir.Tx, req *fhir.Request, r *fhir.Resource) error {
	switch r.ID() {
	case req.ID:
	case "":
		return fhir.NewOutcome(fhir.Required, "the resource needs the id that stands in the URL", req.Type+".id")
	default:
		return fhir.NewOutcome(fhir.Invalid, "the id of the resource differs from the id in the URL", req.Type+".id")
	}
	if req.IfMatch != "" {
		current, err := tx.Read(ctx, req.Type, req.ID)
		if err != nil {
			return err
		}
		if req.IfMatch != "*" && req.IfMatch != current.VersionID() {
			return fhir.NewOutcome(fhir.Conflict, "the current version is not the one that If-Match names")
		}
	}
	_, err := tx.Put(ctx, r)
	return err
}

// unchecked says that a profile is not one that resources are held against: that is only the definition of the type itself.
func (m *Module) unchecked(typ, profile string) *fhir.Issue {
	url, _, _ := strings.Cut(profile, "|")
	switch url {
	case "", "http://hl7.org/fhir/StructureDefinition/" + typ, "http://hl7.org/fhir/StructureDefinition/DomainResource", "http://hl7.org/fhir/StructureDefinition/Resource":
		return nil
	}
	return &fhir.Issue{Severity: fhir.Warning, Code: fhir.NotSupported, Text: "the resource was not held against the profile: the server checks the structure that R4 gives the type, and no profiles so far"}
}
