package authserver

import (
	"net/http"
	"net/url"

	"andiron.dev/smart/account"
)

// showPasskeys lists the passkeys of a user.
func (s *Server) showPasskeys(w http.ResponseWriter, r *http.Request) {
	if sess := s.require(w, r, "/webauthn"); sess != nil {
		s.account(w, r, http.StatusOK, "passkeys", sess, &accountView{})
	}
}

// beginPasskey gives the options for a new passkey to who gives the password.
func (s *Server) beginPasskey(w http.ResponseWriter, r *http.Request, v url.Values) {
	sess := s.own(w, r, v)
	if sess == nil {
		return
	}
	f, err := s.config.Accounts.Factors(r.Context(), sess.UserID)
	if err == nil && f.Second() && !sess.Fresh(s.config.Now(), freshFactor) {
		s.tell(w, r, told{Location: s.url(r, "/stepup?next="+url.QueryEscape(Path+"/webauthn"))}, nil)
		return
	}
	if err == nil {
		err = s.confirmed(r, sess, f, v.Get("password"))
	}
	var t told
	if err == nil {
		t.Options, err = s.config.Accounts.BeginPasskey(r.Context(), sess, s.origin(r))
	}
	s.tell(w, r, t, err)
}

func (s *Server) finishPasskey(w http.ResponseWriter, r *http.Request, v url.Values) {
	sess := s.own(w, r, v)
	if sess == nil {
		return
	}
	token, err := s.config.Accounts.FinishPasskey(r.Context(), s.caller(r, sess), sess, s.origin(r), v.Get("name"), []byte(v.Get("answer")))
	if err != nil {
		s.tell(w, r, told{}, err)
		return
	}
	s.setSession(w, r, token)
	f, err := s.config.Accounts.Factors(r.Context(), sess.UserID)
	t := told{Location: s.url(r, "/webauthn")}
	if err == nil && f.Recovery == 0 { // the first second factor: something must stand in for it
		t.Location = s.url(r, "/recovery")
	}
	s.tell(w, r, t, err)
}

// removePasskey takes a passkey away: field id.
func (s *Server) removePasskey(w http.ResponseWriter, r *http.Request, v url.Values) {
	s.dropFactor(w, r, v, "/webauthn", "passkeys", "The passkey is removed.", func(sess *account.Session, password string) (string, error) {
		return s.config.Accounts.DropPasskey(r.Context(), s.caller(r, sess), sess, password, v.Get("id"))
	})
}
