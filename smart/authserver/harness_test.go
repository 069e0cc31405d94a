package authserver

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/search"
	"andiron.dev/search/ucum"
	"andiron.dev/smart"
	"andiron.dev/smart/account"
	"andiron.dev/smart/secret"
	"andiron.dev/smart/token"
)

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is a running authorization server on a temporary store, with an API of one path that says who asks.
type bench struct {
	*testing.T
	clock   *clock
	store   fhir.Store
	server  *Server
	http    *httptest.Server
	clients *Clients
	root    string // URL of the server
	base    string // FHIR base
}

const (
	appRedirect = "https://app.example.org/cb"
	verifier    = "a-verifier-of-more-than-forty-three-characters-0123456789"
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// open starts a server. Three patients are in the store: ann, bob, and cat with an encounter.
func open(t *testing.T, change ...func(*Config)) *bench {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	units, err := ucum.Decode()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, clock: &clock{now: time.Now().Truncate(time.Second)}}
	params := search.NewParams(spec, units)
	st := chosen.Open(t, sqlite.Options{Dir: t.TempDir(), Params: params, Now: b.clock.Now})
	t.Cleanup(func() { _ = st.Close() })
	keys, err := secret.New([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := account.New(account.Options{Store: st, Now: b.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	guard, err := smart.New(smart.Config{Store: st, Spec: spec, Params: params, Now: b.clock.Now, Roles: []smart.Role{
		{Name: "practitioner", Grants: []smart.Grant{{Types: []string{"*"}, Perms: "rs"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	config := Config{
		Store: st, Secrets: keys, Accounts: accounts, Guarded: guard.Store(), Spec: spec, Params: params, Now: b.clock.Now,
		Base:       func(*http.Request) string { return b.base },
		Assertions: &token.Assertions{Store: st, Keys: &token.KeySets{Client: http.DefaultClient, Now: b.clock.Now}, Now: b.clock.Now},
	}
	for _, one := range change {
		one(&config)
	}
	if b.server, err = New(config); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", b.server.Handler())
	mux.HandleFunc("/fhir/who", func(w http.ResponseWriter, r *http.Request) {
		p, err := b.server.Authenticate(r.Context(), r)
		if err != nil {
			o := fhir.AsOutcome(err)
			w.Header().Set("WWW-Authenticate", o.Challenge)
			answer(w, http.StatusUnauthorized, map[string]string{"code": string(o.Code())})
			return
		}
		answer(w, http.StatusOK, p)
	})
	b.http = httptest.NewServer(mux)
	t.Cleanup(b.http.Close)
	b.store, b.root, b.base = st, b.http.URL, b.http.URL+"/fhir"
	b.clients = &Clients{Store: st, Now: b.clock.Now}
	b.put(`{"resourceType":"Patient","id":"ann","name":[{"given":["Ann"],"family":"Abel"}],"birthDate":"1980-01-02","identifier":[{"system":"urn:mrn","value":"A1"}]}`)
	b.put(`{"resourceType":"Patient","id":"bob","name":[{"given":["Bob"],"family":"Baker"}],"birthDate":"1990-03-04"}`)
	b.put(`{"resourceType":"Patient","id":"cat","name":[{"text":"Cat Cole"}]}`)
	b.put(`{"resourceType":"Encounter","id":"visit","status":"in-progress","class":{"code":"AMB"},"subject":{"reference":"Patient/cat"}}`)
	return b
}

func (b *bench) put(text string) {
	b.Helper()
	r, err := fhir.ParseResource(text, fhir.DefaultLimits())
	if err == nil {
		err = b.store.Update(context.Background(), nil, func(tx fhir.Tx) error {
			_, err := tx.Put(context.Background(), r)
			return err
		})
	}
	if err != nil {
		b.Fatal(err)
	}
}

// client registers a client: the public app with every grant and scope a test wants, unless it says otherwise.
func (b *bench) client(change ...func(*Client)) *Client {
	b.Helper()
	c := &Client{
		ID: "app", Name: "The App", Type: Public, Grants: []string{GrantCode, GrantRefresh}, RedirectURIs: []string{appRedirect}, Status: Active,
		Scope: "openid fhirUser profile launch launch/patient launch/encounter offline_access online_access patient/*.cruds user/*.cruds",
	}
	for _, one := range change {
		one(c)
	}
	if err := b.clients.Add(context.Background(), c); err != nil {
		b.Fatal(err)
	}
	return c
}

// user makes a user with the password "correct horse battery".
func (b *bench) user(name, fhirUser string, roles ...string) *account.User {
	b.Helper()
	u, err := b.server.config.Accounts.Add(context.Background(), account.System("test"), account.NewUser{
		Username: name, Password: password, FhirUser: fhirUser, Roles: roles})
	if err != nil {
		b.Fatal(err)
	}
	return u
}

const password = "correct horse battery"

// browser is a browser that follows redirects within the server, and stops at the app's.
type browser struct {
	*bench
	client *http.Client
}

func (b *bench) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	return &browser{b, &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), b.root) {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

// page is what a browser shows.
type page struct {
	status   int
	url      *url.URL // where it is, or is sent to outside of the server
	text     string
	header   http.Header
	location string
}

func (w *browser) do(r *http.Request) *page {
	w.Helper()
	resp, err := w.client.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	p := &page{status: resp.StatusCode, url: resp.Request.URL, text: string(text), header: resp.Header, location: resp.Header.Get("Location")}
	if p.location != "" {
		if p.url, err = url.Parse(p.location); err != nil {
			w.Fatal(err)
		}
	}
	return p
}

func (w *browser) get(target string) *page {
	w.Helper()
	r, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		w.Fatal(err)
	}
	return w.do(r)
}

func (w *browser) post(target string, v url.Values) *page {
	w.Helper()
	r, err := http.NewRequest(http.MethodPost, target, strings.NewReader(v.Encode()))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return w.do(r)
}

// asks are the parameters of an authorization request.
func (b *bench) asks(scope string, change ...func(url.Values)) url.Values {
	v := url.Values{
		"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {appRedirect}, "scope": {scope}, "state": {"a state+with/odd=characters"},
		"aud": {b.base}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	}
	for _, one := range change {
		one(v)
	}
	return v
}

// send calls an endpoint as a program does.
func (b *bench) send(method, path string, v url.Values, header ...string) (int, map[string]any, http.Header) {
	b.Helper()
	var in io.Reader
	if v != nil {
		in = strings.NewReader(v.Encode())
	}
	return b.sendBody(method, path, in, append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...)
}

func (b *bench) sendBody(method, path string, in io.Reader, header ...string) (int, map[string]any, http.Header) {
	b.Helper()
	r, err := http.NewRequest(method, b.root+path, in)
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	out := map[string]any{}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(text, &out); err != nil {
			b.Fatalf("%s: %v", text, err)
		}
	}
	return resp.StatusCode, out, resp.Header
}

// who asks the API who the bearer of a token is.
func (b *bench) who(token string) (int, map[string]any) {
	b.Helper()
	status, out, _ := b.send(http.MethodGet, "/fhir/who", nil, "Authorization", "Bearer "+token)
	return status, out
}

// exchange exchanges a code of the public app.
func (b *bench) exchange(code string) (int, map[string]any) {
	b.Helper()
	status, out, _ := b.send(http.MethodPost, "/auth/token", url.Values{
		"grant_type": {GrantCode}, "code": {code}, "redirect_uri": {appRedirect}, "code_verifier": {verifier}, "client_id": {"app"}})
	return status, out
}

// grant makes a grant and its code without a browser.
func (b *bench) grant(user *account.User, scope string, change ...func(*grant)) (code string) {
	b.Helper()
	ctx := context.Background()
	made := secret.NewToken()
	now := b.clock.Now().UTC()
	g := &grant{ID: rand.Text(), Client: "app", User: user.ID, Scope: scope, AuthTime: now, ACR: account.ACRPassword, Created: now, Until: now.Add(refreshIs)}
	for _, one := range change {
		one(g)
	}
	err := b.store.Update(ctx, nil, func(tx fhir.Tx) error {
		if err := keepGrant(ctx, tx, g, now.Add(codeIs)); err != nil {
			return err
		}
		return fhir.KeepValue(ctx, tx, fhir.Record{Kind: codeRecord, Key: secret.Digest(made), Owner: g.ID, Expires: now.Add(codeKnown)}, codeOf(g, now))
	})
	if err != nil {
		b.Fatal(err)
	}
	return made
}

func codeOf(g *grant, now time.Time) *code {
	return &code{Grant: g.ID, Client: g.Client, Challenge: challengeOf(verifier), Redirect: appRedirect, Expires: now.Add(codeIs)}
}

// events are the subtypes of the audit trail, in order.
func (b *bench) events() (list []string) {
	b.Helper()
	entries, err := b.store.Entries(context.Background(), fhir.JournalQuery{Max: 10000})
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, string(e.Body))
	}
	return list
}
