package smart

import (
	"net/url"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// maxScopes bounds the text of a scope parameter: a consent screen has to show each of them.
const (
	maxScopes    = 16 << 10
	maxScopeText = 2 << 10
)

// ParseScopes reads the value of a scope parameter. Nothing is passed over in silence: what is no scope that this server knows, whole
// as it is written, comes back as refused. Scopes that are there twice are given once.
func ParseScopes(text string) (scopes Scopes, refused []string) {
	if len(text) > maxScopes {
		return nil, []string{text[:maxScopes]}
	}
	for token := range strings.SplitSeq(text, " ") {
		if token == "" || scopes.Has(token) {
			continue
		}
		scope, err := ParseScope(token)
		if err != nil {
			refused = append(refused, token)
			continue
		}
		scopes = append(scopes, scope)
	}
	return scopes, refused
}

// ParseScope reads one scope: the whole of it or nothing. Errors are Invalid.
func ParseScope(text string) (Scope, error) {
	if text == "" || len(text) > maxScopeText || !isScopeToken(text) {
		return Scope{}, fhir.NewOutcome(fhir.Invalid, "this is not a scope: a scope is printable ASCII without spaces, quotes and backslashes")
	}
	switch text {
	case "openid", "fhirUser", "profile":
		return Scope{Text: text, Kind: IdentityScope}, nil
	case "offline_access", "online_access":
		return Scope{Text: text, Kind: AccessScope}, nil
	case "launch":
		return Scope{Text: text, Kind: LaunchScope}, nil
	}
	if context, ok := strings.CutPrefix(text, "launch/"); ok {
		return parseLaunch(text, context)
	}
	if strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://") {
		if u, err := url.Parse(text); err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || !strings.Contains(u.Path, "/OperationDefinition/") {
			return Scope{}, fhir.NewOutcome(fhir.Invalid, "a scope that is a URL is that of an OperationDefinition")
		}
		return Scope{Text: text, Kind: OperationScope}, nil
	}
	return parseResource(text)
}

// isScopeToken reports whether s is a scope-token of RFC 6749, section 3.3.
func isScopeToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// parseLaunch reads "launch/patient", "launch/imagingstudy?role=…".
func parseLaunch(text, context string) (Scope, error) {
	typ, query, asks := strings.Cut(context, "?")
	role, isRole := strings.CutPrefix(query, "role=")
	if typ == "" || strings.Trim(typ, "abcdefghijklmnopqrstuvwxyz") != "" || asks && (!isRole || role == "" || strings.ContainsAny(role, "&?#")) {
		return Scope{}, fhir.NewOutcome(fhir.Invalid, "a launch scope is 'launch', or 'launch/' and a resource type in small letters, with a role or without")
	}
	return Scope{Text: text, Kind: LaunchScope}, nil
}

// parseResource reads "patient/Observation.rs?category=laboratory" and "patient/Observation.read".
func parseResource(text string) (Scope, error) {
	no := func(why string) (Scope, error) { return Scope{}, fhir.NewOutcome(fhir.Invalid, why) }
	head, query, constrained := strings.Cut(text, "?")
	context, rest, ok := strings.Cut(head, "/")
	typ, perms, dotted := strings.Cut(rest, ".")
	s := Scope{Text: text, Kind: ResourceScope, Context: ScopeContext(context), Type: typ}
	switch {
	case !ok || !dotted || s.Context != PatientContext && s.Context != UserContext && s.Context != SystemContext:
		return no("this is not a scope that the server knows")
	case typ != "*" && !isTypeName(typ):
		return no("between '/' and '.' a scope has the name of a resource type, or '*'")
	}
	switch perms {
	case "read":
		s.Perms, s.V1 = Read|Search, true
	case "write":
		s.Perms, s.V1 = Create|Update|Delete, true
	case "*":
		s.Perms, s.V1 = allPerms, true
	default:
		if s.Perms = parsePerms(perms); s.Perms == 0 {
			return no("after '.' a scope has some of the letters c, r, u, d and s, in this order")
		}
	}
	if !constrained {
		return s, nil
	}
	if s.V1 || typ == "*" {
		return no("a scope with search parameters names a resource type and letters, as in 'patient/Observation.rs?category=laboratory'")
	}
	var err error
	s.Constraints, err = parseConstraints(query)
	return s, err
}

// parsePerms reads letters; 0 where they are not in their order, or anything else.
func parsePerms(text string) (perms Perms) {
	last := -1
	for i := range len(text) {
		at := strings.IndexByte(letters, text[i])
		if at <= last {
			return 0
		}
		last = at
		perms |= 1 << at
	}
	return perms
}

func isTypeName(s string) bool {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// parseConstraints reads what follows '?', decoded once. Names with a modifier, a chain or a leading '_' are not taken: what they
// mean in a scope is experimental in SMART 2.2.
func parseConstraints(query string) (fhir.Params, error) {
	params, err := fhir.ParseParams(query)
	if err != nil || len(params) == 0 || strings.Contains(query, ";") {
		return nil, fhir.NewOutcome(fhir.Invalid, "what follows '?' in a scope cannot be read")
	}
	for _, p := range params {
		if p.Value == "" || p.Name == "" || !isLetter(p.Name[0]) || strings.ContainsFunc(p.Name, func(r rune) bool { return r > 'z' || !isLetter(byte(r)) && r != '-' }) {
			return nil, fhir.NewOutcome(fhir.Invalid, "in a scope only plain search parameters can stand, without modifiers and chains")
		}
		if slices.Contains(strings.Split(p.Value, ","), "") {
			return nil, fhir.NewOutcome(fhir.Invalid, "a search parameter in a scope has an empty value")
		}
	}
	return params, nil
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// Check says whether a scope can be granted on a server with these search parameters: its type is one of R4, and its parameters are
// exact ones (tokens and references) that the type has. Errors: Invalid, NotSupported.
func (s Scope) Check(spec *r4.Spec, params *search.Params) error {
	if s.Kind != ResourceScope || s.Type == "*" {
		return nil
	}
	if !spec.IsResource(s.Type) {
		return fhir.NewOutcome(fhir.Invalid, "the scope names a resource type that FHIR R4 does not have")
	}
	for _, c := range s.Constraints {
		param := params.Param(s.Type, c.Name)
		if param == nil || param.Special != search.NotSpecial || param.Type != r4.TokenParam && param.Type != r4.ReferenceParam {
			return fhir.Errorf(fhir.NotSupported, "the scope has a parameter that %s does not have, or that does not compare exactly", s.Type)
		}
	}
	_, _, err := params.Parse(s.Type, s.Constraints, search.Options{Strict: true})
	return err
}
