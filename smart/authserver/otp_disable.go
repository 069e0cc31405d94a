package authserver

import (
	"net/http"
	"net/url"

	"andiron.dev/smart/account"
)

// freshFactor is how long ago a second factor may have been given by who takes one away.
const freshFactor = recentLogin

func (s *Server) showDisable(w http.ResponseWriter, r *http.Request) {
	if sess := s.fresh(w, r, "/otp/disable"); sess != nil {
		s.account(w, r, http.StatusOK, "disable", sess, &accountView{})
	}
}

// fresh is require for a page that is shown only to who has just given a second factor, where they have one.
func (s *Server) fresh(w http.ResponseWriter, r *http.Request, page string) *account.Session {
	sess := s.require(w, r, page)
	if sess == nil {
		return nil
	}
	f, err := s.config.Accounts.Factors(r.Context(), sess.UserID)
	switch {
	case err != nil:
		s.sorry(w, r, err)
		return nil
	case f.Second() && !sess.Fresh(s.config.Now(), freshFactor):
		s.see(w, r, "/stepup", Path+page)
		return nil
	}
	return sess
}

func (s *Server) disable(w http.ResponseWriter, r *http.Request, v url.Values) {
	s.dropFactor(w, r, v, "/otp/disable", "disable", "One-time codes are off.", func(sess *account.Session, password string) (string, error) {
		return s.config.Accounts.DisableCodes(r.Context(), s.caller(r, sess), sess, password)
	})
}

// dropFactor takes a second factor away, from who has given one and the password.
func (s *Server) dropFactor(w http.ResponseWriter, r *http.Request, v url.Values, path, page, done string, drop func(*account.Session, string) (string, error)) {
	sess := s.own(w, r, v)
	if sess == nil {
		return
	}
	if !sess.Fresh(s.config.Now(), freshFactor) {
		s.see(w, r, "/stepup", Path+path)
		return
	}
	f, err := s.config.Accounts.Factors(r.Context(), sess.UserID)
	if err == nil {
		err = s.confirmed(r, sess, f, v.Get("password"))
	}
	token := ""
	if err == nil {
		token, err = drop(sess, v.Get("password"))
	}
	if err != nil {
		if status, text := s.mistake(w, r, err); status != 0 {
			s.account(w, r, status, page, sess, &accountView{Mistake: text})
		}
		return
	}
	s.renewed(w, r, token, func(r *http.Request, sess *account.Session) {
		s.account(w, r, http.StatusOK, "enroll", sess, &accountView{Done: done})
	})
}
