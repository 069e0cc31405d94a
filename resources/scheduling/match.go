package scheduling

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// combo is a set of Schedules that a booking of a service can be in together.
type combo struct {
	agendas []*agenda // in the order of the kinds that were asked for
	key     string    // ids of the Schedules
	rank    int       // the practitioner's place in the request, from 1
}

func (c *combo) service() *fhir.Resource { return c.agendas[0].service }

func (c *combo) zone() *time.Location { return c.agendas[0].resolved.Zone }

// maxCombos bounds the sets of Schedules that one request looks at.
const maxCombos = 1000

// maxServices bounds the services of a request that names none.
const maxServices = 200

// read looks up all that is named.
func (r *resolver) read(ctx context.Context) error {
	for _, step := range []func(context.Context) error{r.patients, r.referral, r.practitioners, r.rooms, r.calendars, r.others} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (r *resolver) practitioners(ctx context.Context) error {
	var kind []*target
	for p := range r.in.Each("practitioner") {
		found, err := r.reference(ctx, "practitioner", p.Value, []string{"Practitioner", "PractitionerRole"})
		if err != nil {
			return err
		}
		t := &target{reference: found[0].Reference()}
		for _, one := range found {
			actors := []string{one.Reference()}
			if one.Type() == "Practitioner" {
				roles, err := r.m.found(ctx, r.tx, "PractitionerRole", 100, fhir.Param{Name: "practitioner", Value: one.Reference()})
				if err != nil {
					return err
				}
				for _, role := range roles {
					if role.Root().Get("active").Text() != "false" {
						actors = append(actors, role.Reference())
					}
				}
			}
			schedules, err := r.schedulesOf(ctx, actors)
			if err != nil {
				return err
			}
			t.schedules = append(t.schedules, schedules...)
		}
		kind = append(kind, t)
	}
	return r.kind("practitioner", kind)
}

// kind enters what takes part of one kind. Errors: BusinessRule where nothing of it has a Schedule.
func (r *resolver) kind(name string, kind []*target) error {
	if len(kind) == 0 {
		return nil
	}
	if !slices.ContainsFunc(kind, func(t *target) bool { return len(t.schedules) > 0 }) {
		return refuse(fhir.BusinessRule, "no-schedule", "what the parameter '"+name+"' names has no Schedule", "Parameters.parameter")
	}
	r.w.whose = append(r.w.whose, kind)
	return nil
}

// schedulesOf are the active Schedules of actors, by their ids.
func (r *resolver) schedulesOf(ctx context.Context, actors []string) ([]*fhir.Resource, error) {
	list, err := r.m.found(ctx, r.tx, "Schedule", 0, fhir.Param{Name: "actor", Value: strings.Join(actors, ",")})
	slices.SortFunc(list, func(a, b *fhir.Resource) int { return strings.Compare(a.ID(), b.ID()) })
	return list, err
}

// rooms reads the places. One with a Schedule takes part; where none has, the service has to be given at one of them.
func (r *resolver) rooms(ctx context.Context) error {
	found, err := r.references(ctx, "location-reference", "Location")
	if err != nil {
		return err
	}
	var kind []*target
	for _, one := range found {
		t := &target{reference: one.Reference()}
		if t.schedules, err = r.schedulesOf(ctx, []string{one.Reference()}); err != nil {
			return err
		}
		kind = append(kind, t)
	}
	if slices.ContainsFunc(kind, func(t *target) bool { return len(t.schedules) > 0 }) {
		return r.kind("location-reference", kind)
	}
	r.w.locations = kind
	return nil
}

func (r *resolver) calendars(ctx context.Context) error {
	found, err := r.references(ctx, "schedule", "Schedule")
	if err != nil {
		return err
	}
	var kind []*target
	for _, one := range found {
		kind = append(kind, &target{one.Reference(), []*fhir.Resource{one}})
	}
	return r.kind("schedule", kind)
}

// others reads what narrows the services, and the Appointment that is to be ignored.
func (r *resolver) others(ctx context.Context) error {
	for _, name := range []struct {
		param, typ string
		list       *[]string
	}{{"organization", "Organization", &r.w.organization}, {"service-type-reference", "HealthcareService", &r.w.services}, {"insurance-reference", "InsurancePlan", &r.w.insurance}} {
		found, err := r.references(ctx, name.param, name.typ)
		if err != nil {
			return err
		}
		for _, one := range found {
			*name.list = append(*name.list, one.Reference())
		}
	}
	if v := r.in.Get("ignore-appointment").Value; v.Exists() {
		ref := fhir.ParseReference(v.Get("reference").Text())
		if ref.Type != "Appointment" || ref.ID == "" {
			return fhir.NewOutcome(fhir.NotFound, "ignore-appointment leads nowhere", "Parameters.parameter")
		}
		if err := r.visible(ctx, ref.ID); err != nil {
			return err
		}
		r.w.ignore = ref.Relative()
	}
	return nil
}

// visible looks for an Appointment as whoever asks may: the operation needs no more than to search them.
func (r *resolver) visible(ctx context.Context, id string) error {
	q, _, err := r.m.config.Params.Parse("Appointment", fhir.Params{{Name: "_id", Value: id}}, search.Options{Strict: true, Now: r.m.config.Now})
	if err != nil {
		return err
	}
	page, err := r.tx.Search(ctx, q)
	if err == nil && len(page.Resources) == 0 {
		err = fhir.NewOutcome(fhir.NotFound, "ignore-appointment leads nowhere", "Parameters.parameter")
	}
	return err
}

// offered are the services that the wish can be about, the preferred ones first.
func (r *resolver) offered(ctx context.Context) ([]*fhir.Resource, error) {
	list, err := r.candidates(ctx)
	if err != nil {
		return nil, err
	}
	places, err := r.places(ctx)
	if err != nil {
		return nil, err
	}
	networks, err := r.networks(ctx)
	if err != nil {
		return nil, err
	}
	open := staff(ctx)
	order := make(map[string][2]int)
	var kept []*fhir.Resource
	for _, h := range list {
		root := h.Root()
		named := slices.Index(r.w.services, h.Reference())
		typ, specialty := preferred(r.w.visitTypes, codings(root, "type")), preferred(r.w.specialties, codings(root, "specialty"))
		provider := fhir.ParseReference(root.Get("providedBy").Get("reference").Text()).Relative()
		booking := extension(root, patientBooking).Get("valueCode").Text()
		switch {
		case root.Get("active").Text() == "false", typ < 0, specialty < 0, !open && booking != "request" && booking != "instant":
			continue
		case len(r.w.organization) > 0 && !slices.Contains(r.w.organization, provider), networks != nil && !networks[provider]:
			continue
		}
		if places != nil {
			at, err := r.within(ctx, root, places)
			if err != nil {
				return nil, err
			}
			if !at {
				continue
			}
		}
		order[h.ID()] = [2]int{max(named, 0), typ*1000 + specialty}
		kept = append(kept, h)
	}
	slices.SortFunc(kept, func(a, b *fhir.Resource) int {
		x, y := order[a.ID()], order[b.ID()]
		return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1]), strings.Compare(a.ID(), b.ID()))
	})
	return kept, nil
}

