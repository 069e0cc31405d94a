package smart

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
)

// Subset reports whether all that the scopes grant is granted by others as well, whatever syntax they are written in.
func (s Scopes) Subset(of Scopes) bool {
	return !slices.ContainsFunc(s, func(scope Scope) bool { return !of.cover(&scope) })
}

// cover reports whether a scope grants nothing that these do not.
func (s Scopes) cover(scope *Scope) bool {
	if scope.Kind != ResourceScope {
		return s.Has(scope.Text)
	}
	for _, one := range scope.Perms.each() {
		letter := *scope
		letter.Perms = one
		if !slices.ContainsFunc(s, func(other Scope) bool { return other.covers(&letter) }) {
			return false
		}
	}
	return true
}

// covers reports whether a scope on resources grants all that another does.
func (s *Scope) covers(other *Scope) bool {
	return s.Kind == ResourceScope && other.Kind == ResourceScope && s.Context == other.Context && (s.Type == "*" || s.Type == other.Type) &&
		s.Perms&other.Perms == other.Perms &&
		!slices.ContainsFunc(s.Constraints, func(c fhir.Param) bool { return !impliedBy(c, other.Constraints) })
}

// impliedBy reports whether what a constraint asks for is asked for already: "category=a,b" by "category=a".
func impliedBy(c fhir.Param, others fhir.Params) bool {
	values := strings.Split(c.Value, ",")
	return slices.ContainsFunc(others, func(other fhir.Param) bool {
		return other.Name == c.Name && !slices.ContainsFunc(strings.Split(other.Value, ","), func(v string) bool { return !slices.Contains(values, v) })
	})
}

// Intersect gives what of the scopes is allowed, in their order: a scope of which only a part is, as that part.
func (s Scopes) Intersect(allowed Scopes) Scopes {
	var both Scopes
	add := func(scope Scope) {
		if scope.Kind == ResourceScope && both.covered(&scope) || both.Has(scope.Text) {
			return
		}
		both = append(both, scope)
	}
	for i := range s {
		scope := &s[i]
		if allowed.cover(scope) {
			add(*scope)
			continue
		}
		for j := range allowed {
			if part, ok := scope.and(&allowed[j]); ok {
				add(part)
			}
		}
	}
	return both
}

// covered reports whether a scope adds nothing.
func (s Scopes) covered(scope *Scope) bool {
	return slices.ContainsFunc(s, func(other Scope) bool { return other.covers(scope) })
}

// and gives what two scopes on resources have in common.
func (s *Scope) and(other *Scope) (Scope, bool) {
	both := Scope{Kind: ResourceScope, Context: s.Context, Type: s.Type, Perms: s.Perms & other.Perms}
	if s.Kind != ResourceScope || other.Kind != ResourceScope || s.Context != other.Context || both.Perms == 0 {
		return Scope{}, false
	}
	switch {
	case s.Type == "*":
		both.Type = other.Type
	case other.Type != "*" && other.Type != s.Type:
		return Scope{}, false
	}
	both.Constraints = slices.Clone(s.Constraints)
	for _, c := range other.Constraints {
		if !impliedBy(c, both.Constraints) {
			both.Constraints = append(both.Constraints, c)
		}
	}
	both.Text = both.V2()
	if s.V1 && len(both.Constraints) == 0 {
		for text, perms := range map[string]Perms{"read": Read | Search, "write": Create | Update | Delete, "*": allPerms} {
			if perms == both.Perms {
				both.Text, both.V1 = string(both.Context)+"/"+both.Type+"."+text, true
			}
		}
	}
	return both, true
}

// Narrow gives the scopes that are asked for with a refresh token of these: "" = all of them. Errors: Invalid where anything else
// is asked for.
func (s Scopes) Narrow(text string) (Scopes, error) {
	if strings.Trim(text, " ") == "" {
		return s, nil
	}
	asked, refused := ParseScopes(text)
	if len(refused) > 0 || len(asked) == 0 || !asked.Subset(s) {
		return nil, fhir.NewOutcome(fhir.Invalid, "more is asked for than was granted")
	}
	return asked, nil
}
