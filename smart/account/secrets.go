package account

import (
	"context"
	"time"

	"andiron.dev/fhir"
	"github.com/go-webauthn/webauthn/webauthn"
)

// secrets are what a user proves their identity with. They are a record of their own, so that nothing that shows a user can show
// them.
type secrets struct {
	Password string    `json:"password,omitempty"` // PHC string; "" = none
	Changed  time.Time `json:"changed,omitzero"`   // when the password was last set

	Seed     []byte    `json:"seed,omitempty"`     // of one-time codes, sealed; nil = not enrolled
	Counter  int64     `json:"counter,omitempty"`  // the last time step that a code was accepted of
	Recovery []string  `json:"recovery,omitempty"` // digests of recovery codes that have not been used
	Passkeys []passkey `json:"passkeys,omitempty"`
}

// passkey is a WebAuthn credential.
type passkey struct {
	// Key is not embedded: its way to be JSON would become that of the whole.
	Key   webauthn.Credential `json:"credential"`
	Name  string              `json:"name"`
	Added time.Time           `json:"added"`
	Used  time.Time           `json:"used,omitzero"`
}

// secondFactor reports whether the password alone is not enough. Recovery codes are no factor of their own: they stand in for a
// lost one.
func (s *secrets) secondFactor() bool { return s.Seed != nil || len(s.Passkeys) > 0 }

func keepSecrets(ctx context.Context, tx fhir.Recorder, user string, s *secrets) error {
	return fhir.KeepValue(ctx, tx, fhir.Record{Kind: kindSecrets, Key: user, Owner: user}, s)
}

func readSecrets(ctx context.Context, rr fhir.RecordReader, user string) (*secrets, error) {
	var s secrets
	_, err := fhir.RecordValue(ctx, rr, kindSecrets, user, &s)
	return &s, err
}

// Factors say what a user can prove their identity with.
type Factors struct {
	Password bool      `json:"password"`
	Codes    bool      `json:"totp"` // one-time codes
	Recovery int       `json:"recovery_codes"`
	Passkeys []Passkey `json:"webauthn"`
}

// Second reports whether there is a second factor.
func (f *Factors) Second() bool { return f.Codes || len(f.Passkeys) > 0 }

// Passkey is what is shown of a WebAuthn credential.
type Passkey struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"`
	Added time.Time `json:"added"`
	Used  time.Time `json:"used,omitzero"`
}

// Factors reads what a user can prove their identity with.
func (a *Accounts) Factors(ctx context.Context, user string) (*Factors, error) {
	var s *secrets
	err := a.Store.View(ctx, func(tx fhir.Tx) (err error) {
		s, err = readSecrets(ctx, tx, user)
		return err
	})
	if err != nil {
		return nil, err
	}
	f := &Factors{Password: s.Password != "", Codes: s.Seed != nil, Recovery: len(s.Recovery), Passkeys: []Passkey{}}
	for _, p := range s.Passkeys {
		f.Passkeys = append(f.Passkeys, Passkey{ID: passkeyID(p.Key.ID), Name: p.Name, Added: p.Added, Used: p.Used})
	}
	return f, nil
}
