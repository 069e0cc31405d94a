package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/smart/account"
)

// userCommand administers the people who may log in. A server on the same store goes by it at once.
type userCommand struct {
	Add     userAddCommand     `cmd:"" help:"Make a user."`
	List    userListCommand    `cmd:"" help:"List the users."`
	Set     userSetCommand     `cmd:"" help:"Give a user other roles or another place in the records."`
	Disable userDisableCommand `cmd:"" help:"Shut a user out."`
	Enable  userEnableCommand  `cmd:"" help:"Let a disabled user in again."`
	Reset   userResetCommand   `cmd:"" help:"Give a user a new password, or a link to choose one."`
	MFA     userMFACommand     `cmd:"" name:"mfa" help:"Show the second factors of a user, or take them away."`
	Link    userLinkCommand    `cmd:"" help:"Link a user to who they are at an upstream OpenID provider."`
}

// accountFlags name a store with accounts.
type accountFlags struct {
	storeFlags
	outputFlags
}

// accounts opens the store, calls fn with its users, and closes it.
func (f *accountFlags) accounts(fn func(*account.Accounts) error) (err error) {
	st, err := f.open()
	if err != nil {
		return fmt.Errorf("the store cannot be opened: %w", err)
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	a, err := account.New(account.Options{Store: st})
	if err != nil {
		return err
	}
	return plainly(fn(a))
}

// operator is the caller that the audit trail has for these commands.
func operator() account.Caller { return account.System("command line") }

// userFlags name a user: user disable ana, or user disable --username ana.
type userFlags struct {
	accountFlags
	Username string `help:"The user." placeholder:"NAME"`
	User     string `arg:"" optional:"" help:"The user."`
}

// one does something with a user and prints what there is to say of them.
func (f *userFlags) one(ctx context.Context, t *terminal, fn func(*account.Accounts, *account.User, *shownUser) error) error {
	switch {
	case f.Username == "" && f.User == "":
		return &usageError{[]string{"--username is missing: the user"}}
	case f.Username != "" && f.User != "" && f.Username != f.User:
		return &usageError{[]string{"--username and the argument name two users"}}
	}
	name := cmp.Or(f.Username, f.User)
	return f.accounts(func(a *account.Accounts) error {
		u, err := a.ByUsername(ctx, name)
		if fhir.CodeOf(err) == fhir.NotFound {
			return fmt.Errorf("there is no user %q", name)
		}
		if err != nil {
			return err
		}
		s := &shownUser{User: u}
		if err := fn(a, u, s); err != nil {
			return err
		}
		return f.print(t.out, s, s.words)
	})
}

// shownUser is a user as it is printed.
type shownUser struct {
	*account.User
	Factors  *account.Factors  `json:"factors,omitempty"`
	Identity *account.Identity `json:"identity,omitempty"`
	SetupURL string            `json:"setup_url,omitempty"` // to choose a password; only once
}

func (s *shownUser) words(w io.Writer) {
	state := "enabled"
	if s.Disabled {
		state = "disabled"
	}
	fmt.Fprintf(w, "%s: %s\n", s.Username, state)
	for _, line := range []struct{ name, text string }{{"id", s.ID}, {"name", s.Name}, {"is", s.FhirUser}, {"roles", strings.Join(s.Roles, " ")}} {
		if line.text != "" {
			fmt.Fprintf(w, "  %-10s %s\n", line.name, line.text)
		}
	}
	if f := s.Factors; f != nil {
		fmt.Fprintf(w, "  %-10s %v\n  %-10s %v\n  %-10s %d\n  %-10s %d left\n", "password", f.Password, "codes", f.Codes, "passkeys", len(f.Passkeys), "recovery", f.Recovery)
	}
	if s.Identity != nil {
		fmt.Fprintf(w, "  %-10s %s at %s\n", "is also", s.Identity.Subject, s.Identity.Issuer)
	}
	if s.SetupURL != "" {
		fmt.Fprintf(w, "  %-10s %s\nThe link is good for 24 hours and one use, and is not shown again.\n", "password", s.SetupURL)
	}
}

// setupFlags say where the server is that a link leads to.
type setupFlags struct {
	BaseURL string `name:"base-url" help:"The FHIR base as users reach it, for the link." default:"http://127.0.0.1:8080/fhir" placeholder:"URL"`
}

// link is the URL with which somebody chooses a password. The authorization server is beside the FHIR base.
func (f *setupFlags) link(token string) (string, error) {
	u, err := url.Parse(strings.TrimSuffix(f.BaseURL, "/"))
	if err != nil || u.Host == "" {
		return "", &usageError{[]string{fmt.Sprintf("--base-url %q is not an http or https URL", f.BaseURL)}}
	}
	return u.Scheme + "://" + u.Host + u.Path[:max(0, strings.LastIndexByte(u.Path, '/'))] + "/auth/setup?token=" + token, nil
}
