package authserver

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/secret"
	"github.com/golang-jwt/jwt/v5"
)

func TestCodeGrant(t *testing.T) {
	b := open(t)
	b.client()
	ann := b.user("ann", "Patient/ann", "patient")
	status, out := b.exchange(b.grant(ann, "openid fhirUser launch/patient patient/Observation.rs offline_access", func(g *grant) { g.Patient = "ann"; g.Nonce = "n-1" }))
	if status != http.StatusOK || out["token_type"] != "Bearer" || out["expires_in"] != 3600.0 || out["patient"] != "ann" ||
		out["scope"] != "openid fhirUser launch/patient patient/Observation.rs offline_access" || out["refresh_token"] == nil {
		t.Fatal(status, out)
	}
	if style, _ := out["smart_style_url"].(string); !strings.HasPrefix(style, b.root+"/auth/style-") {
		t.Error("smart_style_url:", style)
	} else if status, look, _ := b.send(http.MethodGet, strings.TrimPrefix(style, b.root), nil); status != 200 || look["color_text"] == nil {
		t.Error("the style is not there:", status, look)
	}
	if len(out["access_token"].(string)) != 43 {
		t.Error("an access token has 256 bits")
	}
	claims := b.verifyID(out["id_token"].(string))
	for name, want := range map[string]any{"iss": b.base, "sub": ann.ID, "aud": "app", "nonce": "n-1", "fhirUser": b.base + "/Patient/ann", "acr": "urn:andiron:acr:pwd"} {
		if claims[name] != want {
			t.Errorf("claim %s is %v, not %v", name, claims[name], want)
		}
	}
	status, who := b.who(out["access_token"].(string))
	if status != http.StatusOK || who["Subject"] != "user:"+ann.ID || who["Patient"] != "ann" || who["ClientID"] != "app" || who["FhirUser"] != "Patient/ann" || who["TokenID"] == "" {
		t.Error(status, who)
	}
	trail := strings.Join(b.events(), "\n")
	for _, secret := range []string{out["access_token"].(string), out["refresh_token"].(string), secret.Digest(out["access_token"].(string))} {
		if strings.Contains(trail, secret) {
			t.Error("the audit trail holds a token")
		}
	}
}

// verifyID checks a signature with the published keys.
func (b *bench) verifyID(text string) jwt.MapClaims {
	b.Helper()
	_, public, err := b.server.ring(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	claims := jwt.MapClaims{}
	_, err = jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(b.clock.Now), jwt.WithExpirationRequired()).ParseWithClaims(text, claims, func(t *jwt.Token) (any, error) {
		return publicKey(public, t.Header["kid"])
	})
	if err != nil {
		b.Fatal(err)
	}
	return claims
}

// TestCodeRace: of a hundred attempts with one code one succeeds, and then the others take back what it was given.
func TestCodeRace(t *testing.T) {
	b := open(t)
	b.client()
	code := b.grant(b.user("ann", "Patient/ann"), "openid offline_access")
	won := race(100, func() bool {
		status, out := b.exchange(code)
		if status == http.StatusOK {
			if out["access_token"] == "" {
				t.Error(out)
			}
			return true
		}
		if status != http.StatusBadRequest || out["error"] != invalidGrant {
			t.Error(status, out)
		}
		return false
	})
	if won != 1 {
		t.Errorf("%d attempts have succeeded", won)
	}
}

func race(n int, fn func() bool) (won int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	start := make(chan struct{})
	for range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			<-start
			if fn() {
				mu.Lock()
				won++
				mu.Unlock()
			}
		}()
	}
	close(start)
	wg.Wait()
	return won
}

func TestCodeReplay(t *testing.T) {
	b := open(t)
	b.client()
	code := b.grant(b.user("ann", "Patient/ann"), "openid offline_access")
	_, out := b.exchange(code)
	access, renew := out["access_token"].(string), out["refresh_token"].(string)
	if status, _ := b.who(access); status != http.StatusOK {
		t.Fatal("the token is not good", status)
	}
	if status, out := b.exchange(code); status != http.StatusBadRequest || out["error"] != invalidGrant {
		t.Error("replay:", status, out)
	}
	if status, out := b.who(access); status != http.StatusUnauthorized || out["code"] != "login" {
		t.Error("the access token is good after a replay:", status, out)
	}
	if status, out := b.refresh(renew, ""); status != http.StatusBadRequest || out["error"] != invalidGrant {
		t.Error("the refresh token is good after a replay:", status, out)
	}
	if !slices.ContainsFunc(b.events(), func(e string) bool { return strings.Contains(e, "code-reuse") }) {
		t.Error("the audit trail does not tell of it")
	}
}

