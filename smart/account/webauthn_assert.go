package account

import (
	"context"
	"encoding/json"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/secret"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// holderOf names what a challenge is bound to.
func holderOf(w Second) string {
	if w.Session != nil {
		return w.Session.ID
	}
	return secret.Digest("login", w.Login)
}

// BeginAssertion gives the options that a browser asks an authenticator with (https://www.w3.org/TR/webauthn-3/#sctn-getAssertion).
// A step-up wants the authenticator to have verified the user. Errors: ErrExpired, Refused.
func (a *Accounts) BeginAssertion(ctx context.Context, w Second, origin string) (opts json.RawMessage, err error) {
	rp, err := a.relyingParty(origin)
	if err != nil {
		return nil, err
	}
	verification := protocol.VerificationPreferred
	if w.Session != nil {
		verification = protocol.VerificationRequired
	}
	err = a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		_, user, err := a.half(ctx, tx, w)
		if err != nil {
			return err
		}
		u, s, err := readWhole(ctx, tx, user)
		if err != nil {
			return err
		}
		if len(s.Passkeys) == 0 {
			return refusef("there is no passkey")
		}
		assertion, data, err := rp.BeginLogin(&holder{u, s.Passkeys}, webauthn.WithUserVerification(verification))
		if err != nil {
			return fhir.Internal(err)
		}
		if opts, err = options(assertion); err != nil {
			return err
		}
		return a.keepChallenge(ctx, tx, "login", u.ID, holderOf(w), data)
	})
	return opts, err
}

// FinishAssertion finishes a login, or steps a session up, with the answer of an authenticator. An answer whose counter has not
// grown is refused: there may be two authenticators with this key. Errors: ErrWrong, ErrExpired, Throttled.
func (a *Accounts) FinishAssertion(ctx context.Context, by Caller, w Second, origin string, answer []byte) (*Login, error) {
	rp, err := a.relyingParty(origin)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, refusef("this is not the answer of an authenticator")
	}
	f := &factor{amr: "hwk"}
	f.check = func(tx fhir.Tx, u *User, s *secrets) (bool, error) {
		data, err := takeChallenge(ctx, tx, "login", parsed.Response.CollectedClientData.Challenge, u.ID, holderOf(w))
		if err != nil {
			return false, err
		}
		used, err := rp.ValidateLogin(&holder{u, s.Passkeys}, *data, parsed)
		if err != nil {
			return false, nil
		}
		f.amr = possession(used)
		if used.Authenticator.CloneWarning {
			f.serious = "the counter of a passkey went back: there may be a copy of it"
			return false, nil
		}
		for i := range s.Passkeys {
			if string(s.Passkeys[i].Key.ID) == string(used.ID) {
				s.Passkeys[i].Key = *used
				s.Passkeys[i].Used = a.Now().UTC().Truncate(time.Second)
			}
		}
		return true, keepSecrets(ctx, tx, u.ID, s)
	}
	return a.finish(ctx, by, w, f)
}
