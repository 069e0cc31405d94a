package authserver

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/smart/secret"
)

// field is the value of a hidden field.
func (p *page) field(name string) string {
	m := regexp.MustCompile(`name="` + name + `"[^>]*value="([^"]*)"`).FindStringSubmatch(p.text)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1])
}

// boxes are the values of checkboxes or radio buttons, those that are checked first.
func (p *page) boxes(name string) (checked, unchecked []string) {
	for _, tag := range regexp.MustCompile(`<input type="(?:checkbox|radio)"[^>]*>`).FindAllString(p.text, -1) {
		m := regexp.MustCompile(`name="` + name + `".*value="([^"]*)"`).FindStringSubmatch(tag)
		switch {
		case m == nil:
		case strings.Contains(tag, " checked"):
			checked = append(checked, html.UnescapeString(m[1]))
		default:
			unchecked = append(unchecked, html.UnescapeString(m[1]))
		}
	}
	return checked, unchecked
}

// signIn fills in the login page.
func (w *browser) signIn(p *page, username string) *page {
	w.Helper()
	if !strings.Contains(p.text, `name="password"`) {
		w.Fatalf("this is not the login page: %d %s", p.status, p.text)
	}
	next := w.post(w.root+"/auth/login", url.Values{"csrf": {p.field("csrf")}, "next": {p.field("next")}, "username": {username}, "password": {password}})
	if strings.Contains(next.text, `name="password"`) {
		w.Fatalf("the login failed: %d %s", next.status, next.text)
	}
	return next
}

// decide answers the consent page; scopes nil = as it is ticked.
func (w *browser) decide(p *page, decision string, scopes []string) *page {
	w.Helper()
	if !strings.Contains(p.text, `value="allow"`) {
		w.Fatalf("this is not the consent page: %d %s %s", p.status, p.url, p.text)
	}
	if scopes == nil {
		scopes, _ = p.boxes("scope")
	}
	return w.post(w.root+"/auth/consent", url.Values{"csrf": {p.field("csrf")}, "request": {p.field("request")}, "scope": scopes, "decision": {decision}})
}

// code is the code in a redirect back to the app.
func (w *browser) code(p *page) string {
	w.Helper()
	q := p.url.Query()
	if !strings.HasPrefix(p.url.String(), appRedirect) || q.Get("code") == "" || q.Get("iss") != w.base || q.Get("state") != "a state+with/odd=characters" {
		w.Fatalf("no code: %d %s %s", p.status, p.url, p.text)
	}
	if p.status != http.StatusSeeOther {
		w.Errorf("status %d", p.status)
	}
	return q.Get("code")
}

// wantError checks a redirect with an error.
func (w *browser) wantError(p *page, code string) {
	w.Helper()
	q := p.url.Query()
	if !strings.HasPrefix(p.url.String(), appRedirect) || q.Get("error") != code || q.Get("code") != "" || q.Get("iss") != w.base {
		w.Fatalf("no %s: %d %s %s", code, p.status, p.url, p.text)
	}
}

// TestStandalonePatient: a patient's own app, which is asked for no patient.
func TestStandalonePatient(t *testing.T) {
	b := open(t)
	b.client()
	ann := b.user("ann", "Patient/ann", "patient")
	w := b.browser()
	p := w.get(b.root + "/auth/authorize?" + b.asks("openid fhirUser launch/patient patient/*.rs offline_access", func(v url.Values) { v.Set("nonce", "n") }).Encode())
	p = w.signIn(p, "ann")
	for _, header := range []struct{ name, has string }{
		{"Content-Security-Policy", "frame-ancestors 'none'"}, {"Content-Security-Policy", "form-action 'self' https://app.example.org"}, {"Referrer-Policy", "no-referrer"}, {"Cache-Control", "no-store"},
	} {
		if !strings.Contains(p.header.Get(header.name), header.has) {
			t.Errorf("%s: %s", header.name, p.header.Get(header.name))
		}
	}
	if p.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("CORS at the consent page")
	}
	if !strings.Contains(p.text, "all current and future data") {
		t.Error("the wildcard comes without a warning")
	}
	status, out := b.exchange(w.code(w.decide(p, "allow", nil)))
	if status != 200 || out["patient"] != "ann" || out["scope"] != "openid fhirUser launch/patient patient/*.rs offline_access" || out["refresh_token"] == nil {
		t.Fatal(status, out)
	}
	if claims := b.verifyID(out["id_token"].(string)); claims["sub"] != ann.ID || claims["nonce"] != "n" {
		t.Error(claims)
	}
	if status, who := b.who(out["access_token"].(string)); status != 200 || who["Patient"] != "ann" {
		t.Error(status, who)
	}
}

