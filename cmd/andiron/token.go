package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"andiron.dev/smart/authserver"
)

type tokenCommand struct {
	Issue tokenIssueCommand `cmd:"" help:"Make an access token without a login, for development. The audit trail says so."`
	Get   tokenGetCommand   `cmd:"" help:"Get an access token from a server as a client that acts for itself."`
}

type tokenIssueCommand struct {
	storeFlags
	outputFlags
	Scope   string        `required:"" help:"What it is good for, with blanks between: \"patient/*.rs\"." placeholder:"SCOPES"`
	Patient string        `help:"Whose record scopes for a patient are about." placeholder:"ID"`
	User    string        `help:"The user it is for, by username; needed by scopes for a user. The client acts for itself where there is none." placeholder:"NAME"`
	Client  string        `help:"The client it is for. One for development is made where there is none." placeholder:"ID"`
	TTL     time.Duration `name:"ttl" help:"How long it lives; at most 24h." default:"1h"`
}

// Run makes a token and prints it.
func (c *tokenIssueCommand) Run(ctx context.Context, t *terminal) error {
	return c.registry(func(clients *authserver.Clients) error {
		issued, err := clients.IssueDevelopment(ctx, authserver.Development{Scope: c.Scope, Patient: c.Patient, User: c.User, Client: c.Client, TTL: c.TTL})
		if err != nil {
			return err
		}
		return c.print(t.out, issued, func(w io.Writer) {
			fmt.Fprintf(w, "%s\n", issued.AccessToken)
		})
	})
}
