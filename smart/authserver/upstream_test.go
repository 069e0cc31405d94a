package authserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/smart/account"
	"andiron.dev/smart/secret"
	"github.com/go-jose/go-jose/v4"
)

// idp is an OpenID provider whose user is logged in already. Tests change its fields to make it lie.
type idp struct {
	t      testing.TB
	server *httptest.Server
	now    func() time.Time

	key        *ecdsa.PrivateKey
	kid        string
	typ        string
	claims     map[string]any // over those of a good id_token; nil = without
	answer     url.Values     // over the parameters of a good answer
	codes      map[string]url.Values
	keyFetches atomic.Int32
}

func newIDP(t testing.TB, now func() time.Time) *idp {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &idp{t: t, now: now, key: key, kid: "k1", typ: "JWT", codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	reply := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		u := p.server.URL
		reply(w, map[string]any{"issuer": u, "authorization_endpoint": u + "/authorize", "token_endpoint": u + "/token", "jwks_uri": u + "/jwks",
			"authorization_response_iss_parameter_supported": true, "id_token_signing_alg_values_supported": []string{"ES256"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}})
	})
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, _ *http.Request) {
		p.keyFetches.Add(1)
		reply(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("/authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		code := secret.NewToken()
		p.codes[code] = q
		v := url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.server.URL}}
		for name, value := range p.answer {
			if v[name] = value; len(value) == 0 {
				delete(v, name)
			}
		}
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+v.Encode(), http.StatusFound)
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		asked := p.codes[r.FormValue("code")]
		delete(p.codes, r.FormValue("code"))
		if asked == nil || id != "andiron" || secret != "hush" || challengeOf(r.FormValue("code_verifier")) != asked.Get("code_challenge") || r.FormValue("redirect_uri") != asked.Get("redirect_uri") {
			w.WriteHeader(http.StatusBadRequest)
			reply(w, map[string]string{"error": "invalid_grant"})
			return
		}
		reply(w, map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": p.token(asked.Get("nonce"))})
	})
	return p
}

func (p *idp) token(nonce string) string {
	claims := map[string]any{"iss": p.server.URL, "sub": "u1", "aud": "andiron", "iat": p.now().Unix(), "exp": p.now().Add(5 * time.Minute).Unix(), "nonce": nonce, "preferred_username": "zoe"}
	for name, value := range p.claims {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p.key, KeyID: p.kid}}, (&jose.SignerOptions{}).WithType(jose.ContentType(p.typ)))
	if err != nil {
		p.t.Fatal(err)
	}
	text, _ := json.Marshal(claims)
	sig, err := signer.Sign(text)
	if err != nil {
		p.t.Fatal(err)
	}
	raw, err := sig.CompactSerialize()
	if err != nil {
		p.t.Fatal(err)
	}
	return raw
}

// elsewhere opens a server with an upstream provider.
func elsewhere(t *testing.T, change ...func(*Upstream)) (*bench, *idp) {
	c := &clock{now: time.Now().Truncate(time.Second)}
	p := newIDP(t, c.Now)
	up := Upstream{ID: "hospital", Name: "Hospital login", Issuer: p.server.URL, ClientID: "andiron", ClientSecret: "hush", MultiACR: []string{"strong"}}
	for _, one := range change {
		one(&up)
	}
	b := open(t, sealed, func(c *Config) { c.Upstreams = []Upstream{up} })
	p.now = b.clock.Now
	return b, p
}

// anywhere is a browser that follows redirects to the provider, too.
func (b *bench) anywhere() *browser {
	w := b.browser()
	w.client.CheckRedirect = nil
	return w
}

