package authserver

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/account"
	"andiron.dev/smart/audit"
)

// manageView is the page on which users see what they have allowed, and take it back.
type manageView struct {
	CSRF string
	User *account.User
	Apps []managedApp
	Done bool // something was taken back
}

// managedApp is what a user has allowed one client.
type managedApp struct {
	Client  string
	Name    string
	Since   time.Time
	Until   time.Time // of the longest grant; zero = that of its token
	Offline bool
	Scopes  []string // in plain words
}

// manage shows a user's grants.
func (s *Server) manage(w http.ResponseWriter, r *http.Request) {
	sess := s.require(w, r, "/manage")
	if sess == nil {
		return
	}
	view := &manageView{CSRF: sess.CSRF(), User: sess.User, Done: r.URL.Query().Has("done")}
	var err error
	if view.Apps, err = s.managed(r.Context(), sess.UserID); err != nil {
		s.sorry(w, r, err)
		return
	}
	s.page(w, r, http.StatusOK, "manage", view)
}

// managed lists the clients that a user has allowed something.
func (s *Server) managed(ctx context.Context, user string) (apps []managedApp, err error) {
	err = s.config.Store.View(ctx, func(tx fhir.Tx) error {
		apps = nil
		scopes := map[string]smart.Scopes{}
		err := each(ctx, tx, grantRecord, userSubject(user), func(record *fhir.Record) error {
			g := &grant{}
			if err := record.Decode(g); err != nil || !g.Revoked.IsZero() {
				return err
			}
			if end := record.Expires.Add(-grantKnown); !s.config.Now().Before(end) { // no token is left
				return nil
			}
			at := slices.IndexFunc(apps, func(a managedApp) bool { return a.Client == g.Client })
			if at < 0 {
				at = len(apps)
				apps = append(apps, managedApp{Client: g.Client, Name: g.Client, Since: g.Created})
				if c, err := client(ctx, tx, g.Client); err == nil {
					apps[at].Name = c.Name
				} else if !absent(err) {
					return err
				}
			}
			a := &apps[at]
			if g.Created.Before(a.Since) {
				a.Since = g.Created
			}
			if hasScope(g.Scope, "offline_access") {
				a.Offline = true
				if g.Until.After(a.Until) {
					a.Until = g.Until
				}
			}
			list, _ := smart.ParseScopes(g.Scope)
			scopes[g.Client] = append(scopes[g.Client], list...)
			return nil
		})
		for i := range apps {
			for j := range scopes[apps[i].Client] {
				if text := plain(&scopes[apps[i].Client][j]); !slices.Contains(apps[i].Scopes, text) {
					apps[i].Scopes = append(apps[i].Scopes, text)
				}
			}
		}
		slices.SortFunc(apps, func(a, b managedApp) int { return strings.Compare(a.Name+"\n"+a.Client, b.Name+"\n"+b.Client) })
		return err
	})
	return apps, err
}

// takeBack ends all grants that a user has given a client, and forgets what they have answered it.
func (s *Server) takeBack(w http.ResponseWriter, r *http.Request) {
	values, err := form(r)
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	sess := s.own(w, r, values)
	if sess == nil {
		return
	}
	if err := s.revokeClient(r, personOf(sess.User), values.Get("client")); err != nil {
		s.sorry(w, r, err)
		return
	}
	http.Redirect(w, r, s.url(r, "/manage")+"?done", http.StatusSeeOther)
}

// revokeClient ends what a user has allowed a client. The API refuses its tokens at once, in other processes within a second.
func (s *Server) revokeClient(r *http.Request, who *person, clientID string) error {
	ctx, owner := r.Context(), userSubject(who.ID)
	err := s.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		ended := 0
		err := each(ctx, tx, grantRecord, owner, func(record *fhir.Record) error {
			g := &grant{}
			if err := record.Decode(g); err != nil || g.Client != clientID || !g.Revoked.IsZero() {
				return err
			}
			ended++
			g.Revoked = s.config.Now().UTC()
			return fhir.KeepValue(ctx, tx, *record, g)
		})
		if err != nil {
			return err
		}
		err = each(ctx, tx, decisionRecord, owner, func(record *fhir.Record) error {
			d := &decision{}
			if err := record.Decode(d); err != nil || d.Client != clientID {
				return err
			}
			ended++
			return tx.Drop(ctx, decisionRecord, record.Key)
		})
		if err != nil || ended == 0 {
			return err
		}
		return s.append(ctx, tx, said(s.event(r, audit.Consent, "revoke", &grant{Client: clientID, User: who.ID}), who))
	})
	if err == nil {
		s.tokens.forget()
	}
	return err
}

// Forget makes this process ask the store about every token anew: whoever has changed a user in it calls this, so that the change
// holds for the next request.
func (s *Server) Forget() { s.tokens.forget() }
