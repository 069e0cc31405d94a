package smart

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
)

// Scopes are the scopes of a token, parsed.
type Scopes []Scope

// Scope is one scope (http://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html). The zero Scope grants nothing.
type Scope struct {
	Text string // as it was asked for: what was asked for in the syntax of version 1 is answered in it
	Kind ScopeKind

	// Of a scope on resources.
	Context     ScopeContext
	Type        string // "*" = all
	Perms       Perms
	Constraints fhir.Params // "category=…": all of them have to hold
	V1          bool        // Text is of version 1
}

// ScopeKind says what a scope is about.
type ScopeKind uint8

// The kinds of scopes.
const (
	NoScope        ScopeKind = iota
	ResourceScope            // "patient/Observation.rs"
	LaunchScope              // "launch", "launch/patient"
	IdentityScope            // "openid", "fhirUser", "profile"
	AccessScope              // "offline_access", "online_access"
	OperationScope           // the URL of an OperationDefinition: exactly that operation
)

// ScopeContext says whose rights a scope on resources delegates.
type ScopeContext string

// The contexts.
const (
	PatientContext ScopeContext = "patient" // what is in the compartment of the patient in context
	UserContext    ScopeContext = "user"    // what the user may
	SystemContext  ScopeContext = "system"  // what the client may
)

// Perms are the letters of a scope.
type Perms uint8

// The letters, in their order.
const (
	Create Perms = 1 << iota // c
	Read                     // r: read, vread, history of an instance
	Update                   // u: update, also where it creates, and patch
	Delete                   // d
	Search                   // s: search, and history of types and of the system

	allPerms = Create | Read | Update | Delete | Search
)

const letters = "cruds"

// String gives the letters, "rs".
func (p Perms) String() string {
	var b strings.Builder
	for i := range letters {
		if p&(1<<i) != 0 {
			b.WriteByte(letters[i])
		}
	}
	return b.String()
}

// each lists the letters one by one.
func (p Perms) each() (list []Perms) {
	for one := Create; one <= Search; one <<= 1 {
		if p&one != 0 {
			list = append(list, one)
		}
	}
	return list
}

// String gives the scopes as they stand in a token response.
func (s Scopes) String() string {
	texts := make([]string, len(s))
	for i := range s {
		texts[i] = s[i].Text
	}
	return strings.Join(texts, " ")
}

// Has reports whether a scope is among them, as it is written.
func (s Scopes) Has(text string) bool {
	return slices.ContainsFunc(s, func(scope Scope) bool { return scope.Text == text })
}

// In reports whether any scope on resources has the context: one of PatientContext needs a patient.
func (s Scopes) In(context ScopeContext) bool {
	return slices.ContainsFunc(s, func(scope Scope) bool { return scope.Kind == ResourceScope && scope.Context == context })
}

// on gives the scopes on resources of a type that have a letter.
func (s Scopes) on(typ string, perm Perms) (list []*Scope) {
	for i := range s {
		if scope := &s[i]; scope.Kind == ResourceScope && scope.Perms&perm != 0 && (scope.Type == "*" || scope.Type == typ) {
			list = append(list, scope)
		}
	}
	return list
}

// V2 gives the scope in the syntax of version 2.
func (s Scope) V2() string {
	if s.Kind != ResourceScope {
		return s.Text
	}
	text := string(s.Context) + "/" + s.Type + "." + s.Perms.String()
	if len(s.Constraints) > 0 {
		text += "?" + s.Constraints.Encode()
	}
	return text
}
