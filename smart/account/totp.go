package account

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

// One-time codes are those of RFC 6238 as every authenticator app has them: SHA-1, six digits, 30 seconds.
const (
	stepSeconds = 30
	codeDigits  = otp.DigitsSix
	skew        = 1 // steps that the clock of an authenticator may be off

	enrolmentLife = 10 * time.Minute
)

// Seed is what an authenticator app is given, once.
type Seed struct {
	Secret string // base32
	URL    string // otpauth://totp/…
}

// enrolmentRecord is a seed that no code has been shown for yet.
type enrolmentRecord struct {
	Seed []byte `json:"seed"` // sealed
}

func aboutSeed(user string) []byte { return []byte("totp seed of user " + user) }

// BeginCodes makes a seed for the user of a session. It counts for nothing until FinishCodes sees a code of it. Errors: Refused where
// the user has one already, or the server has no key to keep it under.
func (a *Accounts) BeginCodes(ctx context.Context, sess *Session) (*Seed, error) {
	if a.Vault == nil {
		return nil, refusef("this server has no key to keep the seeds of one-time codes under")
	}
	key, err := a.seed(sess.User, nil)
	if err != nil {
		return nil, err
	}
	sealed, err := a.Vault.Seal([]byte(key.Secret()), aboutSeed(sess.UserID))
	if err != nil {
		return nil, fhir.Internal(err)
	}
	err = a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		s, err := readSecrets(ctx, tx, sess.UserID)
		if err != nil {
			return err
		}
		if s.Seed != nil {
			return refusef("one-time codes are on already")
		}
		return fhir.KeepValue(ctx, tx, fhir.Record{Kind: kindEnrolment, Key: sess.ID, Owner: sess.UserID, Expires: a.Now().Add(enrolmentLife)}, enrolmentRecord{sealed})
	})
	if err != nil {
		return nil, err
	}
	return &Seed{Secret: key.Secret(), URL: key.URL()}, nil
}

// PendingCodes gives the seed that has been begun with again, for a page that has to be shown once more. Errors: ErrExpired.
func (a *Accounts) PendingCodes(ctx context.Context, sess *Session) (*Seed, error) {
	var e enrolmentRecord
	err := a.Store.View(ctx, func(tx fhir.Tx) error {
		found, err := fhir.RecordValue(ctx, tx, kindEnrolment, sess.ID, &e)
		if err == nil && !found {
			err = ErrExpired
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	secret, err := a.openSeed(sess.UserID, e.Seed)
	if err != nil {
		return nil, err
	}
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return nil, fhir.Internal(err)
	}
	key, err := a.seed(sess.User, raw)
	if err != nil {
		return nil, err
	}
	return &Seed{Secret: key.Secret(), URL: key.URL()}, nil
}

// seed is a key for authenticator apps, a new one where there are no bytes for it.
func (a *Accounts) seed(u *User, raw []byte) (*otp.Key, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: a.Name, AccountName: u.Username, Period: stepSeconds, Digits: codeDigits, Secret: raw})
	if err != nil {
		return nil, fhir.Internal(err)
	}
	return key, nil
}

func (a *Accounts) openSeed(user string, sealed []byte) (string, error) {
	if a.Vault == nil {
		return "", refusef("this server has no key to read the seeds of one-time codes with")
	}
	secret, err := a.Vault.Open(sealed, aboutSeed(user))
	if err != nil {
		return "", fhir.Internal(err)
	}
	return string(secret), nil
}

// FinishCodes turns one-time codes on: the code shows that the app has the seed. It counts as a second factor, so the session
// gets a new token; recovery codes are made where there are none. Errors: ErrWrong, ErrExpired, Throttled.
func (a *Accounts) FinishCodes(ctx context.Context, by Caller, sess *Session, code string) (token string, recovery []string, err error) {
	var refused error
	err = a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		token, recovery, refused = "", nil, nil
		var e enrolmentRecord
		found, err := fhir.RecordValue(ctx, tx, kindEnrolment, sess.ID, &e)
		if err != nil {
			return err
		}
		if !found {
			return ErrExpired
		}
		s, err := readSecrets(ctx, tx, sess.UserID)
		if err != nil {
			return err
		}
		if s.Seed != nil {
			return refusef("one-time codes are on already")
		}
		s.Seed, s.Counter = e.Seed, 0
		refused, err = a.tryCode(ctx, tx, sess.UserID, func() (bool, error) { return a.matchCode(sess.UserID, s, code) })
		if err != nil || refused != nil {
			return err
		}
		if len(s.Recovery) == 0 {
			recovery, s.Recovery = newRecovery(sess.UserID)
		}
		if err := keepSecrets(ctx, tx, sess.UserID, s); err != nil {
			return err
		}
		if err := tx.Drop(ctx, kindEnrolment, sess.ID); err != nil {
			return err
		}
		if token, err = a.renew(ctx, tx, sess.ID, &proof{amr: []string{"otp"}, second: true}); err != nil {
			return err
		}
		return note(ctx, tx, a.event(by, audit.Admin, "mfa-enrol", sess.User))
	})
	if err == nil {
		err = refused
	}
	return token, recovery, err
}

