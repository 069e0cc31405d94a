package authserver

import (
	"context"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
)

func TestClientCheck(t *testing.T) {
	_, set := rsaSet(t)
	for _, one := range []struct {
		name, property string // "" = it is right
		change         func(*Client)
	}{
		{"an app", "", func(*Client) {}},
		{"no id", "id", func(c *Client) { c.ID = "" }},
		{"a user's name", "id", func(c *Client) { c.ID = "user:1" }},
		{"an id with a blank", "id", func(c *Client) { c.ID = "a b" }},
		{"a long id", "id", func(c *Client) { c.ID = strings.Repeat("a", 129) }},
		{"no name", "name", func(c *Client) { c.Name = " " }},
		{"a name with a line break", "name", func(c *Client) { c.Name = "a\nb" }},
		{"no grants", "grants", func(c *Client) { c.Grants = nil }},
		{"the password grant", "grants", func(c *Client) { c.Grants = []string{"password"} }},
		{"only refresh", "grants", func(c *Client) { c.Grants = []string{GrantRefresh} }},
		{"a public backend", "grants", func(c *Client) { c.Grants = []string{GrantClient} }},
		{"a backend with a secret", "grants", func(c *Client) { c.Grants, c.Type = []string{GrantClient}, Symmetric; c.NewSecret() }},
		{"a trusted public client", "trusted", func(c *Client) { c.Trusted = true }},
		{"no scope", "scope", func(c *Client) { c.Scope = "" }},
		{"a scope that is none", "scope", func(c *Client) { c.Scope = "patient/*.sr" }},
		{"no redirect URI", "redirect_uris", func(c *Client) { c.RedirectURIs = nil }},
		{"http", "redirect_uris", func(c *Client) { c.RedirectURIs = []string{"http://a.example/"} }},
		{"an origin with a path", "origins", func(c *Client) { c.Origins = []string{"https://a.example/"} }},
		{"an origin *", "origins", func(c *Client) { c.Origins = []string{"*"} }},
		{"an origin null", "origins", func(c *Client) { c.Origins = []string{"null"} }},
		{"an origin", "", func(c *Client) { c.Origins = []string{"http://localhost:3000"} }},
		{"a launch URL", "launch_url", func(c *Client) { c.LaunchURL = "javascript:x" }},
		{"a public client with keys", "type", func(c *Client) { c.JWKS = set }},
		{"a symmetric client without a secret", "type", func(c *Client) { c.Type = Symmetric }},
		{"an asymmetric client without keys", "type", func(c *Client) { c.Type = Asymmetric }},
		{"keys and a URL", "type", func(c *Client) { c.Type, c.JWKS, c.JWKSURL = Asymmetric, set, "https://a.example/jwks" }},
		{"keys", "", func(c *Client) { c.Type, c.JWKS = Asymmetric, set }},
		{"a URL", "", func(c *Client) { c.Type, c.JWKSURL = Asymmetric, "https://a.example/jwks" }},
		{"an http URL", "jwks_url", func(c *Client) { c.Type, c.JWKSURL = Asymmetric, "http://a.example/jwks" }},
		{"keys that are none", "jwks", func(c *Client) { c.Type, c.JWKS = Asymmetric, []byte(`{}`) }},
		{"a symmetric key", "jwks", func(c *Client) { c.Type, c.JWKS = Asymmetric, []byte(`{"keys":[{"kty":"oct","k":"AAAA","kid":"x"}]}`) }},
		{"a key without kid", "jwks", func(c *Client) {
			c.Type, c.JWKS = Asymmetric, []byte(strings.Replace(string(set), `"kid":"rsa",`, "", 1))
		}},
		{"another type", "type", func(c *Client) { c.Type = "x" }},
		{"long tokens", "access_ttl", func(c *Client) { c.AccessTTL = 3601 }},
		{"endless grants", "refresh_ttl", func(c *Client) { c.RefreshTTL = 1 << 30 }},
	} {
		t.Run(one.name, func(t *testing.T) {
			c := &Client{ID: "app", Name: "The App", Type: Public, Grants: []string{GrantCode}, RedirectURIs: []string{appRedirect}, Scope: "openid", Status: Active}
			one.change(c)
			err := c.Check()
			if one.property == "" && err != nil || one.property != "" && (fhir.CodeOf(err) != fhir.Invalid || fhir.AsOutcome(err).Issues[0].Expression[0] != one.property) {
				t.Error(err)
			}
		})
	}
}

