package account

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/secret"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// challengeLife is how long a WebAuthn ceremony may take.
const challengeLife = 5 * time.Minute

// maxPasskeys bounds the passkeys of a user.
const maxPasskeys = 20

// challengeRecord is what a challenge was given for.
type challengeRecord struct {
	User    string               `json:"user"`
	Holder  string               `json:"holder"` // the session or the login half done; no secret
	Session webauthn.SessionData `json:"session"`
}

func challengeKey(purpose, challenge string) string {
	return secret.Digest("challenge", purpose, challenge)
}

// relyingParty is this server as authenticators know it: by the host of its origin. Only pages of that very origin are answered.
func (a *Accounts) relyingParty(origin string) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return nil, refusef("passkeys need a server with a name")
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: a.Name, RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
	})
	if err != nil { // an address instead of a name, which browsers refuse too
		return nil, refusef("passkeys need a server with a name, such as localhost or fhir.example.org")
	}
	return w, nil
}

// holder is a user as the library wants one.
type holder struct {
	user *User
	list []passkey
}

func (h *holder) WebAuthnID() []byte          { return []byte(h.user.ID) }
func (h *holder) WebAuthnName() string        { return h.user.Username }
func (h *holder) WebAuthnDisplayName() string { return h.user.Username }
func (h *holder) WebAuthnCredentials() []webauthn.Credential {
	list := make([]webauthn.Credential, len(h.list))
	for i := range h.list {
		list[i] = h.list[i].Key
	}
	return list
}

func passkeyID(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }

// keepChallenge remembers a challenge until it is answered, or too old.
func (a *Accounts) keepChallenge(ctx context.Context, tx fhir.Recorder, purpose, user, holder string, s *webauthn.SessionData) error {
	r := fhir.Record{Kind: kindChallenge, Key: challengeKey(purpose, s.Challenge), Owner: user, Expires: a.Now().Add(challengeLife)}
	return fhir.KeepValue(ctx, tx, r, challengeRecord{user, holder, *s})
}

// takeChallenge uses a challenge up. Errors: ErrExpired.
func takeChallenge(ctx context.Context, tx fhir.Tx, purpose, challenge, user, holder string) (*webauthn.SessionData, error) {
	key := challengeKey(purpose, challenge)
	var c challengeRecord
	found, err := fhir.RecordValue(ctx, tx, kindChallenge, key, &c)
	if err != nil {
		return nil, err
	}
	if !found || c.User != user || c.Holder != holder {
		return nil, ErrExpired
	}
	return &c.Session, tx.Drop(ctx, kindChallenge, key)
}

// options is what a page hands to the browser.
func options(v any) (json.RawMessage, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fhir.Internal(err)
	}
	return text, nil
}
