package authserver

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/account"
	"andiron.dev/smart/secret"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Upstream is an OpenID provider where users may log in instead of here (deployment mode b): it says who somebody is, and this server
// goes on giving out tokens. Its redirect URI is {…}/auth/upstream/{ID}/callback.
type Upstream struct {
	ID           string // in URLs: lower-case letters, digits and hyphens
	Name         string // on the login page
	Issuer       string // https URL, as in its metadata
	ClientID     string
	ClientSecret secret.Secret
	Scopes       []string // beyond openid
	// MultiACR are the acr values that say that it has asked for a second factor. Where there are none, nothing it says counts as that.
	MultiACR []string

	// JustInTime makes a user for whoever is let in by the provider and linked to nobody. Off, somebody has to link them first.
	JustInTime    bool
	Roles         []string // of such a user
	UsernameClaim string   // their username; "" = preferred_username
	FhirUserClaim string   // their resource, a relative reference; "" = none

	HTTP *http.Client // to reach it; nil = one that follows no redirects and waits 10 s
}

// upstreamLife is how long a login elsewhere may take.
const upstreamLife = 10 * time.Minute

// upstreamRecord is the kind of the records of logins elsewhere that are under way; key: digest of state.
const upstreamRecord = "upstream"

// attempt is a login elsewhere. Nonce and PKCE verifier are not in it: they follow from the state and the browser's cookie, so that only
// that browser can go on.
type attempt struct {
	Provider string `json:"provider"`
	Visitor  string `json:"visitor"` // digest of the cookie
	Next     string `json:"next,omitempty"`
	Session  string `json:"session,omitempty"` // of who wants the identity linked to their account
}

// derive makes a secret of an attempt that is not kept anywhere.
func derive(visitor, purpose, state string) string {
	h := hmac.New(sha256.New, []byte(visitor))
	h.Write([]byte(purpose + "\n" + state))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// upstream is the provider of a path.
func (s *Server) upstream(w http.ResponseWriter, r *http.Request) (*Upstream, *provider) {
	for i := range s.config.Upstreams {
		up := &s.config.Upstreams[i]
		if up.ID != r.PathValue("id") {
			continue
		}
		p, err := s.providers.get(r.Context(), up, s.config.Now)
		if err != nil {
			s.sorry(w, r, &oauthError{Code: temporarilyUnavailable, Text: up.Name + " cannot be reached. Try again later.", status: http.StatusServiceUnavailable, cause: err})
			return nil, nil
		}
		return up, p
	}
	s.sorry(w, r, &oauthError{Code: invalidRequest, Text: "There is no such provider.", status: http.StatusNotFound})
	return nil, nil
}

// upstreamLogin sends the browser to log in elsewhere.
func (s *Server) upstreamLogin(w http.ResponseWriter, r *http.Request) {
	if up, p := s.upstream(w, r); up != nil {
		s.depart(w, r, up, p, &attempt{Next: nextOf(r.URL.Query().Get("next"))})
	}
}

// upstreamLink sends the browser of a user elsewhere to link who they are there to their account.
func (s *Server) upstreamLink(w http.ResponseWriter, r *http.Request, v url.Values) {
	sess := s.own(w, r, v)
	if sess == nil {
		return
	}
	f, err := s.config.Accounts.Factors(r.Context(), sess.UserID)
	if err == nil {
		err = s.confirmed(r, sess, f, v.Get("password"))
	}
	if err != nil {
		if status, text := s.mistake(w, r, err); status != 0 {
			s.askLink(w, r, status, sess, text)
		}
		return
	}
	if up, p := s.upstream(w, r); up != nil {
		s.depart(w, r, up, p, &attempt{Session: sess.ID})
	}
}

// linkView is the page that asks before an account is linked.
type linkView struct{ CSRF, ID, Name, Mistake string }

func (s *Server) showLink(w http.ResponseWriter, r *http.Request) {
	if sess := s.require(w, r, "/upstream/"+r.PathValue("id")+"/link"); sess != nil {
		s.askLink(w, r, http.StatusOK, sess, "")
	}
}

func (s *Server) askLink(w http.ResponseWriter, r *http.Request, status int, sess *account.Session, mistake string) {
	if up, p := s.upstream(w, r); up != nil {
		s.pageTo(w, r, status, "link", source(p.endpoint.AuthURL), &linkView{sess.CSRF(), up.ID, up.Name, mistake})
	}
}

func (s *Server) depart(w http.ResponseWriter, r *http.Request, up *Upstream, p *provider, a *attempt) {
	visitor, state := s.visitor(w, r), secret.NewToken()
	a.Provider, a.Visitor = up.ID, secret.Digest(visitor)
	ctx := r.Context()
	err := s.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		return fhir.KeepValue(ctx, tx, fhir.Record{Kind: upstreamRecord, Key: secret.Digest(state), Expires: s.config.Now().Add(upstreamLife)}, a)
	})
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	target := s.relying(r, up, p).AuthCodeURL(state, oidc.Nonce(derive(visitor, "nonce", state)), oauth2.S256ChallengeOption(derive(visitor, "verifier", state)))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// relying is this server as a client of the provider.
func (s *Server) relying(r *http.Request, up *Upstream, p *provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: up.ClientID, ClientSecret: string(up.ClientSecret), Endpoint: p.endpoint,
		RedirectURL: s.url(r, "/upstream/"+up.ID+"/callback"), Scopes: append([]string{oidc.ScopeOpenID}, up.Scopes...),
	}
}

