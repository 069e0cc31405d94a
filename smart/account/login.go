package account

import (
	"context"
	"log/slog"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
	"andiron.dev/smart/secret"
)

// Login is what a login has come to.
type Login struct {
	Session *Session // nil = a second factor is wanted
	Token   string   // of the session, or of the login half done
}

// loginLife is how long a second factor may take after the first.
const loginLife = 10 * time.Minute

// loginRecord is a login half done.
type loginRecord struct {
	User   string   `json:"user"`
	AMR    []string `json:"amr"`
	Issuer string   `json:"iss,omitempty"`
}

// Login checks a username and password. before is the token of the session that the browser has had; it ends. Errors: ErrWrong, Throttled.
func (a *Accounts) Login(ctx context.Context, by Caller, username, password, before string) (*Login, error) {
	if err := a.buckets.attempt(by.Address, a.Now()); err != nil {
		return nil, err
	}
	t, err := a.reserve(ctx, username)
	if err != nil {
		return nil, err
	}
	ok, err := a.hasher.verify(ctx, password, t.secrets.Password)
	if err != nil {
		return nil, err
	}
	if !ok || t.user == nil || t.user.Disabled {
		return nil, a.loginFailed(ctx, by, t.user, ok)
	}
	better := ""
	if a.hasher.outdated(t.secrets.Password) {
		if better, err = a.hasher.hash(ctx, password); err != nil {
			return nil, err
		}
	}
	var l *Login
	err = a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		u, s, err := readWhole(ctx, tx, t.user.ID)
		if err != nil {
			return err
		}
		if u.Disabled || s.Password != t.secrets.Password { // changed while it was checked
			return ErrWrong
		}
		if better != "" {
			s.Password = better
			if err := keepSecrets(ctx, tx, u.ID, s); err != nil {
				return err
			}
		}
		if err := tx.Drop(ctx, kindThrottle, passwordThrottle(u.Username)); err != nil {
			return err
		}
		l, err = a.enter(ctx, tx, by, u, s, proof{amr: []string{"pwd"}}, before)
		return err
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (a *Accounts) loginFailed(ctx context.Context, by Caller, u *User, right bool) error {
	if a.buckets.failure(by.Address, a.Now()) {
		a.Log.Warn("an address has failed to log in too often", slog.String("address", by.Address))
	}
	reason := "wrong password"
	switch {
	case u == nil:
		reason = "unknown username" // which is not said: people type passwords there
	case right:
		reason = "user is disabled"
	}
	err := a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		return note(ctx, tx, failed(a.event(by, audit.Login, "password", u), reason))
	})
	if err != nil {
		return err
	}
	return ErrWrong
}

// readWhole reads a user with their secrets.
func readWhole(ctx context.Context, rr fhir.RecordReader, id string) (*User, *secrets, error) {
	u, err := ReadUser(ctx, rr, id)
	if err != nil {
		return nil, nil, err
	}
	s, err := readSecrets(ctx, rr, id)
	return u, s, err
}

// enter begins the session of a user whose first factor was right, or asks for the second.
func (a *Accounts) enter(ctx context.Context, tx fhir.Tx, by Caller, u *User, s *secrets, p proof, before string) (*Login, error) {
	if s.secondFactor() && !p.second {
		token := secret.NewToken()
		r := fhir.Record{Kind: kindLogin, Key: secret.Digest("login", token), Owner: u.ID, Expires: a.Now().Add(loginLife)}
		return &Login{Token: token}, fhir.KeepValue(ctx, tx, r, loginRecord{u.ID, p.amr, p.issuer})
	}
	sess, token, err := a.begin(ctx, tx, u, p, before)
	if err != nil {
		return nil, err
	}
	return &Login{sess, token}, note(ctx, tx, a.event(by, audit.Login, "login", u))
}

// Second is the second half of a login, or a step-up in a session: exactly one of the two is given.
type Second struct {
	Login   string   // token of a login half done
	Session *Session // of a user who is logged in
	Before  string   // with Login: the token of the session that the browser has had
}

// factor is a second factor that has been given.
type factor struct {
	amr   string
	check func(tx fhir.Tx, u *User, s *secrets) (ok bool, err error) // writes the secrets if it changed them
	// serious is set where a failure is more than a slip.
	serious string
}

// finish checks a second factor, and gives a session with it.
func (a *Accounts) finish(ctx context.Context, by Caller, w Second, f *factor) (*Login, error) {
	if err := a.buckets.attempt(by.Address, a.Now()); err != nil {
		return nil, err
	}
	var l *Login
	var refused error
	err := a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		l, refused, f.serious = nil, nil, ""
		p, user, err := a.half(ctx, tx, w)
		if err != nil {
			return err
		}
		u, s, err := readWhole(ctx, tx, user)
		if err != nil {
			return err
		}
		refused, err = a.tryCode(ctx, tx, user, func() (bool, error) { return f.check(tx, u, s) })
		if err != nil {
			return err
		}
		if u.Disabled && refused == nil {
			refused = ErrWrong
		}
		if refused == ErrWrong {
			e := failed(a.event(by, audit.Login, "second-factor", u), "wrong second factor")
			if f.serious != "" {
				e.Outcome, e.Reason = 8, f.serious
			}
			return note(ctx, tx, e)
		}
		if refused != nil {
			return nil
		}
		p.amr, p.second = append(p.amr, f.amr), true
		if w.Session == nil {
			if err := tx.Drop(ctx, kindLogin, secret.Digest("login", w.Login)); err != nil {
				return err
			}
			l, err = a.enter(ctx, tx, by, u, s, p, w.Before)
			return err
		}
		token, err := a.renew(ctx, tx, w.Session.ID, &p)
		if err != nil {
			return err
		}
		l = &Login{w.Session, token}
		return note(ctx, tx, a.event(by, audit.Login, "step-up", u))
	})
	if err != nil {
		return nil, err
	}
	if refused == ErrWrong {
		a.buckets.failure(by.Address, a.Now())
	}
	if refused != nil {
		return nil, refused
	}
	if w.Session != nil {
		l.Session, err = a.Session(ctx, l.Token)
	}
	return l, err
}

// half is what has been proved before the second factor, and by whom.
func (a *Accounts) half(ctx context.Context, rr fhir.RecordReader, w Second) (proof, string, error) {
	if w.Session != nil {
		return proof{}, w.Session.UserID, nil
	}
	var r loginRecord
	found, err := fhir.RecordValue(ctx, rr, kindLogin, secret.Digest("login", w.Login), &r)
	if err == nil && !found {
		err = ErrExpired
	}
	return proof{amr: r.AMR, issuer: r.Issuer}, r.User, err
}

// HalfDone finds the user of a login half done and what they can finish it with; nil where there is no such login.
func (a *Accounts) HalfDone(ctx context.Context, token string) (u *User, f *Factors, err error) {
	if token == "" || len(token) > 128 {
		return nil, nil, nil
	}
	var r *fhir.Record
	var half loginRecord
	err = a.Store.View(ctx, func(tx fhir.Tx) (err error) {
		r, err = tx.Record(ctx, kindLogin, secret.Digest("login", token))
		if err != nil {
			return err
		}
		if err := r.Decode(&half); err != nil {
			return err
		}
		u, err = ReadUser(ctx, tx, half.User)
		return err
	})
	if fhir.CodeOf(err) == fhir.NotFound {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	f, err = a.Factors(ctx, u.ID)
	return u, f, err
}
