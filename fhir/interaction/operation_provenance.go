package interaction

import (
	"context"

	"andiron.dev/fhir"
)

// Agent is somebody or something that took part in what an operation has done.
type Agent struct {
	Role       Coding // what part they took; without a code it is not said
	Reference  string // "Practitioner/1"; "" = they are nobody in the records
	Identifier Coding // what they are called by whoever vouches for them; without a code there is none
	Display    string
}

// Coding is a code of a system.
type Coding struct{ System, Code, Display string }

// OperationSystem is the code system of Provenance.activity: the codes of operations.
const OperationSystem = fhir.CanonicalBase + "/CodeSystem/operation"

// accounted carries an operation out so that what it writes has a Provenance in the same commit: of every version, by whom and by which
// operation, and what it was asked about.
func (x *Interactions) accounted(ctx context.Context, req *fhir.Request, d *fhir.OperationDefinition, h fhir.Handler) (resp *fhir.Response, err error) {
	if req.Safe || d.Unproven || x.Account == nil {
		return h.Serve(ctx, req)
	}
	var agents []Agent
	if x.Agents != nil {
		agents = x.Agents(ctx)
	}
	err = x.Account(ctx, func(ctx context.Context) (err error) {
		resp, err = h.Serve(ctx, req)
		return err
	}, func(ctx context.Context, tx fhir.Tx, written []*fhir.Version) error {
		r := x.provenance(req, d, agents, written)
		if r == nil {
			return nil
		}
		_, err := tx.Create(ctx, r)
		return err
	})
	return resp, err
}

// provenance tells of versions; nil where all of them are evidence themselves.
func (x *Interactions) provenance(req *fhir.Request, d *fhir.OperationDefinition, agents []Agent, written []*fhir.Version) *fhir.Resource {
	id, now := x.NewID(), x.now().UTC().Format(fhir.LastUpdatedFormat)
	w := fhir.NewWriter(512 + 64*len(written)).Object().Name("resourceType").String("Provenance").Name("id").String(id)
	w.Name("target").Array()
	found := false
	for _, v := range written {
		if v.Type == "Provenance" || v.Type == "AuditEvent" {
			continue
		}
		found = true
		w.Object().Name("reference").String(v.Type + "/" + v.ID + "/_history/" + v.VersionID).EndObject()
	}
	if !found {
		return nil
	}
	w.EndArray().Name("occurredDateTime").String(now).Name("recorded").String(now)
	w.Name("activity")
	writeConcept(w, Coding{OperationSystem, d.Code, d.Resource.Root().Get("title").Text()})
	w.Name("agent").Array()
	if len(agents) == 0 {
		agents = []Agent{{Display: "unknown"}}
	}
	for _, a := range agents {
		a.write(w)
	}
	w.EndArray()
	writeEntities(w, req)
	return fhir.FromWriter("Provenance", id, w.EndObject())
}

// writeEntities writes what the operation was called for: the instance, and the resources that its parameters refer to.
func writeEntities(w *fhir.Writer, req *fhir.Request) {
	var list []string
	if req.ID != "" {
		list = append(list, req.Type+"/"+req.ID)
	}
	for _, p := range req.Input {
		if text := p.Value.Get("reference").Text(); p.Type == "Reference" && text != "" && text[0] != '#' {
			list = append(list, text)
		}
	}
	if len(list) == 0 {
		return
	}
	w.Name("entity").Array()
	for _, reference := range list {
		w.Object().Name("role").String("source").Name("what").Object().Name("reference").String(reference).EndObject().EndObject()
	}
	w.EndArray()
}

func (a *Agent) write(w *fhir.Writer) {
	w.Object()
	if a.Role.Code != "" {
		w.Name("type")
		writeConcept(w, a.Role)
	}
	w.Name("who").Object()
	if a.Reference != "" {
		w.Name("reference").String(a.Reference)
	}
	if a.Identifier.Code != "" {
		w.Name("identifier").Object()
		if a.Identifier.System != "" {
			w.Name("system").String(a.Identifier.System)
		}
		w.Name("value").String(a.Identifier.Code).EndObject()
	}
	if a.Display != "" {
		w.Name("display").String(a.Display)
	}
	w.EndObject()
	w.EndObject()
}

func writeConcept(w *fhir.Writer, c Coding) {
	w.Object().Name("coding").Array().Object().Name("system").String(c.System).Name("code").String(c.Code)
	if c.Display != "" {
		w.Name("display").String(c.Display)
	}
	w.EndObject().EndArray().EndObject()
}
