package authserver

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/audit"
)

// Lifetimes (security.md §3.4).
const (
	requestIs      = 10 * time.Minute // a pending authorization request
	codeIs         = 60 * time.Second
	codeKnown      = 24 * time.Hour // for so long a second use of a code is recognised
	accessIs       = time.Hour
	onlineIs       = 15 * time.Minute // an access token of online_access: less than a session may lie idle, so that refreshing keeps it up
	backendIs      = 300 * time.Second
	expiredKnown   = 10 * time.Minute // for so long an expired access token is told from one that never was
	idTokenIs      = time.Hour
	refreshIdle    = 30 * 24 * time.Hour
	refreshIs      = 365 * 24 * time.Hour
	launchIs       = 5 * time.Minute
	grantKnown     = 24 * time.Hour // after the last token of a grant has expired
	decisionIs     = 365 * 24 * time.Hour
	developmentIs  = 24 * time.Hour  // at most, for tokens of IssueDevelopment
	cacheFresh     = time.Second     // how long Authenticate goes by what it knows
	stepUpIs       = 5 * time.Minute // how old a second factor may be for what asks for a fresh one
	breakGlassIs   = time.Hour
	maxFhirContext = 32
)

// context is what a token says beside its scopes (SMART App Launch 2.2 §2.1.8).
type launchContext struct {
	Patient     string          `json:"patient,omitempty"` // id
	Encounter   string          `json:"encounter,omitempty"`
	FhirContext json.RawMessage `json:"fhirContext,omitempty"`
	Banner      *bool           `json:"need_patient_banner,omitempty"`
	Intent      string          `json:"intent,omitempty"`
}

// Grant is what a user has allowed a client, or a client is allowed by itself. All tokens that come of it die with it.
type grant struct {
	ID     string `json:"id"`
	Client string `json:"client"`
	User   string `json:"user,omitempty"` // id; "" = the client acts for itself
	Scope  string `json:"scope"`
	launchContext
	Launched   bool      `json:"launched,omitempty"` // from an EHR, with the context of its session
	Nonce      string    `json:"nonce,omitempty"`
	AuthTime   time.Time `json:"auth_time,omitzero"`
	ACR        string    `json:"acr,omitempty"`
	AMR        []string  `json:"amr,omitempty"`
	MFATime    time.Time `json:"mfa,omitzero"`      // when the user last gave a second factor
	Session    string    `json:"session,omitempty"` // digest of the session that it dies with; "" = none
	Purpose    string    `json:"purpose,omitempty"`
	BreakGlass string    `json:"break_glass,omitempty"`
	Created    time.Time `json:"created"`
	Until      time.Time `json:"until,omitzero"` // no refreshing from then on
	Revoked    time.Time `json:"revoked,omitzero"`
	Exchanged  bool      `json:"exchanged,omitempty"` // the code has been
}

// subject is whom a grant belongs to.
func (g *grant) subject() string {
	if g.User != "" {
		return userSubject(g.User)
	}
	return clientSubject(g.Client)
}

func userSubject(id string) string { return "user:" + id }

func clientSubject(id string) string { return "client:" + id }

// keepGrant writes a grant, to be remembered until some time after its last token.
func keepGrant(ctx context.Context, tx fhir.Tx, g *grant, until time.Time) error {
	return keep(ctx, tx, &fhir.Record{Kind: grantRecord, Key: g.ID, Owner: g.subject(), Expires: until.Add(grantKnown)}, g)
}

// access is the record of an access token.
type access struct {
	Grant   string    `json:"grant,omitempty"` // "" = the client acts for itself
	Client  string    `json:"client"`
	Scope   string    `json:"scope"`
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
}

// refresh is the record of a refresh token. A used one stays, so that its second use is recognised.
type refresh struct {
	Grant   string    `json:"grant"`
	Client  string    `json:"client"`
	Expires time.Time `json:"expires"`
	Used    time.Time `json:"used,omitzero"`
}

// revokeGrant ends a grant and all tokens of it.
func revokeGrant(ctx context.Context, tx fhir.Tx, id string, now time.Time) (*grant, error) {
	g := &grant{}
	r, err := fetch(ctx, tx, grantRecord, id, g)
	if err != nil || !g.Revoked.IsZero() {
		return g, err
	}
	g.Revoked = now.UTC()
	return g, keep(ctx, tx, r, g)
}

// event is what the audit trail is told of a grant.
func (s *Server) event(r *http.Request, kind audit.Kind, what string, g *grant) *audit.Event {
	e := &audit.Event{Time: s.config.Now(), Kind: kind, Subtype: what, Address: s.address(r)}
	if r != nil {
		e.RequestID = r.Header.Get("X-Request-Id")
	}
	if g != nil {
		e.Subject, e.ClientID, e.Purpose = g.subject(), g.Client, g.Purpose
		if g.Patient != "" {
			e.Patients = []string{g.Patient}
		}
	}
	return e
}

// said completes an event with what is known of the person.
func said(e *audit.Event, p *person) *audit.Event {
	if p != nil {
		e.Name, e.FhirUser, e.Roles = p.Username, p.FhirUser, p.Roles
	}
	return e
}

// principal is who brings a token of a grant.
func (g *grant) principal(c *Client, p *person, scopes smart.Scopes, digested string) *smart.Principal {
	o := &smart.Principal{
		Subject: g.subject(), Name: c.Name, ClientID: c.ID, Scopes: scopes, Patient: g.Patient, Encounter: g.Encounter,
		AuthTime: g.AuthTime, ACR: g.ACR, AMR: g.AMR, TokenID: tokenID(digested), Grant: g.ID, Purpose: g.Purpose, BreakGlass: g.BreakGlass,
	}
	if p != nil {
		o.Name, o.FhirUser, o.Roles, o.Clearance = p.Username, p.FhirUser, p.Roles, p.Clearance
	} else if g.User == "" {
		o.Roles, o.Clearance = c.Roles, c.Clearance
	}
	return o
}
