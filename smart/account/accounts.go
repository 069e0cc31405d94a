package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
)

// Vault encrypts what must be readable again, the seeds of one-time codes. about is bound to the text, so that no value can be
// moved to another place.
type Vault interface {
	Seal(plain, about []byte) ([]byte, error)
	Open(sealed, about []byte) ([]byte, error)
}

// Options say what Accounts work with. Only Store is required.
type Options struct {
	Store fhir.Store
	Vault Vault            // nil = no one-time codes: they cannot be enrolled, and who has enrolled needs another factor
	Now   func() time.Time // nil = time.Now
	Log   *slog.Logger     // nil = none
	Name  string           // of the server, as authenticators show it; "" = "Andiron"

	Hash     HashCost // zero = the floor of OWASP: 19 MiB, 2 passes, 1 lane; less is for tests
	Limits   Limits   // zero = DefaultLimits
	Idle     time.Duration
	Absolute time.Duration // a session ends so long after the login; 0 = 12 h. Idle: so long after it was last used; 0 = 30 min
}

// Accounts are the users of a store. They are safe for concurrent use, by several processes on the same store too.
type Accounts struct {
	Options
	hasher  *hasher
	buckets *buckets
}

// New gives the accounts of a store.
func New(o Options) (*Accounts, error) {
	if o.Store == nil {
		return nil, errors.New("accounts need a store")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Name == "" {
		o.Name = "Andiron"
	}
	if o.Idle == 0 {
		o.Idle = 30 * time.Minute
	}
	if o.Absolute == 0 {
		o.Absolute = 12 * time.Hour
	}
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits()
	}
	h, err := newHasher(o.Hash)
	if err != nil {
		return nil, err
	}
	return &Accounts{Options: o, hasher: h, buckets: newBuckets(o.Limits)}, nil
}

// Caller is who asks for something, for the audit trail and the limits.
type Caller struct {
	Subject   string // "user:ID", "system"; "" = nobody yet
	Name      string
	Address   string // network address; "" = this machine, which no address limit holds for
	RequestID string
}

// System is the caller of what the server does for itself and of the command line.
func System(name string) Caller { return Caller{Subject: "system", Name: name} }

// ErrWrong is the answer to every login that fails, whatever the reason: nobody learns which half was wrong, nor who has an account.
var ErrWrong = errors.New("the username, the password or the code is wrong")

// ErrExpired is the answer to a link, a login half done or a challenge that is used, too old or was never given.
var ErrExpired = errors.New("this has expired or been used already; begin again")

// Throttled is the error for who tries too often.
type Throttled struct{ RetryAfter time.Duration }

func (e *Throttled) Error() string {
	return fmt.Sprintf("too many attempts; try again in %d seconds", e.Seconds())
}

// Seconds is Retry-After, rounded up.
func (e *Throttled) Seconds() int64 { return int64((e.RetryAfter + time.Second - 1) / time.Second) }

// Refused is the error for what cannot be done, with a sentence for the user.
type Refused struct{ Text string }

func (e *Refused) Error() string { return e.Text }

func refusef(format string, args ...any) error { return &Refused{fmt.Sprintf(format, args...)} }

// event begins an audit event of a caller; u, if any, is whom it is about.
func (a *Accounts) event(by Caller, kind audit.Kind, subtype string, u *User) *audit.Event {
	e := &audit.Event{
		Time: a.Now(), Kind: kind, Subtype: subtype,
		Subject: by.Subject, Name: by.Name, Address: by.Address, RequestID: by.RequestID,
	}
	if u == nil {
		return e
	}
	if by.Subject == "" || by.Subject == u.Subject() {
		e.Subject, e.Name, e.FhirUser, e.Roles = u.Subject(), u.Username, u.FhirUser, u.Roles
	}
	if kind == audit.Admin {
		e.What = []string{u.Subject()}
	}
	return e
}

// note appends an event to the update.
func note(ctx context.Context, tx fhir.Tx, e *audit.Event) error { return tx.Append(ctx, e.Entry()) }

func failed(e *audit.Event, reason string) *audit.Event {
	e.Outcome, e.Reason = 4, reason
	return e
}
