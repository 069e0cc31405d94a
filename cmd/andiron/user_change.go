package main

import (
	"context"
	"errors"
	"io"

	"andiron.dev/smart/account"
)

type userListCommand struct{ accountFlags }

// Run lists the users.
func (c *userListCommand) Run(ctx context.Context, t *terminal) error {
	return c.accounts(func(a *account.Accounts) error {
		all := []*shownUser{}
		for after := ""; ; {
			list, err := a.Users(ctx, after, 500)
			if err != nil {
				return err
			}
			if len(list) == 0 {
				break
			}
			for _, u := range list {
				after = u.ID
				all = append(all, &shownUser{User: u})
			}
		}
		return c.print(t.out, map[string]any{"users": all}, func(w io.Writer) {
			for _, s := range all {
				s.words(w)
			}
		})
	})
}

type userSetCommand struct {
	userFlags
	FhirUser string   `help:"Who they are in the records; left out, as it was." placeholder:"Patient/ID"`
	Role     []string `help:"What they may do, all of it; may be repeated. Left out, as it was." placeholder:"ROLE"`
	NoRoles  bool     `help:"They have no roles any more."`
}

// Run changes what a user may do, and logs them out.
func (c *userSetCommand) Run(ctx context.Context, t *terminal) error {
	if err := checkRoles(c.Role); err != nil {
		return err
	}
	if c.FhirUser == "" && len(c.Role) == 0 && !c.NoRoles || c.NoRoles && len(c.Role) > 0 {
		return &usageError{[]string{"--fhir-user, and --role or --no-roles, say what to change"}}
	}
	return c.one(ctx, t, func(a *account.Accounts, u *account.User, s *shownUser) (err error) {
		fhirUser, roles := u.FhirUser, u.Roles
		if c.FhirUser != "" {
			fhirUser = c.FhirUser
		}
		if len(c.Role) > 0 || c.NoRoles {
			roles = c.Role
		}
		s.User, err = a.SetRights(ctx, operator(), u.ID, fhirUser, roles)
		return err
	})
}

type userDisableCommand struct{ userFlags }

// Run shuts a user out: sessions and tokens end.
func (c *userDisableCommand) Run(ctx context.Context, t *terminal) error {
	return c.one(ctx, t, func(a *account.Accounts, u *account.User, s *shownUser) (err error) {
		s.User, err = a.SetDisabled(ctx, operator(), u.ID, true)
		return err
	})
}

type userEnableCommand struct{ userFlags }

// Run lets a user in again.
func (c *userEnableCommand) Run(ctx context.Context, t *terminal) error {
	return c.one(ctx, t, func(a *account.Accounts, u *account.User, s *shownUser) (err error) {
		s.User, err = a.SetDisabled(ctx, operator(), u.ID, false)
		return err
	})
}

type userResetCommand struct {
	userFlags
	passwordFlags
	setupFlags
}

// Run gives a user a password, or a link to choose one; the old password and all sessions end.
func (c *userResetCommand) Run(ctx context.Context, t *terminal) error {
	password, err := c.password()
	if err != nil {
		return err
	}
	if _, err := c.link(""); err != nil {
		return err
	}
	return c.one(ctx, t, func(a *account.Accounts, u *account.User, s *shownUser) error {
		if password != "" {
			return a.SetPassword(ctx, operator(), u.ID, password)
		}
		return c.setup(ctx, a, s)
	})
}

type userMFACommand struct {
	userFlags
	Reset bool `help:"Take all second factors and recovery codes away, for a user who has lost them. Sessions end."`
}

// Run shows the second factors of a user, having taken them away where that is wanted.
func (c *userMFACommand) Run(ctx context.Context, t *terminal) error {
	return c.one(ctx, t, func(a *account.Accounts, u *account.User, s *shownUser) (err error) {
		if c.Reset {
			if err := a.ResetFactors(ctx, operator(), u.ID); err != nil {
				return err
			}
		}
		s.Factors, err = a.Factors(ctx, u.ID)
		return err
	})
}

type userLinkCommand struct {
	userFlags
	Issuer  string `required:"" help:"The provider, as it calls itself (iss)." placeholder:"URL"`
	Subject string `required:"" help:"The user, as the provider calls them (sub)." placeholder:"SUB"`
}

// Run links a user to an upstream identity.
func (c *userLinkCommand) Run(ctx context.Context, t *terminal) error {
	if c.Issuer == "" || c.Subject == "" {
		return errors.New("an upstream identity is an issuer and a subject")
	}
	return c.one(ctx, t, func(a *account.Accounts, u *account.User, s *shownUser) error {
		s.Identity = &account.Identity{Issuer: c.Issuer, Subject: c.Subject}
		return a.LinkIdentity(ctx, operator(), u.ID, *s.Identity)
	})
}
