package main

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/smart/authserver"
)

type clientRotateCommand struct {
	clientFlags
	keyFlags
	Only bool `help:"Refuse the secret before at once; otherwise it is good until the next rotation, so that the client can be changed while it runs."`
}

// Run gives a client a new secret, or other keys.
func (c *clientRotateCommand) Run(ctx context.Context, t *terminal) error {
	if c.count() > 1 || c.Only && (c.JWKS != "" || c.JWKSURL != "") {
		return &usageError{[]string{"of --jwks, --jwks-url and --secret only one goes, and --only goes with a secret"}}
	}
	return c.one(t, func(clients *authserver.Clients, id string) (*authserver.Client, string, error) {
		if c.JWKS == "" && c.JWKSURL == "" {
			return clients.RotateSecret(ctx, id, c.Only)
		}
		with := &authserver.Client{}
		if _, err := c.apply(with); err != nil {
			return nil, "", err
		}
		one, err := clients.Change(ctx, id, "client-rotate", func(n *authserver.Client) error {
			if n.Type != authserver.Asymmetric {
				return fhir.NewOutcome(fhir.Invalid, "only an asymmetric client has keys")
			}
			n.JWKS, n.JWKSURL = with.JWKS, with.JWKSURL
			return nil
		})
		return one, "", err
	})
}
