package authserver

import (
	"context"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/account"
	"andiron.dev/smart/audit"
	"andiron.dev/smart/secret"
)

// The kinds of records.
const (
	clientRecord   = "client"
	requestRecord  = "auth-request" // a pending authorization request, by digest
	launchRecord   = "launch"       // by digest
	grantRecord    = "grant"        // owner: the subject who gave it
	codeRecord     = "code"         // by digest; owner: its grant
	refreshRecord  = "refresh"      // by digest; owner: its grant
	accessRecord   = "access"       // by digest; owner: its grant, or the client that acts for itself
	decisionRecord = "decision"     // what a user has allowed a client; owner: the user
	keyRecord      = "signing-key"  // by kid
)

// Clients is the registry of clients in a store. A server on the same store notices changes within a second.
type Clients struct {
	Store fhir.Store
	Now   func() time.Time
}

// Add registers a client. Errors: Invalid for what is wrong with it, Duplicate where the id is taken.
func (c *Clients) Add(ctx context.Context, n *Client) error {
	n.Created = c.Now().UTC()
	n.Updated = n.Created
	if err := n.Check(); err != nil {
		return err
	}
	return c.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		switch _, err := tx.Record(ctx, clientRecord, n.ID); fhir.CodeOf(err) {
		case "":
			return fhir.NewOutcome(fhir.Duplicate, "there is a client with this id already")
		case fhir.NotFound:
		default:
			return err
		}
		if _, err := account.ReadUser(ctx, tx, n.ID); err == nil {
			return fhir.NewOutcome(fhir.Duplicate, "there is a user with this id") // tokens of both would have the same sub
		} else if !absent(err) {
			return err
		}
		if err := fhir.KeepValue(ctx, tx, fhir.Record{Kind: clientRecord, Key: n.ID}, n); err != nil {
			return err
		}
		return tx.Append(ctx, c.event(ctx, "client-add", n.ID).Entry())
	})
}

// Get returns a client, disabled or not. Errors: NotFound.
func (c *Clients) Get(ctx context.Context, id string) (n *Client, err error) {
	err = c.Store.View(ctx, func(tx fhir.Tx) error {
		n, err = client(ctx, tx, id)
		return err
	})
	return n, err
}

// List returns all clients in the order of their ids.
func (c *Clients) List(ctx context.Context) (list []*Client, err error) {
	err = c.Store.View(ctx, func(tx fhir.Tx) error {
		list, err = clients(ctx, tx)
		return err
	})
	return list, err
}

// Change alters a client. what names the act in the audit trail: "client-disable". Errors: NotFound; Invalid.
func (c *Clients) Change(ctx context.Context, id, what string, alter func(*Client) error) (changed *Client, err error) {
	err = c.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		n, err := client(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := alter(n); err != nil {
			return err
		}
		n.Updated = c.Now().UTC()
		if err := n.Check(); err != nil {
			return err
		}
		if err := fhir.KeepValue(ctx, tx, fhir.Record{Kind: clientRecord, Key: id}, n); err != nil {
			return err
		}
		changed = n
		return tx.Append(ctx, c.event(ctx, what, id).Entry())
	})
	return changed, err
}

// SetStatus makes a client Active or Disabled. The tokens of a disabled one are refused, and work again should it be made active.
func (c *Clients) SetStatus(ctx context.Context, id, status string) (*Client, error) {
	what := "client-enable"
	if status == Disabled {
		what = "client-disable"
	}
	return c.Change(ctx, id, what, func(n *Client) error {
		n.Status = status
		return nil
	})
}

// RotateSecret gives a symmetric client a new secret and returns it: nobody can read it again. The one before stays good until
// the next rotation, unless only is set.
func (c *Clients) RotateSecret(ctx context.Context, id string, only bool) (*Client, string, error) {
	made := secret.NewToken()
	n, err := c.Change(ctx, id, "client-rotate", func(n *Client) error {
		if n.Type != Symmetric {
			return fhir.NewOutcome(fhir.Invalid, "only a symmetric client has a secret")
		}
		n.addSecret(made)
		if only {
			n.Secrets = n.Secrets[:1]
		}
		return nil
	})
	return n, made, err
}

// NewSecret gives a client that is about to be added a secret and returns it.
func (c *Client) NewSecret() string {
	made := secret.NewToken()
	c.addSecret(made)
	return made
}

func (c *Client) addSecret(made string) {
	c.Secrets = append([]string{secret.Digest(made)}, c.Secrets...)
	if len(c.Secrets) > maxSecrets {
		c.Secrets = c.Secrets[:maxSecrets]
	}
}

// event is an act of administration by whoever ctx names, otherwise by the system itself.
func (c *Clients) event(ctx context.Context, what, id string) *audit.Event {
	return administered(ctx, c.Now(), what, id)
}

func administered(ctx context.Context, now time.Time, what, client string) *audit.Event {
	e := &audit.Event{Time: now, Kind: audit.Admin, Subtype: what, Subject: "system", ClientID: client}
	if p := smart.From(ctx); p != nil {
		e.Subject, e.Name, e.FhirUser, e.Roles, e.Address, e.RequestID = p.Subject, p.Name, p.FhirUser, p.Roles, p.Address, p.RequestID
	}
	return e
}

// client reads a client.
func client(ctx context.Context, in fhir.RecordReader, id string) (*Client, error) {
	n := &Client{}
	if _, err := fetch(ctx, in, clientRecord, id, n); err != nil {
		return nil, err
	}
	return n, nil
}

// clients reads all of them.
func clients(ctx context.Context, in fhir.RecordReader) (list []*Client, err error) {
	err = each(ctx, in, clientRecord, "", func(r *fhir.Record) error {
		n := &Client{}
		list = append(list, n)
		return r.Decode(n)
	})
	return list, err
}

// fetch reads a record and its value. Errors: NotFound.
func fetch(ctx context.Context, in fhir.RecordReader, kind, key string, v any) (*fhir.Record, error) {
	r, err := in.Record(ctx, kind, key)
	if err != nil {
		return nil, err
	}
	return r, r.Decode(v)
}

// each calls fn with every record of a kind and owner; "" = whoever's.
func each(ctx context.Context, in fhir.RecordReader, kind, owner string, fn func(*fhir.Record) error) error {
	const page = 500
	after := ""
	for {
		list, err := in.Records(ctx, kind, owner, after, page)
		if err != nil {
			return err
		}
		for _, r := range list {
			if err := fn(r); err != nil {
				return err
			}
		}
		if len(list) < page {
			return nil
		}
		after = list[len(list)-1].Key
	}
}

// absent reports whether an error says that there is no such record.
func absent(err error) bool { return fhir.CodeOf(err) == fhir.NotFound }
