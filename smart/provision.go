package smart

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// denied gives, of a patient's resources of a type, those that their Consents keep from the principal. The innermost provisions that
// fit decide, and where several do, who forbids has the last word.
func (a *access) denied(list []*directive, perms Perms, typ string) (all condition, err error) {
	for _, d := range list {
		forbidden, _, err := a.decided(&d.root, perms, typ)
		if err != nil {
			return condition{}, err
		}
		all = all.or(forbidden)
	}
	return all, nil
}

// decided gives what a provision forbids, and what it permits, exceptions included.
func (a *access) decided(p *provision, perms Perms, typ string) (forbidden, permitted condition, err error) {
	region, err := a.region(p, perms, typ)
	if err != nil || region.never() {
		return condition{}, condition{}, err
	}
	var no, yes condition
	for i := range p.exceptions {
		n, y, err := a.decided(&p.exceptions[i], perms, typ)
		if err != nil {
			return condition{}, condition{}, err
		}
		no, yes = no.or(n), yes.or(y)
	}
	yes = yes.and(no.not())
	switch p.rule {
	case deny:
		return region.and(yes.not()), region.and(yes), nil
	case permit:
		return region.and(no), region.and(no.not()), nil
	}
	return region.and(no), region.and(yes), nil
}

// region gives what a provision fits. What cannot be told counts as fitting where the provision forbids, and not where it permits.
func (a *access) region(p *provision, perms Perms, typ string) (condition, error) {
	now, doubt := a.guard.config.Now(), p.rule == deny
	switch {
	case !p.start.IsZero() && now.Before(p.start), !p.end.IsZero() && !now.Before(p.end),
		len(p.actors) > 0 && !slices.ContainsFunc(p.actors, a.is),
		len(p.actions) == 0 && perms == Create, // who is kept from a record may still add to it, unless that is forbidden in so many words
		len(p.actions) > 0 && !slices.ContainsFunc(p.actions, func(code string) bool { return slices.Contains(a.actions(perms), code) }),
		len(p.purposes) > 0 && !a.means(p.purposes, doubt),
		len(p.types)+len(p.data) == 0 && p.classes && !doubt,
		len(p.types) > 0 && !slices.Contains(p.types, typ) && !(p.classes && doubt):
		return condition{}, nil
	}
	fits := holds(true)
	for _, narrow := range []func(*provision, string) (condition, error){a.labelFits, a.codeFits, a.dateFits, a.dataFits} {
		c, err := narrow(p, typ)
		if err != nil {
			return condition{}, err
		}
		fits = fits.and(c)
	}
	return fits, nil
}

// is reports whether the principal is an actor of a provision.
func (a *access) is(who actor) bool {
	p := a.who
	_, subject, _ := strings.Cut(p.Subject, ":")
	return who.reference != "" && who.reference == p.FhirUser ||
		who.identifier != "" && (who.identifier == p.ClientID || who.identifier == subject) ||
		who.reference == "" && who.identifier == "" && who.role != "" && slices.Contains(a.roles(), who.role)
}

// actions are what a request does, in the codes of http://terminology.hl7.org/CodeSystem/consentaction. What a client does for itself
// hands records on; what a user does keeps them here.
func (a *access) actions(perms Perms) (codes []string) {
	if perms&(Read|Search) != 0 {
		codes = append(codes, "access", "use")
		if a.who.IsClient() || a.who.HasRole("payer") || a.who.HasRole("ehr-system") {
			codes = append(codes, "disclose")
		}
	}
	if perms&Create != 0 {
		codes = append(codes, "collect")
	}
	if perms&(Update|Delete) != 0 {
		codes = append(codes, "correct")
	}
	return codes
}

// means reports whether the purpose of the request is one of some. An emergency is treatment, too.
func (a *access) means(purposes []string, doubt bool) bool {
	switch p := a.who.Purpose; p {
	case "":
		return doubt
	case "ETREAT", "BTG":
		return slices.Contains(purposes, p) || slices.Contains(purposes, "TREAT")
	default:
		return slices.Contains(purposes, p)
	}
}

func (a *access) tokens(typ, code string, tokens []string) (search.Expr, error) {
	parts := make([]string, len(tokens))
	for i, token := range tokens {
		system, value, _ := strings.Cut(token, "|")
		if parts[i] = search.Escape(system) + "|" + search.Escape(value); system == "" {
			parts[i] = search.Escape(value)
		}
	}
	return a.guard.criterion(typ, fhir.Params{{Name: code, Value: strings.Join(parts, ",")}})
}

func (a *access) labelFits(p *provision, typ string) (condition, error) {
	if len(p.labels) == 0 {
		return holds(true), nil
	}
	e, err := a.tokens(typ, "_security", p.labels)
	return when(e), err
}

// codeFits looks where resources say what they are about.
func (a *access) codeFits(p *provision, typ string) (fits condition, err error) {
	if len(p.codes) == 0 {
		return holds(true), nil
	}
	for _, name := range []string{"code", "category", "type", "class", "vaccine-code", "service-type"} {
		param := a.guard.config.Params.Param(typ, name)
		if param == nil || param.Type != r4.TokenParam {
			continue
		}
		e, err := a.tokens(typ, name, p.codes)
		if err != nil {
			return condition{}, err
		}
		fits = fits.or(when(e))
	}
	return fits, nil
}

// dateFits compares the date that a type is known by, or where it has none, when it was last changed.
func (a *access) dateFits(p *provision, typ string) (condition, error) {
	if p.from == "" && p.to == "" {
		return holds(true), nil
	}
	name := "_lastUpdated"
	for _, known := range []string{"date", "onset-date", "recorded-date", "authoredon", "effective-time", "whenhandedover", "created", "issued", "sent"} {
		if param := a.guard.config.Params.Param(typ, known); param != nil && param.Type == r4.DateParam {
			name = known
			break
		}
	}
	var params fhir.Params
	if p.from != "" {
		params = append(params, fhir.Param{Name: name, Value: "ge" + p.from})
	}
	if p.to != "" {
		params = append(params, fhir.Param{Name: name, Value: "le" + p.to})
	}
	e, err := a.guard.criterion(typ, params)
	if err != nil {
		return holds(p.rule == deny), nil // a Period that cannot be read
	}
	return when(e), nil
}

func (a *access) dataFits(p *provision, typ string) (condition, error) {
	if len(p.data) == 0 {
		return holds(true), nil
	}
	var ids []string
	for _, reference := range p.data {
		if of, id, _ := strings.Cut(reference, "/"); of == typ {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return condition{}, nil
	}
	e, err := a.guard.criterion(typ, fhir.Params{{Name: "_id", Value: strings.Join(ids, ",")}})
	return when(e), err
}
