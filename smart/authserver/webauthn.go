package authserver

import (
	"errors"
	"net/http"
	"net/url"

	"andiron.dev/smart/account"
)

// The WebAuthn ceremonies are called by webauthn.js with forms, whose field answer is what the authenticator said, and answer JSON.

// told answers a script.
type told struct {
	Options  any    `json:"options,omitempty"`  // for navigator.credentials
	Location string `json:"location,omitempty"` // where to go
	Error    string `json:"error,omitempty"`    // to show
}

// tell answers a script, with an error where there is one.
func (s *Server) tell(w http.ResponseWriter, r *http.Request, t told, err error) {
	status := http.StatusOK
	if err != nil {
		var text string
		if status, text = s.mistake(w, r, err); status == 0 {
			return
		}
		t = told{Error: text}
	}
	answer(w, status, &t)
}

// origin is the web origin of this server's pages.
func (s *Server) origin(r *http.Request) string { return originOf(s.base(r)) }

// beginAssertion gives the options for a second factor: of a login, or with the field session for a step-up.
func (s *Server) beginAssertion(w http.ResponseWriter, r *http.Request, v url.Values) {
	if second, ok := s.second(w, r, v); ok {
		opts, err := s.config.Accounts.BeginAssertion(r.Context(), second, s.origin(r))
		s.tell(w, r, told{Options: opts}, err)
	}
}

// second is what a ceremony is for.
func (s *Server) second(w http.ResponseWriter, r *http.Request, v url.Values) (account.Second, bool) {
	if v.Get("stepup") != "" {
		sess := s.own(w, r, v)
		return account.Second{Session: sess}, sess != nil
	}
	return s.half(r), s.visits(w, r, v)
}

func (s *Server) finishAssertion(w http.ResponseWriter, r *http.Request, v url.Values) {
	second, ok := s.second(w, r, v)
	if !ok {
		return
	}
	l, err := s.config.Accounts.FinishAssertion(r.Context(), s.caller(r, second.Session), second, s.origin(r), []byte(v.Get("answer")))
	if errors.Is(err, account.ErrWrong) {
		answer(w, http.StatusForbidden, &told{Error: "The passkey was not accepted."})
		return
	}
	if err != nil {
		s.tell(w, r, told{}, err)
		return
	}
	next := nextOf(v.Get("next"))
	if next == "" {
		next = Path + "/manage"
	}
	s.setVisitor(w, r, "")
	s.setSession(w, r, l.Token)
	s.tell(w, r, told{Location: s.url(r, next[len(Path):])}, nil)
}
