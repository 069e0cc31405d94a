package account

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
)

// SetDisabled shuts a user out, or lets them in again. Shutting out ends all sessions; tokens are refused because whoever
// accepts one reads the user. Errors: NotFound.
func (a *Accounts) SetDisabled(ctx context.Context, by Caller, id string, disabled bool) (u *User, err error) {
	subtype := "user-enable"
	if disabled {
		subtype = "user-disable"
	}
	err = a.change(ctx, by, id, subtype, func(tx fhir.Tx, x *User) error {
		u = x
		x.Disabled = disabled
		if !disabled {
			return nil
		}
		return endSessions(ctx, tx, id, "")
	})
	return u, err
}

// SetRights gives a user other roles and another place in the records. It ends the user's sessions: nobody keeps what they had
// been let in with. Errors: Refused, NotFound.
func (a *Accounts) SetRights(ctx context.Context, by Caller, id, fhirUser string, roles []string) (u *User, err error) {
	err = a.change(ctx, by, id, "user-rights", func(tx fhir.Tx, x *User) error {
		n := NewUser{Username: x.Username, FhirUser: fhirUser, Roles: roles}
		if err := n.check(); err != nil {
			return err
		}
		u = x
		x.FhirUser, x.Roles = fhirUser, roles
		return endSessions(ctx, tx, id, "")
	})
	return u, err
}

// change rewrites a user, with an event.
func (a *Accounts) change(ctx context.Context, by Caller, id, subtype string, edit func(fhir.Tx, *User) error) error {
	return a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		u, err := ReadUser(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := edit(tx, u); err != nil {
			return err
		}
		if err := keepUser(ctx, tx, u); err != nil {
			return err
		}
		return note(ctx, tx, a.event(by, audit.Admin, subtype, u))
	})
}
