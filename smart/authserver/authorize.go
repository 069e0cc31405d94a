package authserver

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/secret"
)

// Bounds of what a client sends along, in bytes.
const (
	maxState = 2048
	maxNonce = 512
	maxACRs  = 8
)

// asking is a checked authorization request.
type asking struct {
	Client    string   `json:"client"`
	Redirect  string   `json:"redirect"`
	State     string   `json:"state"`
	Scope     string   `json:"scope"` // of what was asked for, what the client may have
	Challenge string   `json:"challenge"`
	Nonce     string   `json:"nonce,omitempty"`
	Prompt    []string `json:"prompt,omitempty"`
	MaxAge    *int64   `json:"max_age,omitempty"` // seconds
	ACR       []string `json:"acr,omitempty"`
	Launch    string   `json:"launch,omitempty"` // digest of the handle
}

// authorize is the authorization endpoint (RFC 6749 §4.1.1, SMART App Launch 2.2 §2.1.4). It keeps the request and sends the browser
// on, so that what follows hangs on nothing that the browser can change.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	values, err := authorizeValues(r)
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	c, redirect, err := s.redirectTarget(ctx, values)
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	a := &asking{Client: c.ID, Redirect: redirect}
	if state := values["state"]; len(state) == 1 && len(state[0]) <= maxState {
		a.State = state[0]
	}
	if err := s.check(r, c, values, a); err != nil {
		s.redirectError(w, r, a, err)
		return
	}
	p := &pending{asking: *a, Created: s.config.Now().UTC().Truncate(time.Second)} // as auth_time is, with which it is compared
	id, err := s.keepPending(w, r, p)
	if err != nil {
		s.redirectError(w, r, a, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, s.url(r, "/continue")+"?request="+id, http.StatusSeeOther)
}

// authorizeValues are the parameters of a GET or a POST.
func authorizeValues(r *http.Request) (url.Values, error) {
	if r.Method == http.MethodPost {
		return form(r, repeatableHere()...)
	}
	if len(r.URL.RawQuery) > maxForm {
		return nil, refuse(invalidRequest, "the request is too long")
	}
	return parameters(r.URL.RawQuery, repeatableHere()...)
}

// repeatableHere are the parameters whose repetition is an error that is redirected: by then it is known where to. Only those that
// say where to cannot be.
func repeatableHere() []string {
	return []string{"response_type", "response_mode", "scope", "state", "aud", "resource", "launch", "code_challenge", "code_challenge_method",
		"nonce", "prompt", "max_age", "acr_values", "request", "request_uri", "ui_locales", "login_hint", "display", "id_token_hint"}
}

// redirectTarget is the client and where its answer goes. Its errors are for the user: an answer must not go to where nobody has
// registered.
func (s *Server) redirectTarget(ctx context.Context, v url.Values) (*Client, string, error) {
	id, redirect := v.Get("client_id"), v.Get("redirect_uri")
	if id == "" {
		return nil, "", refuse(invalidRequest, "The app did not say who it is (client_id is missing).")
	}
	c, err := s.clientNow(ctx, id)
	switch {
	case err != nil:
		return nil, "", err
	case c == nil:
		return nil, "", refuse(invalidRequest, "This app is not registered here, or it has been disabled (client_id).")
	case redirect == "":
		return nil, "", refuse(invalidRequest, "The app did not say where the answer is to go (redirect_uri is missing).")
	case !c.Redirects(redirect):
		return nil, "", refuse(invalidRequest, "The app wants the answer to go to an address that is not registered for it (redirect_uri).")
	}
	return c, redirect, nil
}

// check fills in the rest of a request. Its errors go to the client.
func (s *Server) check(r *http.Request, c *Client, v url.Values, a *asking) error {
	for name, all := range v {
		if len(all) > 1 {
			return refuse(invalidRequest, "the parameter "+quotable(name)+" is repeated")
		}
	}
	if err := s.checkKind(r, c, v); err != nil {
		return err
	}
	switch state, challenge := v.Get("state"), v.Get("code_challenge"); {
	case state == "":
		return refuse(invalidRequest, "state is missing")
	case len(state) > maxState:
		return refuse(invalidRequest, "state is longer than "+strconv.Itoa(maxState)+" bytes")
	case challenge == "":
		return refuse(invalidRequest, "code_challenge is missing: every client has to use PKCE")
	case v.Get("code_challenge_method") != "S256":
		return refuse(invalidRequest, "code_challenge_method must be S256")
	case !isChallenge(challenge):
		return refuse(invalidRequest, "code_challenge is not the SHA-256 of a verifier in base64url")
	default:
		a.Challenge = challenge
	}
	if err := s.checkWishes(v, a); err != nil {
		return err
	}
	var err error
	a.Scope, err = s.requestable(v.Get("scope"), c)
	if err == nil && v.Has("launch") {
		if v.Get("launch") == "" || len(v.Get("launch")) > maxState {
			return refuse(invalidRequest, "launch is no handle that this server has given")
		}
		a.Launch = secret.Digest(v.Get("launch"))
	}
	return err
}

