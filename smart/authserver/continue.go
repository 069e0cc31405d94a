package authserver

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/account"
	"andiron.dev/smart/secret"
)

// acrValues are the authentication context classes, the weakest first.
func acrValues() []string { return []string{account.ACRPassword, account.ACRMulti} }

// resume goes on with an authorization request: /auth/continue?request=.
func (s *Server) resume(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("request")
	p, err := s.pendingOf(r, id)
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	s.proceed(w, r, id, p)
}

// pendingOf is a request that waits, if this is the browser that brought it.
func (s *Server) pendingOf(r *http.Request, id string) (p *pending, err error) {
	err = s.config.Store.View(r.Context(), func(tx fhir.Tx) error {
		p, err = s.readPending(r.Context(), tx, r, id)
		return err
	})
	return p, err
}

func (s *Server) readPending(ctx context.Context, tx fhir.RecordReader, r *http.Request, id string) (*pending, error) {
	p := &pending{}
	_, err := fetch(ctx, tx, requestRecord, secret.Digest(id), p)
	if absent(err) || err == nil && !s.sameBrowser(r, p.Browser) {
		return nil, refuse(invalidRequest, "This request has expired, has been answered already, or was begun in another browser. Go back to the app and try again.")
	}
	return p, err
}

// change rewrites a request that waits.
func (s *Server) change(r *http.Request, id string, alter func(*pending) error) (p *pending, err error) {
	ctx := r.Context()
	err = s.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		if p, err = s.readPending(ctx, tx, r, id); err != nil {
			return err
		}
		if err := alter(p); err != nil {
			return err
		}
		return fhir.KeepValue(ctx, tx, fhir.Record{Kind: requestRecord, Key: secret.Digest(id), Expires: p.Created.Add(requestIs)}, p)
	})
	return p, err
}

// drop ends a request with an error for the client.
func (s *Server) drop(w http.ResponseWriter, r *http.Request, id string, p *pending, err error) {
	ctx := r.Context()
	dropped := s.config.Store.Update(ctx, nil, func(tx fhir.Tx) error { return tx.Drop(ctx, requestRecord, secret.Digest(id)) })
	if dropped != nil {
		err = dropped
	}
	s.redirectError(w, r, &p.asking, err)
}

// proceed does the next step of a request: login, choice of a patient, consent, code.
func (s *Server) proceed(w http.ResponseWriter, r *http.Request, id string, p *pending) {
	silent := slices.Contains(p.Prompt, "none")
	sess, err := s.session(r)
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	if want := p.wants(); sess == nil || !want.met(sess) {
		if silent {
			s.drop(w, r, id, p, refuse(loginRequired, "the user has to sign in"))
			return
		}
		s.signIn(w, r, Path+"/continue?request="+id, want)
		return
	}
	p, err = s.bind(r, id, p, sess)
	if err == nil && !p.Chosen {
		p, err = s.infer(r, id, p, sess)
	}
	switch {
	case err != nil:
		s.drop(w, r, id, p0(p), err)
	case !p.Chosen && silent:
		s.drop(w, r, id, p, refuse(interactionRequired, "the user has to choose a patient"))
	case !p.Chosen:
		s.showPicker(w, r, http.StatusOK, id, p, sess, nil)
	default:
		s.decide(w, r, id, p, sess, silent)
	}
}

// p0 is p or an empty request.
func p0(p *pending) *pending {
	if p == nil {
		return &pending{}
	}
	return p
}

// wants is the login that a request needs.
func (p *pending) wants() signIn {
	want := signIn{ACR: p.ACR, User: p.Only}
	if slices.Contains(p.Prompt, "login") || slices.Contains(p.Prompt, "select_account") {
		want.After = p.Created
	}
	if p.MaxAge != nil {
		if after := p.Created.Add(-time.Duration(*p.MaxAge) * time.Second); after.After(want.After) {
			want.After = after
		}
	}
	return want
}

// met reports whether a session is good enough. A stronger login than was asked for is.
func (want signIn) met(sess *account.Session) bool {
	if !want.After.IsZero() && sess.AuthTime.Before(want.After) {
		return false
	}
	if len(want.ACR) == 0 {
		return true
	}
	has := slices.Index(acrValues(), sess.ACR())
	return slices.ContainsFunc(want.ACR, func(one string) bool { return slices.Index(acrValues(), one) <= has })
}

// bind ties a request to the user who has signed in.
func (s *Server) bind(r *http.Request, id string, p *pending, sess *account.Session) (*pending, error) {
	switch {
	case p.Only != "" && p.Only != sess.UserID:
		return p, refuse(accessDenied, "the app was launched for another user than the one who is signed in")
	case p.User == sess.UserID:
		return p, nil
	}
	// Whatever another user chose before is theirs.
	next, err := s.change(r, id, func(one *pending) error {
		if one.User != "" && !one.Context {
			one.launchContext, one.Chosen = launchContext{}, false
		}
		one.User = sess.UserID
		return nil
	})
	if err != nil {
		return p, err
	}
	return next, nil
}

// infer settles the patient where there is nothing to choose.
func (s *Server) infer(r *http.Request, id string, p *pending, sess *account.Session) (*pending, error) {
	patient := p.Patient
	if patient == "" && p.needsPatient() {
		if typ, own, _ := strings.Cut(sess.User.FhirUser, "/"); typ == "Patient" {
			patient = own
		} else {
			only, err := s.onlyPatient(r.Context(), sess)
			if err != nil {
				return p, err
			}
			if patient = only; patient == "" {
				return p, nil // to be picked
			}
		}
	}
	next, err := s.change(r, id, func(one *pending) error {
		one.Patient, one.Chosen = patient, true
		return nil
	})
	if err != nil {
		return p, err
	}
	return next, nil
}

// needsPatient reports whether the scopes are about a patient in context.
func (p *pending) needsPatient() bool { return needsPatient(p.Scope) }
