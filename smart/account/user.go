package account

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
	"github.com/google/uuid"
)

// Kinds of the records that this package keeps. All but the first two have the id of a user as their owner.
const (
	kindUser      = "user"       // key: id
	kindUsername  = "username"   // key: folded username
	kindSecrets   = "credential" // key: id of the user
	kindSession   = "session"    // key: id of the session
	kindLogin     = "login"      // a password was right, a second factor is wanted; key: digest of its token
	kindThrottle  = "throttle"   // key: digest of what is guessed
	kindEnrolment = "enrolment"  // a seed that no code has been shown for yet; key: id of the session
	kindChallenge = "challenge"  // of a WebAuthn ceremony; key: its digest
	kindLink      = "setup"      // set-up link; key: digest of its token
	kindIdentity  = "identity"   // upstream identity; key: digest of issuer and subject
)

// User is somebody who may log in.
type User struct {
	ID       string    `json:"id"`
	Username string    `json:"username"`
	Name     string    `json:"name,omitempty"`      // for people to read
	FhirUser string    `json:"fhir_user,omitempty"` // "Practitioner/1": who this is in the records; "" = nobody
	Roles    []string  `json:"roles,omitempty"`     // see package smart
	Disabled bool      `json:"disabled,omitempty"`
	Created  time.Time `json:"created"`
}

// Subject names the user as smart.Principal does.
func (u *User) Subject() string { return "user:" + u.ID }

// NewUser is what a user is made of. Only Username is required: who has no password logs in elsewhere, or by a set-up link.
type NewUser struct {
	Username, Name, Password, FhirUser string
	Roles                              []string
}

// check says what is wrong with it.
func (n *NewUser) check() error {
	if err := checkUsername(n.Username); err != nil {
		return err
	}
	if n.FhirUser != "" && !regexp.MustCompile(`^(Patient|Practitioner|PractitionerRole|RelatedPerson|Person)/[A-Za-z0-9.-]{1,64}$`).MatchString(n.FhirUser) {
		return refusef("the resource of a user is a relative reference to a Patient, Practitioner, PractitionerRole, RelatedPerson or Person, such as Patient/1")
	}
	role := regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)
	for _, r := range n.Roles {
		if !role.MatchString(r) {
			return refusef("a role is a word in lower case such as front-desk")
		}
	}
	if n.Password == "" {
		return nil
	}
	return checkPassword(n.Password, n.Username, false)
}

// Add makes a user. Errors: Refused for what is wrong with it, and for a username that is taken.
func (a *Accounts) Add(ctx context.Context, by Caller, n NewUser) (*User, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	hash := ""
	if n.Password != "" {
		var err error
		if hash, err = a.hasher.hash(ctx, n.Password); err != nil {
			return nil, err
		}
	}
	var u *User
	err := a.Store.Update(ctx, nil, func(tx fhir.Tx) (err error) {
		u, err = a.add(ctx, tx, by, n, hash)
		return err
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

func (a *Accounts) add(ctx context.Context, tx fhir.Tx, by Caller, n NewUser, hash string) (*User, error) {
	u := &User{ID: uuid.NewString(), Username: strings.TrimSpace(n.Username), Name: n.Name, FhirUser: n.FhirUser, Roles: slices.Compact(slices.Sorted(slices.Values(n.Roles))), Created: a.Now().UTC().Truncate(time.Second)}
	key := foldUsername(n.Username)
	var taken usernameRecord
	if found, err := fhir.RecordValue(ctx, tx, kindUsername, key, &taken); err != nil {
		return nil, err
	} else if found {
		return nil, refusef("there is a user with this username already")
	}
	if err := fhir.KeepValue(ctx, tx, fhir.Record{Kind: kindUsername, Key: key, Owner: u.ID}, usernameRecord{u.ID}); err != nil {
		return nil, err
	}
	if err := keepUser(ctx, tx, u); err != nil {
		return nil, err
	}
	if err := keepSecrets(ctx, tx, u.ID, &secrets{Password: hash}); err != nil {
		return nil, err
	}
	return u, note(ctx, tx, a.event(by, audit.Admin, "user-add", u))
}

// usernameRecord says whose a username is.
type usernameRecord struct {
	User string `json:"user"`
}

func keepUser(ctx context.Context, tx fhir.Recorder, u *User) error {
	return fhir.KeepValue(ctx, tx, fhir.Record{Kind: kindUser, Key: u.ID}, u)
}

// ReadUser reads a user within a transaction of the caller's. Errors: NotFound.
func ReadUser(ctx context.Context, rr fhir.RecordReader, id string) (*User, error) {
	var u User
	found, err := fhir.RecordValue(ctx, rr, kindUser, id, &u)
	if err == nil && !found {
		err = fhir.NewOutcome(fhir.NotFound, "there is no such user")
	}
	if err != nil {
		return nil, err
	}
	return &u, nil
}

// ReadUsername reads the user with a username within a transaction of the caller's. Errors: NotFound.
func ReadUsername(ctx context.Context, rr fhir.RecordReader, name string) (*User, error) {
	var r usernameRecord
	if _, err := fhir.RecordValue(ctx, rr, kindUsername, foldUsername(name), &r); err != nil {
		return nil, err
	}
	return ReadUser(ctx, rr, r.User)
}

// User reads a user. Errors: NotFound.
func (a *Accounts) User(ctx context.Context, id string) (u *User, err error) {
	err = a.Store.View(ctx, func(tx fhir.Tx) error {
		u, err = ReadUser(ctx, tx, id)
		return err
	})
	return u, err
}

// ByUsername finds a user. Errors: NotFound.
func (a *Accounts) ByUsername(ctx context.Context, name string) (u *User, err error) {
	err = a.Store.View(ctx, func(tx fhir.Tx) error {
		u, err = ReadUsername(ctx, tx, name)
		return err
	})
	return u, err
}

// Users lists at most max users in the order of their ids, beginning after one.
func (a *Accounts) Users(ctx context.Context, after string, max int) (list []*User, err error) {
	var records []*fhir.Record
	err = a.Store.View(ctx, func(tx fhir.Tx) (err error) {
		records, err = tx.Records(ctx, kindUser, "", after, max)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		var u User
		if err := r.Decode(&u); err != nil {
			return nil, err
		}
		list = append(list, &u)
	}
	return list, nil
}