// TestStandalonePicker: who may see several patients chooses one.
func TestStandalonePicker(t *testing.T) {
	b := open(t)
	b.client()
	b.user("doc", "Practitioner/doc", "practitioner")
	w := b.browser()
	p := w.signIn(w.get(b.root+"/auth/authorize?"+b.asks("launch/patient patient/Observation.rs user/Patient.r").Encode()), "doc")
	if _, patients := p.boxes("patient"); len(patients) != 3 {
		t.Fatalf("the picker shows %v: %s", patients, p.text)
	}
	search := func(name, value string) []string {
		p = w.post(b.root+"/auth/patient", url.Values{"csrf": {p.field("csrf")}, "request": {p.field("request")}, name: {value}, "search": {"search"}})
		_, found := p.boxes("patient")
		return found
	}
	for _, one := range []struct{ name, value, want string }{
		{"name", "abel", "ann"}, {"birthdate", "1990-03-04", "bob"}, {"identifier", "urn:mrn|A1", "ann"}, {"identifier", "A1", "ann"}, {"name", "nobody", ""}, {"name", "abel,baker", ""}} {
		if found := search(one.name, one.value); strings.Join(found, " ") != one.want {
			t.Errorf("%s=%s found %v", one.name, one.value, found)
		}
	}
	if search("birthdate", "yesterday"); p.status != http.StatusBadRequest || !strings.Contains(p.text, "1980-12-31") {
		t.Error("a date that is none:", p.status)
	}
	if strings.Contains(p.url.String(), "yesterday") {
		t.Error("what is searched for stands in the URL")
	}
	again := w.post(b.root+"/auth/patient", url.Values{"csrf": {p.field("csrf")}, "request": {p.field("request")}, "patient": {"nobody"}})
	if again.status != http.StatusBadRequest {
		t.Error("a patient that is not there:", again.status)
	}
	p = w.post(b.root+"/auth/patient", url.Values{"csrf": {p.field("csrf")}, "request": {p.field("request")}, "patient": {"bob"}})
	if !strings.Contains(p.text, "Bob Baker") {
		t.Error("the consent page does not say for whom")
	}
	status, out := b.exchange(w.code(w.decide(p, "allow", nil)))
	if status != 200 || out["patient"] != "bob" {
		t.Error(status, out)
	}
}

func TestNoPatientForUserScopes(t *testing.T) {
	b := open(t)
	b.client()
	b.user("doc", "Practitioner/doc", "practitioner")
	w := b.browser()
	p := w.signIn(w.get(b.root+"/auth/authorize?"+b.asks("user/*.rs launch").Encode()), "doc")
	status, out := b.exchange(w.code(w.decide(p, "allow", nil)))
	if status != 200 || out["patient"] != nil || out["scope"] != "user/*.rs" { // launch without a launch gives nothing
		t.Error(status, out)
	}
}

// TestConsentChoice: what is not ticked is not granted, and categories can be ticked instead of the whole.
func TestConsentChoice(t *testing.T) {
	b := open(t)
	b.client()
	b.user("ann", "Patient/ann", "patient")
	w := b.browser()
	start := func(scope string) *page {
		p := w.get(b.root + "/auth/authorize?" + b.asks(scope, func(v url.Values) { v.Set("prompt", "consent") }).Encode())
		if strings.Contains(p.text, `name="password"`) {
			p = w.signIn(p, "ann")
		}
		return p
	}
	p := start("openid patient/Observation.rs patient/Condition.read launch/patient")
	checked, more := p.boxes("scope")
	if !slices.Equal(checked, []string{"openid", "patient/Observation.rs", "patient/Condition.read", "launch/patient"}) || len(more) != 9 {
		t.Fatalf("ticked %v, offered %v", checked, more)
	}
	lab := "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory"
	_, out := b.exchange(w.code(w.decide(p, "allow", []string{lab, "patient/Condition.read", more[0]})))
	if out["scope"] != lab+" patient/Condition.read" && out["scope"] != "patient/Condition.read "+lab {
		if s, _ := out["scope"].(string); !strings.Contains(s, lab) || strings.Contains(s, "openid") || out["id_token"] != nil {
			t.Error(out)
		}
	}
	p = start("patient/Observation.rs")
	_, out = b.exchange(w.code(w.decide(p, "allow", []string{"patient/Observation.rs", lab})))
	if out["scope"] != "patient/Observation.rs" || out["patient"] != "ann" { // launch/patient is inferred
		t.Error("the whole and a part:", out)
	}
	p = start("patient/Observation.rs")
	if p = w.decide(p, "allow", []string{}); p.status != 400 || !strings.Contains(p.text, "Nothing is ticked") {
		t.Error("nothing:", p.status)
	}
	if p := w.decide(p, "allow", []string{"patient/*.cruds"}); p.status != 400 {
		t.Error("what was not asked for:", p.status)
	}
	if p := w.decide(p, "maybe", nil); p.status != 400 {
		t.Error("neither allow nor deny:", p.status)
	}
	denied := w.decide(p, "deny", nil)
	w.wantError(denied, accessDenied)
	if p := w.decide(p, "allow", []string{"patient/Observation.rs"}); p.status != 400 {
		t.Error("after the denial:", p.status)
	}
}