// DisableCodes turns one-time codes off. The caller has confirmed the password. Errors: Refused where the password is too short to
// stand alone.
func (a *Accounts) DisableCodes(ctx context.Context, by Caller, sess *Session, password string) (token string, err error) {
	return a.dropFactor(ctx, by, sess, password, func(s *secrets) bool {
		had := s.Seed != nil
		s.Seed, s.Counter = nil, 0
		return had
	})
}

// dropFactor takes a second factor away.
func (a *Accounts) dropFactor(ctx context.Context, by Caller, sess *Session, password string, drop func(*secrets) bool) (token string, err error) {
	err = a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		s, err := readSecrets(ctx, tx, sess.UserID)
		if err != nil {
			return err
		}
		if !drop(s) {
			return refusef("there is no such second factor")
		}
		if !s.secondFactor() {
			if s.Password != "" && checkPassword(password, sess.User.Username, false) != nil {
				return refusef("without a second factor a password has at least %d characters; change yours first", minAlone)
			}
			s.Recovery = nil
		}
		if err := keepSecrets(ctx, tx, sess.UserID, s); err != nil {
			return err
		}
		if token, err = a.renew(ctx, tx, sess.ID, nil); err != nil {
			return err
		}
		return note(ctx, tx, a.event(by, audit.Admin, "mfa-disable", sess.User))
	})
	return token, err
}

// ResetFactors takes all second factors of a user away, for one who has lost them, and ends their sessions. Errors: NotFound.
func (a *Accounts) ResetFactors(ctx context.Context, by Caller, user string) error {
	return a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		u, s, err := readWhole(ctx, tx, user)
		if err != nil {
			return err
		}
		s.Seed, s.Counter, s.Recovery, s.Passkeys = nil, 0, nil, nil
		if err := keepSecrets(ctx, tx, user, s); err != nil {
			return err
		}
		if err := tx.Drop(ctx, kindThrottle, codesThrottle(user)); err != nil {
			return err
		}
		if err := endSessions(ctx, tx, user, ""); err != nil {
			return err
		}
		return note(ctx, tx, a.event(by, audit.Admin, "mfa-reset", u))
	})
}

// FinishCode finishes a login, or steps a session up, with a one-time code or a recovery code. Errors: ErrWrong, ErrExpired, Throttled.
func (a *Accounts) FinishCode(ctx context.Context, by Caller, w Second, code string) (*Login, error) {
	return a.finish(ctx, by, w, &factor{amr: "otp", check: func(tx fhir.Tx, u *User, s *secrets) (bool, error) {
		ok := s.useRecovery(u.ID, code)
		if !ok && s.Seed != nil {
			var err error
			if ok, err = a.matchCode(u.ID, s, code); err != nil {
				return false, err
			}
		}
		if !ok {
			return false, nil
		}
		return true, keepSecrets(ctx, tx, u.ID, s)
	}})
}

// matchCode reports whether a code is one of the present time that has not been used, and notes that it has been: a code is good
// for one login (RFC 6238 §5.2), as are all before it.
func (a *Accounts) matchCode(user string, s *secrets, code string) (bool, error) {
	seed, err := a.openSeed(user, s.Seed)
	if err != nil {
		return false, err
	}
	code = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, code)
	now, found := a.Now().Unix()/stepSeconds, int64(0)
	for step := now - skew; step <= now+skew; step++ {
		want, err := hotp.GenerateCodeCustom(seed, uint64(step), hotp.ValidateOpts{Digits: codeDigits, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return false, fhir.Internal(err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && step > s.Counter {
			found = step
		}
	}
	if found == 0 {
		return false, nil
	}
	s.Counter = found
	return true, nil
}
