package smart

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Principal is who a request is from, however they proved it.
type Principal struct {
	// Subject is "user:ID" or "client:ID", so that no client can have the name of a user; "system" for the server itself.
	Subject  string
	Name     string // of the user or client, for the audit trail
	Issuer   string // who vouches for it; "" = this server
	ClientID string
	FhirUser string // "Practitioner/1"; "" = the user is nobody in the records
	Roles    []string

	Scopes    Scopes
	Patient   string // id of the patient in context; "" = none
	Encounter string

	AuthTime time.Time
	ACR      string
	AMR      []string
	TokenID  string // names the token in the audit trail without being of use to its reader
	Grant    string // what the token hangs on; "" = the client acts for itself, or another server has issued it

	Purpose    string   // v3-ActReason code: "TREAT", "ETREAT" while the glass is broken
	BreakGlass string   // id of the one patient whose record was opened in an emergency
	Clearance  []string // codes of security labels that are open to it beyond the normal ones

	Address   string // network address that the request came from
	RequestID string

	server bool   // the server itself: see System
	digest string // see Fix
}

// Fix works out, once for all requests of a token, what p is told apart by. From then on nothing of p may change but Address and
// RequestID.
func (p *Principal) Fix() *Principal {
	p.digest = p.caller()
	return p
}

type principalKey struct{}

// IsServer reports whether it is the server itself, at work for nobody in particular.
func (p *Principal) IsServer() bool { return p.server }

// IsClient reports whether a client acts for itself and not for a user.
func (p *Principal) IsClient() bool { return strings.HasPrefix(p.Subject, "client:") }

// HasRole reports whether it has a role.
func (p *Principal) HasRole(name string) bool { return slices.Contains(p.Roles, name) }

// System marks what is done in ctx as the server's own work: indexing, loading a demonstration, looking up what a decision depends on.
// Nothing is kept from it, so what it reads must not reach a client as it is.
func System(ctx context.Context) context.Context {
	return With(ctx, &Principal{Subject: "system", Name: "Andiron", server: true})
}

// With says in ctx who the request is from.
func With(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// From says who the request in ctx is from; nil where nobody has said: such a request may do nothing.
func From(ctx context.Context) *Principal {
	p, _ := ctx.Value(principalKey{}).(*Principal)
	return p
}
