package authserver

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/account"
	"andiron.dev/smart/audit"
	"andiron.dev/smart/secret"
)

// decision is what a user has answered a client that asked for a set of scopes.
type decision struct {
	Client  string    `json:"client"`
	Asked   []string  `json:"asked"`   // sorted
	Allowed string    `json:"allowed"` // with blanks between
	Time    time.Time `json:"time"`
}

// decisionKey names the decision of a user on a client and a set of scopes.
func decisionKey(user, client string, asked []string) string {
	return secret.Digest(strings.Join(append([]string{user, client}, asked...), "\n"))
}

// asked are the scopes of a request as a set.
func (p *pending) asked() []string {
	list := strings.Fields(p.Scope)
	slices.Sort(list)
	return slices.Compact(list)
}

// consentView is the page that asks.
type consentView struct {
	Request, CSRF string
	Client        *Client
	Host          string // where the answer goes
	User          *account.User
	Patient       *patientRow // nil = there is none in context
	Scopes        []consentRow
	Offline       bool
	Mistake       string
}

// consentRow is a scope to tick.
type consentRow struct {
	Scope   string
	Text    string // in plain words
	Warning string
	Checked bool
	Within  []consentRow // narrower scopes that can be ticked instead
}

// decide asks the user, unless they have answered before.
func (s *Server) decide(w http.ResponseWriter, r *http.Request, id string, p *pending, sess *account.Session, silent bool) {
	allowed, err := s.remembered(r.Context(), p, sess)
	switch {
	case err != nil:
		s.drop(w, r, id, p, err)
	case allowed != "":
		s.finish(w, r, id, p, sess, allowed, false)
	case silent:
		s.drop(w, r, id, p, refuse(consentRequired, "the user has to be asked"))
	default:
		s.showConsent(w, r, http.StatusOK, id, p, sess, "")
	}
}

// remembered is what the user has allowed this client before for these very scopes; "" = they have to be asked. Access while the
// user is away is always asked for.
func (s *Server) remembered(ctx context.Context, p *pending, sess *account.Session) (string, error) {
	if hasScope(p.Scope, "offline_access") || slices.Contains(p.Prompt, "consent") {
		return "", nil
	}
	d := &decision{}
	err := s.config.Store.View(ctx, func(tx fhir.Tx) error {
		_, err := fetch(ctx, tx, decisionRecord, decisionKey(sess.UserID, p.Client, p.asked()), d)
		return err
	})
	if absent(err) {
		return "", nil
	}
	return d.Allowed, err
}

func (s *Server) showConsent(w http.ResponseWriter, r *http.Request, status int, id string, p *pending, sess *account.Session, mistake string) {
	c, err := s.clientNow(r.Context(), p.Client)
	if err == nil && c == nil {
		err = refuse(unauthorizedClient, "the client has been disabled")
	}
	var patient *patientRow
	if err == nil && p.Patient != "" {
		if patient, err = s.patientRow(r.Context(), sess, p.Patient); hidden(err) { // an EHR has chosen, or the user is nobody who sees records
			patient, err = &patientRow{ID: p.Patient}, nil
		}
	}
	if err != nil {
		s.drop(w, r, id, p, err)
		return
	}
	u, _ := url.Parse(p.Redirect)
	view := &consentView{
		Request: id, CSRF: p.CSRF, Client: c, Host: u.Host, User: sess.User, Patient: patient, Scopes: consentRows(p.scopes()),
		Offline: hasScope(p.Scope, "offline_access"), Mistake: mistake,
	}
	s.page(w, r, status, "consent", view)
}

// consent takes the answer.
func (s *Server) consent(w http.ResponseWriter, r *http.Request) {
	values, id, p, sess, err := s.answered(r, "scope")
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	if !p.Chosen {
		s.proceed(w, r, id, p)
		return
	}
	switch values.Get("decision") {
	case "deny":
		s.refused(w, r, id, p, sess)
	case "allow":
		chosen, err := chosenScopes(values["scope"], p.scopes())
		switch {
		case err != nil:
			s.sorry(w, r, err)
		case chosen == "":
			s.showConsent(w, r, http.StatusBadRequest, id, p, sess, "Nothing is ticked. Tick what the app may do, or deny it.")
		default:
			s.finish(w, r, id, p, sess, chosen, true)
		}
	default:
		s.sorry(w, r, refuse(invalidRequest, "The answer is neither allow nor deny."))
	}
}

// answered reads a form of a request that waits: from the same browser, user and page.
func (s *Server) answered(r *http.Request, repeatable ...string) (url.Values, string, *pending, *account.Session, error) {
	fail := func(err error) (url.Values, string, *pending, *account.Session, error) { return nil, "", nil, nil, err }
	if err := s.sameOrigin(r); err != nil {
		return fail(err)
	}
	values, err := form(r, repeatable...)
	if err != nil {
		return fail(err)
	}
	id := values.Get("request")
	p, err := s.pendingOf(r, id)
	if err != nil {
		return fail(err)
	}
	if !same(values.Get("csrf"), p.CSRF) {
		return fail(&oauthError{Code: invalidRequest, Text: "This form is not the one that you were shown. Go back to the app and try again.", status: http.StatusForbidden})
	}
	sess, err := s.session(r)
	if err != nil {
		return fail(err)
	}
	if sess == nil || p.User != sess.UserID || !p.wants().met(sess) {
		return fail(&oauthError{Code: accessDenied, Text: "You are no longer signed in as the one who began this. Go back to the app and try again.", status: http.StatusForbidden})
	}
	return values, id, p, sess, nil
}

// refused ends a request that the user has denied.
func (s *Server) refused(w http.ResponseWriter, r *http.Request, id string, p *pending, sess *account.Session) {
	ctx := r.Context()
	err := s.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		if _, err := s.readPending(ctx, tx, r, id); err != nil {
			return err
		}
		if err := tx.Drop(ctx, requestRecord, secret.Digest(id)); err != nil {
			return err
		}
		e := said(s.event(r, audit.Consent, "deny", &grant{Client: p.Client, User: sess.UserID}), personOf(sess.User))
		return s.append(ctx, tx, refusal(e, "the user denied it"))
	})
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	s.redirectError(w, r, &p.asking, refuse(accessDenied, "the user denied it"))
}

func personOf(u *account.User) *person {
	return &person{ID: u.ID, Username: u.Username, Name: u.Name, FhirUser: u.FhirUser, Roles: u.Roles}
}

// chosenScopes are those that were ticked: of what was asked for, and of what is offered instead. A narrower scope beside the one
// that it narrows adds nothing.
func chosenScopes(ticked []string, asked smart.Scopes) (string, error) {
	offered := make(map[string]string) // and the scope within which it is
	var order []string
	for _, row := range consentRows(asked) {
		offered[row.Scope] = ""
		order = append(order, row.Scope)
		for _, narrow := range row.Within {
			if _, known := offered[narrow.Scope]; !known {
				offered[narrow.Scope] = row.Scope
				order = append(order, narrow.Scope)
			}
		}
	}
	for _, one := range ticked {
		if _, ok := offered[one]; !ok {
			return "", refuse(invalidRequest, "The answer allows what was not asked for.")
		}
	}
	var list []string
	for _, one := range order {
		if whole := offered[one]; slices.Contains(ticked, one) && (whole == "" || !slices.Contains(ticked, whole)) {
			list = append(list, one)
		}
	}
	return strings.Join(list, " "), nil
}
