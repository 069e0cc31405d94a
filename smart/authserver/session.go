package authserver

import (
	"context"
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/smart/account"
	"andiron.dev/smart/secret"
)

// Names of the cookies. The prefix __Host- keeps neighbours of the host from setting them, but needs https (RFC 6265bis §4.1.3.2).
const (
	sessionCookie = "sid"
	visitorCookie = "visitor" // of a browser in which nobody is logged in, or somebody half
	hostPrefix    = "__Host-"
)

func (s *Server) setCookie(w http.ResponseWriter, r *http.Request, name, value string) {
	secure := strings.HasPrefix(s.base(r), "https://")
	if secure {
		name = hostPrefix + name
	}
	c := &http.Cookie{Name: name, Value: value, Path: "/", Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (s *Server) cookie(r *http.Request, name string) string {
	if strings.HasPrefix(s.base(r), "https://") {
		name = hostPrefix + name
	}
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

func (s *Server) setSession(w http.ResponseWriter, r *http.Request, token string) {
	s.setCookie(w, r, sessionCookie, token)
}

func (s *Server) sessionToken(r *http.Request) string { return s.cookie(r, sessionCookie) }

// sessionKey is where a context has a session whose cookie the request could not bring yet.
type sessionKey struct{}

// session is who is logged in in this browser; nil = nobody.
func (s *Server) session(r *http.Request) (*account.Session, error) {
	if sess, ok := r.Context().Value(sessionKey{}).(*account.Session); ok {
		return sess, nil
	}
	token := s.sessionToken(r)
	if token == "" {
		return nil, nil
	}
	return s.config.Accounts.Session(r.Context(), token)
}

// renewed gives the browser the new token of its session and goes on with it.
func (s *Server) renewed(w http.ResponseWriter, r *http.Request, token string, then func(*http.Request, *account.Session)) {
	sess, err := s.config.Accounts.Session(r.Context(), token)
	if err == nil && sess == nil {
		err = &oauthError{Code: accessDenied, Text: "You are not logged in any more.", status: http.StatusForbidden}
	}
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	s.setSession(w, r, token)
	then(r.WithContext(context.WithValue(r.Context(), sessionKey{}, sess)), sess)
}

// require is session for a page that needs one: where there is none it sends the browser to log in, and from there back to the page.
func (s *Server) require(w http.ResponseWriter, r *http.Request, page string) *account.Session {
	sess, err := s.session(r)
	if err != nil {
		s.sorry(w, r, err)
		return nil
	}
	if sess == nil {
		s.signIn(w, r, Path+page, signIn{})
	}
	return sess
}

// visitor is the cookie of a browser in which nobody is logged in. It is what forms are bound to that come before a login: nobody can log
// a stranger's browser in as themselves.
func (s *Server) visitor(w http.ResponseWriter, r *http.Request) string {
	token := s.visitorToken(r)
	if token == "" {
		token = secret.NewToken()
		s.setVisitor(w, r, token)
	}
	return token
}

func (s *Server) visitorToken(r *http.Request) string {
	token := s.cookie(r, visitorCookie)
	if raw, err := base64.RawURLEncoding.DecodeString(token); err != nil || len(raw) != 32 {
		return ""
	}
	return token
}

func (s *Server) setVisitor(w http.ResponseWriter, r *http.Request, token string) {
	s.setCookie(w, r, visitorCookie, token)
}

// csrfOf is the hidden field csrf of a form that is bound to a visitor.
func csrfOf(visitor string) string { return secret.Digest("csrf of visitor " + visitor) }

// checkCSRF compares the field csrf of a form that has been parsed, and where it comes from. It gives an error for the user.
func (s *Server) checkCSRF(r *http.Request, v url.Values, want string) error {
	if err := s.sameOrigin(r); err != nil {
		return err
	}
	if want == "" || !same(v.Get("csrf"), want) {
		return &oauthError{Code: invalidRequest, Text: "This form is not the one that you were shown, or it is too old. Go back, load the page again and retry.", status: http.StatusForbidden}
	}
	return nil
}

// sameOrigin refuses what another site has sent, as far as browsers say so.
func (s *Server) sameOrigin(r *http.Request) error {
	guard := http.NewCrossOriginProtection()
	if origin := originOf(s.base(r)); origin != "" { // behind a proxy that changes Host
		_ = guard.AddTrustedOrigin(origin) // it is one
	}
	if guard.Check(r) != nil {
		return &oauthError{Code: invalidRequest, Text: "This form was sent by another site.", status: http.StatusForbidden}
	}
	return nil
}

// posts reads the form of a POST.
func (s *Server) posts(h func(http.ResponseWriter, *http.Request, url.Values)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := s.sameOrigin(r); err != nil {
			s.sorry(w, r, err)
			return
		}
		if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
			s.sorry(w, r, &oauthError{Code: invalidRequest, Text: "This page takes forms only.", status: http.StatusUnsupportedMediaType})
			return
		}
		text, err := body(r)
		if err != nil {
			s.sorry(w, r, err)
			return
		}
		v, err := parameters(text)
		if err != nil {
			s.sorry(w, r, err)
			return
		}
		h(w, r, v)
	}
}

// visits reports whether a form is the one that this visitor was shown; otherwise it has been answered.
func (s *Server) visits(w http.ResponseWriter, r *http.Request, v url.Values) bool {
	want := ""
	if token := s.visitorToken(r); token != "" {
		want = csrfOf(token)
	}
	if err := s.checkCSRF(r, v, want); err != nil {
		s.sorry(w, r, err)
		return false
	}
	return true
}

// own is the session that a form belongs to; nil = it has been answered.
func (s *Server) own(w http.ResponseWriter, r *http.Request, v url.Values) *account.Session {
	sess, err := s.session(r)
	if err == nil && sess == nil {
		err = &oauthError{Code: accessDenied, Text: "You are not logged in any more. Log in and try again.", status: http.StatusForbidden}
	}
	if err == nil {
		err = s.checkCSRF(r, v, sess.CSRF())
	}
	if err != nil {
		s.sorry(w, r, err)
		return nil
	}
	return sess
}

// caller is who sends a request, for the accounts.
func (s *Server) caller(r *http.Request, sess *account.Session) account.Caller {
	by := account.Caller{Address: s.address(r), RequestID: r.Header.Get("X-Request-Id")}
	if sess != nil {
		by.Subject, by.Name = sess.User.Subject(), sess.User.Username
	}
	return by
}

// mistake gives the status and the text for an error that the user can do something about. For others it answers itself and the
// status is 0.
func (s *Server) mistake(w http.ResponseWriter, r *http.Request, err error) (status int, text string) {
	var throttled *account.Throttled
	var refused *account.Refused
	switch {
	case errors.Is(err, account.ErrWrong):
		// RFC 9110 §15.5.2 wants a challenge; browsers leave one alone that they do not know.
		w.Header().Set("WWW-Authenticate", `Form location="`+Path+`/login"`)
		return http.StatusUnauthorized, "The password or the code is wrong."
	case errors.As(err, &throttled):
		w.Header().Set("Retry-After", strconv.FormatInt(throttled.Seconds(), 10))
		return http.StatusTooManyRequests, sentence(throttled.Error())
	case errors.As(err, &refused):
		return http.StatusBadRequest, sentence(refused.Text)
	case errors.Is(err, account.ErrExpired):
		return http.StatusBadRequest, sentence(err.Error())
	case fhir.CodeOf(err) == fhir.NotFound: // the user, meanwhile
		return http.StatusBadRequest, "This is not there any more."
	}
	s.sorry(w, r, err)
	return 0, ""
}

// sentence makes one of an error's text.
func sentence(text string) string {
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