// preferred is the first of the tokens that is among the codings; 0 where there are no tokens, -1 where none is.
func preferred(tokens, codings []string) int {
	if len(tokens) == 0 {
		return 0
	}
	return slices.IndexFunc(tokens, func(token string) bool { return tokenMatches(token, codings) })
}

// candidates are the services before they are looked at.
func (r *resolver) candidates(ctx context.Context) ([]*fhir.Resource, error) {
	if len(r.w.services) > 0 {
		var list []*fhir.Resource
		for _, reference := range r.w.services {
			h, err := r.m.referred(ctx, r.tx, reference)
			if err != nil {
				return nil, err
			}
			if h != nil && !slices.ContainsFunc(list, func(x *fhir.Resource) bool { return x.ID() == h.ID() }) {
				list = append(list, h)
			}
		}
		return list, nil
	}
	if len(r.w.whose) > 0 {
		types := make(map[string]bool)
		for _, t := range r.w.whose[0] {
			for _, s := range t.schedules {
				for _, code := range visitTypes(s.Root(), "serviceType") {
					types[code] = true
				}
			}
		}
		all := make([]string, 0, len(types))
		for code := range types {
			all = append(all, code)
		}
		slices.Sort(all)
		return r.m.servicesOf(ctx, r.tx, all)
	}
	var params []fhir.Param
	if len(r.w.visitTypes) > 0 {
		params = append(params, fhir.Param{Name: "service-type", Value: tokenList(r.w.visitTypes)})
	}
	if len(r.w.specialties) > 0 {
		params = append(params, fhir.Param{Name: "specialty", Value: tokenList(r.w.specialties)})
	}
	if len(r.w.organization) > 0 {
		params = append(params, fhir.Param{Name: "organization", Value: strings.Join(r.w.organization, ",")})
	}
	list, err := r.m.found(ctx, r.tx, "HealthcareService", maxServices+1, params...)
	if err == nil && len(list) > maxServices {
		return nil, refuse(fhir.TooCostly, "range", "more than 200 services are asked about: say by visit-type, specialty or service-type-reference which", "Parameters.parameter")
	}
	return list, err
}

