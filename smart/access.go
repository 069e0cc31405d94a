package smart

import (
	"net/url"
	"slices"
	"strings"
	"sync"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// access is what one principal may do: a filter for each letter and type, made when it is first asked for. Of the principal it goes by
// nothing that is not in its key, so that the next request of the same principal, with the same token, can have it again.
type access struct {
	guard *Guard
	who   *Principal
	key   string // see Principal.caller

	own   []string // ids of the patients whose records are its own
	rules *directives

	mu      sync.Mutex
	filters map[filterKey]*filter
}

type filterKey struct {
	perms Perms
	typ   string
}

// filter says which resources of a type the principal may reach with any of some letters.
func (a *access) filter(perms Perms, typ string) (*filter, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := filterKey{perms, typ}
	if f := a.filters[key]; f != nil {
		return f, nil
	}
	f, err := a.build(perms, typ)
	if err == nil {
		a.filters[key] = f
	}
	return f, err
}

func (a *access) build(perms Perms, typ string) (*filter, error) {
	f := &filter{typ: typ}
	for _, one := range perms.each() {
		if a.who.BreakGlass != "" && one&(Read|Search) == 0 {
			continue
		}
		for _, scope := range a.who.Scopes.on(typ, one) {
			if err := a.scoped(f, scope, one, typ); err != nil {
				return nil, err
			}
		}
		a.self(f, one, typ)
	}
	if len(f.any) == 0 {
		return f, nil // nothing can make up for it
	}
	f.compact()
	if err := a.labelled(f, typ); err != nil {
		return nil, err
	}
	if err := a.consented(f, perms, typ); err != nil {
		return nil, err
	}
	f.prepare(a.guard)
	return f, nil
}

// scoped adds what a scope opens: its context and its constraints, both.
func (a *access) scoped(f *filter, scope *Scope, perm Perms, typ string) error {
	if !a.assignable(scope, perm, typ) {
		return nil
	}
	list, err := a.context(scope, perm, typ)
	if err != nil || len(list) == 0 {
		return err
	}
	if len(scope.Constraints) > 0 {
		if err := scope.Check(a.guard.config.Spec, a.guard.config.Params); err != nil {
			return nil // a scope that cannot be understood opens nothing
		}
		where, err := a.guard.criterion(typ, scope.Constraints)
		if err != nil {
			return nil
		}
		for i := range list {
			list[i] = list[i].and(alternative{where: where})
		}
	}
	f.any = append(f.any, list...)
	return nil
}

// assignable says whether a scope is good for a type at all. Who may see what is not the subject's to change: Consents are written by
// those whose role it is and by clients that have it in so many words, the audit trail by the server and such clients, never over.
func (a *access) assignable(scope *Scope, perm Perms, typ string) bool {
	if perm&(Read|Search) != 0 {
		return true
	}
	explicit := scope.Context == SystemContext && scope.Type == typ
	switch typ {
	case "Consent":
		return explicit || scope.Context == UserContext && (a.who.HasRole(RoleAdmin) || a.who.HasRole(RolePrivacyOfficer))
	case "AuditEvent":
		return explicit && perm == Create
	}
	return true
}

// context gives what the context of a scope opens.
func (a *access) context(scope *Scope, perm Perms, typ string) ([]alternative, error) {
	p := a.who
	switch scope.Context {
	case PatientContext:
		record, err := a.record(p.Patient, perm, typ)
		if err != nil || record == nil {
			return nil, err
		}
		if p.IsClient() && len(p.Roles) == 0 || p.BreakGlass != "" {
			return []alternative{*record}, nil
		}
		rights, err := a.rights(perm, typ)
		for i := range rights {
			rights[i] = record.and(rights[i])
		}
		return rights, err
	case UserContext:
		if p.BreakGlass != "" {
			record, err := a.record(p.BreakGlass, perm, typ)
			if err != nil || record == nil {
				return nil, err
			}
			return []alternative{*record}, nil
		}
		return a.rights(perm, typ)
	case SystemContext:
		switch {
		case !p.IsClient():
			return nil, nil
		case len(p.Roles) == 0:
			return []alternative{{unbound: true}}, nil
		}
		return a.rights(perm, typ)
	}
	return nil, nil
}

// rights are what the roles of the principal open. A user without any is who the records say: a patient, who relates to one, or a
// practitioner.
func (a *access) rights(perm Perms, typ string) (list []alternative, err error) {
	for _, name := range a.roles() {
		r := a.guard.roles[name]
		if r == nil {
			continue
		}
		if r.own {
			for _, id := range a.own {
				record, err := a.record(id, perm, typ)
				if err != nil {
					return nil, err
				}
				if record != nil {
					list = append(list, *record)
				}
			}
			continue
		}
		for _, right := range slices.Concat(r.types[typ], r.types["*"]) {
			if right.perms&perm == 0 {
				continue
			}
			alt := alternative{}
			if right.where != "" {
				if a.who.FhirUser == "" && strings.Contains(right.where, self) {
					continue
				}
				if alt.where, err = a.guard.criteria(typ, with(right.where, a.who.FhirUser)); err != nil {
					return nil, err
				}
			}
			if typ == "Binary" && r.types["*"] == nil {
				alt.test = binaryTest(perm, false)
			}
			list = append(list, alt)
		}
	}
	return list, nil
}

func (a *access) roles() []string {
	if len(a.who.Roles) > 0 || a.who.IsClient() {
		return a.who.Roles
	}
	switch typ, _, _ := strings.Cut(a.who.FhirUser, "/"); typ {
	case "Patient":
		return []string{RolePatient}
	case "RelatedPerson":
		return []string{RoleDelegate}
	case "Practitioner", "PractitionerRole":
		return []string{RolePractitioner}
	}
	return nil
}

// self stands for the FhirUser of the principal in the criteria of a role.
const self = "{self}"

func with(where, who string) string {
	return strings.ReplaceAll(where, self, url.QueryEscape(search.Escape(who)))
}

// record opens the record of one patient: their compartment, and of what is shared, reading.
func (a *access) record(id string, perm Perms, typ string) (*alternative, error) {
	if !fhir.ValidID(id) {
		return nil, nil
	}
	if mutated() == hookCompartment {
		return &alternative{}, nil
	}
	switch {
	case a.guard.shared[typ]:
		if perm&(Read|Search) == 0 {
			return nil, nil
		}
		return &alternative{}, nil
	case typ == "Binary":
		return &alternative{test: binaryTest(perm, true), patient: id}, nil
	case typ == "Provenance":
		if perm&(Read|Search) == 0 {
			return nil, nil
		}
		return &alternative{test: provenanceTest, patient: id}, nil
	}
	where, err := a.guard.member(typ, id)
	if err != nil || where == nil {
		return nil, err
	}
	return &alternative{where: where, patient: id}, nil
}

// self opens the resource that says who the user is, where the app was granted to know it.
func (a *access) self(f *filter, perm Perms, typ string) {
	of, id, ok := strings.Cut(a.who.FhirUser, "/")
	if !ok || of != typ || perm != Read || !fhir.ValidID(id) || !a.who.Scopes.Has("fhirUser") {
		return
	}
	if where, err := a.guard.criterion(typ, fhir.Params{{Name: "_id", Value: id}}); err == nil {
		f.any = append(f.any, alternative{where: where, patient: patientOf(a.who.FhirUser)})
	}
}

func patientOf(reference string) string {
	if id, ok := strings.CutPrefix(reference, "Patient/"); ok {
		return id
	}
	return ""
}
