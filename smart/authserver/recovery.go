package authserver

import (
	"net/http"
	"net/url"
)

func (s *Server) showRecovery(w http.ResponseWriter, r *http.Request) {
	if sess := s.require(w, r, "/recovery"); sess != nil {
		s.account(w, r, http.StatusOK, "recovery", sess, &accountView{})
	}
}

// recovery makes new recovery codes and shows them, this once.
func (s *Server) recovery(w http.ResponseWriter, r *http.Request, v url.Values) {
	sess := s.own(w, r, v)
	if sess == nil {
		return
	}
	if !sess.Fresh(s.config.Now(), freshFactor) {
		s.see(w, r, "/stepup", Path+"/recovery")
		return
	}
	view := &accountView{}
	f, err := s.config.Accounts.Factors(r.Context(), sess.UserID)
	if err == nil {
		err = s.confirmed(r, sess, f, v.Get("password"))
	}
	if err == nil {
		view.Codes, err = s.config.Accounts.RenewRecovery(r.Context(), s.caller(r, sess), sess)
	}
	status := http.StatusOK
	if err != nil {
		if status, view.Mistake = s.mistake(w, r, err); status == 0 {
			return
		}
	}
	s.account(w, r, status, "recovery", sess, view)
}
