package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"andiron.dev/smart"
	"andiron.dev/smart/account"
)

type userAddCommand struct {
	accountFlags
	passwordFlags
	setupFlags
	Username string   `required:"" help:"Letters, digits and . _ @ + -; case makes no difference." placeholder:"NAME"`
	Name     string   `help:"Their name, for people to read." placeholder:"NAME"`
	FhirUser string   `help:"Who they are in the records." placeholder:"Patient/ID"`
	Role     []string `help:"What they may do; may be repeated." placeholder:"ROLE"`
}

// passwordFlags say where a password is. It is never on the command line, where others could read it.
type passwordFlags struct {
	PasswordFile string `help:"File with the password, '-' for standard input; a newline at its end is not part of it. Without it a link to choose one is printed." placeholder:"FILE"`
}

// maxPasswordFile bounds what is read of one.
const maxPasswordFile = 8 << 10

// password reads the password; "" = there is none.
func (f *passwordFlags) password() (string, error) {
	if f.PasswordFile == "" {
		return "", nil
	}
	in := os.Stdin
	if f.PasswordFile != "-" {
		var err error
		if in, err = os.Open(f.PasswordFile); err != nil {
			return "", fmt.Errorf("--password-file: %w", err)
		}
		defer in.Close()
	}
	text, err := io.ReadAll(io.LimitReader(in, maxPasswordFile))
	if err != nil {
		return "", fmt.Errorf("--password-file: %w", err)
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if password == "" {
		return "", errors.New("--password-file: there is no password in it")
	}
	return password, nil
}

// checkRoles says which roles there are not.
func checkRoles(roles []string) error {
	var known, mistakes []string
	for _, r := range smart.Roles() {
		known = append(known, r.Name)
	}
	for _, r := range roles {
		if !slices.Contains(known, r) {
			mistakes = append(mistakes, fmt.Sprintf("--role %q is none of %s", r, strings.Join(known, ", ")))
		}
	}
	if len(mistakes) > 0 {
		return &usageError{mistakes}
	}
	return nil
}

// Run makes a user.
func (c *userAddCommand) Run(ctx context.Context, t *terminal) error {
	if err := checkRoles(c.Role); err != nil {
		return err
	}
	password, err := c.password()
	if err != nil {
		return err
	}
	if _, err := c.link(""); err != nil {
		return err
	}
	return c.accounts(func(a *account.Accounts) error {
		u, err := a.Add(ctx, operator(), account.NewUser{Username: c.Username, Name: c.Name, Password: password, FhirUser: c.FhirUser, Roles: c.Role})
		if err != nil {
			return err
		}
		s := &shownUser{User: u}
		if password == "" {
			if err := c.setup(ctx, a, s); err != nil {
				return err
			}
		}
		return c.print(t.out, s, s.words)
	})
}

// setup makes a link with which a user chooses a password.
func (f *setupFlags) setup(ctx context.Context, a *account.Accounts, s *shownUser) error {
	token, err := a.ResetLink(ctx, operator(), s.ID)
	if err != nil {
		return err
	}
	s.SetupURL, err = f.link(token)
	return err
}
