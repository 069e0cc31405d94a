package account

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
	"andiron.dev/smart/secret"
)

// Identity is who somebody is at an upstream OpenID provider. Only the two together name a person: an email address can change hands.
type Identity struct {
	Issuer  string `json:"iss"`
	Subject string `json:"sub"`
}

func (i Identity) key() string { return secret.Digest("identity", i.Issuer, i.Subject) }

// identityRecord says whose an identity is.
type identityRecord struct {
	User string `json:"user"`
	Identity
}

// Link links an upstream identity to a user. Errors: Refused where it is somebody else's, NotFound.
func (a *Accounts) LinkIdentity(ctx context.Context, by Caller, user string, i Identity) error {
	return a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		u, err := ReadUser(ctx, tx, user)
		if err != nil {
			return err
		}
		return a.link(ctx, tx, by, u, i)
	})
}

func (a *Accounts) link(ctx context.Context, tx fhir.Tx, by Caller, u *User, i Identity) error {
	if i.Issuer == "" || i.Subject == "" || len(i.Issuer) > 2000 || len(i.Subject) > 255 {
		return refusef("an upstream identity is an issuer and a subject of at most 255 characters")
	}
	var r identityRecord
	found, err := fhir.RecordValue(ctx, tx, kindIdentity, i.key(), &r)
	switch {
	case err != nil:
		return err
	case found && r.User == u.ID:
		return nil
	case found:
		return refusef("this upstream identity is linked to another user")
	}
	if err := fhir.KeepValue(ctx, tx, fhir.Record{Kind: kindIdentity, Key: i.key(), Owner: u.ID}, identityRecord{u.ID, i}); err != nil {
		return err
	}
	e := a.event(by, audit.Admin, "identity-link", u)
	e.Issuer = i.Issuer
	return note(ctx, tx, e)
}

// Upstream is what an upstream provider has vouched for.
type Upstream struct {
	Identity
	Multi bool // it has asked for a second factor, and is trusted to say so
	// Make makes a user where the identity is linked to none; nil = nobody is let in who is not linked.
	Make *NewUser
}

// LoginUpstream logs the user in whom an upstream identity is linked to. Who has a second factor here is asked for it, unless the
// provider has done so. Errors: ErrWrong where it is linked to nobody, or to a user who is disabled; Refused for a user who cannot be made.
func (a *Accounts) LoginUpstream(ctx context.Context, by Caller, up Upstream, before string) (l *Login, err error) {
	var refused error
	err = a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		l, refused = nil, nil
		u, err := a.upstreamUser(ctx, tx, by, up)
		if err != nil {
			return err
		}
		if u == nil || u.Disabled {
			refused = ErrWrong
			e := failed(a.event(by, audit.Login, "upstream", u), "no user, or one who is disabled, has this upstream identity")
			e.Issuer = up.Issuer
			return note(ctx, tx, e)
		}
		s, err := readSecrets(ctx, tx, u.ID)
		if err != nil {
			return err
		}
		l, err = a.enter(ctx, tx, by, u, s, proof{amr: []string{"fed"}, second: up.Multi, issuer: up.Issuer}, before)
		return err
	})
	if err == nil {
		err = refused
	}
	return l, err
}

// upstreamUser finds or makes the user of an upstream identity; nil = there is none.
func (a *Accounts) upstreamUser(ctx context.Context, tx fhir.Tx, by Caller, up Upstream) (*User, error) {
	var r identityRecord
	found, err := fhir.RecordValue(ctx, tx, kindIdentity, up.key(), &r)
	if err != nil {
		return nil, err
	}
	if found {
		return ReadUser(ctx, tx, r.User)
	}
	if up.Make == nil {
		return nil, nil
	}
	n := *up.Make
	n.Password = ""
	if err := n.check(); err != nil {
		return nil, err
	}
	u, err := a.add(ctx, tx, by, n, "")
	if err != nil {
		return nil, err
	}
	return u, a.link(ctx, tx, by, u, up.Identity)
}