func (b *bench) refresh(token, scope string) (int, map[string]any) {
	b.Helper()
	v := url.Values{"grant_type": {GrantRefresh}, "refresh_token": {token}, "client_id": {"app"}}
	if scope != "" {
		v.Set("scope", scope)
	}
	status, out, _ := b.send(http.MethodPost, "/auth/token", v)
	return status, out
}

// TestCodeErrors is the row "code/PKCE/redirect mismatch" of security.md §1.12.
func TestCodeErrors(t *testing.T) {
	for _, one := range []struct {
		name   string
		change func(b *bench, v url.Values)
		status int
		code   string
	}{
		{"no grant type", func(_ *bench, v url.Values) { v.Del("grant_type") }, 400, invalidRequest},
		{"unknown grant type", func(_ *bench, v url.Values) { v.Set("grant_type", "password") }, 400, unsupportedGrantType},
		{"grant not allowed", func(_ *bench, v url.Values) { v.Set("grant_type", GrantClient); v.Set("scope", "system/*.rs") }, 400, unauthorizedClient},
		{"no code", func(_ *bench, v url.Values) { v.Del("code") }, 400, invalidRequest},
		{"another code", func(_ *bench, v url.Values) { v.Set("code", secret.NewToken()) }, 400, invalidGrant},
		{"no verifier: a downgrade", func(_ *bench, v url.Values) { v.Del("code_verifier") }, 400, invalidGrant},
		{"the challenge as verifier: plain", func(_ *bench, v url.Values) { v.Set("code_verifier", challengeOf(verifier)) }, 400, invalidGrant},
		{"a wrong verifier", func(_ *bench, v url.Values) { v.Set("code_verifier", strings.Repeat("b", 50)) }, 400, invalidGrant},
		{"a short verifier", func(_ *bench, v url.Values) { v.Set("code_verifier", "short") }, 400, invalidGrant},
		{"no redirect URI", func(_ *bench, v url.Values) { v.Del("redirect_uri") }, 400, invalidRequest},
		{"another redirect URI", func(_ *bench, v url.Values) { v.Set("redirect_uri", appRedirect+"/") }, 400, invalidGrant},
		{"late", func(b *bench, _ url.Values) { b.clock.Add(codeIs) }, 400, invalidGrant},
		{"another client", func(b *bench, v url.Values) {
			b.client(func(c *Client) { c.ID = "other" })
			v.Set("client_id", "other")
		}, 400, invalidGrant},
		{"an unknown client", func(_ *bench, v url.Values) { v.Set("client_id", "nobody") }, 401, invalidClient},
		{"a client that is no id", func(_ *bench, v url.Values) { v.Set("client_id", "user:x\x00") }, 401, invalidClient},
		{"no client", func(_ *bench, v url.Values) { v.Del("client_id") }, 401, invalidClient},
		{"a secret in the body", func(_ *bench, v url.Values) { v.Set("client_secret", "x") }, 401, invalidClient},
		{"twice the same", func(_ *bench, v url.Values) { v.Add("code", "x") }, 400, invalidRequest},
		{"a disabled client", func(b *bench, _ url.Values) { _, _ = b.clients.SetStatus(context.Background(), "app", Disabled) }, 401, invalidClient},
		{"a disabled user", func(b *bench, _ url.Values) { b.disable("ann") }, 400, invalidGrant},
	} {
		t.Run(one.name, func(t *testing.T) {
			b := open(t)
			b.client()
			v := url.Values{"grant_type": {GrantCode}, "code": {b.grant(b.user("ann", "Patient/ann"), "openid")}, "redirect_uri": {appRedirect}, "code_verifier": {verifier}, "client_id": {"app"}}
			one.change(b, v)
			status, out, h := b.send(http.MethodPost, "/auth/token", v)
			if status != one.status || out["error"] != one.code {
				t.Errorf("%d %v", status, out)
			}
			if h.Get("Cache-Control") != "no-store" || h.Get("Pragma") != "no-cache" {
				t.Error("the answer may be kept:", h)
			}
		})
	}
}

func (b *bench) disable(username string) {
	b.Helper()
	a := b.server.config.Accounts
	u, err := a.ByUsername(context.Background(), username)
	if err == nil {
		_, err = a.SetDisabled(context.Background(), accountSystem(), u.ID, true)
	}
	if err != nil {
		b.Fatal(err)
	}
}