func TestUpstream(t *testing.T) {
	b, p := elsewhere(t)
	u := b.user("ana", "Practitioner/1")
	w := b.anywhere()
	login := w.get(b.root+"/auth/password").title(t, 200, "Log in")
	if !strings.Contains(login.text, `<a href="/auth/upstream/hospital?next=%2fauth%2fpassword">Hospital login</a>`) && !strings.Contains(login.text, `/auth/upstream/hospital?next=%2Fauth%2Fpassword`) {
		t.Fatal(login.text)
	}
	enter := b.root + "/auth/upstream/hospital?next=/auth/password"
	w.get(enter).title(t, 403, "This did not work") // linked to nobody, not even to a namesake
	id := account.Identity{Issuer: p.server.URL, Subject: "u1"}
	if err := b.server.config.Accounts.LinkIdentity(t.Context(), account.System("cli"), u.ID, id); err != nil {
		t.Fatal(err)
	}
	w.get(enter).title(t, 200, "Change your password")
	session := func(w *browser) *account.Session {
		s, err := b.server.config.Accounts.Session(t.Context(), w.sid())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := session(w); s == nil || s.UserID != u.ID || s.ACR() != account.ACRPassword || s.Issuer != p.server.URL {
		t.Fatalf("%+v", s)
	}
	p.claims = map[string]any{"acr": "strong"}
	w.get(enter).title(t, 200, "Change your password")
	if s := session(w); s.ACR() != account.ACRMulti {
		t.Errorf("%+v", s)
	}
	for name, lie := range map[string]func(){
		"another nonce":     func() { p.claims = map[string]any{"nonce": "x"} },
		"no nonce":          func() { p.claims = map[string]any{"nonce": nil} },
		"another issuer":    func() { p.claims = map[string]any{"iss": "https://evil.example"} },
		"another audience":  func() { p.claims = map[string]any{"aud": "other"} },
		"two audiences":     func() { p.claims = map[string]any{"aud": []string{"andiron", "other"}} },
		"another party":     func() { p.claims = map[string]any{"azp": "other"} },
		"expired":           func() { p.claims = map[string]any{"exp": b.clock.Now().Add(-time.Second).Unix()} },
		"no end":            func() { p.claims = map[string]any{"exp": nil} },
		"from the future":   func() { p.claims = map[string]any{"iat": b.clock.Now().Add(time.Minute).Unix()} },
		"no subject":        func() { p.claims = map[string]any{"sub": nil} },
		"an access token":   func() { p.typ = "at+jwt" },
		"a logout token":    func() { p.typ = "logout+jwt" },
		"an unknown key":    func() { p.kid = "k2" },
		"mix-up":            func() { p.answer = url.Values{"iss": {"https://evil.example"}} },
		"issuer left out":   func() { p.answer = url.Values{"iss": {}} },
		"an error":          func() { p.answer = url.Values{"error": {"access_denied"}} },
		"a forged code":     func() { p.answer = url.Values{"code": {"x"}} },
		"state left out":    func() { p.answer = url.Values{"state": {}} },
		"a made-up state":   func() { p.answer = url.Values{"state": {secret.NewToken()}} },
		"parameter doubled": func() { p.answer = url.Values{"code": {"x", "y"}} },
	} {
		p.claims, p.answer, p.typ, p.kid = nil, nil, "JWT", "k1"
		lie()
		w := b.anywhere()
		if got := w.get(enter); got.status < 400 || got.status >= 500 || w.sid() != "" {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	p.claims, p.answer, p.typ, p.kid = nil, nil, "JWT", "k1"
	// The answer is good in the browser that asked, once.
	w = b.browser()
	to := w.get(enter)
	if to.status != 303 || !strings.HasPrefix(to.location, p.server.URL) || to.url.Query().Get("code_challenge_method") != "S256" {
		t.Fatal(to.status, to.location)
	}
	resp, err := http.DefaultTransport.RoundTrip(must(http.NewRequest("GET", to.location, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	back := resp.Header.Get("Location")
	b.browser().get(back).title(t, 400, "This did not work")
	other := b.browser()
	other.get(b.root + "/auth/login")
	other.get(back).title(t, 400, "This did not work")
	w.get(back).title(t, 200, "Change your password")
	w.get(back).title(t, 400, "This did not work")
	to = w.get(enter)
	answered := b.root + "/auth/upstream/hospital/callback?" + url.Values{"code": {"x"}, "iss": {p.server.URL}, "state": {to.url.Query().Get("state")}}.Encode()
	w.get(answered).title(t, 403, "This did not work")
	w.get(answered).title(t, 400, "This did not work") // whatever came of it
	// Forged tokens do not make this server fetch keys again and again.
	before := p.keyFetches.Load()
	p.kid = "k3"
	for range 20 {
		b.anywhere().get(enter)
	}
	if n := p.keyFetches.Load() - before; n > 1 {
		t.Errorf("20 tokens with an unknown key made %d fetches", n)
	}
	if got := b.browser().get(b.root + "/auth/upstream/none"); got.status != 404 {
		t.Errorf("%d", got.status)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestUpstreamJustInTime(t *testing.T) {
	b, _ := elsewhere(t, func(u *Upstream) { u.JustInTime, u.Roles = true, []string{"nurse"} })
	w := b.anywhere()
	w.get(b.root+"/auth/upstream/hospital").title(t, 200, "What you have allowed")
	u, err := b.server.config.Accounts.ByUsername(t.Context(), "zoe")
	if err != nil || len(u.Roles) != 1 || u.Roles[0] != "nurse" {
		t.Fatal(u, err)
	}
	b.anywhere().get(b.root+"/auth/upstream/hospital").title(t, 200, "What you have allowed")
	if list, _ := b.server.config.Accounts.Users(t.Context(), "", 10); len(list) != 1 {
		t.Errorf("%d users", len(list))
	}
	w.get(b.root+"/auth/password").title(t, 200, "Change your password") // there is none
}

// TestUpstreamLink: users link their accounts themselves, with their password.
func TestUpstreamLink(t *testing.T) {
	b, p := elsewhere(t)
	b.user("ana", "")
	w := b.anywhere()
	w.logIn("ana", password)
	form := w.get(b.root+"/auth/upstream/hospital/link").title(t, 200, "Link Hospital login")
	if got := form.header.Get("Content-Security-Policy"); !strings.Contains(got, "form-action 'self' "+p.server.URL+";") {
		t.Error(got)
	}
	w.post(b.root+"/auth/upstream/hospital/link", with(form.fields(0), "password", "wrong")).title(t, 401, "Link Hospital login")
	w.post(b.root+"/auth/upstream/hospital/link", with(form.fields(0), "password", password)).title(t, 200, "Second factor")
	b.anywhere().get(b.root+"/auth/upstream/hospital").title(t, 200, "What you have allowed")
	// With a second factor here, the provider's word alone is not enough.
	sess, _ := b.server.config.Accounts.Session(t.Context(), w.sid())
	seed, err := b.server.config.Accounts.BeginCodes(t.Context(), sess)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.server.config.Accounts.FinishCodes(t.Context(), account.Caller{}, sess, codeAt(t, seed.Secret, b.clock.Now())); err != nil {
		t.Fatal(err)
	}
	b.anywhere().get(b.root+"/auth/upstream/hospital").title(t, 200, "Confirm that it is you")
	p.claims = map[string]any{"acr": "strong"}
	b.anywhere().get(b.root+"/auth/upstream/hospital").title(t, 200, "What you have allowed")
}

func TestUpstreamAway(t *testing.T) {
	b, p := elsewhere(t)
	p.server.Close()
	b.browser().get(b.root+"/auth/upstream/hospital").title(t, 503, "This did not work")
	b.browser().get(b.root+"/auth/login").title(t, 200, "Log in")
}
