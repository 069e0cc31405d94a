package account

import (
	"context"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
)

// ChangePassword gives the user of a session another password. It ends all of their other sessions, and renews the token of this one.
// Errors: ErrWrong where old is not the password; Throttled; Refused.
func (a *Accounts) ChangePassword(ctx context.Context, by Caller, sess *Session, old, password string) (token string, err error) {
	user := sess.User
	if err := a.Confirm(ctx, by, user, old); err != nil {
		return "", err
	}
	f, err := a.Factors(ctx, user.ID)
	if err != nil {
		return "", err
	}
	if err := checkPassword(password, user.Username, f.Second()); err != nil {
		return "", err
	}
	if password == old {
		return "", refusef("this is the password that you have")
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return "", err
	}
	err = a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		if err := a.setHash(ctx, tx, user, hash); err != nil {
			return err
		}
		if err := endSessions(ctx, tx, user.ID, sess.ID); err != nil {
			return err
		}
		if token, err = a.renew(ctx, tx, sess.ID, nil); err != nil {
			return err
		}
		return note(ctx, tx, a.event(by, audit.Admin, "password-change", user))
	})
	return token, err
}

// SetPassword gives a user a password without asking for the old one, as an administrator does, and ends all of their sessions.
// Errors: NotFound, Refused.
func (a *Accounts) SetPassword(ctx context.Context, by Caller, id, password string) error {
	u, err := a.User(ctx, id)
	if err != nil {
		return err
	}
	f, err := a.Factors(ctx, id)
	if err != nil {
		return err
	}
	if err := checkPassword(password, u.Username, f.Second()); err != nil {
		return err
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		if err := a.setHash(ctx, tx, u, hash); err != nil {
			return err
		}
		if err := endSessions(ctx, tx, id, ""); err != nil {
			return err
		}
		return note(ctx, tx, a.event(by, audit.Admin, "password-reset", u))
	})
}

// setHash writes the hash of a new password, which nobody has guessed at yet, and ends the logins that stand on the old one.
func (a *Accounts) setHash(ctx context.Context, tx fhir.Tx, u *User, hash string) error {
	s, err := readSecrets(ctx, tx, u.ID)
	if err != nil {
		return err
	}
	s.Password, s.Changed = hash, a.Now().UTC().Truncate(time.Second)
	if err := keepSecrets(ctx, tx, u.ID, s); err != nil {
		return err
	}
	if err := dropAll(ctx, tx, kindLogin, u.ID); err != nil {
		return err
	}
	if err := dropAll(ctx, tx, kindLink, u.ID); err != nil {
		return err
	}
	return tx.Drop(ctx, kindThrottle, passwordThrottle(u.Username))
}

// Confirm checks the password of a user who is logged in already, before something that needs it. Errors: ErrWrong, Throttled.
func (a *Accounts) Confirm(ctx context.Context, by Caller, u *User, password string) error {
	if err := a.buckets.attempt(by.Address, a.Now()); err != nil {
		return err
	}
	t, err := a.reserve(ctx, u.Username)
	if err != nil {
		return err
	}
	ok, err := a.hasher.verify(ctx, password, t.secrets.Password)
	if err != nil {
		return err
	}
	if !ok || t.user == nil || t.user.ID != u.ID {
		a.buckets.failure(by.Address, a.Now())
		err := a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
			return note(ctx, tx, failed(a.event(by, audit.Login, "confirm", u), "wrong password"))
		})
		if err != nil {
			return err
		}
		return ErrWrong
	}
	return a.Store.Update(ctx, nil, func(tx fhir.Tx) error { return tx.Drop(ctx, kindThrottle, passwordThrottle(u.Username)) })
}

// dropAll drops all records of a kind that a user owns.
func dropAll(ctx context.Context, tx fhir.Tx, kind, owner string) error {
	for after := ""; ; {
		list, err := tx.Records(ctx, kind, owner, after, 100)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, r := range list {
			after = r.Key
			if err := tx.Drop(ctx, kind, r.Key); err != nil {
				return err
			}
		}
	}
}
