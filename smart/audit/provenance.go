package audit

import (
	"context"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// flagSystem is the code system of the tag on a Provenance whose agents are not who sent it.
const flagSystem = fhir.CanonicalBase + "/CodeSystem/provenance-flag"

// checkProvenance says whether what the X-Provenance header of a request holds can be stored with what the request writes
// (http://hl7.org/fhir/R4/provenance.html#header). Errors: Invalid, and those of the write gate.
func (t *Trail) checkProvenance(req *fhir.Request) error {
	if req.Provenance == nil {
		return nil
	}
	if !writes(req.Interaction) && req.Interaction != fhir.Transaction {
		return fhir.NewOutcome(fhir.Invalid, "X-Provenance goes with a create, update, patch, delete or transaction")
	}
	if req.Provenance.Type() != "Provenance" {
		return fhir.NewOutcome(fhir.Invalid, "X-Provenance must hold a Provenance resource", "Provenance.resourceType")
	}
	if t.config.Check == nil {
		return nil
	}
	about := provenanceOf(req.Provenance, "provisional", []string{"Basic/provisional/_history/1"}, false)
	if o := t.config.Check(about.Root()); o != nil {
		return o
	}
	return nil
}

// Account has then told, within each update of what fn does with the context that it is given, what that has written.
type Account func(ctx context.Context, fn func(context.Context) error, then func(ctx context.Context, tx fhir.Tx, written []*fhir.Version) error) error

// Sources is middleware: the Provenance that comes with a request is stored with what the request writes, which is its target. It belongs
// behind whatever answers again what has been carried out before.
func (t *Trail) Sources(account Account) fhir.Middleware {
	return func(next fhir.Handler) fhir.Handler {
		return fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (resp *fhir.Response, err error) {
			if req.Provenance == nil || req.Tx != nil {
				return next.Serve(ctx, req)
			}
			flag := flagged(req.Provenance, smart.From(ctx))
			err = account(ctx, func(ctx context.Context) (err error) {
				resp, err = next.Serve(ctx, req)
				return err
			}, func(ctx context.Context, tx fhir.Tx, written []*fhir.Version) error {
				targets := make([]string, len(written))
				for i, v := range written {
					targets[i] = versionedReference(v.Type, v.ID, v.VersionID)
				}
				_, err := tx.Create(ctx, provenanceOf(req.Provenance, t.config.NewID(), targets, flag))
				return err
			})
			return resp, err
		})
	}
}

// provenanceOf is p with the targets that it says nothing of, or something wrong. With flag it is tagged as unverified: its agents are not
// who sent it.
func provenanceOf(p *fhir.Resource, id string, targets []string, flag bool) *fhir.Resource {
	root := p.Root()
	w := fhir.NewWriter(len(p.Body()) + 64*len(targets) + 256)
	w.Object().Name("resourceType").String("Provenance").Name("id").String(id)
	meta := root.Get("meta")
	if flag || meta.Exists() {
		w.Name("meta").Object()
		for e := meta.First(); e.Exists(); e = e.Next() {
			switch e.Name() {
			case "tag", "versionId", "lastUpdated":
			default:
				w.Name(e.Name()).Element(e)
			}
		}
		if flag || meta.Get("tag").Exists() {
			w.Name("tag").Array()
			for tag := range meta.Each("tag") {
				if tag.Get("system").Text() != flagSystem {
					w.Element(tag)
				}
			}
			if flag {
				w.Object().Name("system").String(flagSystem).Name("code").String("unverified-agent").EndObject()
			}
			w.EndArray()
		}
		w.EndObject()
	}
	w.Name("target").Array()
	for _, target := range targets {
		w.Object().Name("reference").String(target).EndObject()
	}
	w.EndArray()
	for e := root.First(); e.Exists(); e = e.Next() {
		switch e.Name() {
		case "resourceType", "id", "meta", "target", "_target":
		default:
			w.Name(e.Name()).Element(e)
		}
	}
	return fhir.FromWriter("Provenance", id, w.EndObject())
}

// flagged reports whether nobody among the agents of p is who sent it.
func flagged(p *fhir.Resource, who *smart.Principal) bool {
	if who == nil {
		return true
	}
	for agent := range p.Root().Each("agent") {
		someone := agent.Get("who")
		if ref := fhir.ParseReference(someone.Get("reference").Text()).Relative(); ref != "" && ref == fhir.ParseReference(who.FhirUser).Relative() {
			return false
		}
		_, name, _ := strings.Cut(who.Subject, ":")
		if value := someone.Get("identifier").Get("value").Text(); value != "" && (value == name || value == who.ClientID || value == who.Subject) {
			return false
		}
	}
	return true
}