func TestTokenRequest(t *testing.T) {
	b := open(t)
	if status, out, h := b.send(http.MethodGet, "/auth/token", nil); status != http.StatusMethodNotAllowed || out["error"] != invalidRequest || h.Get("Allow") == "" {
		t.Error("GET:", status, out, h)
	}
	if status, out, _ := b.sendBody(http.MethodPost, "/auth/token", strings.NewReader(`{}`), "Content-Type", "application/json"); status != 400 || out["error"] != invalidRequest {
		t.Error("JSON:", status, out)
	}
	if status, out, _ := b.send(http.MethodPost, "/auth/token", url.Values{"grant_type": {strings.Repeat("x", maxForm)}}); status != http.StatusRequestEntityTooLarge || out["error"] != invalidRequest {
		t.Error("large:", status, out)
	}
	if status, out, _ := b.send(http.MethodPost, "/auth/token?client_id=app", url.Values{"grant_type": {GrantCode}}); status != 400 || out["error"] != invalidRequest {
		t.Error("in the URL:", status, out)
	}
	if status, out, _ := b.sendBody(http.MethodPost, "/auth/token", strings.NewReader("a=%zz"), "Content-Type", "application/x-www-form-urlencoded"); status != 400 || out["error"] != invalidRequest {
		t.Error("escapes:", status, out)
	}
	if status, out, _ := b.sendBody(http.MethodPost, "/auth/token", strings.NewReader("grant_type=x;y=1"), "Content-Type", "application/x-www-form-urlencoded"); status != 400 || out["error"] != invalidRequest {
		t.Error("a semicolon:", status, out)
	}
}

func TestRefresh(t *testing.T) {
	b := open(t)
	b.client()
	ann := b.user("ann", "Patient/ann")
	_, out := b.exchange(b.grant(ann, "openid launch/patient patient/*.rs offline_access", func(g *grant) { g.Patient = "ann" }))
	first := out["refresh_token"].(string)

	status, out := b.refresh(first, "patient/Observation.rs")
	if status != http.StatusOK || out["scope"] != "patient/Observation.rs" || out["patient"] != "ann" || out["id_token"] != nil {
		t.Fatal("narrower:", status, out)
	}
	second := out["refresh_token"].(string)
	if first == second {
		t.Fatal("the refresh token does not rotate")
	}
	status, out = b.refresh(second, "")
	if status != http.StatusOK || out["scope"] != "openid launch/patient patient/*.rs offline_access" || out["id_token"] == nil {
		t.Fatal("the whole again:", status, out)
	}
	third, access := out["refresh_token"].(string), out["access_token"].(string)
	if status, out := b.refresh(third, "patient/*.cruds"); status != 400 || out["error"] != invalidScope {
		t.Fatal("wider:", status, out)
	}
	if status, _ := b.who(access); status != 200 {
		t.Fatal("the token is not good")
	}
	if status, out := b.refresh(first, ""); status != 400 || out["error"] != invalidGrant {
		t.Fatal("reuse:", status, out)
	}
	if status, _ := b.who(access); status != 401 {
		t.Error("after reuse the access token is good")
	}
	if status, out := b.refresh(third, ""); status != 400 || out["error"] != invalidGrant {
		t.Error("after reuse the newest refresh token is good:", status, out)
	}
}

// TestRefreshRace: of a hundred attempts with one refresh token one succeeds.
func TestRefreshRace(t *testing.T) {
	b := open(t)
	b.client()
	_, out := b.exchange(b.grant(b.user("ann", "Patient/ann"), "openid offline_access"))
	first := out["refresh_token"].(string)
	won := race(100, func() bool {
		status, out := b.refresh(first, "")
		if status != 200 && (status != 400 || out["error"] != invalidGrant) {
			t.Error(status, out)
		}
		return status == 200
	})
	if won != 1 {
		t.Errorf("%d attempts have succeeded", won)
	}
}

func TestRefreshLifetimes(t *testing.T) {
	b := open(t)
	b.client(func(c *Client) { c.RefreshIdle, c.RefreshTTL = 3600, 7200 })
	ann := b.user("ann", "Patient/ann")
	grant := func() string {
		_, out := b.exchange(b.grant(ann, "openid offline_access", func(g *grant) { g.Until = g.Created.Add(2 * time.Hour) }))
		return out["refresh_token"].(string)
	}
	idle := grant()
	b.clock.Add(time.Hour)
	if status, _ := b.refresh(idle, ""); status != 400 {
		t.Error("it has lain unused for too long, and is good:", status)
	}
	long := grant()
	for i := range 4 {
		b.clock.Add(40 * time.Minute)
		status, out := b.refresh(long, "")
		if want := map[bool]int{true: 200, false: 400}[i < 2]; status != want { // at 40 and 80 minutes; at 120 the grant is over
			t.Fatalf("after %d minutes: %d %v", (i+1)*40, status, out)
		}
		if status == 200 {
			long = out["refresh_token"].(string)
		}
	}
}

