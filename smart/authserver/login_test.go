package authserver

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"andiron.dev/smart/account"
	"github.com/pquerna/otp/totp"
)

// sealed gives the accounts a key for seeds.
func sealed(c *Config) {
	a, err := account.New(account.Options{Store: c.Store, Now: c.Now, Vault: c.Secrets, Hash: account.HashCost{Memory: 64, Time: 1, Lanes: 1}})
	if err != nil {
		panic(err)
	}
	c.Accounts = a
}

// fields are the hidden fields of a page's nth form.
func (p *page) fields(n int) url.Values {
	v := url.Values{}
	forms := strings.Split(p.text, "<form")
	if len(forms) <= n+1 {
		return v
	}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(forms[n+1], -1) {
		v.Set(m[1], strings.ReplaceAll(m[2], "&amp;", "&"))
	}
	return v
}

// with sets fields.
func with(v url.Values, pairs ...string) url.Values {
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// logIn fills in the login form.
func (w *browser) logIn(name, password string) *page {
	w.Helper()
	return w.post(w.root+"/auth/login", with(w.get(w.root+"/auth/login").fields(0), "username", name, "password", password))
}

// title fails the test unless the page has a heading.
func (p *page) title(t testing.TB, status int, want string) *page {
	t.Helper()
	m := regexp.MustCompile(`<h1>([^<]*)</h1>`).FindAllStringSubmatch(p.text, -1)
	if p.status != status || len(m) != 1 || m[0][1] != want {
		t.Fatalf("%d %q at %s instead of %d %q: %s", p.status, m, p.url, status, want, p.text)
	}
	return p
}

func TestLogin(t *testing.T) {
	b := open(t)
	b.user("ana", "Practitioner/1")
	w := b.browser()
	p := w.get(b.root+"/auth/manage").title(t, 200, "Log in")
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
		"X-Frame-Options":         "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Type": "text/html; charset=utf-8",
	} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, want := range []string{`<html lang="en">`, `<label for="username">`, `name="username"`, `type="password" name="password"`, `name="csrf"`} {
		if !strings.Contains(p.text, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	fields := p.fields(0)
	post := func(v url.Values, header ...string) *page {
		r, _ := http.NewRequest(http.MethodPost, b.root+"/auth/login", strings.NewReader(v.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return w.do(r)
	}
	good := func() url.Values { return with(p.fields(0), "username", "ana", "password", password) }
	without := good()
	without.Del("csrf")
	post(without).title(t, 403, "This did not work")
	post(with(good(), "csrf", strings.Repeat("0", 64))).title(t, 403, "This did not work")
	post(good(), "Sec-Fetch-Site", "cross-site").title(t, 403, "This did not work")
	post(good(), "Origin", "https://evil.example").title(t, 403, "This did not work")
	post(good(), "Origin", "null").title(t, 403, "This did not work")
	post(good(), "Content-Type", "application/json").title(t, 415, "This did not work")
	post(with(good(), "username", strings.Repeat("a", maxForm))).title(t, 413, "This did not work")
	twice := good()
	twice.Add("username", "ben")
	post(twice).title(t, 400, "This did not work")
	if q := b.browser().post(b.root+"/auth/login", good()); q.status != 403 { // another browser's form
		t.Errorf("login CSRF: %d", q.status)
	}
	wrong := post(with(good(), "password", "wrong", "username", `<b>"ana`)).title(t, 401, "Log in")
	if !strings.Contains(wrong.text, "The username or the password is wrong.") || strings.Contains(wrong.text, "<b>\"ana") || !strings.Contains(wrong.text, "&lt;b&gt;") {
		t.Errorf("after a wrong password: %s", wrong.text)
	}
	if fields.Get("next") != "/auth/manage" {
		t.Errorf("fields %v", fields)
	}
	in := post(good()).title(t, 200, "What you have allowed")
	if !strings.Contains(in.text, "Log out ana") {
		t.Error("the page does not say who is logged in")
	}
	// Log out: only by a form.
	w.get(b.root+"/auth/logout").title(t, 200, "Log out")
	w.get(b.root+"/auth/manage").title(t, 200, "What you have allowed")
	out := w.get(b.root + "/auth/logout")
	w.post(b.root+"/auth/logout", with(out.fields(0), "csrf", "x")).title(t, 403, "This did not work")
	w.post(b.root+"/auth/logout", out.fields(0)).title(t, 200, "Log in")
	w.get(b.root+"/auth/manage").title(t, 200, "Log in")
	trail := strings.Join(b.events(), "\n")
	for _, want := range []string{`"s":"login"`, `"s":"logout"`, `"s":"password","o":4`} {
		if !strings.Contains(trail, want) {
			t.Errorf("the audit trail has no %s", want)
		}
	}
	if strings.Contains(trail, password) || strings.Contains(trail, "wrong\"") {
		t.Error("the audit trail has passwords")
	}
}

func TestLoginIsSlowedDown(t *testing.T) {
	b := open(t)
	b.user("ana", "")
	w := b.browser()
	for range 5 {
		w.logIn("ana", "wrong").title(t, 401, "Log in")
	}
	p := w.logIn("ana", password).title(t, 429, "Log in")
	if p.header.Get("Retry-After") != "1" || !strings.Contains(p.text, "Too many attempts") {
		t.Errorf("Retry-After %q: %s", p.header.Get("Retry-After"), p.text)
	}
	b.clock.Add(time.Second)
	w.logIn("ana", password).title(t, 200, "What you have allowed")
}

// TestCookies: what a browser behind https is given, and one on this machine.
func TestCookies(t *testing.T) {
	b := open(t)
	b.user("ana", "")
	for base, want := range map[string]string{
		"https://fhir.example.org/fhir": `^__Host-sid=[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}; Path=/; HttpOnly; Secure; SameSite=Lax$`,
		"http://127.0.0.1:8080/fhir":    `^sid=[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Lax$`,
	} {
		b.base = base
		send := func(method, path, body string, cookies ...*http.Cookie) *http.Response {
			r := httptest.NewRequest(method, path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for _, c := range cookies {
				r.AddCookie(c)
			}
			rec := httptest.NewRecorder()
			b.server.Handler().ServeHTTP(rec, r)
			return rec.Result()
		}
		visitor := send("GET", "/auth/login", "").Cookies()[0]
		v := url.Values{"csrf": {csrfOf(visitor.Value)}, "username": {"ana"}, "password": {password}}
		resp := send("POST", "/auth/login", v.Encode(), visitor)
		if resp.StatusCode != 303 {
			t.Fatalf("%s: %d", base, resp.StatusCode)
		}
		set := resp.Header.Values("Set-Cookie")
		if got := set[len(set)-1]; !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s: %s", base, got)
		}
	}
}

func TestNext(t *testing.T) {
	for text, want := range map[string]string{
		"/auth/continue?request=abc": "/auth/continue?request=abc", "/auth/manage": "/auth/manage", "/auth/otp/enroll?next=%2Fauth%2Fmanage": "/auth/otp/enroll?next=%2Fauth%2Fmanage",
		"": "", "/": "", "/auth": "", "/auth/": "", "//evil.example/auth/": "", "https://evil.example/auth/x": "", "/auth/../fhir": "", "/auth//evil.example": "", "/auth/\\evil": "",
		"/auth/%2e%2e/x": "", "/auth/%2F%2Fevil": "", "/auth/x#y": "", "/authx": "", "javascript:alert(1)": "", "/auth/" + strings.Repeat("x", 2000): "", "/auth/a\nb": "", " /auth/x": "",
	} {
		if got := nextOf(text); got != want {
			t.Errorf("%q: %q instead of %q", text, got, want)
		}
	}
}

func FuzzNext(f *testing.F) {
	for _, s := range []string{"/auth/manage", "//evil", "/auth/%5cevil", "/auth/a?b=c&d", "http:/auth/x"} {
		f.Add(s)
	}
	base, _ := url.Parse("https://fhir.example.org/auth/login")
	f.Fuzz(func(t *testing.T, text string) {
		next := nextOf(text)
		if next == "" {
			return
		}
		target, err := base.Parse(next)
		if err != nil || target.Host != base.Host || target.Scheme != "https" || !strings.HasPrefix(target.Path, "/auth/") || strings.ContainsAny(next, "\\\r\n\t") {
			t.Errorf("%q leads to %v, %v", text, target, err)
		}
	})
}

// TestFormTarget: browsers hold redirects after a form against form-action, so pages on the way to an app name it.
func TestFormTarget(t *testing.T) {
	b := open(t)
	b.user("ana", "Patient/ann")
	b.client()
	w := b.browser()
	p := w.get(b.root+"/auth/authorize?"+b.asks("launch/patient patient/Patient.rs").Encode()).title(t, 200, "Log in")
	if got := p.header.Get("Content-Security-Policy"); !strings.Contains(got, "form-action 'self' https://app.example.org; ") {
		t.Error(got)
	}
	p = w.post(b.root+"/auth/login", with(p.fields(0), "username", "ana", "password", password))
	if got := p.header.Get("Content-Security-Policy"); p.status != 200 || !strings.Contains(got, "form-action 'self' https://app.example.org; ") {
		t.Errorf("%d %s %s", p.status, got, p.text)
	}
	for uri, want := range map[string]string{
		"https://app.example.org:8443/cb?x": "https://app.example.org:8443", "http://127.0.0.1:9/cb": "http://127.0.0.1:9", "http://[::1]:9/cb": "http:",
		"org.example.app:/cb": "org.example.app:", "https://x;script-src *": "", "https://x_y/cb": "https:", "": "",
	} {
		if got := source(uri); got != want {
			t.Errorf("%s: %q", uri, got)
		}
	}
}

func TestOneTimeCodes(t *testing.T) {
	b := open(t, sealed)
	b.user("ana", "")
	w := b.browser()
	w.logIn("ana", password).title(t, 200, "What you have allowed")
	// Who wants more than a password gives is told to set a factor up.
	w.get(b.root+"/auth/stepup?next=/auth/manage").title(t, 200, "A second factor is needed")
	p := w.get(b.root+"/auth/otp/enroll?next=/auth/manage").title(t, 200, "Second factor")
	w.post(b.root+"/auth/otp/enroll", with(p.fields(0), "password", "wrong")).title(t, 401, "Second factor")
	p = w.post(b.root+"/auth/otp/enroll", with(p.fields(0), "password", password)).title(t, 200, "Second factor")
	seed := regexp.MustCompile(`Key: <code>([A-Z2-7]{32})</code>`).FindStringSubmatch(p.text)
	if seed == nil || !strings.Contains(p.text, "<svg") {
		t.Fatal(p.text)
	}
	code := func() string { return codeAt(t, seed[1], b.clock.Now()) }
	again := w.post(b.root+"/auth/otp/enroll", with(p.fields(0), "otp", "000000")).title(t, 401, "Second factor")
	if !strings.Contains(again.text, seed[1]) {
		t.Fatal("a slip costs the seed")
	}
	before := w.get(b.root + "/auth/otp/enroll").text
	p = w.post(b.root+"/auth/otp/enroll", with(again.fields(0), "otp", code())).title(t, 200, "Recovery codes")
	codes := regexp.MustCompile(`<li><code>([a-z2-7-]{19})</code>`).FindAllStringSubmatch(p.text, -1)
	if len(codes) != 10 || strings.Contains(before, codes[0][1]) {
		t.Fatalf("%d codes", len(codes))
	}
	if !strings.Contains(p.text, `href="/auth/manage"`) {
		t.Error("the way on is lost")
	}
	// A login now takes two steps, and nothing is open between them.
	w = b.browser()
	p = w.get(b.root+"/auth/password").title(t, 200, "Log in")
	p = w.post(b.root+"/auth/login", with(p.fields(0), "username", "ana", "password", password)).title(t, 200, "Confirm that it is you")
	if !strings.Contains(p.text, `name="otp"`) || p.fields(0).Get("csrf") == "" || strings.Contains(p.text, "webauthn.js") {
		t.Error(p.text)
	}
	w.get(b.root+"/auth/manage").title(t, 200, "Log in")
	b.clock.Add(30 * time.Second)
	w.post(b.root+"/auth/otp", with(p.fields(0), "csrf", "x", "otp", code())).title(t, 403, "This did not work")
	w.post(b.root+"/auth/otp", with(p.fields(0), "otp", "123456x")).title(t, 401, "Confirm that it is you")
	w.post(b.root+"/auth/otp", with(p.fields(0), "otp", code())).title(t, 200, "Change your password")
	// SEC-3, and a recovery code in its place.
	w = b.browser()
	p = w.logIn("ana", password)
	w.post(b.root+"/auth/otp", with(p.fields(0), "otp", code())).title(t, 401, "Confirm that it is you")
	w.post(b.root+"/auth/otp", with(p.fields(0), "otp", codes[2][1])).title(t, 200, "What you have allowed")
	// Turning it off wants a factor that was just given.
	b.clock.Add(6 * time.Minute)
	p = w.get(b.root + "/auth/password")
	w.post(b.root+"/auth/otp/disable", with(p.fields(0), "password", password)).title(t, 200, "Confirm that it is you")
	p = w.get(b.root+"/auth/otp/disable").title(t, 200, "Confirm that it is you")
	sid := w.sid()
	p = w.post(b.root+"/auth/stepup", with(p.fields(0), "otp", code())).title(t, 200, "Turn one-time codes off")
	if w.sid() == sid {
		t.Error("the session has the same token after the step-up")
	}
	w.post(b.root+"/auth/otp/disable", with(p.fields(0), "password", "wrong")).title(t, 401, "Turn one-time codes off")
	renew := w.get(b.root+"/auth/recovery").title(t, 200, "Recovery codes")
	if renew = w.post(b.root+"/auth/recovery", with(renew.fields(0), "password", password)); strings.Count(renew.text, "<li><code>") != 10 {
		t.Error(renew.text)
	}
	w.post(b.root+"/auth/otp/disable", with(p.fields(0), "password", password)).title(t, 200, "Second factor")
	b.browser().logIn("ana", password).title(t, 200, "What you have allowed")
}

// codeAt is the one-time code of a moment.
func codeAt(t testing.TB, seed string, at time.Time) string {
	code, err := totp.GenerateCode(seed, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// sid is the cookie of the session.
func (w *browser) sid() string {
	u, _ := url.Parse(w.root)
	for _, c := range w.client.Jar.Cookies(u) {
		if c.Name == sessionCookie {
			return c.Value
		}
	}
	return ""
}

func TestOTPLimit(t *testing.T) {
	b := open(t, sealed)
	b.user("ana", "")
	w := b.browser()
	w.logIn("ana", password)
	p := w.get(b.root + "/auth/otp/enroll")
	p = w.post(b.root+"/auth/otp/enroll", with(p.fields(0), "password", password))
	for range 5 {
		p = w.post(b.root+"/auth/otp/enroll", with(p.fields(0), "otp", "000000")).title(t, 401, "Second factor")
	}
	if p = w.post(b.root+"/auth/otp/enroll", with(p.fields(0), "otp", "000000")); p.status != 429 || p.header.Get("Retry-After") != "300" {
		t.Errorf("%d, Retry-After %q", p.status, p.header.Get("Retry-After"))
	}
}

func TestPasswordPage(t *testing.T) {
	b := open(t)
	b.user("ana", "")
	w, other := b.browser(), b.browser()
	w.logIn("ana", password)
	other.logIn("ana", password)
	p := w.get(b.root+"/auth/password").title(t, 200, "Change your password")
	for _, try := range []struct {
		old, next string
		status    int
	}{{"wrong", "some other words here", 401}, {password, "short", 400}, {password, "passwordpassword", 400}, {password, password, 400}} {
		w.post(b.root+"/auth/password", with(p.fields(0), "old", try.old, "password", try.next)).title(t, try.status, "Change your password")
	}
	p = w.post(b.root+"/auth/password", with(p.fields(0), "old", password, "password", "some other words here")).title(t, 200, "Change your password")
	if !strings.Contains(p.text, "The password is changed.") {
		t.Error(p.text)
	}
	w.get(b.root+"/auth/manage").title(t, 200, "What you have allowed")
	other.get(b.root+"/auth/manage").title(t, 200, "Log in")
}

func TestSetup(t *testing.T) {
	b := open(t)
	a := b.server.config.Accounts
	token, err := a.FirstLink(t.Context(), account.System("serve"))
	if err != nil {
		t.Fatal(err)
	}
	w := b.browser()
	w.get(b.root+"/auth/setup?token=x").title(t, 410, "This did not work")
	p := w.get(b.root+"/auth/setup?token="+token).title(t, 200, "Set up the first administrator")
	w.post(b.root+"/auth/setup", with(p.fields(0), "username", "root", "password", "short")).title(t, 400, "Set up the first administrator")
	w.post(b.root+"/auth/setup", with(p.fields(0), "username", "ro ot", "password", password)).title(t, 400, "Set up the first administrator")
	w.post(b.root+"/auth/setup", with(p.fields(0), "username", "root", "password", password)).title(t, 200, "Log in")
	w.get(b.root+"/auth/setup?token="+token).title(t, 410, "This did not work")
	w.logIn("root", password).title(t, 200, "What you have allowed")
	u, err := a.ByUsername(t.Context(), "root")
	if err != nil || len(u.Roles) != 1 || u.Roles[0] != "admin" {
		t.Fatal(u, err)
	}
	if token, err = a.ResetLink(t.Context(), account.System("cli"), u.ID); err != nil {
		t.Fatal(err)
	}
	w.get(b.root+"/auth/manage").title(t, 200, "Log in")
	p = w.get(b.root+"/auth/setup?token="+token).title(t, 200, "Choose a password")
	w.post(b.root+"/auth/setup", with(p.fields(0), "password", "some other words here")).title(t, 200, "Log in")
	w.logIn("root", "some other words here").title(t, 200, "What you have allowed")
}

// TestStepUp: what an authorization request wants of a login leads to the page where it can be had.
func TestStepUp(t *testing.T) {
	b := open(t, sealed)
	u := b.user("ana", "Patient/ann")
	b.client()
	w := b.browser()
	w.logIn("ana", password)
	asks := func(more ...string) *page {
		return w.get(b.root + "/auth/authorize?" + with(b.asks("launch/patient patient/Patient.rs"), more...).Encode())
	}
	asks().title(t, 200, "Allow The App?")
	b.clock.Add(time.Second)
	asks("prompt", "login").title(t, 200, "Log in")
	p := asks("acr_values", account.ACRMulti).title(t, 200, "A second factor is needed")
	m := regexp.MustCompile(`href="(/auth/otp/enroll\?[^"]*)"`).FindStringSubmatch(p.text)
	if m == nil {
		t.Fatal(p.text)
	}
	p = w.get(b.root+strings.ReplaceAll(m[1], "&amp;", "&")).title(t, 200, "Second factor")
	p = w.post(b.root+"/auth/otp/enroll", with(p.fields(0), "password", password))
	seed := regexp.MustCompile(`Key: <code>([A-Z2-7]{32})</code>`).FindStringSubmatch(p.text)
	p = w.post(b.root+"/auth/otp/enroll", with(p.fields(0), "otp", codeAt(t, seed[1], b.clock.Now()))).title(t, 200, "Recovery codes")
	m = regexp.MustCompile(`href="(/auth/continue[^"]*)"`).FindStringSubmatch(p.text)
	if m == nil {
		t.Fatal(p.text)
	}
	w.get(b.root+strings.ReplaceAll(m[1], "&amp;", "&")).title(t, 200, "Allow The App?")
	if _, err := b.server.config.Accounts.SetDisabled(t.Context(), account.System("cli"), u.ID, true); err != nil {
		t.Fatal(err)
	}
	w.get(b.root+"/auth/manage").title(t, 200, "Log in")
}
