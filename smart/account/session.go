package account

import (
	"context"
	"crypto/subtle"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
	"andiron.dev/smart/secret"
)

// The authentication context classes of a session (OpenID Connect Core §2, acr).
const (
	ACRPassword = "urn:andiron:acr:pwd" // one factor, or an upstream login that said no more
	ACRMulti    = "urn:andiron:acr:mfa" // two factors
)

// Session is a browser in which a user is logged in. Its token changes whenever what it is worth changes; its ID does not.
type Session struct {
	ID   string `json:"-"` // no secret
	User *User  `json:"-"` // as it is now; never disabled

	UserID   string    `json:"user"`
	Started  time.Time `json:"started"`
	Seen     time.Time `json:"seen"`          // to the minute
	AuthTime time.Time `json:"auth_time"`     // when the user last proved who they are
	MFATime  time.Time `json:"mfa,omitzero"`  // when they last did with a second factor; zero = never
	AMR      []string  `json:"amr"`           // RFC 8176
	Issuer   string    `json:"iss,omitempty"` // upstream provider; "" = logged in here

	csrf string
}

// ACR is the authentication context class.
func (s *Session) ACR() string {
	if s.MFATime.IsZero() {
		return ACRPassword
	}
	return ACRMulti
}

// Fresh reports whether a second factor was given within the time before now: what break-glass and the like ask for.
func (s *Session) Fresh(now time.Time, within time.Duration) bool {
	return !s.MFATime.IsZero() && now.Sub(s.MFATime) <= within
}

// CSRF is the value that forms of this session carry. It comes from the token, so that only who has that can know it.
func (s *Session) CSRF() string { return s.csrf }

// sessionRecord is what is kept.
type sessionRecord struct {
	Session
	Digest string `json:"digest"` // of the secret half of the token
}

// touchEvery is how much time may pass until it is written down that a session is in use.
const touchEvery = time.Minute

// proof is how a user has proved who they are.
type proof struct {
	amr    []string
	second bool
	issuer string
}

// begin makes a session and gives its token: its ID and a secret. Where the user's browser had one, that one ends.
func (a *Accounts) begin(ctx context.Context, tx fhir.Tx, u *User, p proof, before string) (*Session, string, error) {
	if id, _, _ := strings.Cut(before, "."); id != "" {
		if old, err := a.readSession(ctx, tx, before); err != nil {
			return nil, "", err
		} else if old != nil {
			if err := tx.Drop(ctx, kindSession, id); err != nil {
				return nil, "", err
			}
		}
	}
	now := a.Now().UTC()
	r := &sessionRecord{Session: Session{ID: secret.NewID(), User: u, UserID: u.ID, Started: now, Seen: now, AuthTime: now, Issuer: p.issuer}}
	r.proved(p, now)
	token, err := a.seal(ctx, tx, r)
	return &r.Session, token, err
}

// proved notes a proof.
func (s *Session) proved(p proof, now time.Time) {
	for _, m := range p.amr {
		if !slices.Contains(s.AMR, m) {
			s.AMR = append(s.AMR, m)
		}
	}
	s.AuthTime = now
	if p.second {
		s.MFATime = now
		if !slices.Contains(s.AMR, "mfa") {
			s.AMR = append(s.AMR, "mfa")
		}
	}
}

// seal gives a session a new secret and writes it.
func (a *Accounts) seal(ctx context.Context, tx fhir.Recorder, r *sessionRecord) (token string, err error) {
	text := secret.NewToken()
	r.Digest = secret.Digest("session", text)
	r.csrf = secret.Digest("csrf", text)
	return r.ID + "." + text, a.keepSession(ctx, tx, r)
}

func (a *Accounts) keepSession(ctx context.Context, tx fhir.Recorder, r *sessionRecord) error {
	end := r.Started.Add(a.Absolute)
	if idle := r.Seen.Add(a.Idle); idle.Before(end) {
		end = idle
	}
	return fhir.KeepValue(ctx, tx, fhir.Record{Kind: kindSession, Key: r.ID, Owner: r.UserID, Expires: end}, r)
}