// TestConsentRemembered: the same scopes are not asked for twice, wider ones and offline_access are.
func TestConsentRemembered(t *testing.T) {
	b := open(t)
	b.client()
	b.user("ann", "Patient/ann", "patient")
	w := b.browser()
	ask := func(scope string, change ...func(url.Values)) *page {
		return w.get(b.root + "/auth/authorize?" + b.asks(scope, change...).Encode())
	}
	p := w.signIn(ask("openid patient/Observation.rs"), "ann")
	w.code(w.decide(p, "allow", []string{"patient/Observation.rs"}))
	_, out := b.exchange(w.code(ask("patient/Observation.rs openid")))
	if out["scope"] != "patient/Observation.rs" {
		t.Error("remembered was", out["scope"])
	}
	w.code(ask("openid patient/Observation.rs", func(v url.Values) { v.Set("prompt", "none") }))
	for _, scope := range []string{"openid patient/Observation.rs patient/Condition.rs", "openid patient/Observation.rs offline_access"} {
		if p := ask(scope); !strings.Contains(p.text, `value="allow"`) {
			t.Errorf("%s is not asked for", scope)
		}
	}
	p = ask("openid patient/Observation.rs offline_access")
	w.code(w.decide(p, "allow", nil))
	if p := ask("openid patient/Observation.rs offline_access"); !strings.Contains(p.text, `value="allow"`) {
		t.Error("offline_access is not asked for again")
	}
	if p := ask("openid patient/Observation.rs", func(v url.Values) { v.Set("prompt", "consent") }); !strings.Contains(p.text, `value="allow"`) {
		t.Error("prompt=consent does not ask")
	}
	w.wantError(ask("openid patient/Condition.rs", func(v url.Values) { v.Set("prompt", "none") }), consentRequired)
}

