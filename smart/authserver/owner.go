package authserver

import (
	"context"
	"encoding/json"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// owner is a principal as it is kept for what is done in its name later: who it is and what its token hangs on, and not what that is worth,
// which is read when it counts.
type owner struct {
	Subject string `json:"subject"`
	Client  string `json:"client"`
	Grant   string `json:"grant,omitempty"`
	Scope   string `json:"scope"`
	// Issued is the whole of a principal that another server vouches for: here is nothing that could be read anew.
	Issued *smart.Principal `json:"issued,omitempty"`
}

// Owner is a principal, to be kept.
func (s *Server) Owner(p *smart.Principal) ([]byte, error) {
	o := owner{Subject: p.Subject, Client: p.ClientID, Grant: p.Grant, Scope: p.Scopes.String()}
	if p.Issuer != "" {
		copied := *p
		copied.Scopes, copied.Address, copied.RequestID = nil, "", ""
		o.Issued = &copied
	}
	return json.Marshal(o)
}

// Owned reports whether a principal is the one that was kept.
func (s *Server) Owned(kept []byte, p *smart.Principal) bool {
	var o owner
	return json.Unmarshal(kept, &o) == nil && o.Subject != "" && o.Subject == p.Subject && o.Client == p.ClientID
}

// Principal is the principal that was kept, with the rights that it has now; nil where it has none any more: its grant was revoked, its
// session has ended, its user or client is not active.
func (s *Server) Principal(ctx context.Context, kept []byte) (found *smart.Principal, err error) {
	var o owner
	if err := json.Unmarshal(kept, &o); err != nil {
		return nil, fhir.Internal(err)
	}
	scopes, _ := smart.ParseScopes(o.Scope) // they are made of parsed ones
	if o.Issued != nil {
		o.Issued.Scopes = scopes
		return o.Issued.Fix(), nil
	}
	err = s.config.Store.View(ctx, func(tx fhir.Tx) error {
		c, err := s.liveClient(ctx, tx, o.Client)
		if c == nil || err != nil {
			return err
		}
		if o.Grant == "" {
			if o.Subject == clientSubject(c.ID) {
				found = (&grant{Client: c.ID}).principal(c, nil, scopes, "").Fix()
			}
			return nil
		}
		g, p, err := s.liveGrant(ctx, tx, o.Grant)
		if err == nil && g != nil && g.subject() == o.Subject {
			found = g.principal(c, p, scopes, "").Fix()
		}
		return err
	})
	return found, err
}
