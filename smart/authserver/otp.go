package authserver

import (
	"net/http"
	"net/url"

	"andiron.dev/smart/account"
)

// otpView is the page that asks for a second factor, after the first or in a session.
type otpView struct {
	CSRF, Next, Mistake string
	StepUp              bool // in a session
	Factors             *account.Factors
}

// showOTP asks for the second factor of a login.
func (s *Server) showOTP(w http.ResponseWriter, r *http.Request) {
	next := nextOf(r.URL.Query().Get("next"))
	s.askOTP(w, r, http.StatusOK, next, "")
}

func (s *Server) askOTP(w http.ResponseWriter, r *http.Request, status int, next, mistake string) {
	token := s.visitorToken(r)
	u, f, err := s.config.Accounts.HalfDone(r.Context(), token)
	switch {
	case err != nil:
		s.sorry(w, r, err)
	case u == nil: // it took too long
		s.see(w, r, "/login", next)
	default:
		s.pageFor(w, r, status, "otp", next, &otpView{CSRF: csrfOf(token), Next: next, Mistake: mistake, Factors: f})
	}
}

func (s *Server) otp(w http.ResponseWriter, r *http.Request, v url.Values) {
	if !s.visits(w, r, v) {
		return
	}
	next := nextOf(v.Get("next"))
	l, err := s.config.Accounts.FinishCode(r.Context(), s.caller(r, nil), s.half(r), v.Get("otp"))
	if err == account.ErrExpired {
		s.see(w, r, "/login", next)
		return
	}
	if err != nil {
		if status, text := s.mistake(w, r, err); status != 0 {
			s.askOTP(w, r, status, next, text)
		}
		return
	}
	s.entered(w, r, l, next)
}

// half is the login half done in a browser.
func (s *Server) half(r *http.Request) account.Second {
	return account.Second{Login: s.visitorToken(r), Before: s.sessionToken(r)}
}

// showStepUp asks who is logged in for their second factor (RFC 9470).
func (s *Server) showStepUp(w http.ResponseWriter, r *http.Request) {
	next := nextOf(r.URL.Query().Get("next"))
	sess, err := s.session(r)
	switch {
	case err != nil:
		s.sorry(w, r, err)
	case sess == nil:
		s.see(w, r, "/login", next)
	default:
		s.askStepUp(w, r, http.StatusOK, sess, next, "")
	}
}

func (s *Server) askStepUp(w http.ResponseWriter, r *http.Request, status int, sess *account.Session, next, mistake string) {
	f, err := s.config.Accounts.Factors(r.Context(), sess.UserID)
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	s.pageFor(w, r, status, "otp", next, &otpView{CSRF: sess.CSRF(), Next: next, Mistake: mistake, StepUp: true, Factors: f})
}

func (s *Server) stepUp(w http.ResponseWriter, r *http.Request, v url.Values) {
	sess := s.own(w, r, v)
	if sess == nil {
		return
	}
	next := nextOf(v.Get("next"))
	l, err := s.config.Accounts.FinishCode(r.Context(), s.caller(r, sess), account.Second{Session: sess}, v.Get("otp"))
	if err != nil {
		if status, text := s.mistake(w, r, err); status != 0 {
			s.askStepUp(w, r, status, sess, next, text)
		}
		return
	}
	s.entered(w, r, l, next)
}
