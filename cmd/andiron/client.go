package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"andiron.dev/smart/authserver"
)

// clientCommand administers the apps, gateways and other systems that may ask for tokens. A server on the same store goes by it at
// once.
type clientCommand struct {
	Add     clientAddCommand     `cmd:"" help:"Register a client."`
	List    clientListCommand    `cmd:"" help:"List the clients."`
	Show    clientShowCommand    `cmd:"" help:"Show a client."`
	Disable clientDisableCommand `cmd:"" help:"Refuse a client and all its tokens."`
	Enable  clientEnableCommand  `cmd:"" help:"Let a disabled client in again."`
	Rotate  clientRotateCommand  `cmd:"" help:"Give a client a new secret, or other keys."`
	Keygen  clientKeygenCommand  `cmd:"" help:"Make a key pair for a client that acts for itself."`
}

// registry opens the store, calls fn with its clients, and closes it.
func (f *storeFlags) registry(fn func(*authserver.Clients) error) (err error) {
	st, err := f.open()
	if err != nil {
		return fmt.Errorf("the store cannot be opened: %w", err)
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return plainly(fn(&authserver.Clients{Store: st, Now: time.Now}))
}

// shownClient is a client as it is printed: without the digests of its secrets.
type shownClient struct {
	ClientID string `json:"client_id"`
	*authserver.Client
	Hidden       *struct{} `json:"secret_digests,omitempty"` // takes the place of what is not printed
	Secrets      int       `json:"secrets,omitempty"`        // how many there are
	ClientSecret string    `json:"client_secret,omitempty"`  // only once
}

func shown(c *authserver.Client, secret string) *shownClient {
	return &shownClient{ClientID: c.ID, Client: c, Secrets: len(c.Secrets), ClientSecret: secret}
}

func (s *shownClient) words(w io.Writer) {
	fmt.Fprintf(w, "%s (%s): %s, %s\n", s.ID, s.Name, s.Type, s.Status)
	fmt.Fprintf(w, "  grants     %s\n  scopes     %s\n", strings.Join(s.Grants, " "), s.Scope)
	for _, line := range []struct{ name, text string }{
		{"redirect", strings.Join(s.RedirectURIs, " ")}, {"origins", strings.Join(s.Origins, " ")}, {"keys", s.JWKSURL}, {"launch", s.LaunchURL}, {"roles", strings.Join(s.Roles, " ")},
	} {
		if line.text != "" {
			fmt.Fprintf(w, "  %-10s %s\n", line.name, line.text)
		}
	}
	if s.Trusted {
		fmt.Fprintln(w, "  trusted    it may launch apps")
	}
	if s.ClientSecret != "" {
		fmt.Fprintf(w, "  secret     %s\nThe secret is not shown again.\n", s.ClientSecret)
	}
}

type clientListCommand struct {
	storeFlags
	outputFlags
}

// Run lists the clients.
func (c *clientListCommand) Run(ctx context.Context, t *terminal) error {
	return c.registry(func(clients *authserver.Clients) error {
		list, err := clients.List(ctx)
		if err != nil {
			return err
		}
		all := make([]*shownClient, len(list))
		for i, one := range list {
			all[i] = shown(one, "")
		}
		return c.print(t.out, map[string]any{"clients": all}, func(w io.Writer) {
			for _, one := range all {
				one.words(w)
			}
		})
	})
}

// clientFlags name a client: client show my-app, or client show --id my-app.
type clientFlags struct {
	storeFlags
	outputFlags
	ID     string `help:"The client." placeholder:"ID"`
	Client string `arg:"" optional:"" help:"The client."`
}

func (f *clientFlags) id() (string, error) {
	switch {
	case f.ID == "" && f.Client == "":
		return "", &usageError{[]string{"--id is missing: the client"}}
	case f.ID != "" && f.Client != "" && f.ID != f.Client:
		return "", &usageError{[]string{"--id and the argument name two clients"}}
	}
	return cmp.Or(f.ID, f.Client), nil
}

type clientShowCommand struct{ clientFlags }

// Run shows a client.
func (c *clientShowCommand) Run(ctx context.Context, t *terminal) error {
	return c.one(t, func(clients *authserver.Clients, id string) (*authserver.Client, string, error) {
		one, err := clients.Get(ctx, id)
		return one, "", err
	})
}

// one does something with a client and prints it.
func (f *clientFlags) one(t *terminal, fn func(*authserver.Clients, string) (*authserver.Client, string, error)) error {
	id, err := f.id()
	if err != nil {
		return err
	}
	return f.registry(func(clients *authserver.Clients) error {
		c, secret, err := fn(clients, id)
		if err != nil {
			return err
		}
		s := shown(c, secret)
		return f.print(t.out, s, s.words)
	})
}

type clientDisableCommand struct{ clientFlags }

// Run disables a client.
func (c *clientDisableCommand) Run(ctx context.Context, t *terminal) error {
	return c.one(t, func(clients *authserver.Clients, id string) (*authserver.Client, string, error) {
		one, err := clients.SetStatus(ctx, id, authserver.Disabled)
		return one, "", err
	})
}

type clientEnableCommand struct{ clientFlags }

// Run lets a client in again.
func (c *clientEnableCommand) Run(ctx context.Context, t *terminal) error {
	return c.one(t, func(clients *authserver.Clients, id string) (*authserver.Client, string, error) {
		one, err := clients.SetStatus(ctx, id, authserver.Active)
		return one, "", err
	})
}
