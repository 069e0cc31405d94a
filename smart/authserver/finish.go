package authserver

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/smart/account"
	"andiron.dev/smart/audit"
	"andiron.dev/smart/secret"
)

// finish gives the client a code for what the user has allowed.
func (s *Server) finish(w http.ResponseWriter, r *http.Request, id string, p *pending, sess *account.Session, allowed string, answered bool) {
	ctx := r.Context()
	var made string
	err := s.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		made = secret.NewToken()
		if _, err := s.readPending(ctx, tx, r, id); err != nil { // answered in another window meanwhile
			return err
		}
		if err := tx.Drop(ctx, requestRecord, secret.Digest(id)); err != nil {
			return err
		}
		c, err := s.liveClient(ctx, tx, p.Client)
		if err != nil {
			return err
		} else if c == nil {
			return refuse(unauthorizedClient, "the client has been disabled")
		}
		who, err := s.person(ctx, tx, sess.UserID)
		if err != nil {
			return err
		} else if who == nil {
			return refuse(accessDenied, "the user has been disabled")
		}
		now := s.config.Now().UTC()
		g := &grant{
			ID: secret.NewID(), Client: c.ID, User: who.ID, Scope: possible(allowed, p, c, who), launchContext: p.launchContext, Launched: p.Context,
			Nonce: p.Nonce, AuthTime: sess.AuthTime, ACR: sess.ACR(), AMR: sess.AMR, MFATime: sess.MFATime, Created: now, Until: now.Add(c.refreshFor()),
		}
		if g.Scope == "" {
			return refuse(accessDenied, "nothing is left of what the app asked for")
		}
		if hasScope(g.Scope, "online_access") {
			g.Session = sess.ID
		}
		if err := keepGrant(ctx, tx, g, now.Add(codeIs)); err != nil {
			return err
		}
		one := &code{Grant: g.ID, Client: c.ID, Challenge: p.Challenge, Redirect: p.Redirect, Expires: now.Add(codeIs)}
		if err := fhir.KeepValue(ctx, tx, fhir.Record{Kind: codeRecord, Key: secret.Digest(made), Owner: g.ID, Expires: now.Add(codeKnown)}, one); err != nil {
			return err
		}
		if answered {
			d := &decision{Client: c.ID, Asked: p.asked(), Allowed: allowed, Time: now}
			record := fhir.Record{Kind: decisionRecord, Key: decisionKey(who.ID, c.ID, d.Asked), Owner: userSubject(who.ID), Expires: now.Add(decisionIs)}
			if err := fhir.KeepValue(ctx, tx, record, d); err != nil {
				return err
			}
		}
		what := "allow"
		if !answered {
			what = "allow-remembered"
		}
		return s.append(ctx, tx, said(s.event(r, audit.Consent, what, g), who))
	})
	if err != nil {
		s.redirectError(w, r, &p.asking, err)
		return
	}
	s.redirectBack(w, r, &p.asking, url.Values{"code": {made}})
}

// possible leaves out of what was allowed what there is nothing for: context that was not given, refreshing for who may not.
func possible(allowed string, p *pending, c *Client, who *person) string {
	list := slices.DeleteFunc(strings.Fields(allowed), func(one string) bool {
		switch {
		case one == "launch":
			return !p.Context
		case one == "launch/patient" || strings.HasPrefix(one, "patient/"):
			return p.Patient == ""
		case one == "launch/encounter":
			return p.Encounter == ""
		case strings.HasPrefix(one, "launch/"):
			return len(p.FhirContext) == 0
		case one == "offline_access":
			return !c.May(GrantRefresh)
		case one == "online_access":
			return !c.May(GrantRefresh) || hasScope(allowed, "offline_access")
		case one == "fhirUser":
			return who.FhirUser == ""
		}
		return false
	})
	return strings.Join(list, " ")
}
