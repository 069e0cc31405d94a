package authserver

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/account"
	"andiron.dev/smart/audit"
	"andiron.dev/smart/secret"
)

// Bounds of the reason for breaking the glass, in bytes.
const (
	minReason = 5
	maxReason = 500
)

// emergencies are the v3-ActReason codes of a broken glass; the first is meant where none is given.
func emergencies() []string { return []string{"ETREAT", "BTG"} }

// breakGlass gives a clinician a token for the record of one patient whom they may not see otherwise (security.md §6). A trusted client
// asks, with the token of its user, who has given a second factor within five minutes; for reading, for an hour, without refreshing.
// patient, reason and purpose_of_use are the parameters.
func (s *Server) breakGlass(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	values, err := form(r)
	var a *tokenAnswer
	if err == nil {
		a, err = s.openGlass(ctx, r, values)
	}
	if err != nil {
		s.fail(ctx, w, err)
		return
	}
	answer(w, http.StatusOK, a)
}

func (s *Server) openGlass(ctx context.Context, r *http.Request, v url.Values) (*tokenAnswer, error) {
	token, err := bearer(r)
	if err != nil {
		return nil, unauthorized(err)
	}
	patient, reason, purpose := strings.TrimPrefix(v.Get("patient"), "Patient/"), strings.TrimSpace(v.Get("reason")), v.Get("purpose_of_use")
	if at := strings.LastIndexByte(purpose, '|'); at >= 0 && purpose[:at] == "http://terminology.hl7.org/CodeSystem/v3-ActReason" {
		purpose = purpose[at+1:]
	}
	if purpose == "" {
		purpose = emergencies()[0]
	}
	switch {
	case !fhir.ValidID(patient):
		return nil, refuse(invalidRequest, "patient is missing or is no id")
	case len(reason) < minReason || len(reason) > maxReason:
		return nil, refuse(invalidRequest, "reason is missing, or is not of 5 to 500 bytes")
	case !slices.Contains(emergencies(), purpose):
		return nil, refuse(invalidRequest, "purpose_of_use is ETREAT or BTG")
	}
	var a *tokenAnswer
	err = s.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		_, from, c, who, err := s.liveAccess(ctx, tx, secret.Digest(token))
		if fhir.CodeOf(err) == fhir.Expired || err == nil && from == nil {
			return unauthorized(fhir.InvalidToken("the access token is not valid, has expired or was revoked"))
		} else if err != nil {
			return err
		}
		scope, err := s.mayBreak(c, from, who)
		if err != nil {
			return err
		}
		if _, err := tx.Read(ctx, "Patient", patient); fhir.Gone(err) {
			return refuse(invalidRequest, "there is no such patient")
		} else if err != nil {
			return err
		}
		a, err = s.keepGlass(ctx, tx, r, &grant{
			ID: secret.NewID(), Client: c.ID, User: who.ID, Scope: scope, AuthTime: from.AuthTime, ACR: from.ACR, AMR: from.AMR, MFATime: from.MFATime, Session: from.Session,
			Purpose: purpose, BreakGlass: patient, Exchanged: true, launchContext: launchContext{Patient: patient},
		}, who, reason)
		return err
	})
	return a, err
}

// mayBreak gives the scopes that the token will have.
func (s *Server) mayBreak(c *Client, from *grant, who *person) (string, error) {
	forbidden := func(text string) error {
		return &oauthError{Code: accessDenied, Text: text, status: http.StatusForbidden}
	}
	switch {
	case !c.Trusted:
		return "", forbidden("only a trusted client may break the glass")
	case who == nil || !strings.HasPrefix(who.FhirUser, "Practitioner/") && !strings.HasPrefix(who.FhirUser, "PractitionerRole/"):
		return "", forbidden("only a clinician may break the glass")
	case from.BreakGlass != "":
		return "", forbidden("the token is one of an emergency itself")
	case from.MFATime.IsZero() || s.config.Now().Sub(from.MFATime) > stepUpIs:
		return "", unauthorized(fhir.StepUp("breaking the glass asks for a second factor within five minutes", []string{account.ACRMulti}, stepUpIs))
	}
	read, _ := smart.ParseScopes("user/*.rs")
	scope := read.Intersect(c.scopes()).String()
	if scope == "" {
		return "", refuse(invalidScope, "the client may not read on behalf of users")
	}
	return scope, nil
}

func (s *Server) keepGlass(ctx context.Context, tx fhir.Tx, r *http.Request, g *grant, who *person, reason string) (*tokenAnswer, error) {
	now := s.config.Now().UTC()
	until := now.Add(breakGlassIs)
	g.Created, g.Until = now, until
	if err := keepGrant(ctx, tx, g, until); err != nil {
		return nil, err
	}
	a := &tokenAnswer{AccessToken: secret.NewToken(), TokenType: "Bearer", Scope: g.Scope, ExpiresIn: int(breakGlassIs / time.Second), launchContext: &g.launchContext}
	key := secret.Digest(a.AccessToken)
	one := &access{Grant: g.ID, Client: g.Client, Scope: g.Scope, Issued: now, Expires: until}
	if err := fhir.KeepValue(ctx, tx, fhir.Record{Kind: accessRecord, Key: key, Owner: g.ID, Expires: until.Add(expiredKnown)}, one); err != nil {
		return nil, err
	}
	e := said(s.event(r, audit.BreakGlass, "start", g), who)
	e.TokenID, e.Reason = tokenID(key), reason
	return a, s.append(ctx, tx, e)
}

// unauthorized answers as the API does (RFC 6750 §3, RFC 9470).
func unauthorized(err error) error {
	o := fhir.AsOutcome(err)
	if code := o.Code(); code != fhir.Login && code != fhir.Expired {
		return err
	}
	code := invalidToken
	if strings.Contains(o.Challenge, insufficientUserAuth) {
		code = insufficientUserAuth
	}
	return &oauthError{Code: code, Text: text(err), status: http.StatusUnauthorized, challenge: strings.TrimSuffix(bearerRealm+o.Challenge, ", ")}
}
