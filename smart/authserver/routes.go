package authserver

import (
	"net/http"
	"strings"
)

// mount enters the endpoints.
func (s *Server) mount() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"/authorize", s.authorize)
	mux.HandleFunc("POST "+Path+"/authorize", s.authorize)
	mux.HandleFunc("GET "+Path+"/continue", s.resume)
	mux.HandleFunc("POST "+Path+"/patient", s.choosePatient)
	mux.HandleFunc("POST "+Path+"/consent", s.consent)
	mux.HandleFunc(Path+"/token", s.preflighted(s.token))
	mux.HandleFunc(Path+"/revoke", s.preflighted(s.revoke))
	mux.HandleFunc(Path+"/introspect", posted(s.introspect))
	mux.HandleFunc(Path+"/launch", posted(s.launch))
	mux.HandleFunc(Path+"/break-glass", s.preflighted(s.breakGlass))
	mux.HandleFunc("GET "+Path+"/manage", s.manage)
	mux.HandleFunc("POST "+Path+"/manage", s.takeBack)
	mux.HandleFunc(Path+"/jwks", s.jwks)
	mux.HandleFunc("GET "+Path+stylePath(), s.serveStyle)
	if s.config.AllowRegister {
		mux.HandleFunc(Path+"/register", s.preflighted(s.register))
	}
	s.mountLogin(mux)
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at := strings.Index(r.URL.Path, wellKnown); at >= 0 {
			s.known(w, r, r.URL.Path[:at], r.URL.Path[at+len(wellKnown):])
			return
		}
		mux.ServeHTTP(w, r)
	})
}

const wellKnown = "/.well-known/"

// known serves what is found without being told: below the base, as SMART and OpenID Connect have it, or below the root with the
// path of the base at the end (RFC 8414 §3).
func (s *Server) known(w http.ResponseWriter, r *http.Request, before, name string) {
	name, after, _ := strings.Cut(name, "/")
	base := s.base(r)
	path := func(p string) bool { return p == "" || strings.HasSuffix(base, "/"+strings.Trim(p, "/")) }
	switch {
	case !path(before) || !path(after) || before != "" && after != "":
	case name == "smart-configuration" && after == "":
		s.smartConfiguration(w, r)
		return
	case name == "openid-configuration" || name == "oauth-authorization-server":
		s.openidConfiguration(w, r)
		return
	}
	http.NotFound(w, r)
}

// posted is an endpoint that takes POST and that no web page calls.
func posted(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", "POST")
			answer(w, http.StatusMethodNotAllowed, refuse(invalidRequest, "this endpoint takes POST"))
			return
		}
		next(w, r)
	}
}