// TestFormsAreBound: a form is good only from the browser, and for the user, that it was shown to.
func TestFormsAreBound(t *testing.T) {
	b := open(t)
	b.client()
	b.user("ann", "Patient/ann", "patient")
	b.user("bob", "Patient/bob", "patient")
	w := b.browser()
	p := w.signIn(w.get(b.root+"/auth/authorize?"+b.asks("openid").Encode()), "ann")
	form := url.Values{"csrf": {p.field("csrf")}, "request": {p.field("request")}, "scope": {"openid"}, "decision": {"allow"}}

	other := b.browser()
	other.signIn(other.get(b.root+"/auth/authorize?"+b.asks("openid").Encode()), "bob")
	if p := other.post(b.root+"/auth/consent", form); p.status != 400 || p.location != "" {
		t.Error("another browser:", p.status, p.location)
	}
	if p := other.get(b.root + "/auth/continue?request=" + form.Get("request")); p.status != 400 {
		t.Error("another browser goes on:", p.status)
	}
	wrong := url.Values{"csrf": {secret.NewToken()}, "request": form["request"], "scope": {"openid"}, "decision": {"allow"}}
	if p := w.post(b.root+"/auth/consent", wrong); p.status != 403 || p.location != "" {
		t.Error("another csrf:", p.status)
	}
	r, _ := http.NewRequest(http.MethodPost, b.root+"/auth/consent", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if p := w.do(r); p.status != 403 || p.location != "" {
		t.Error("another site:", p.status)
	}
	w.code(w.post(b.root+"/auth/consent", form))
	if p := w.post(b.root+"/auth/consent", form); p.status != 400 {
		t.Error("a second time:", p.status)
	}
}

func TestRequestExpires(t *testing.T) {
	b := open(t)
	b.client()
	b.user("ann", "Patient/ann", "patient")
	w := b.browser()
	p := w.signIn(w.get(b.root+"/auth/authorize?"+b.asks("openid").Encode()), "ann")
	b.clock.Add(requestIs)
	if p := w.decide(p, "allow", nil); p.status != 400 || p.location != "" {
		t.Error(p.status, p.location)
	}
}

func TestAuthorizePost(t *testing.T) {
	b := open(t)
	b.client()
	b.user("ann", "Patient/ann", "patient")
	w := b.browser()
	r, _ := http.NewRequest(http.MethodPost, b.root+"/auth/authorize", strings.NewReader(b.asks("openid").Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site") // the app's page sends it
	r.Header.Set("Origin", "https://app.example.org")
	p := w.signIn(w.do(r), "ann")
	if status, out := b.exchange(w.code(w.decide(p, "allow", nil))); status != 200 {
		t.Error(status, out)
	}
}

func TestPromptAndAge(t *testing.T) {
	b := open(t)
	b.client()
	b.user("ann", "Patient/ann", "patient")
	w := b.browser()
	ask := func(name, value string) *page {
		return w.get(b.root + "/auth/authorize?" + b.asks("openid", func(v url.Values) { v.Set(name, value) }).Encode())
	}
	w.wantError(ask("prompt", "none"), loginRequired)
	w.wantError(ask("prompt", "none login"), invalidRequest)
	w.wantError(ask("prompt", "create"), invalidRequest)
	w.wantError(ask("max_age", "-1"), invalidRequest)
	w.wantError(ask("acr_values", "urn:unknown"), invalidRequest)
	w.code(w.decide(w.signIn(ask("max_age", "3600"), "ann"), "allow", nil))
	b.clock.Add(1e9 * 60 * 10)
	w.code(ask("max_age", "3600"))
	login := func(name, value string) {
		t.Helper()
		p := ask(name, value)
		w.code(w.signIn(p, "ann"))
		b.clock.Add(1e9 * 60)
	}
	login("max_age", "60")
	login("max_age", "0")
	login("prompt", "login")
	w.wantError(w.get(b.root+"/auth/authorize?"+b.asks("openid", func(v url.Values) { v.Set("max_age", "1"); v.Set("prompt", "none") }).Encode()), loginRequired)
	if p := ask("acr_values", "urn:andiron:acr:mfa"); strings.HasPrefix(p.url.String(), appRedirect) && p.url.Query().Get("code") != "" {
		t.Error("a code without the second factor that was asked for")
	}
}

// TestAuthorizeErrors are the rows "authorize" of security.md §1.12.
func TestAuthorizeErrors(t *testing.T) {
	b := open(t)
	b.client()
	b.client(func(c *Client) { c.ID = "off" })
	_, _ = b.clients.SetStatus(context.Background(), "off", Disabled)
	_, public := rsaSet(t)
	b.client(func(c *Client) {
		c.ID, c.Type, c.Grants, c.JWKS, c.RedirectURIs, c.Scope = "backend", Asymmetric, []string{GrantClient}, public, []string{appRedirect}, "system/*.rs"
	})
	w := b.browser()
	for _, one := range []struct {
		name   string
		change func(url.Values)
		code   string // "" = a page, without a redirect
	}{
		{"no client", func(v url.Values) { v.Del("client_id") }, ""},
		{"an unknown client", func(v url.Values) { v.Set("client_id", "nobody") }, ""},
		{"a disabled client", func(v url.Values) { v.Set("client_id", "off") }, ""},
		{"two clients", func(v url.Values) { v.Add("client_id", "off") }, ""},
		{"no redirect URI", func(v url.Values) { v.Del("redirect_uri") }, ""},
		{"another redirect URI", func(v url.Values) { v.Set("redirect_uri", "https://evil.example/cb") }, ""},
		{"a longer redirect URI", func(v url.Values) { v.Set("redirect_uri", appRedirect+"/x") }, ""},
		{"a redirect URI with a query", func(v url.Values) { v.Set("redirect_uri", appRedirect+"?x=1") }, ""},
		{"two redirect URIs", func(v url.Values) { v.Add("redirect_uri", "https://evil.example/cb") }, ""},
		{"no response type", func(v url.Values) { v.Del("response_type") }, invalidRequest},
		{"response type token", func(v url.Values) { v.Set("response_type", "token") }, unsupportedResponseType},
		{"response type code id_token", func(v url.Values) { v.Set("response_type", "code id_token") }, unsupportedResponseType},
		{"response mode fragment", func(v url.Values) { v.Set("response_mode", "fragment") }, invalidRequest},
		{"a request object", func(v url.Values) { v.Set("request", "e30.e30.") }, requestNotSupported},
		{"a request URI", func(v url.Values) { v.Set("request_uri", "https://evil.example") }, requestURINotSupported},
		{"no state", func(v url.Values) { v.Del("state") }, invalidRequest},
		{"a long state", func(v url.Values) { v.Set("state", strings.Repeat("s", maxState+1)) }, invalidRequest},
		{"two states", func(v url.Values) { v.Add("state", "x") }, invalidRequest},
		{"no challenge", func(v url.Values) { v.Del("code_challenge") }, invalidRequest},
		{"no method", func(v url.Values) { v.Del("code_challenge_method") }, invalidRequest},
		{"method plain", func(v url.Values) { v.Set("code_challenge_method", "plain") }, invalidRequest},
		{"a challenge that is none", func(v url.Values) { v.Set("code_challenge", "abc") }, invalidRequest},
		{"no aud", func(v url.Values) { v.Del("aud") }, invalidRequest},
		{"another aud", func(v url.Values) { v.Set("aud", "https://evil.example/fhir") }, invalidRequest},
		{"a longer aud", func(v url.Values) { v.Set("aud", v.Get("aud")+".evil.example") }, invalidRequest},
		{"another resource", func(v url.Values) { v.Set("resource", "https://evil.example/fhir") }, invalidRequest},
		{"no scope", func(v url.Values) { v.Del("scope") }, invalidScope},
		{"a scope out of order", func(v url.Values) { v.Set("scope", "openid patient/Observation.sr") }, invalidScope},
		{"a type that there is not", func(v url.Values) { v.Set("scope", "patient/Banana.rs") }, invalidScope},
		{"a parameter that there is not", func(v url.Values) { v.Set("scope", "patient/Observation.rs?banana=1") }, invalidScope},
		{"a modifier", func(v url.Values) { v.Set("scope", "patient/Observation.rs?code:in=http://x") }, invalidScope},
		{"scopes of a system", func(v url.Values) { v.Set("scope", "system/*.rs") }, invalidScope},
		{"unknown words", func(v url.Values) { v.Set("scope", "email") }, invalidScope},
		{"a grant that is not allowed", func(v url.Values) { v.Set("client_id", "backend") }, unauthorizedClient},
		{"an unknown launch", func(v url.Values) { v.Set("launch", "123") }, invalidRequest},
		{"an empty launch", func(v url.Values) { v.Set("launch", "") }, invalidRequest},
		{"a long nonce", func(v url.Values) { v.Set("nonce", strings.Repeat("n", maxNonce+1)) }, invalidRequest},
	} {
		t.Run(one.name, func(t *testing.T) {
			w := &browser{&bench{T: t, root: b.root, base: b.base}, w.client}
			p := w.get(b.root + "/auth/authorize?" + b.asks("openid", one.change).Encode())
			if one.code == "" {
				if p.status != http.StatusBadRequest || p.location != "" || !strings.HasPrefix(p.header.Get("Content-Type"), "text/html") {
					t.Errorf("%d %s %s", p.status, p.location, p.header)
				}
				return
			}
			w.wantError(p, one.code)
			if state := p.url.Query().Get("state"); one.name != "no state" && !strings.Contains(one.name, "long state") && one.name != "two states" && state != "a state+with/odd=characters" {
				t.Error("state came back as", state)
			}
		})
	}
}

// TestResource: resource is another word for aud.
func TestResource(t *testing.T) {
	b := open(t)
	b.client()
	b.user("ann", "Patient/ann", "patient")
	w := b.browser()
	p := w.get(b.root + "/auth/authorize?" + b.asks("openid", func(v url.Values) { v.Set("resource", v.Get("aud")+"/"); v.Del("aud") }).Encode())
	w.code(w.decide(w.signIn(p, "ann"), "allow", nil))
}

// TestLoopbackPort: a native app is answered at the port that it listens on.
func TestLoopbackPort(t *testing.T) {
	b := open(t)
	b.client(func(c *Client) { c.RedirectURIs = []string{"http://127.0.0.1/cb"} })
	b.user("ann", "Patient/ann", "patient")
	w := b.browser()
	p := w.get(b.root + "/auth/authorize?" + b.asks("openid", func(v url.Values) { v.Set("redirect_uri", "http://127.0.0.1:49152/cb") }).Encode())
	p = w.decide(w.signIn(p, "ann"), "allow", nil)
	if !strings.HasPrefix(p.url.String(), "http://127.0.0.1:49152/cb?") {
		t.Fatal(p.url)
	}
	status, out, _ := b.send(http.MethodPost, "/auth/token", url.Values{"grant_type": {GrantCode}, "code": {p.url.Query().Get("code")}, "client_id": {"app"},
		"redirect_uri": {"http://127.0.0.1:49152/cb"}, "code_verifier": {verifier}})
	if status != 200 {
		t.Error(status, out)
	}
}

// TestManage: users see what they have allowed, and take it back.
func TestManage(t *testing.T) {
	b := open(t)
	b.client()
	b.user("ann", "Patient/ann", "patient")
	w := b.browser()
	p := w.signIn(w.get(b.root+"/auth/authorize?"+b.asks("openid patient/Observation.rs offline_access").Encode()), "ann")
	_, out := b.exchange(w.code(w.decide(p, "allow", nil)))
	access, renew := out["access_token"].(string), out["refresh_token"].(string)
	if status, _ := b.who(access); status != 200 { // so that it is remembered
		t.Fatal(status)
	}
	p = w.get(b.root + "/auth/manage")
	if !strings.Contains(p.text, "The App") || !strings.Contains(p.text, "See and search observations") {
		t.Fatal(p.text)
	}
	if p := w.post(b.root+"/auth/manage", url.Values{"csrf": {"x"}, "client": {"app"}}); p.status != 403 {
		t.Error("another csrf:", p.status)
	}
	p = w.post(b.root+"/auth/manage", url.Values{"csrf": {p.field("csrf")}, "client": {"app"}})
	if p.status != 200 || strings.Contains(p.text, "The App") {
		t.Error("it is still there:", p.status)
	}
	if status, _ := b.who(access); status != 401 {
		t.Error("the access token is good")
	}
	if status, _ := b.refresh(renew, ""); status != 400 {
		t.Error("the refresh token is good")
	}
	if p := w.get(b.root + "/auth/authorize?" + b.asks("openid patient/Observation.rs").Encode()); !strings.Contains(p.text, `value="allow"`) {
		t.Error("after it was taken back nothing is asked")
	}
	stranger := b.browser()
	if p := stranger.get(b.root + "/auth/manage"); !strings.Contains(p.text, `name="password"`) {
		t.Error("a stranger sees", p.text)
	}
}

// TestDisabledMeanwhile: neither a client nor a user that was disabled during the request gets a code.
func TestDisabledMeanwhile(t *testing.T) {
	b := open(t)
	b.client()
	b.user("ann", "Patient/ann", "patient")
	w := b.browser()
	p := w.signIn(w.get(b.root+"/auth/authorize?"+b.asks("openid").Encode()), "ann")
	if _, err := b.clients.SetStatus(context.Background(), "app", Disabled); err != nil {
		t.Fatal(err)
	}
	w.wantError(w.decide(p, "allow", nil), unauthorizedClient)
	if _, err := b.clients.Get(context.Background(), "nobody"); fhir.CodeOf(err) != fhir.NotFound {
		t.Error(err)
	}
}

// TestScopeLimits: what is granted is what was asked for, as far as the client is registered for it, in the syntax that it was asked for in.
func TestScopeLimits(t *testing.T) {
	b := open(t)
	b.client(func(c *Client) { c.Scope = "openid patient/*.rs patient/Observation.cruds" })
	b.user("ann", "Patient/ann", "patient")
	w := b.browser()
	for asked, granted := range map[string]string{
		"patient/*.cruds":             "patient/*.rs patient/Observation.cruds",
		"patient/Observation.write":   "patient/Observation.write",
		"patient/Condition.*":         "patient/Condition.read",
		"patient/Condition.cud email": "",
		"openid offline_access":       "openid",
		"user/*.rs":                   "",
	} {
		p := w.get(b.root + "/auth/authorize?" + b.asks(asked, func(v url.Values) { v.Set("prompt", "consent") }).Encode())
		if granted == "" {
			w.wantError(p, invalidScope)
			continue
		}
		if strings.Contains(p.text, `name="password"`) {
			p = w.signIn(p, "ann")
		}
		if _, out := b.exchange(w.code(w.decide(p, "allow", nil))); out["scope"] != granted {
			t.Errorf("asked for %s, got %v", asked, out["scope"])
		}
	}
}
