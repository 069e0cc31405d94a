package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"andiron.dev/smart/authserver"
)

// keyFlags say how a client proves who it is.
type keyFlags struct {
	JWKS    string `name:"jwks" help:"It signs assertions with a key of this file, a JSON Web Key Set of public keys." placeholder:"FILE" type:"path"`
	JWKSURL string `name:"jwks-url" help:"It signs assertions with a key of the set at this URL." placeholder:"URL"`
	Secret  bool   `help:"It has a secret, which is made and printed now, and never again."`
}

// count is how many of them are given.
func (f *keyFlags) count() int {
	n := 0
	for _, given := range []bool{f.JWKS != "", f.JWKSURL != "", f.Secret} {
		if given {
			n++
		}
	}
	return n
}

// apply gives a client keys, or its first secret.
func (f *keyFlags) apply(c *authserver.Client) (secret string, err error) {
	switch {
	case f.JWKS != "":
		text, err := os.ReadFile(f.JWKS)
		if err != nil {
			return "", fmt.Errorf("--jwks: %w", err)
		}
		if !json.Valid(text) {
			return "", errors.New("--jwks: the file is not JSON")
		}
		c.Type, c.JWKS, c.JWKSURL = authserver.Asymmetric, text, ""
	case f.JWKSURL != "":
		c.Type, c.JWKS, c.JWKSURL = authserver.Asymmetric, nil, f.JWKSURL
	case f.Secret:
		c.Type = authserver.Symmetric
		return c.NewSecret(), nil
	}
	return "", nil
}

type clientAddCommand struct {
	storeFlags
	outputFlags
	keyFlags
	ID          string   `required:"" help:"Its id: letters, digits, '-', '.', '_' and '~'." placeholder:"ID"`
	Name        string   `help:"Its name, which users are shown; the id where there is none." placeholder:"NAME"`
	Scope       string   `required:"" help:"The most that it may ask for, with blanks between: \"launch/patient patient/*.rs\"." placeholder:"SCOPES"`
	Grant       []string `required:"" help:"authorization_code, refresh_token or client_credentials; may be repeated." placeholder:"GRANT"`
	RedirectURI []string `name:"redirect-uri" sep:"none" help:"Where users are sent back to; may be repeated." placeholder:"URI"`
	Origin      []string `sep:"none" help:"Web origin whose pages may call the token endpoint and the API; may be repeated." placeholder:"ORIGIN"`
	Public      bool     `help:"It cannot keep a secret, such as an app in a browser."`
	Trusted     bool     `help:"It may launch apps in the context of its sessions, as an EHR does."`
	LaunchURL   string   `name:"launch-url" help:"Where an EHR opens it." placeholder:"URL"`
	Role        []string `help:"What it may do where it acts for itself; may be repeated." placeholder:"ROLE"`
	Clearance   []string `help:"Security label beyond the normal ones that it may see where it acts for itself; may be repeated." placeholder:"CODE"`
	AccessTTL   int      `name:"access-ttl" help:"Seconds that its access tokens live; at most an hour, and 300 for client_credentials." placeholder:"SECONDS"`
	RefreshIdle int      `name:"refresh-idle" help:"Seconds that its refresh tokens may lie unused; 30 days where there is none." placeholder:"SECONDS"`
	RefreshTTL  int      `name:"refresh-ttl" help:"Seconds that a user's consent can be refreshed; a year where there is none." placeholder:"SECONDS"`
}

// Run registers a client.
func (c *clientAddCommand) Run(ctx context.Context, t *terminal) error {
	ways := c.count()
	if c.Public {
		ways++
	}
	if ways != 1 {
		return &usageError{[]string{"exactly one of --jwks, --jwks-url, --secret and --public says how the client proves who it is"}}
	}
	n := &authserver.Client{
		ID: c.ID, Name: c.Name, Type: authserver.Public, Grants: c.Grant, Scope: c.Scope, RedirectURIs: c.RedirectURI, Origins: c.Origin, Trusted: c.Trusted,
		LaunchURL: c.LaunchURL, Roles: c.Role, Clearance: c.Clearance, AccessTTL: c.AccessTTL, RefreshIdle: c.RefreshIdle, RefreshTTL: c.RefreshTTL, Status: authserver.Active,
	}
	if n.Name == "" {
		n.Name = n.ID
	}
	secret, err := c.apply(n)
	if err != nil {
		return err
	}
	return c.registry(func(clients *authserver.Clients) error {
		if err := clients.Add(ctx, n); err != nil {
			return err
		}
		s := shown(n, secret)
		return c.print(t.out, s, s.words)
	})
}
