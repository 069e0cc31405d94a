package authserver

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"andiron.dev/smart/account"
	"github.com/boombuler/barcode/qr"
)

// accountView is a page on which users look after their accounts.
type accountView struct {
	CSRF, Next, Mistake, Done string
	Factors                   *account.Factors
	Seed                      *account.Seed // to be put into an app
	QR                        *qrView
	Codes                     []string // recovery codes, shown once
	Upstreams                 []upstreamRow
}

// recentLogin is how long after a login the password need not be given again by who has none.
const recentLogin = 5 * time.Minute

// confirmed checks that whoever sits before a session is its user still, before something that could lock them out.
func (s *Server) confirmed(r *http.Request, sess *account.Session, f *account.Factors, password string) error {
	if f.Password {
		return s.config.Accounts.Confirm(r.Context(), s.caller(r, sess), sess.User, password)
	}
	if s.config.Now().Sub(sess.AuthTime) > recentLogin {
		return &account.Refused{Text: "log out, log in again, and do this within five minutes"}
	}
	return nil
}

// showEnroll is the page of one-time codes and what else there is for a second factor.
func (s *Server) showEnroll(w http.ResponseWriter, r *http.Request) {
	next := nextOf(r.URL.Query().Get("next"))
	page := "/otp/enroll"
	if next != "" {
		page += "?next=" + url.QueryEscape(next)
	}
	if sess := s.require(w, r, page); sess != nil {
		s.account(w, r, http.StatusOK, "enroll", sess, &accountView{Next: next})
	}
}

// account sends a page of the account, with what they all show.
func (s *Server) account(w http.ResponseWriter, r *http.Request, status int, page string, sess *account.Session, v *accountView) {
	f, err := s.config.Accounts.Factors(r.Context(), sess.UserID)
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	v.Factors, v.Upstreams = f, s.upstreamRows()
	if v.CSRF == "" {
		v.CSRF = sess.CSRF()
	}
	s.pageFor(w, r, status, page, v.Next, v)
}

// enroll turns one-time codes on: first with the password, then with a code of the new seed.
func (s *Server) enroll(w http.ResponseWriter, r *http.Request, v url.Values) {
	sess := s.own(w, r, v)
	if sess == nil {
		return
	}
	view := &accountView{Next: nextOf(v.Get("next"))}
	if v.Has("otp") {
		s.enrolled(w, r, sess, v.Get("otp"), view)
		return
	}
	f, err := s.config.Accounts.Factors(r.Context(), sess.UserID)
	if err == nil && f.Second() && !sess.Fresh(s.config.Now(), freshFactor) { // beside a passkey
		s.see(w, r, "/stepup", Path+"/otp/enroll")
		return
	}
	if err == nil {
		err = s.confirmed(r, sess, f, v.Get("password"))
	}
	if err == nil {
		view.Seed, err = s.config.Accounts.BeginCodes(r.Context(), sess)
	}
	s.enrolling(w, r, sess, view, err)
}

// enrolling shows a seed, or what is wrong.
func (s *Server) enrolling(w http.ResponseWriter, r *http.Request, sess *account.Session, view *accountView, err error) {
	status := http.StatusOK
	if err != nil {
		if status, view.Mistake = s.mistake(w, r, err); status == 0 {
			return
		}
	}
	if view.Seed != nil {
		if view.QR, err = newQR(view.Seed.URL); err != nil {
			s.sorry(w, r, err)
			return
		}
	}
	s.account(w, r, status, "enroll", sess, view)
}

func (s *Server) enrolled(w http.ResponseWriter, r *http.Request, sess *account.Session, code string, view *accountView) {
	token, codes, err := s.config.Accounts.FinishCodes(r.Context(), s.caller(r, sess), sess, code)
	if errors.Is(err, account.ErrWrong) {
		wrong := err
		if view.Seed, err = s.config.Accounts.PendingCodes(r.Context(), sess); err == nil {
			err = wrong
		}
	}
	if err != nil {
		s.enrolling(w, r, sess, view, err)
		return
	}
	s.renewed(w, r, token, func(r *http.Request, sess *account.Session) {
		view.Codes, view.Done = codes, "One-time codes are on."
		s.account(w, r, http.StatusOK, "recovery", sess, view)
	})
}

// qrView is a QR code as the path of an SVG, which needs no image to be loaded.
type qrView struct {
	Size int
	Path string
}

func newQR(text string) (*qrView, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, err
	}
	const border = 4 // modules, as the standard wants
	n := code.Bounds().Dx()
	var b strings.Builder
	for y := range n {
		for x := range n {
			if dark, _, _, _ := code.At(x, y).RGBA(); dark == 0 {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+border, y+border)
			}
		}
	}
	return &qrView{Size: n + 2*border, Path: b.String()}, nil
}
