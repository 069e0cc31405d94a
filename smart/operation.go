package smart

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
)

// OperationScopes is the extension by which an OperationDefinition says what a caller needs: words that all have to hold. "*/Patient.rs" is
// a scope of any context that reaches the type, "system/*.cruds" one of that context; "{type}" is the type that the operation is called
// for; "role:admin" is a role, "anyone" whoever has a token, "mfa" a login with a second factor, "any" whoever has a token: the store decides what comes
// of it. Of several extensions one has to hold. An operation without any may be called by who has its URL as a scope.
const OperationScopes = fhir.CanonicalBase + "/StructureDefinition/operation-scope"

// checkOperation finds the operation and checks what its definition asks for.
func (g *Guard) checkOperation(c *call) error {
	if g.operations == nil {
		return fhir.NewOutcome(fhir.Forbidden, "nothing says who may call operations")
	}
	d, _, err := g.operations(c.req)
	if err != nil {
		return err
	}
	if g.config.BaseURL != "" && c.who.Scopes.Has(d.URL(g.config.BaseURL)) || c.who.Scopes.Has(d.URL("")) {
		return nil
	}
	var refused error
	for extension := range d.Resource.Root().Each("extension") {
		if extension.Get("url").Text() != OperationScopes {
			continue
		}
		err := g.meets(c, strings.Fields(extension.Get("valueString").Text()))
		if err == nil {
			return nil
		}
		if refused == nil || fhir.CodeOf(err) == fhir.Login { // who may with a second factor should hear of it
			refused = err
		}
	}
	if refused == nil {
		refused = fhir.InsufficientScope("the operation needs a scope of its own: its URL", d.URL(""))
	}
	return refused
}

// meets checks words of which all have to hold.
func (g *Guard) meets(c *call, words []string) error {
	if len(words) == 0 {
		return fhir.NewOutcome(fhir.Forbidden, "nothing says who may call the operation")
	}
	var stepUp error
	for _, word := range words {
		if word == "any" {
			continue
		}
		word = strings.ReplaceAll(word, "{type}", c.req.Type)
		if role, ok := strings.CutPrefix(word, "role:"); ok {
			if !c.who.HasRole(role) {
				return fhir.Errorf(fhir.Forbidden, "the operation is for the role %s", role)
			}
			continue
		}
		if word == "anyone" {
			continue
		}
		if word == "mfa" {
			if !slices.ContainsFunc(c.who.AMR, func(m string) bool { return m == "mfa" || m == "otp" || m == "hwk" || m == "swk" }) {
				stepUp = fhir.StepUp("the operation needs a login with a second factor", []string{ACRMultiFactor}, 0)
			}
			continue
		}
		if err := g.grants(c, word); err != nil {
			return err
		}
	}
	return stepUp
}

// ACRMultiFactor is the authentication context of a login with a second factor.
const ACRMultiFactor = "urn:andiron:acr:mfa"

// grants checks one scope that an operation needs.
func (g *Guard) grants(c *call, word string) error {
	context, rest, _ := strings.Cut(word, "/")
	wanted, err := ParseScope(strings.Replace(word, "*/", "user/", 1))
	if err != nil {
		return fhir.NewOutcome(fhir.Forbidden, "nothing says who may call the operation")
	}
	for _, perm := range wanted.Perms.each() {
		if wanted.Type == "*" {
			if !slices.ContainsFunc(c.who.Scopes, func(s Scope) bool {
				return s.Kind == ResourceScope && s.Type == "*" && s.Perms&perm != 0 && (context == "*" || string(s.Context) == context)
			}) {
				return fhir.InsufficientScope("the operation needs "+rest, word)
			}
			continue
		}
		if context != "*" && !slices.ContainsFunc(c.who.Scopes.on(wanted.Type, perm), func(s *Scope) bool { return string(s.Context) == context }) {
			return fhir.InsufficientScope("the operation needs "+word, word)
		}
		if err := c.needs(wanted.Type, perm); err != nil {
			return err
		}
	}
	return nil
}
