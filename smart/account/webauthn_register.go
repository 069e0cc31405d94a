package account

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// BeginPasskey gives the options that a browser makes a passkey for the user of a session with
// (https://www.w3.org/TR/webauthn-3/#sctn-createCredential). origin is the scheme, host and port of this server's pages. Errors: Refused.
func (a *Accounts) BeginPasskey(ctx context.Context, sess *Session, origin string) (opts json.RawMessage, err error) {
	rp, err := a.relyingParty(origin)
	if err != nil {
		return nil, err
	}
	err = a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		u, s, err := readWhole(ctx, tx, sess.UserID)
		if err != nil {
			return err
		}
		if len(s.Passkeys) >= maxPasskeys {
			return refusef("a user has at most %d passkeys", maxPasskeys)
		}
		h := &holder{u, s.Passkeys}
		creation, data, err := rp.BeginRegistration(h,
			webauthn.WithExclusions(webauthn.Credentials(h.WebAuthnCredentials()).CredentialDescriptors()),
			webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{UserVerification: protocol.VerificationPreferred, ResidentKey: protocol.ResidentKeyRequirementDiscouraged}))
		if err != nil {
			return fhir.Internal(err)
		}
		if opts, err = options(creation); err != nil {
			return err
		}
		return a.keepChallenge(ctx, tx, "register", u.ID, sess.ID, data)
	})
	return opts, err
}

// FinishPasskey takes the passkey that the browser has made. It counts as a second factor, so the session gets a new token. Errors:
// ErrExpired; Refused where the answer is not of this ceremony.
func (a *Accounts) FinishPasskey(ctx context.Context, by Caller, sess *Session, origin, name string, answer []byte) (token string, err error) {
	rp, err := a.relyingParty(origin)
	if err != nil {
		return "", err
	}
	if name = strings.TrimSpace(name); name == "" {
		name = "passkey"
	}
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxUsername {
		return "", refusef("the name of a passkey has at most %d characters", maxUsername)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return "", refusef("this is not the answer of an authenticator")
	}
	var refused error
	err = a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		token, refused = "", nil
		data, err := takeChallenge(ctx, tx, "register", parsed.Response.CollectedClientData.Challenge, sess.UserID, sess.ID)
		if err != nil {
			return err
		}
		u, s, err := readWhole(ctx, tx, sess.UserID)
		if err != nil {
			return err
		}
		made, err := rp.CreateCredential(&holder{u, s.Passkeys}, *data, parsed)
		if err != nil {
			refused = refusef("the authenticator's answer does not belong to this page and user")
			return note(ctx, tx, failed(a.event(by, audit.Admin, "mfa-enrol", u), "a passkey could not be verified"))
		}
		for _, p := range s.Passkeys {
			if string(p.Key.ID) == string(made.ID) {
				return refusef("this passkey is there already")
			}
		}
		s.Passkeys = append(s.Passkeys, passkey{Key: *made, Name: name, Added: a.Now().UTC().Truncate(time.Second)})
		if err := keepSecrets(ctx, tx, u.ID, s); err != nil {
			return err
		}
		if token, err = a.renew(ctx, tx, sess.ID, &proof{amr: []string{possession(made)}, second: true}); err != nil {
			return err
		}
		return note(ctx, tx, a.event(by, audit.Admin, "mfa-enrol", u))
	})
	if err == nil {
		err = refused
	}
	return token, err
}

// possession says by RFC 8176 what a key is kept in: hardware, unless it can leave it.
func possession(c *webauthn.Credential) string {
	if c.Flags.BackupEligible {
		return "swk"
	}
	return "hwk"
}

// DropPasskey takes a passkey away. The caller has confirmed the password. Errors: Refused.
func (a *Accounts) DropPasskey(ctx context.Context, by Caller, sess *Session, password, id string) (token string, err error) {
	return a.dropFactor(ctx, by, sess, password, func(s *secrets) bool {
		for i := range s.Passkeys {
			if passkeyID(s.Passkeys[i].Key.ID) == id {
				s.Passkeys = append(s.Passkeys[:i], s.Passkeys[i+1:]...)
				return true
			}
		}
		return false
	})
}
