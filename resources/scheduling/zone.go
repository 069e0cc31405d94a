package scheduling

import (
	"context"
	"strings"
	"time"
	_ "time/tzdata" // a server's machine need not have the zones

	"andiron.dev/fhir"
)

const timezone = "http://hl7.org/fhir/StructureDefinition/timezone"

// zone is the time zone that a Schedule's days are in: what its parameters say, that of its actor, of the place of the service, of the organization
// that provides it (domain design §3.7). Errors: BusinessRule where none of them says.
func (m *Module) zone(ctx context.Context, tx fhir.Reader, said string, schedule, service fhir.Element) (*time.Location, error) {
	if said != "" {
		return loadZone(said)
	}
	var references []string
	for actor := range schedule.Each("actor") {
		references = append(references, actor.Get("reference").Text())
	}
	for location := range service.Each("location") {
		references = append(references, location.Get("reference").Text())
	}
	references = append(references, service.Get("providedBy").Get("reference").Text())
	var owners []string
	for _, reference := range references {
		r, err := m.referred(ctx, tx, reference)
		if err != nil {
			return nil, err
		}
		if r == nil {
			continue
		}
		if name := zoneText(r.Root()); name != "" {
			return loadZone(name)
		}
		for _, up := range []string{"managingOrganization", "organization"} {
			owners = append(owners, r.Root().Get(up).Get("reference").Text())
		}
	}
	for _, owner := range owners {
		if r, err := m.referred(ctx, tx, owner); err != nil {
			return nil, err
		} else if r != nil {
			if name := zoneText(r.Root()); name != "" {
				return loadZone(name)
			}
		}
	}
	return nil, refuse(fhir.BusinessRule, "no-timezone", "nothing says in which time zone Schedule/"+schedule.Get("id").Text()+" is: neither its parameters nor its actor, the place of the service or its organization")
}

func zoneText(e fhir.Element) string {
	x := extension(e, timezone)
	if code := x.Get("valueCode").Text(); code != "" {
		return code
	}
	return x.Get("valueString").Text()
}

// loadZone finds a zone by its IANA name.
func loadZone(name string) (*time.Location, error) {
	if name != "Local" && name != "" && !strings.HasPrefix(name, "/") {
		if zone, err := time.LoadLocation(name); err == nil {
			return zone, nil
		}
	}
	return nil, refuse(fhir.BusinessRule, "no-timezone", "a time zone is named by what is no IANA time zone")
}

// referred reads what a relative reference leads to; nil where that is nothing.
func (m *Module) referred(ctx context.Context, tx fhir.Reader, reference string) (*fhir.Resource, error) {
	typ, id, ok := strings.Cut(reference, "/")
	if !ok || !m.config.Spec.IsResource(typ) || !fhir.ValidID(id) {
		return nil, nil
	}
	return m.read(ctx, tx, typ, id)
}
