package authserver

import (
	"net/http"
	"strings"

	"andiron.dev/smart/secret"
)

// cookieName is the cookie that tells the browser that brought an authorization request from others. It says nothing of who is
// signed in. The prefix keeps neighbours of the host from setting it, but needs https (RFC 6265bis §4.1.3.2).
func (s *Server) cookieName(r *http.Request) (name string, secure bool) {
	if strings.HasPrefix(s.base(r), "https://") {
		return "__Host-request", true
	}
	return "andiron-request", false
}

// browser is the value of that cookie; it is set where there is none.
func (s *Server) browser(w http.ResponseWriter, r *http.Request) string {
	name, secure := s.cookieName(r)
	if c, err := r.Cookie(name); err == nil && len(c.Value) == len(secret.NewToken()) {
		return c.Value
	}
	value := secret.NewToken()
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return value
}

// sameBrowser reports whether a request comes from the browser with a digest.
func (s *Server) sameBrowser(r *http.Request, digested string) bool {
	name, _ := s.cookieName(r)
	c, err := r.Cookie(name)
	return err == nil && same(secret.Digest(c.Value), digested)
}
