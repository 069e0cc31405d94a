package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
	"andiron.dev/smart/secret"
)

// recoveryCodes is how many there are at first.
const recoveryCodes = 10

// newRecovery makes recovery codes, each of 80 random bits so that a fast digest is enough, and the digests that are kept.
func newRecovery(user string) (codes, digests []string) {
	for range recoveryCodes {
		var b [10]byte
		_, _ = rand.Read(b[:]) // it never fails
		text := strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
		codes = append(codes, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
		digests = append(digests, recoveryDigest(user, text))
	}
	return codes, digests
}

// recoveryDigest is of a code however it was typed.
func recoveryDigest(user, code string) string {
	code = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, strings.ToLower(code))
	return secret.Digest("recovery", user, code)
}

// useRecovery reports whether a text is a recovery code of the user, which it uses up.
func (s *secrets) useRecovery(user, code string) bool {
	if len(code) > 64 {
		return false
	}
	want, at := recoveryDigest(user, code), -1
	for i, have := range s.Recovery {
		if subtle.ConstantTimeCompare([]byte(want), []byte(have)) == 1 {
			at = i
		}
	}
	if at < 0 {
		return false
	}
	s.Recovery = slices.Delete(s.Recovery, at, at+1)
	return true
}

// RenewRecovery makes new recovery codes for the user of a session; those from before are void. Errors: Refused where there is no second
// factor that they could stand in for.
func (a *Accounts) RenewRecovery(ctx context.Context, by Caller, sess *Session) (codes []string, err error) {
	err = a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		s, err := readSecrets(ctx, tx, sess.UserID)
		if err != nil {
			return err
		}
		if !s.secondFactor() {
			return refusef("recovery codes stand in for a second factor; set one up first")
		}
		codes, s.Recovery = newRecovery(sess.UserID)
		if err := keepSecrets(ctx, tx, sess.UserID, s); err != nil {
			return err
		}
		return note(ctx, tx, a.event(by, audit.Admin, "recovery-renew", sess.User))
	})
	return codes, err
}