// tokenList is a list of tokens of the request as a search takes it.
func tokenList(tokens []string) string {
	list := make([]string, len(tokens))
	for i, token := range tokens {
		system, code, both := strings.Cut(token, "|")
		if list[i] = search.Escape(system); both {
			list[i] += "|" + search.Escape(code)
		}
	}
	return strings.Join(list, ",")
}

// places are the Locations that the service may be given at; nil = any.
func (r *resolver) places(ctx context.Context) (map[string]bool, error) {
	if len(r.w.locations) == 0 && len(r.w.places) == 0 {
		return nil, nil
	}
	set := make(map[string]bool)
	for _, t := range r.w.locations {
		set[t.reference] = true
	}
	for _, text := range r.w.places {
		for _, name := range []string{"address:contains", "name:contains"} {
			found, err := r.m.found(ctx, r.tx, "Location", 1000, fhir.Param{Name: name, Value: search.Escape(text)})
			if err != nil {
				return nil, err
			}
			for _, one := range found {
				set[one.Reference()] = true
			}
		}
	}
	return set, nil
}

// within reports whether a service is given at one of the places, or in a part of one.
func (r *resolver) within(ctx context.Context, service fhir.Element, places map[string]bool) (bool, error) {
	for location := range service.Each("location") {
		at := fhir.ParseReference(location.Get("reference").Text()).Relative()
		for depth := 0; at != "" && depth < 10; depth++ {
			if places[at] {
				return true, nil
			}
			up, err := r.m.referred(ctx, r.tx, at)
			if err != nil {
				return false, err
			}
			if up == nil {
				break
			}
			at = fhir.ParseReference(up.Root().Get("partOf").Get("reference").Text()).Relative()
		}
	}
	return false, nil
}

// networks are the organizations in the networks of the insurance plans; nil = any, also where a plan names none.
func (r *resolver) networks(ctx context.Context) (map[string]bool, error) {
	if len(r.w.insurance) == 0 {
		return nil, nil
	}
	set := make(map[string]bool)
	for _, reference := range r.w.insurance {
		plan, err := r.m.referred(ctx, r.tx, reference)
		if err != nil {
			return nil, err
		}
		if plan == nil {
			continue
		}
		before := len(set)
		networks := slices.Collect(plan.Root().Each("network"))
		for p := range plan.Root().Each("plan") {
			networks = slices.AppendSeq(networks, p.Each("network"))
		}
		for _, network := range networks {
			affiliated, err := r.m.found(ctx, r.tx, "OrganizationAffiliation", 0, fhir.Param{Name: "network", Value: network.Get("reference").Text()})
			if err != nil {
				return nil, err
			}
			for _, one := range affiliated {
				set[fhir.ParseReference(one.Root().Get("participatingOrganization").Get("reference").Text()).Relative()] = true
			}
			set[fhir.ParseReference(network.Get("reference").Text()).Relative()] = true
		}
		if len(set) == before {
			return nil, nil
		}
	}
	return set, nil
}

// unnamed are the Schedules of the services where nobody is named: those of people, or of whatever there is where it is nobody's.
func (r *resolver) unnamed(ctx context.Context, services []*fhir.Resource) error {
	var types []string
	for _, h := range services {
		types = append(types, visitTypes(h.Root(), "type")...)
	}
	if len(types) == 0 {
		return nil
	}
	slices.Sort(types)
	list, err := r.m.found(ctx, r.tx, "Schedule", 0, fhir.Param{Name: "service-type", Value: searched(slices.Compact(types))})
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b *fhir.Resource) int { return strings.Compare(a.ID(), b.ID()) })
	var kind []*target
	for _, s := range list {
		kind = append(kind, &target{s.Reference(), []*fhir.Resource{s}})
	}
	if r.w.open = true; len(kind) > 0 {
		r.w.whose = [][]*target{kind}
	}
	return nil
}

// person reports whether a Schedule is that of somebody.
func person(s *fhir.Resource) bool {
	actor := actorOf(s)
	return strings.HasPrefix(actor, "Practitioner/") || strings.HasPrefix(actor, "PractitionerRole/")
}
