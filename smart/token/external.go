package token

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// External recognises the access tokens of an issuer that is not this server (mode c of security.md §3.4): as JWTs (RFC 9068), or,
// with Introspect, by asking the issuer. What a token does not say in a form that is known is not granted. It is safe for concurrent
// use, and must not be copied.
type External struct {
	Issuer     string         // exactly as tokens have it
	Audience   string         // the FHIR base: the one audience that a token may have
	Client     *http.Client   // made by outbound.New
	Keys       *KeySets       // for JWTs
	KeysURL    string         // "" = what the issuer's metadata says
	Introspect *Introspection // nil = tokens are JWTs

	// Patient and Encounter name the claims that hold the ids of the patient and the encounter in context, with dots between the
	// steps into it: "ext.patient". "" = "patient" or "launch_response_patient", and "encounter".
	Patient, Encounter string

	Now func() time.Time // nil = time.Now

	issuer  metadata
	answers answers
}

const (
	longest  = 10 * time.Minute // that a JWT may be valid: it cannot be taken back
	maxClaim = 255              // bytes of a subject
)

func (e *External) now() time.Time {
	if e.Now != nil {
		return e.Now()
	}
	return time.Now()
}

// Authenticate says whom an access token stands for. Errors: Login for a token that is not good here, Expired, and Transient where the
// issuer does not answer.
func (e *External) Authenticate(ctx context.Context, bearer string) (*smart.Principal, error) {
	var p *smart.Principal
	var err error
	if e.Introspect != nil {
		p, err = e.introspected(ctx, bearer)
	} else {
		p, err = e.signed(ctx, bearer)
	}
	if err == nil {
		return p, nil
	}
	var late *expired
	var refused *Refused
	switch {
	case errors.As(err, &late):
		return nil, fhir.ExpiredToken("the access token has expired").WithCause(err)
	case errors.As(err, &refused):
		return nil, fhir.InvalidToken("the access token is not valid here").WithCause(err)
	}
	o := fhir.NewOutcome(fhir.Transient, "the issuer of the access token does not answer").WithCause(err)
	o.RetryAfter = refreshAfter
	return nil, o
}

// signed reads a JWT.
func (e *External) signed(ctx context.Context, bearer string) (*smart.Principal, error) {
	h, err := guard(bearer)
	if err != nil {
		return nil, err
	}
	if h.typ != "at+jwt" && h.typ != "application/at+jwt" { // ID tokens and logout tokens have the same issuer and keys
		return nil, refuse("its type is not that of an access token")
	}
	now := e.now()
	claims, err := verify(bearer, func() time.Time { return now }, func() (any, error) { return e.key(ctx, h) }, e.wanted()...)
	if err != nil {
		return nil, err
	}
	if err := e.checkTimes(claims, now); err != nil {
		return nil, err
	}
	if aud, err := sole(claims, "aud"); err != nil || aud != e.Audience {
		return nil, refuse("its audience is not this server alone")
	}
	jti, err := text(claims, "jti")
	if err != nil || jti == "" || len(jti) > maxID {
		return nil, refuse("it has no jti")
	}
	return e.principal(claims, name(e.Issuer+"\x00"+jti))
}

// checkTimes wants a JWT that is valid for a short time only.
func (e *External) checkTimes(claims map[string]any, now time.Time) error {
	iat, err := moment(claims, "iat")
	if err != nil {
		return err
	}
	exp, err := moment(claims, "exp")
	switch {
	case err != nil:
		return err
	case iat.IsZero() || exp.IsZero():
		return refuse("it does not say when it was issued")
	case exp.Sub(iat) > longest || exp.After(now.Add(longest+leeway)):
		return refuse("it is valid for more than ten minutes")
	}
	return nil
}

func (e *External) key(ctx context.Context, h *header) (any, error) {
	url := e.KeysURL
	if url == "" {
		var err error
		if url, err = e.keysURL(ctx); err != nil {
			return nil, err
		}
	}
	return e.Keys.key(ctx, url, h.kid, h.alg)
}

// name names a token in the audit trail without being of use to its reader.
func name(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:8])
}

// principal makes a principal of claims that are vouched for.
func (e *External) principal(claims map[string]any, tokenID string) (*smart.Principal, error) {
	c := reader{claims: claims}
	p := &smart.Principal{Issuer: e.Issuer, TokenID: tokenID, ClientID: c.needed("client_id"), Name: c.text("name"), ACR: c.text("acr"), AMR: c.texts("amr"), AuthTime: c.moment("auth_time")}
	p.Scopes, _ = smart.ParseScopes(c.scope()) // those that are not known here are not granted
	sub := c.text("sub")
	p.Patient, p.Encounter = c.patient(e.Patient), c.id(e.encounter())
	p.FhirUser = c.fhirUser(e.Audience)
	if c.err != nil {
		return nil, c.err
	}
	contexts := contextsOf(p.Scopes)
	switch {
	case len(contexts) == 0:
		return nil, refuse("it grants nothing here")
	case contexts[smart.SystemContext] && len(contexts) > 1:
		return nil, refuse("it is a client's and a user's at once")
	case contexts[smart.SystemContext]:
		p.Subject = "client:" + p.ClientID
	case sub == "" || len(sub) > maxClaim:
		return nil, refuse("it says of no user")
	default:
		p.Subject = "user:" + sub
	}
	if contexts[smart.PatientContext] && p.Patient == "" {
		return nil, refuse("it has scopes for a patient, but no patient")
	}
	return p, nil
}

func (e *External) encounter() string {
	if e.Encounter != "" {
		return e.Encounter
	}
	return "encounter"
}
