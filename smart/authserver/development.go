package authserver

import (
	"context"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/account"
	"andiron.dev/smart/audit"
	"andiron.dev/smart/secret"
)

// Development is a token for trying things out.
type Development struct {
	Scope   string
	Patient string        // id; needed where a scope has patient context
	User    string        // username; "" = the token is that of the client
	Client  string        // id; "" = DevelopmentClient, which is made where there is none
	TTL     time.Duration // at most a day
}

// DevelopmentClient is the client of tokens that were issued on the command line. Disabling it ends them all.
const DevelopmentClient = "andiron-development"

// Issued is a token with what it is good for.
type Issued struct {
	AccessToken string    `json:"access_token"`
	TokenType   string    `json:"token_type"`
	ExpiresIn   int       `json:"expires_in"` // seconds
	Expires     time.Time `json:"expires"`
	Scope       string    `json:"scope"`
	ClientID    string    `json:"client_id"`
	Patient     string    `json:"patient,omitempty"`
	User        string    `json:"user,omitempty"`
}

// IssueDevelopment makes an access token without a login. Whoever may write to the store may do that; it is in the audit trail. Errors:
// Invalid.
func (c *Clients) IssueDevelopment(ctx context.Context, d Development) (*Issued, error) {
	list, refused := smart.ParseScopes(d.Scope)
	d.Patient = strings.TrimPrefix(d.Patient, "Patient/")
	switch {
	case len(refused) > 0:
		return nil, wrong("scope", "this scope is not well-formed or not supported: "+short(quotable(refused[0])))
	case len(list) == 0:
		return nil, wrong("scope", "a token needs at least one scope")
	case list.In(smart.PatientContext) && d.Patient == "":
		return nil, wrong("patient", "a scope for a patient needs to know which one")
	case d.Patient != "" && !fhir.ValidID(d.Patient):
		return nil, wrong("patient", "the patient is not an id")
	case list.In(smart.UserContext) && d.User == "":
		return nil, wrong("user", "a scope for a user needs to know which one")
	case list.In(smart.SystemContext) && d.User != "":
		return nil, wrong("user", "a scope for a system goes with no user")
	case d.TTL < time.Second || d.TTL > developmentIs:
		return nil, wrong("ttl", "a token lives for a second at least and a day at most")
	}
	if d.Client == "" {
		d.Client = DevelopmentClient
		if err := c.development(ctx); err != nil {
			return nil, err
		}
	}
	out := &Issued{AccessToken: secret.NewToken(), TokenType: "Bearer", Scope: list.String(), ClientID: d.Client, Patient: d.Patient, User: d.User}
	now := c.Now().UTC()
	out.ExpiresIn, out.Expires = int(d.TTL/time.Second), now.Add(d.TTL).Truncate(time.Second)
	return out, c.Store.Update(ctx, nil, func(tx fhir.Tx) error { return c.keepDevelopment(ctx, tx, d, out) })
}

// development makes the client of such tokens.
func (c *Clients) development(ctx context.Context) error {
	n := &Client{
		ID: DevelopmentClient, Name: "Development", Type: Public, Grants: []string{GrantCode}, Status: Active,
		RedirectURIs: []string{"http://127.0.0.1/"}, Scope: "openid", // it cannot be used otherwise than here
	}
	if err := c.Add(ctx, n); err != nil && fhir.CodeOf(err) != fhir.Duplicate {
		return err
	}
	return nil
}

func (c *Clients) keepDevelopment(ctx context.Context, tx fhir.Tx, d Development, out *Issued) error {
	who, err := client(ctx, tx, d.Client)
	if absent(err) || err == nil && who.Status != Active {
		return wrong("client", "there is no such client, or it is disabled")
	} else if err != nil {
		return err
	}
	now := c.Now().UTC()
	g := &grant{ID: secret.NewID(), Client: who.ID, Scope: out.Scope, launchContext: launchContext{Patient: d.Patient}, Created: now, Until: out.Expires, Exchanged: true}
	e := administered(ctx, now, "token-issue", who.ID)
	e.Kind, e.TokenID = audit.Token, tokenID(secret.Digest(out.AccessToken))
	if d.Patient != "" {
		e.Patients = []string{d.Patient}
	}
	if d.User != "" {
		u, err := account.ReadUsername(ctx, tx, d.User)
		if absent(err) || err == nil && u.Disabled {
			return wrong("user", "there is no such user, or it is disabled")
		} else if err != nil {
			return err
		}
		g.User, g.AuthTime = u.ID, now
		e.What = []string{u.Subject()}
	}
	if err := keepGrant(ctx, tx, g, out.Expires); err != nil {
		return err
	}
	t := &access{Grant: g.ID, Client: who.ID, Scope: out.Scope, Issued: now, Expires: out.Expires}
	if err := fhir.KeepValue(ctx, tx, fhir.Record{Kind: accessRecord, Key: secret.Digest(out.AccessToken), Owner: g.ID, Expires: out.Expires.Add(expiredKnown)}, t); err != nil {
		return err
	}
	return tx.Append(ctx, e.Entry())
}
