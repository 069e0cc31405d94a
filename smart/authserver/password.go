package authserver

import (
	"errors"
	"net/http"
	"net/url"

	"andiron.dev/smart/account"
)

func (s *Server) showPassword(w http.ResponseWriter, r *http.Request) {
	if sess := s.require(w, r, "/password"); sess != nil {
		s.account(w, r, http.StatusOK, "password", sess, &accountView{})
	}
}

// changePassword takes the old password (field old) and the new one (field password).
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request, v url.Values) {
	sess := s.own(w, r, v)
	if sess == nil {
		return
	}
	token, err := s.config.Accounts.ChangePassword(r.Context(), s.caller(r, sess), sess, v.Get("old"), v.Get("password"))
	if err != nil {
		status, text := s.mistake(w, r, err)
		if errors.Is(err, account.ErrWrong) {
			text = "The old password is wrong."
		}
		if status != 0 {
			s.account(w, r, status, "password", sess, &accountView{Mistake: text})
		}
		return
	}
	s.renewed(w, r, token, func(r *http.Request, sess *account.Session) {
		s.account(w, r, http.StatusOK, "password", sess, &accountView{Done: "The password is changed. Other browsers have been logged out."})
	})
}