// renew gives a session a new token, and notes a proof if there is one. The one before is no longer good for anything.
func (a *Accounts) renew(ctx context.Context, tx fhir.Tx, id string, p *proof) (token string, err error) {
	var r sessionRecord
	found, err := fhir.RecordValue(ctx, tx, kindSession, id, &r)
	if err != nil {
		return "", err
	}
	if !found {
		return "", ErrExpired
	}
	r.ID = id
	if p != nil {
		r.proved(*p, a.Now().UTC())
	}
	return a.seal(ctx, tx, &r)
}

// Session finds the session of a token. It returns nil where there is none: ended, expired, of a user who is disabled, or never
// given.
func (a *Accounts) Session(ctx context.Context, token string) (*Session, error) {
	var r *sessionRecord
	err := a.Store.View(ctx, func(tx fhir.Tx) (err error) {
		r, err = a.readSession(ctx, tx, token)
		return err
	})
	if err != nil || r == nil {
		return nil, err
	}
	if a.Now().Sub(r.Seen) >= touchEvery {
		err = a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
			again, err := a.readSession(ctx, tx, token)
			if err != nil || again == nil {
				return err
			}
			again.Seen = a.Now().UTC()
			return a.keepSession(ctx, tx, again)
		})
		if err != nil {
			return nil, err
		}
	}
	return &r.Session, nil
}

func (a *Accounts) readSession(ctx context.Context, rr fhir.RecordReader, token string) (*sessionRecord, error) {
	id, text, ok := strings.Cut(token, ".")
	if !ok || id == "" || len(token) > 128 {
		return nil, nil
	}
	r := new(sessionRecord)
	found, err := fhir.RecordValue(ctx, rr, kindSession, id, r)
	if err != nil || !found || subtle.ConstantTimeCompare([]byte(r.Digest), []byte(secret.Digest("session", text))) != 1 {
		return nil, err
	}
	now := a.Now()
	if !now.Before(r.Started.Add(a.Absolute)) || !now.Before(r.Seen.Add(a.Idle)) {
		return nil, nil
	}
	u, err := ReadUser(ctx, rr, r.UserID)
	if fhir.CodeOf(err) == fhir.NotFound {
		return nil, nil
	}
	if err != nil || u.Disabled {
		return nil, err
	}
	r.ID, r.User, r.csrf = id, u, secret.Digest("csrf", text)
	return r, nil
}

// Alive reports whether a session, named by its ID, goes on: what online_access stands on. The user may be disabled all the same.
func Alive(ctx context.Context, rr fhir.RecordReader, id string) (bool, error) {
	var r sessionRecord
	return fhir.RecordValue(ctx, rr, kindSession, id, &r)
}

// Logout ends a session.
func (a *Accounts) Logout(ctx context.Context, by Caller, sess *Session) error {
	return a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		if err := tx.Drop(ctx, kindSession, sess.ID); err != nil {
			return err
		}
		return note(ctx, tx, a.event(by, audit.Logout, "logout", sess.User))
	})
}

// EndSessions ends all sessions of a user but one; except "" = all.
func (a *Accounts) EndSessions(ctx context.Context, by Caller, user, except string) error {
	return a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		u, err := ReadUser(ctx, tx, user)
		if err != nil {
			return err
		}
		if err := endSessions(ctx, tx, user, except); err != nil {
			return err
		}
		return note(ctx, tx, a.event(by, audit.Admin, "sessions-end", u))
	})
}

// endSessions also ends logins that are half done.
func endSessions(ctx context.Context, tx fhir.Tx, user, except string) error {
	if err := dropAll(ctx, tx, kindLogin, user); err != nil {
		return err
	}
	if except == "" {
		return dropAll(ctx, tx, kindSession, user)
	}
	for after := ""; ; {
		list, err := tx.Records(ctx, kindSession, user, after, 100)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, r := range list {
			if after = r.Key; r.Key == except {
				continue
			}
			if err := tx.Drop(ctx, kindSession, r.Key); err != nil {
				return err
			}
		}
	}
}
