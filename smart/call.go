package smart

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"andiron.dev/fhir"
)

// call is one request as the guard sees it: what its principal may, and what it is about. The interaction decides by what letter a
// resource is reached: what an update reads is what it writes over.
type call struct {
	who    *Principal
	access *access // nil for the server itself
	req    *fhir.Request
}

type callKey struct{}

// call finds out whose call ctx is. It must not be made within a transaction: what decisions depend on is read before.
func (g *Guard) call(ctx context.Context) (*call, error) {
	p := From(ctx)
	if p == nil {
		return nil, unknown()
	}
	if p.server {
		return &call{who: p}, nil
	}
	if c, _ := ctx.Value(callKey{}).(*call); c != nil && c.who == p && c.access.guard == g {
		return c, nil
	}
	a, err := g.access(ctx, p)
	return &call{who: p, access: a}, err
}

// mayAll reports whether everything of everything is open.
func (a *access) mayAll() bool {
	return slices.ContainsFunc(a.who.Scopes, func(s Scope) bool {
		return s.Kind == ResourceScope && s.Type == "*" && s.Perms == allPerms && a.who.BreakGlass == "" &&
			(s.Context == SystemContext && a.trusted() || s.Context == UserContext && a.who.HasRole(RoleAdmin))
	})
}

// caller names the principal for what is handed out to it alone: another with other rights is another caller.
func (p *Principal) caller() string {
	if p.digest != "" {
		return p.digest
	}
	scopes := make([]string, len(p.Scopes))
	for i := range p.Scopes {
		scopes[i] = p.Scopes[i].Text
	}
	slices.Sort(scopes)
	parts := []string{p.Subject, p.Issuer, p.ClientID, p.FhirUser, p.Patient, p.BreakGlass, p.Purpose, strings.Join(scopes, " ")}
	for _, list := range [][]string{p.Roles, p.Clearance} {
		list = slices.Sorted(slices.Values(list))
		parts = append(parts, strings.Join(list, " "))
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}
