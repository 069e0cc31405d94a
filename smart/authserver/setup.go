package authserver

import (
	"errors"
	"net/http"
	"net/url"

	"andiron.dev/smart/account"
)

// setupView is the page behind a set-up link.
type setupView struct {
	CSRF, Token, Username, Mistake string
	User                           *account.User // nil = the first administrator, who chooses a username
}

// showSetup is the page behind a set-up link: /auth/setup?token=.
func (s *Server) showSetup(w http.ResponseWriter, r *http.Request) {
	s.askSetup(w, r, http.StatusOK, &setupView{CSRF: csrfOf(s.visitor(w, r)), Token: r.URL.Query().Get("token")})
}

func (s *Server) askSetup(w http.ResponseWriter, r *http.Request, status int, view *setupView) {
	u, err := s.config.Accounts.Link(r.Context(), view.Token)
	if errors.Is(err, account.ErrExpired) {
		err = &oauthError{Code: invalidRequest, Text: "This link has expired or has been used. Ask for another one: andiron user reset makes it.", status: http.StatusGone}
	}
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	view.User = u
	s.page(w, r, status, "setup", view)
}

func (s *Server) setup(w http.ResponseWriter, r *http.Request, v url.Values) {
	if !s.visits(w, r, v) {
		return
	}
	_, err := s.config.Accounts.UseLink(r.Context(), s.caller(r, nil), v.Get("token"), v.Get("username"), v.Get("password"))
	if err != nil {
		if status, text := s.mistake(w, r, err); status != 0 {
			s.askSetup(w, r, status, &setupView{CSRF: v.Get("csrf"), Token: v.Get("token"), Username: v.Get("username"), Mistake: text})
		}
		return
	}
	s.see(w, r, "/login", "")
}