// upstreamCallback takes the provider's answer.
func (s *Server) upstreamCallback(w http.ResponseWriter, r *http.Request) {
	v, err := parameters(r.URL.RawQuery)
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	visitor, state := s.visitorToken(r), v.Get("state")
	a, err := s.takeAttempt(r.Context(), visitor, state, r.PathValue("id"))
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	up, p := s.upstream(w, r)
	if up == nil {
		return
	}
	who, err := s.arrive(r, up, p, v, visitor, state)
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	if a.Session != "" {
		s.linked(w, r, a, who)
		return
	}
	l, err := s.config.Accounts.LoginUpstream(r.Context(), s.caller(r, nil), *who, s.sessionToken(r))
	switch status, text := 0, ""; {
	case err == nil:
		s.entered(w, r, l, a.Next)
	case err == account.ErrWrong:
		s.sorry(w, r, &oauthError{Code: accessDenied, Text: "You are known at " + up.Name + ", but nobody here is linked to that. Ask an administrator.", status: http.StatusForbidden})
	default:
		if status, text = s.mistake(w, r, err); status != 0 {
			s.sorry(w, r, &oauthError{Code: accessDenied, Text: text, status: http.StatusForbidden})
		}
	}
}

// takeAttempt uses an attempt up, which only the browser can that began it.
func (s *Server) takeAttempt(ctx context.Context, visitor, state, provider string) (*attempt, error) {
	a := &attempt{}
	err := s.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		_, err := fetch(ctx, tx, upstreamRecord, secret.Digest(state), a)
		if absent(err) || err == nil && (visitor == "" || !same(secret.Digest(visitor), a.Visitor) || a.Provider != provider) {
			return refuse(invalidRequest, "This login has expired, has been finished already, or was begun in another browser. Begin again.")
		}
		if err != nil {
			return err
		}
		return tx.Drop(ctx, upstreamRecord, secret.Digest(state))
	})
	return a, err
}

// arrive exchanges the code for who the user is.
func (s *Server) arrive(r *http.Request, up *Upstream, p *provider, v url.Values, visitor, state string) (*account.Upstream, error) {
	failed := func(text string, cause error) error {
		return &oauthError{Code: accessDenied, Text: text, status: http.StatusForbidden, cause: cause}
	}
	switch {
	case v.Has("iss") && v.Get("iss") != up.Issuer, p.saysIssuer && !v.Has("iss"): // RFC 9207
		return nil, failed("This answer is not from "+up.Name+".", nil)
	case v.Has("error"):
		return nil, failed("The login at "+up.Name+" was cancelled or refused.", nil)
	}
	ctx := oidc.ClientContext(r.Context(), up.client())
	t, err := s.relying(r, up, p).Exchange(ctx, v.Get("code"), oauth2.VerifierOption(derive(visitor, "verifier", state)))
	if err != nil {
		return nil, failed("The login at "+up.Name+" could not be finished. Begin again.", plainExchange(err))
	}
	raw, _ := t.Extra("id_token").(string)
	who, err := p.identify(ctx, up, raw, derive(visitor, "nonce", state), s.config.Now())
	if err != nil {
		return nil, failed("The login at "+up.Name+" could not be verified.", err)
	}
	return who, nil
}

// linked links the identity to the account of whoever began this, if they are logged in still.
func (s *Server) linked(w http.ResponseWriter, r *http.Request, a *attempt, who *account.Upstream) {
	sess, err := s.session(r)
	if err == nil && (sess == nil || sess.ID != a.Session) {
		err = &oauthError{Code: accessDenied, Text: "You are not logged in any more. Log in and try again.", status: http.StatusForbidden}
	}
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	if err := s.config.Accounts.LinkIdentity(r.Context(), s.caller(r, sess), sess.UserID, who.Identity); err != nil {
		if status, text := s.mistake(w, r, err); status != 0 {
			s.sorry(w, r, &oauthError{Code: accessDenied, Text: text, status: status})
		}
		return
	}
	s.account(w, r, http.StatusOK, "enroll", sess, &accountView{Done: "The accounts are linked."})
}