func TestClients(t *testing.T) {
	b := open(t)
	ctx := context.Background()
	c := b.client()
	if err := b.clients.Add(ctx, c); fhir.CodeOf(err) != fhir.Duplicate {
		t.Error("a second time:", err)
	}
	if _, err := b.clients.Change(ctx, "app", "x", func(c *Client) error { c.Scope = ""; return nil }); fhir.CodeOf(err) != fhir.Invalid {
		t.Error("a change that makes it wrong:", err)
	}
	if _, err := b.clients.SetStatus(ctx, "nobody", Disabled); fhir.CodeOf(err) != fhir.NotFound {
		t.Error(err)
	}
	if _, _, err := b.clients.RotateSecret(ctx, "app", false); fhir.CodeOf(err) != fhir.Invalid {
		t.Error("a public client's secret:", err)
	}
	trail := strings.Join(b.events(), "\n")
	if !strings.Contains(trail, "client-add") {
		t.Error("the audit trail does not tell of it")
	}
}

func TestIssueDevelopment(t *testing.T) {
	b := open(t)
	ctx := context.Background()
	ann := b.user("ann", "Patient/ann", "patient")
	issue := func(d Development) (*Issued, error) {
		if d.TTL == 0 {
			d.TTL = time.Hour
		}
		return b.clients.IssueDevelopment(ctx, d)
	}
	for name, d := range map[string]Development{
		"no scope": {}, "a scope that is none": {Scope: "x/y"}, "no patient": {Scope: "patient/*.rs"}, "no user": {Scope: "user/*.rs"}, "an unknown user": {Scope: "user/*.rs", User: "nobody"},
		"a user of a system": {Scope: "system/*.rs", User: "ann"}, "an id that is none": {Scope: "patient/*.rs", Patient: "a/b"}, "too long": {Scope: "system/*.rs", TTL: 25 * time.Hour},
		"an unknown client": {Scope: "system/*.rs", Client: "nobody"}} {
		if _, err := issue(d); fhir.CodeOf(err) != fhir.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	one, err := issue(Development{Scope: "patient/*.rs", Patient: "Patient/ann"})
	if err != nil {
		t.Fatal(err)
	}
	if status, who := b.who(one.AccessToken); status != 200 || who["Patient"] != "ann" || who["Subject"] != "client:"+DevelopmentClient {
		t.Error(status, who)
	}
	two, err := issue(Development{Scope: "user/*.rs", User: "ann", TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if status, who := b.who(two.AccessToken); status != 200 || who["Subject"] != "user:"+ann.ID || who["FhirUser"] != "Patient/ann" {
		t.Error(status, who)
	}
	if !strings.Contains(strings.Join(b.events(), "\n"), "token-issue") {
		t.Error("the audit trail does not tell of it")
	}
	b.clock.Add(time.Minute)
	if status, _ := b.who(two.AccessToken); status != 401 {
		t.Error("it outlives its time")
	}
	if _, err := b.clients.SetStatus(ctx, DevelopmentClient, Disabled); err != nil {
		t.Fatal(err)
	}
	b.clock.Add(cacheFresh)
	if status, _ := b.who(one.AccessToken); status != 401 {
		t.Error("with its client it does not end")
	}
	if _, err := issue(Development{Scope: "system/*.rs"}); fhir.CodeOf(err) != fhir.Invalid {
		t.Error("a disabled client:", err)
	}
}
