package authserver

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/secret"
)

func TestBearer(t *testing.T) {
	b := open(t)
	b.client()
	_, out := b.exchange(b.grant(b.user("ann", "Patient/ann"), "openid"))
	access := out["access_token"].(string)
	for _, one := range []struct {
		name   string
		header []string
		path   string
		status int
		says   string
	}{
		{"a good one", []string{"Bearer " + access}, "", 200, ""},
		{"in lower case", []string{"bearer " + access}, "", 200, ""},
		{"none", nil, "", 401, "none"},
		{"in the URL", nil, "?access_token=" + access, 401, "none"},
		{"Basic", []string{"Basic eDp5"}, "", 401, invalidToken},
		{"another", []string{"Bearer " + secret.NewToken()}, "", 401, invalidToken},
		{"its digest", []string{"Bearer " + secret.Digest(access)}, "", 401, invalidToken},
		{"empty", []string{"Bearer "}, "", 401, invalidToken},
		{"two", []string{"Bearer " + access, "Bearer " + access}, "", 401, invalidToken},
		{"two in one", []string{"Bearer " + access + ", Bearer " + access}, "", 401, invalidToken},
		{"long", []string{"Bearer " + strings.Repeat("x", 8<<10+1)}, "", 401, invalidToken},
		{"a refresh token", nil, "", 401, "none"},
	} {
		t.Run(one.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/fhir/Patient"+one.path, nil)
			r.Header["Authorization"] = one.header
			p, err := b.server.Authenticate(t.Context(), r)
			if one.status == 200 {
				if err != nil || p.ClientID != "app" || p.Address != "192.0.2.1" {
					t.Error(p, err)
				}
				return
			}
			o := fhir.AsOutcome(err)
			if p != nil || o.Code() != fhir.Login || (one.says == "none") != (o.Challenge == "") || one.says != "none" && !strings.Contains(o.Challenge, `error="`+one.says+`"`) {
				t.Error(p, err, o.Challenge)
			}
			if strings.Contains(err.Error(), access) {
				t.Error("the error holds the token")
			}
		})
	}
}

// TestStaleness: what another process ends is refused after a second, what this one ends at once.
func TestStaleness(t *testing.T) {
	b := open(t)
	b.client()
	other, err := New(b.server.config)
	if err != nil {
		t.Fatal(err)
	}
	ann := b.user("ann", "Patient/ann")
	_, out := b.exchange(b.grant(ann, "openid"))
	access := out["access_token"].(string)
	ask := func(s *Server) error {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+access)
		_, err := s.Authenticate(t.Context(), r)
		return err
	}
	if ask(b.server) != nil || ask(other) != nil {
		t.Fatal("the token is not good")
	}
	b.disable("ann") // behind both servers' backs
	b.clock.Add(cacheFresh - 1)
	if err := ask(b.server); err != nil {
		t.Error("the cache does not work:", err)
	}
	b.clock.Add(1)
	if fhir.CodeOf(ask(b.server)) != fhir.Login || fhir.CodeOf(ask(other)) != fhir.Login {
		t.Error("after a second a disabled user is let in")
	}
	a := b.server.config.Accounts
	if _, err := a.SetDisabled(t.Context(), accountSystem(), ann.ID, false); err != nil {
		t.Fatal(err)
	}
	if ask(b.server) != nil || ask(other) != nil {
		t.Error("who is enabled again is not let in")
	}
	b.disable("ann")
	b.server.Forget()
	if fhir.CodeOf(ask(b.server)) != fhir.Login {
		t.Error("after Forget a disabled user is let in")
	}
	if ask(other) != nil {
		t.Error("the other server cannot know yet") // or this test does not show that Forget did it
	}
}

// TestForgetWhileReading: what was read before a revocation is not believed after it.
func TestForgetWhileReading(t *testing.T) {
	var c tokenCache
	now := time.Now()
	looks := 0
	look := func(context.Context, string) (*smart.Principal, time.Time, error) {
		if looks++; looks == 1 {
			c.forget() // the revocation commits while the first reader holds what was there before
		}
		return &smart.Principal{TokenID: fmt.Sprint(looks)}, now.Add(time.Hour), nil
	}
	for i := 1; i <= 3; i++ {
		p, err := c.get(t.Context(), "k", func() time.Time { return now }, look)
		if want := fmt.Sprint(min(i, 2)); err != nil || p.TokenID != want {
			t.Errorf("request %d is answered by reading %s, not %s: %v", i, p.TokenID, want, err)
		}
	}
}

// TestCacheIsBounded: neither tokens that are none nor many good ones fill it.
func TestCacheIsBounded(t *testing.T) {
	var c tokenCache
	now := time.Now()
	clock := func() time.Time { return now }
	for i := range 100 {
		_, err := c.get(t.Context(), fmt.Sprint("bad", i), clock, func(context.Context, string) (*smart.Principal, time.Time, error) {
			return nil, time.Time{}, fhir.InvalidToken("no")
		})
		if fhir.CodeOf(err) != fhir.Login {
			t.Fatal(err)
		}
	}
	if len(c.known) != 0 {
		t.Errorf("%d tokens are remembered that are none", len(c.known))
	}
	for i := range maxKnown * 2 {
		_, _ = c.get(t.Context(), fmt.Sprint(i), clock, func(context.Context, string) (*smart.Principal, time.Time, error) {
			return &smart.Principal{}, now.Add(time.Hour), nil
		})
	}
	if len(c.known) > maxKnown {
		t.Errorf("%d tokens are remembered", len(c.known))
	}
}

// TestStoreGone: who cannot look lets nobody in.
func TestStoreGone(t *testing.T) {
	b := open(t)
	b.client()
	_, out := b.exchange(b.grant(b.user("ann", "Patient/ann"), "openid"))
	access := out["access_token"].(string)
	if status, _ := b.who(access); status != 200 {
		t.Fatal(status)
	}
	_ = b.store.Close()
	b.clock.Add(cacheFresh)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+access)
	if p, err := b.server.Authenticate(t.Context(), r); p != nil || err == nil || fhir.CodeOf(err) == fhir.Login {
		t.Error(p, err)
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	var c tokenCache
	now := time.Now()
	clock := func() time.Time { return now }
	token := secret.NewToken()
	look := func(context.Context, string) (*smart.Principal, time.Time, error) {
		return &smart.Principal{Subject: "user:1"}, now.Add(time.Hour), nil
	}
	s := &Server{config: Config{Now: clock}}
	if _, err := c.get(b.Context(), secret.Digest(token), clock, look); err != nil {
		b.Fatal(err)
	}
	s.tokens.known = c.known
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Authenticate(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}
