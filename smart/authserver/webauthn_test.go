package authserver

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"andiron.dev/smart/account/accounttest"
)

// ceremony does what webauthn.js does with a form.
func (w *browser) ceremony(fields url.Values, begin, finish string, act func([]byte) ([]byte, error)) (int, told) {
	w.Helper()
	read := func(p *page) (t told) {
		w.Helper()
		if err := json.Unmarshal([]byte(p.text), &t); err != nil {
			w.Fatalf("%d %s: %v", p.status, p.text, err)
		}
		return t
	}
	p := w.post(w.root+begin, fields)
	t := read(p)
	if p.status != 200 || t.Location != "" {
		return p.status, t
	}
	options, err := json.Marshal(t.Options)
	if err != nil {
		w.Fatal(err)
	}
	answer, err := act(options)
	if err != nil {
		w.Fatal(err)
	}
	p = w.post(w.root+finish, with(fields, "answer", string(answer)))
	return p.status, read(p)
}

func TestPasskeyPages(t *testing.T) {
	b := open(t, sealed)
	b.root = strings.Replace(b.root, "127.0.0.1", "localhost", 1) // passkeys need a name
	b.base = b.root + "/fhir"
	b.user("ana", "")
	key, err := accounttest.New(b.root)
	if err != nil {
		t.Fatal(err)
	}
	w := b.browser()
	w.logIn("ana", password)
	p := w.get(b.root+"/auth/webauthn").title(t, 200, "Passkeys")
	register := func(password string) (int, told) {
		return w.ceremony(with(p.fields(strings.Count(p.text, "<form")-1), "name", "blue key", "password", password), "/auth/webauthn/register/begin", "/auth/webauthn/register/finish", key.Create)
	}
	if status, told := register("wrong"); status != 401 || told.Error == "" {
		t.Errorf("%d %+v", status, told)
	}
	status, made := register(password)
	if status != 200 || made.Location != b.root+"/auth/recovery" {
		t.Fatalf("%d %+v", status, made)
	}
	w.get(made.Location).title(t, 200, "Recovery codes")
	w = b.browser()
	p = w.get(b.root+"/auth/password").title(t, 200, "Log in")
	p = w.post(b.root+"/auth/login", with(p.fields(0), "username", "ana", "password", password)).title(t, 200, "Confirm that it is you")
	if !strings.Contains(p.text, "/auth/webauthn.js") {
		t.Fatal(p.text)
	}
	key.Origin = "http://localhost:1"
	use := func(fields url.Values) (int, told) {
		return w.ceremony(fields, "/auth/webauthn/login/begin", "/auth/webauthn/login/finish", key.Get)
	}
	if status, told := use(p.fields(1)); status != 403 || told.Error != "The passkey was not accepted." {
		t.Errorf("from elsewhere: %d %+v", status, told)
	}
	key.Origin = b.root
	if status, told := use(p.fields(1)); status != 200 || told.Location != b.root+"/auth/password" {
		t.Fatalf("%d %+v", status, told)
	}
	w.get(b.root+"/auth/password").title(t, 200, "Change your password")
	b.clock.Add(6 * time.Minute)
	p = w.get(b.root+"/auth/webauthn").title(t, 200, "Passkeys")
	if status, told := register(password); status != 200 || !strings.Contains(told.Location, "/auth/stepup?next=") {
		t.Errorf("another one, without a step-up: %d %+v", status, told)
	}
	p = w.get(b.root+"/auth/stepup?next=/auth/webauthn").title(t, 200, "Confirm that it is you")
	if status, told := use(p.fields(1)); status != 200 || told.Location != b.root+"/auth/webauthn" {
		t.Fatalf("step-up: %d %+v", status, told)
	}
	p = w.get(b.root+"/auth/webauthn").title(t, 200, "Passkeys")
	if !strings.Contains(p.text, "<h2>blue key</h2>") {
		t.Error(p.text)
	}
	w.post(b.root+"/auth/webauthn/remove", with(p.fields(0), "password", password)).title(t, 200, "Second factor")
	b.browser().logIn("ana", password).title(t, 200, "What you have allowed")
	// Nobody else's session can be stepped up.
	r := w.post(b.root+"/auth/webauthn/login/begin", url.Values{"csrf": {"x"}, "stepup": {"1"}})
	if r.status != 403 {
		t.Errorf("%d", r.status)
	}
	if got := b.browser().get(b.root + "/auth/webauthn.js"); got.header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Error(got.header)
	}
}
