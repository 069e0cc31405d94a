package authserver

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"andiron.dev/smart/account"
)

// LoginConfig is the half of Config that the login pages need.
type LoginConfig struct {
	// Upstreams are OpenID providers where users may log in instead of here.
	Upstreams []Upstream
}

// mountLogin enters the pages on which users log in and look after their accounts.
func (s *Server) mountLogin(mux *http.ServeMux) {
	get := func(path string, h http.HandlerFunc) { mux.HandleFunc("GET "+Path+path, h) }
	post := func(path string, h func(http.ResponseWriter, *http.Request, url.Values)) {
		mux.HandleFunc("POST "+Path+path, s.posts(h))
	}
	get("/style.css", s.styleSheet)
	get("/webauthn.js", s.script)
	get("/login", s.showLogin)
	post("/login", s.login)
	get("/logout", s.showLogout)
	post("/logout", s.logout)
	get("/otp", s.showOTP)
	post("/otp", s.otp)
	get("/stepup", s.showStepUp)
	post("/stepup", s.stepUp)
	get("/setup", s.showSetup)
	post("/setup", s.setup)
	get("/password", s.showPassword)
	post("/password", s.changePassword)
	get("/otp/enroll", s.showEnroll)
	post("/otp/enroll", s.enroll)
	get("/otp/disable", s.showDisable)
	post("/otp/disable", s.disable)
	get("/recovery", s.showRecovery)
	post("/recovery", s.recovery)
	get("/webauthn", s.showPasskeys)
	post("/webauthn/remove", s.removePasskey)
	post("/webauthn/register/begin", s.beginPasskey)
	post("/webauthn/register/finish", s.finishPasskey)
	post("/webauthn/login/begin", s.beginAssertion)
	post("/webauthn/login/finish", s.finishAssertion)
	get("/upstream/{id}", s.upstreamLogin)
	get("/upstream/{id}/link", s.showLink)
	post("/upstream/{id}/link", s.upstreamLink)
	get("/upstream/{id}/callback", s.upstreamCallback)
}

// signIn sends the browser to the page where its user can become what is wanted, and from there to next, a path below /auth. What is wanted
// is not kept: who comes to next without it is sent here again.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request, next string, want signIn) {
	page := "/login"
	if sess, err := s.session(r); err == nil && sess != nil && (want.User == "" || want.User == sess.UserID) && !sess.AuthTime.Before(want.After) {
		only := signIn{ACR: want.ACR}
		if !only.met(sess) && slices.Contains(want.ACR, account.ACRMulti) {
			page = "/stepup"
		}
	}
	s.see(w, r, page, next)
}

// see answers with a page of this server, and where to go after it.
func (s *Server) see(w http.ResponseWriter, r *http.Request, page, next string) {
	target := s.url(r, page)
	if next != "" {
		target += "?next=" + url.QueryEscape(next)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// maxNext bounds where to go next, in bytes.
const maxNext = 1024

// nextOf is where a user wants to go after a page: a path below /auth, or "" for whatever else somebody has put there.
func nextOf(text string) string {
	u, err := url.Parse(text)
	if err != nil || len(text) > maxNext || u.Scheme != "" || u.Host != "" || u.Fragment != "" || u.RawPath != "" || !strings.HasPrefix(text, Path+"/") {
		return ""
	}
	for _, part := range strings.Split(strings.TrimPrefix(u.Path, "/"), "/") {
		if part == "" || part == "." || part == ".." || strings.ContainsAny(part, "\\%") {
			return ""
		}
	}
	return u.RequestURI()
}

// goOn sends the browser to where it was going, or to the page of grants.
func (s *Server) goOn(w http.ResponseWriter, r *http.Request, next string) {
	next = nextOf(next)
	if next == "" {
		next = Path + "/manage"
	}
	s.see(w, r, strings.TrimPrefix(next, Path), "")
}

// loginView is the page that asks for a username and a password.
type loginView struct {
	CSRF, Next, Username, Mistake string
	Upstreams                     []upstreamRow
}

// upstreamRow is what pages show of a provider.
type upstreamRow struct{ ID, Name string }

func (s *Server) upstreamRows() []upstreamRow {
	rows := make([]upstreamRow, len(s.config.Upstreams))
	for i, up := range s.config.Upstreams {
		rows[i] = upstreamRow{up.ID, up.Name}
	}
	return rows
}

func (s *Server) showLogin(w http.ResponseWriter, r *http.Request) {
	s.pageFor(w, r, http.StatusOK, "login", nextOf(r.URL.Query().Get("next")), &loginView{
		CSRF: csrfOf(s.visitor(w, r)), Next: nextOf(r.URL.Query().Get("next")), Upstreams: s.upstreamRows(),
	})
}

func (s *Server) login(w http.ResponseWriter, r *http.Request, v url.Values) {
	if !s.visits(w, r, v) {
		return
	}
	next := nextOf(v.Get("next"))
	l, err := s.config.Accounts.Login(r.Context(), s.caller(r, nil), v.Get("username"), v.Get("password"), s.sessionToken(r))
	if err != nil {
		status, text := s.mistake(w, r, err)
		if status == http.StatusUnauthorized {
			text = "The username or the password is wrong."
		}
		if status != 0 {
			s.pageFor(w, r, status, "login", next, &loginView{CSRF: v.Get("csrf"), Next: next, Username: v.Get("username"), Mistake: text, Upstreams: s.upstreamRows()})
		}
		return
	}
	s.entered(w, r, l, next)
}

// entered goes on after a first factor: into a session, or to the second factor.
func (s *Server) entered(w http.ResponseWriter, r *http.Request, l *account.Login, next string) {
	if l.Session == nil {
		s.setVisitor(w, r, l.Token)
		s.see(w, r, "/otp", next)
		return
	}
	s.setVisitor(w, r, "")
	s.setSession(w, r, l.Token)
	s.goOn(w, r, next)
}

func (s *Server) showLogout(w http.ResponseWriter, r *http.Request) {
	sess := s.require(w, r, "/logout")
	if sess == nil {
		return
	}
	s.page(w, r, http.StatusOK, "logout", &accountView{CSRF: sess.CSRF()})
}

func (s *Server) logout(w http.ResponseWriter, r *http.Request, v url.Values) {
	sess := s.own(w, r, v)
	if sess == nil {
		return
	}
	if err := s.config.Accounts.Logout(r.Context(), s.caller(r, sess), sess); err != nil {
		s.sorry(w, r, err)
		return
	}
	s.setSession(w, r, "")
	s.see(w, r, "/login", "")
}
