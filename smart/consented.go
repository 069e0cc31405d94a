package smart

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// directives are the Consents in force at a time, by patient.
type directives struct {
	byPatient map[string][]*directive
	patients  []string // in order
}

func newDirectives(byID map[string]*directive) *directives {
	d := &directives{byPatient: make(map[string][]*directive)}
	for _, one := range byID {
		if d.byPatient[one.patient] == nil {
			d.patients = append(d.patients, one.patient)
		}
		d.byPatient[one.patient] = append(d.byPatient[one.patient], one)
	}
	slices.Sort(d.patients)
	return d
}

// maxBarred is how many patients a query leaves out by name. Where more have forbidden something, what is found is looked at one by one.
const maxBarred = 2000

// consented bars what patients have forbidden.
func (a *access) consented(f *filter, perms Perms, typ string) error {
	if a.rules == nil || len(a.rules.patients) == 0 || mutated() == hookConsent || a.exempt(typ) {
		return nil
	}
	if some, err := a.guard.member(typ, "some"); err != nil || some == nil {
		return err // nobody's record has such resources
	}
	var whole []string
	var rest search.Expr
	barred := 0
	for _, patient := range a.rules.patients {
		if a.above(patient) {
			continue
		}
		denied, err := a.denied(a.rules.byPatient[patient], perms, typ)
		if err != nil {
			return err
		}
		if denied.never() {
			continue
		}
		if barred++; barred > maxBarred {
			break
		}
		if denied.always {
			whole = append(whole, patient)
			continue
		}
		member, err := a.guard.member(typ, patient)
		if err != nil {
			return err
		}
		rest = conjunction(rest, &search.Not{Expr: search.And{member, denied.where}})
	}
	if barred == 0 {
		return nil
	}
	b := bar{passes: func(r *fhir.Resource) bool { return a.agreed(r, perms) }}
	if barred <= maxBarred {
		b.where = rest
		for chunk := range slices.Chunk(whole, 500) {
			members, err := a.guard.members(typ, chunk)
			if err != nil {
				return err
			}
			b.where = conjunction(b.where, &search.Not{Expr: members})
		}
	}
	f.bars = append(f.bars, b)
	return nil
}

// members is member for several patients at once.
func (g *Guard) members(typ string, ids []string) (search.Expr, error) {
	switch typ {
	case "Patient":
		return g.criterion(typ, fhir.Params{{Name: "_id", Value: strings.Join(ids, ",")}})
	}
	codes := g.official[typ]
	if typ == "Task" || typ == "Device" {
		codes = []string{"patient"}
	}
	value := "Patient/" + strings.Join(ids, ",Patient/")
	var any search.Or
	for _, code := range codes {
		param := g.config.Params.Param(typ, code)
		if param == nil {
			continue
		}
		e, err := g.criterion(typ, fhir.Params{{Name: code, Value: value}})
		if err != nil {
			return nil, err
		}
		any = append(any, e)
	}
	return any, nil
}

// above reports whether a patient's Consents do not bind the principal: it is that patient, or has broken the glass for them.
func (a *access) above(patient string) bool {
	return a.who.FhirUser == "Patient/"+patient || a.who.BreakGlass == patient
}

// exempt reports whether a type is kept from nobody by Consents: who administers them has to find them.
func (a *access) exempt(typ string) bool {
	switch typ {
	case "Consent":
		return slices.ContainsFunc(a.who.Scopes, func(s Scope) bool {
			return s.Kind == ResourceScope && (s.Type == typ || s.Type == "*") && s.Perms&(Create|Update|Delete) != 0 && a.assignable(&s, Update, typ)
		})
	case "AuditEvent":
		return a.who.HasRole(RolePrivacyOfficer) || a.who.HasRole("auditor")
	}
	return false
}

// agreed reports whether no patient has forbidden the principal to have a resource.
func (a *access) agreed(r *fhir.Resource, perms Perms) bool {
	for _, patient := range a.concerned(r) {
		if a.above(patient) {
			continue
		}
		denied, err := a.denied(a.rules.byPatient[patient], perms, r.Type())
		if err != nil {
			return false
		}
		if denied.never() {
			continue
		}
		member, err := a.guard.member(r.Type(), patient)
		if err != nil {
			return false
		}
		if member != nil && a.guard.config.Params.Matcher(r.Type(), conjunction(member, denied.where)).Match(r, nil) {
			return false
		}
	}
	return true
}

// concerned lists the patients with Consents that a resource may be about: those that its text names.
func (a *access) concerned(r *fhir.Resource) (list []string) {
	if r.Type() == "Patient" {
		if a.rules.byPatient[r.ID()] != nil {
			return []string{r.ID()}
		}
		return nil
	}
	body := r.Body()
	if strings.Contains(body, `\/`) || strings.Contains(body, `\u`) {
		return a.rules.patients // references are written in a way that is not worth reading twice
	}
	const prefix = "Patient/"
	for at := strings.Index(body, prefix); at >= 0; {
		body = body[at+len(prefix):]
		end := 0
		for end < len(body) && fhir.ValidID(body[end:end+1]) {
			end++
		}
		if id := body[:end]; a.rules.byPatient[id] != nil && !slices.Contains(list, id) {
			list = append(list, id)
		}
		at = strings.Index(body, prefix)
	}
	return list
}