func (s *Server) checkKind(r *http.Request, c *Client, v url.Values) error {
	base := s.base(r)
	forBase := func(name string) bool { return strings.TrimSuffix(v.Get(name), "/") == base }
	mode := v.Get("response_mode")
	switch {
	case v.Has("request"):
		return refuse(requestNotSupported, "request objects are not supported")
	case v.Has("request_uri"):
		return refuse(requestURINotSupported, "request objects are not supported")
	case v.Get("response_type") == "":
		return refuse(invalidRequest, "response_type is missing")
	case v.Get("response_type") != "code":
		return refuse(unsupportedResponseType, "the only response_type is code")
	case mode != "" && mode != "query":
		return refuse(invalidRequest, "the only response_mode is query")
	case !c.May(GrantCode):
		return refuse(unauthorizedClient, "the client is not registered for authorization_code")
	case !v.Has("aud") && !v.Has("resource"):
		return refuse(invalidRequest, "aud is missing: it has to be the FHIR base "+base)
	case v.Has("aud") && !forBase("aud"), v.Has("resource") && !forBase("resource"):
		return refuse(invalidRequest, "aud is not the FHIR base "+base)
	}
	return nil
}

// checkWishes reads the parameters of OpenID Connect Core §3.1.2.1.
func (s *Server) checkWishes(v url.Values, a *asking) error {
	if a.Nonce = v.Get("nonce"); len(a.Nonce) > maxNonce {
		return refuse(invalidRequest, "nonce is longer than "+strconv.Itoa(maxNonce)+" bytes")
	}
	a.Prompt = strings.Fields(v.Get("prompt"))
	for _, one := range a.Prompt {
		switch {
		case !slices.Contains([]string{"none", "login", "consent", "select_account"}, one):
			return refuse(invalidRequest, "prompt is one or several of none, login, consent and select_account")
		case one == "none" && len(a.Prompt) > 1:
			return refuse(invalidRequest, "prompt none goes with no other")
		}
	}
	if v.Has("max_age") {
		age, err := strconv.ParseInt(v.Get("max_age"), 10, 32)
		if err != nil || age < 0 {
			return refuse(invalidRequest, "max_age is a number of seconds")
		}
		a.MaxAge = &age
	}
	if a.ACR = strings.Fields(v.Get("acr_values")); len(a.ACR) > maxACRs {
		return refuse(invalidRequest, "acr_values are too many")
	}
	known := slices.DeleteFunc(slices.Clone(a.ACR), func(one string) bool { return !slices.Contains(acrValues(), one) })
	if len(a.ACR) > 0 && len(known) == 0 {
		return refuse(invalidRequest, "acr_values names none that this server has")
	}
	a.ACR = known
	return nil
}

// redirectError tells the client that there will be no code.
func (s *Server) redirectError(w http.ResponseWriter, r *http.Request, a *asking, err error) {
	o := asOAuth(err)
	if o.cause != nil {
		s.config.Log.ErrorContext(r.Context(), "authorization server", "error", o.Code, "cause", o.cause.Error())
	}
	v := url.Values{"error": {o.Code}}
	if o.Text != "" {
		v.Set("error_description", quotable(o.Text))
	}
	s.redirectBack(w, r, a, v)
}

// redirectBack sends the browser back to the client (RFC 6749 §4.1.2, RFC 9207).
func (s *Server) redirectBack(w http.ResponseWriter, r *http.Request, a *asking, v url.Values) {
	if a.State != "" {
		v.Set("state", a.State)
	}
	v.Set("iss", s.base(r))
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", withQuery(a.Redirect, v))
	w.WriteHeader(http.StatusSeeOther)
}

// pending is an authorization request that waits for its user.
type pending struct {
	asking
	Browser string    `json:"browser"` // digest of the cookie of the browser that brought it
	CSRF    string    `json:"csrf"`    // of its forms
	Created time.Time `json:"created"`
	User    string    `json:"user,omitempty"`    // who went on with it first; nobody else can
	Only    string    `json:"only,omitempty"`    // the only user for whom an EHR has launched it
	Chosen  bool      `json:"chosen,omitempty"`  // a patient is in context, or none is needed
	Context bool      `json:"context,omitempty"` // from an EHR launch
	launchContext
}

// scopes are the scopes that were asked for.
func (a *asking) scopes() smart.Scopes {
	list, _ := smart.ParseScopes(a.Scope) // it is made of parsed ones
	return list
}

// keepPending remembers a request and consumes the launch handle that it came with.
func (s *Server) keepPending(w http.ResponseWriter, r *http.Request, p *pending) (id string, err error) {
	ctx := r.Context()
	browser := s.browser(w, r)
	id, p.CSRF, p.Browser = secret.NewToken(), secret.NewToken(), secret.Digest(browser)
	err = s.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		one := *p
		if p.Launch != "" {
			l, err := s.takeLaunch(ctx, tx, p.Launch, p.Client)
			if err != nil {
				return err
			}
			one.launchContext, one.Context, one.Only = l.launchContext, true, l.User
		}
		*p = one
		return fhir.KeepValue(ctx, tx, fhir.Record{Kind: requestRecord, Key: secret.Digest(id), Expires: one.Created.Add(requestIs)}, &one)
	})
	return id, err
}
