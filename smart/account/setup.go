package account

import (
	"context"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
	"andiron.dev/smart/secret"
)

// linkLife is how long a set-up link is good.
const linkLife = 24 * time.Hour

// linkRecord is what a set-up link is for.
type linkRecord struct {
	User string `json:"user"` // "" = the first administrator, who chooses a name
}

// firstOwner owns the link for the first administrator, so that a new one finds the one before.
const firstOwner = "first"

// Empty reports whether there are no users yet.
func (a *Accounts) Empty(ctx context.Context) (bool, error) {
	list, err := a.Users(ctx, "", 1)
	return len(list) == 0, err
}

// FirstLink makes the token of a set-up link with which the first administrator chooses a username and a password. It is good for 24
// hours and one use; one made before ends. Errors: Refused where there are users.
func (a *Accounts) FirstLink(ctx context.Context, by Caller) (token string, err error) {
	err = a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		if list, err := tx.Records(ctx, kindUser, "", "", 1); err != nil {
			return err
		} else if len(list) > 0 {
			return refusef("there are users already")
		}
		token, err = a.newLink(ctx, tx, firstOwner, linkRecord{})
		if err != nil {
			return err
		}
		return note(ctx, tx, a.event(by, audit.Admin, "setup-link", nil))
	})
	return token, err
}

// ResetLink takes a user's password away, ends their sessions, and makes the token of a link with which they choose another. Errors:
// NotFound.
func (a *Accounts) ResetLink(ctx context.Context, by Caller, user string) (token string, err error) {
	err = a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		u, err := ReadUser(ctx, tx, user)
		if err != nil {
			return err
		}
		if err := a.setHash(ctx, tx, u, ""); err != nil {
			return err
		}
		if err := endSessions(ctx, tx, user, ""); err != nil {
			return err
		}
		if token, err = a.newLink(ctx, tx, user, linkRecord{user}); err != nil {
			return err
		}
		return note(ctx, tx, a.event(by, audit.Admin, "setup-link", u))
	})
	return token, err
}

func (a *Accounts) newLink(ctx context.Context, tx fhir.Tx, owner string, r linkRecord) (string, error) {
	if err := dropAll(ctx, tx, kindLink, owner); err != nil {
		return "", err
	}
	token := secret.NewToken()
	return token, fhir.KeepValue(ctx, tx, fhir.Record{Kind: kindLink, Key: secret.Digest("setup", token), Owner: owner, Expires: a.Now().Add(linkLife)}, r)
}

// Link says whom a set-up link is for: a user, or nil for the first administrator. Errors: ErrExpired.
func (a *Accounts) Link(ctx context.Context, token string) (u *User, err error) {
	err = a.Store.View(ctx, func(tx fhir.Tx) error {
		u, err = readLink(ctx, tx, token)
		return err
	})
	return u, err
}

func readLink(ctx context.Context, rr fhir.RecordReader, token string) (*User, error) {
	var r linkRecord
	found, err := fhir.RecordValue(ctx, rr, kindLink, secret.Digest("setup", token), &r)
	if err == nil && !found {
		err = ErrExpired
	}
	if err != nil || r.User == "" {
		return nil, err
	}
	return ReadUser(ctx, rr, r.User)
}

// UseLink uses a set-up link up: the first administrator gets the username and password; another user the password. They log in
// themselves. Errors: ErrExpired, Refused.
func (a *Accounts) UseLink(ctx context.Context, by Caller, token, username, password string) (u *User, err error) {
	if err := a.buckets.attempt(by.Address, a.Now()); err != nil {
		return nil, err
	}
	who, err := a.Link(ctx, token)
	if err != nil {
		return nil, err
	}
	n := NewUser{Username: username, Password: password, Roles: []string{"admin"}}
	if who == nil {
		err = n.check()
	} else {
		var f *Factors
		if f, err = a.Factors(ctx, who.ID); err == nil {
			err = checkPassword(password, who.Username, f.Second())
		}
	}
	if err == nil && password == "" {
		err = refusef("a password is needed")
	}
	if err != nil {
		return nil, err
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return nil, err
	}
	err = a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		who, err := readLink(ctx, tx, token)
		if err != nil {
			return err
		}
		if err := tx.Drop(ctx, kindLink, secret.Digest("setup", token)); err != nil {
			return err
		}
		if who == nil {
			if list, err := tx.Records(ctx, kindUser, "", "", 1); err != nil {
				return err
			} else if len(list) > 0 {
				return ErrExpired
			}
			u, err = a.add(ctx, tx, by, n, hash)
			return err
		}
		u = who
		if err := a.setHash(ctx, tx, who, hash); err != nil {
			return err
		}
		return note(ctx, tx, a.event(by, audit.Admin, "password-change", who))
	})
	return u, err
}