func TestNoRefreshWithoutScope(t *testing.T) {
	b := open(t)
	b.client()
	ann := b.user("ann", "Patient/ann")
	if _, out := b.exchange(b.grant(ann, "openid patient/*.rs", func(g *grant) { g.Patient = "ann" })); out["refresh_token"] != nil || out["access_token"] == nil {
		t.Error(out)
	}
}

// TestOnline: a grant with online_access dies with the session.
func TestOnline(t *testing.T) {
	b := open(t)
	b.client()
	ann := b.user("ann", "Patient/ann")
	l, err := b.server.config.Accounts.Login(context.Background(), accountSystem(), "ann", password, "")
	if err != nil {
		t.Fatal(err)
	}
	_, out := b.exchange(b.grant(ann, "openid online_access", func(g *grant) { g.Session = l.Session.ID }))
	renew, access := out["refresh_token"].(string), out["access_token"].(string)
	if out["expires_in"] != 900.0 {
		t.Error(out["expires_in"])
	}
	status := 0
	for range 5 { // longer than a session may lie idle
		b.clock.Add(onlineIs - time.Minute)
		if status, out = b.refresh(renew, ""); status != 200 {
			t.Fatal(status, out)
		}
		renew, access = out["refresh_token"].(string), out["access_token"].(string)
	}
	if err := b.server.config.Accounts.Logout(context.Background(), accountSystem(), l.Session); err != nil {
		t.Fatal(err)
	}
	b.clock.Add(cacheFresh)
	if status, _ := b.who(access); status != 401 {
		t.Error("after logout the access token is good")
	}
	if status, out := b.refresh(out["refresh_token"].(string), ""); status != 400 || out["error"] != invalidGrant {
		t.Error("after logout the refresh token is good:", status, out)
	}
}

func TestRevoke(t *testing.T) {
	b := open(t)
	b.client()
	secret := ""
	b.client(func(c *Client) { c.ID, c.Type = "other", Symmetric; secret = c.NewSecret() })
	ann := b.user("ann", "Patient/ann")
	_, out := b.exchange(b.grant(ann, "openid offline_access"))
	access, renew := out["access_token"].(string), out["refresh_token"].(string)
	revoke := func(token string, header ...string) int {
		v := url.Values{"token": {token}}
		if len(header) == 0 {
			v.Set("client_id", "app")
		}
		status, _, _ := b.send(http.MethodPost, "/auth/revoke", v, header...)
		return status
	}
	if status := revoke(access, "Authorization", basic("other", secret)); status != 200 {
		t.Error("of another client:", status)
	}
	if status, _ := b.who(access); status != 200 {
		t.Error("another client could revoke the token")
	}
	if status := revoke(rand.Text()); status != 200 {
		t.Error("what is no token:", status)
	}
	if status := revoke(access); status != 200 {
		t.Error("of the client:", status)
	}
	if status, out := b.who(access); status != 401 || out["code"] != "login" {
		t.Error("the revoked access token is good:", status, out)
	}
	status, out := b.refresh(renew, "")
	if status != 200 {
		t.Fatal("with the access token the refresh token ended:", status, out)
	}
	access, renew = out["access_token"].(string), out["refresh_token"].(string)
	if status := revoke(renew); status != 200 {
		t.Error(status)
	}
	if status, _ := b.who(access); status != 401 {
		t.Error("with the refresh token the access token did not end")
	}
	if status, _ := b.refresh(renew, ""); status != 400 {
		t.Error("the revoked refresh token is good")
	}
	if status, out, _ := b.send(http.MethodPost, "/auth/revoke", url.Values{"client_id": {"app"}}); status != 400 || out["error"] != invalidRequest {
		t.Error("no token:", status, out)
	}
	if status, out, h := b.send(http.MethodPost, "/auth/revoke", url.Values{"token": {"x"}}, "Authorization", basic("other", "wrong")); status != 401 || out["error"] != invalidClient || !strings.HasPrefix(h.Get("WWW-Authenticate"), "Basic ") {
		t.Error("a wrong secret:", status, out, h)
	}
}

func TestExpiry(t *testing.T) {
	b := open(t)
	b.client()
	_, out := b.exchange(b.grant(b.user("ann", "Patient/ann"), "openid"))
	access := out["access_token"].(string)
	b.clock.Add(accessIs)
	status, answered, h := b.send(http.MethodGet, "/fhir/who", nil, "Authorization", "Bearer "+access)
	if status != 401 || answered["code"] != string(fhir.Expired) || !strings.Contains(h.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Error(status, answered, h)
	}
}
