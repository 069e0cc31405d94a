package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/rest"
	"andiron.dev/fhir/rules"
	"andiron.dev/fhir/server"
	"andiron.dev/smart"
	"andiron.dev/smart/account"
	"andiron.dev/smart/audit"
	"andiron.dev/smart/authserver"
	"andiron.dev/smart/outbound"
	"andiron.dev/smart/secret"
	"andiron.dev/smart/token"
)

// authFlags say who may do what, and how they prove who they are.
type authFlags struct {
	Auth          string `help:"Who may do what. smart: users and clients with tokens, as SMART App Launch has it. off: everybody who reaches the address may do everything, so it must be a loopback address." enum:"smart,off" default:"smart"`
	AllowRegister bool   `help:"Let apps register themselves at /auth/register (RFC 7591)."`
	AuditStrict   bool   `help:"Answer reads when the audit trail has them on disk, not before; otherwise that may be 200 ms later."`

	UpstreamIssuer     string   `help:"OpenID provider where users may log in instead of here." placeholder:"URL"`
	UpstreamName       string   `help:"Its name on the login page." default:"Single sign-on"`
	UpstreamClientID   string   `name:"upstream-client-id" help:"This server's client id there." placeholder:"ID"`
	UpstreamSecretFile string   `help:"File with this server's client secret there." placeholder:"FILE"`
	UpstreamACR        []string `name:"upstream-acr" help:"acr values by which it says that it has asked for a second factor." placeholder:"ACR"`
	UpstreamJIT        bool     `name:"upstream-jit" help:"Make a user for whoever it lets in and nobody has linked."`
	UpstreamRole       []string `help:"Role of such a user; may be repeated." placeholder:"ROLE"`

	OutboundAllow []string `name:"outbound-allow" help:"Network inside, such as 10.0.0.0/8, where a provider, an issuer or a client's keys may be fetched from; otherwise only public addresses are. May be repeated." placeholder:"CIDR"`

	ExternalIssuer         string `help:"Issuer of access tokens that this server trusts beside its own: a SMART authorization server." placeholder:"URL"`
	ExternalIntrospect     string `help:"Its introspection endpoint. Without it its tokens must be JWTs (RFC 9068)." placeholder:"URL"`
	ExternalClientID       string `name:"external-client-id" help:"This server's client id at the introspection endpoint." placeholder:"ID"`
	ExternalSecretFile     string `help:"File with its client secret there." placeholder:"FILE"`
	ExternalPatientClaim   string `help:"Claim that holds the id of the patient in context, with dots between steps." placeholder:"CLAIM"`
	ExternalEncounterClaim string `help:"Claim that holds the id of the encounter." placeholder:"CLAIM"`
}

func (f *authFlags) mistakes() []string {
	var list []string
	web := func(flag, text string) {
		if u, err := url.Parse(text); text != "" && (err != nil || u.Host == "" || u.Scheme != "https" && !loopbackURL(u)) {
			list = append(list, fmt.Sprintf("%s %q is not an https URL", flag, text))
		}
	}
	web("--upstream-issuer", f.UpstreamIssuer)
	web("--external-issuer", f.ExternalIssuer)
	web("--external-introspect", f.ExternalIntrospect)
	if (f.UpstreamIssuer == "") != (f.UpstreamClientID == "") {
		list = append(list, "--upstream-issuer and --upstream-client-id go together")
	}
	if f.ExternalIntrospect != "" && (f.ExternalIssuer == "" || f.ExternalClientID == "") {
		list = append(list, "--external-introspect needs --external-issuer and --external-client-id")
	}
	if _, err := rest.ParseProxies(f.OutboundAllow); err != nil {
		list = append(list, "--outbound-allow: "+err.Error())
	}
	for _, file := range []struct{ flag, name string }{{"--upstream-secret-file", f.UpstreamSecretFile}, {"--external-secret-file", f.ExternalSecretFile}} {
		if _, err := secretFrom(file.name); err != nil {
			list = append(list, fmt.Sprintf("%s: %v", file.flag, err))
		}
	}
	return list
}

func loopbackURL(u *url.URL) bool { return u.Scheme == "http" && server.Loopback(u.Hostname()+":0") }

// secretFrom reads a secret from a file.
func secretFrom(name string) (secret.Secret, error) {
	if name == "" {
		return "", nil
	}
	text, err := os.ReadFile(name)
	if err == nil && strings.TrimSpace(string(text)) == "" {
		err = errors.New("the file is empty")
	}
	return secret.Secret(strings.TrimSpace(string(text))), err
}

// authority is everything that says who may do what.
type authority struct {
	guard    *smart.Guard
	rules    *rules.Enforcer
	trail    *audit.Trail
	server   *authserver.Server
	accounts *account.Accounts
	store    *store
	base     atomic.Pointer[string] // for what no request asks for
}

// authority assembles it for a store. Close must come before the store is closed and after the last request.
func (f *serverFlags) authority(st *store, base string, log *slog.Logger) (*authority, error) {
	a := &authority{store: st}
	a.base.Store(&base)
	baseOf := func(r *http.Request) string {
		if base != "" || r == nil {
			return *a.base.Load()
		}
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		return scheme + "://" + r.Host + server.Path
	}
	// Behind a proxy the address is one of this machine too, but what clients name is not.
	u, err := url.Parse(base)
	allowed, _ := rest.ParseProxies(f.OutboundAllow) // see mistakes
	inside := outbound.New(outbound.Options{Loopback: server.Loopback(f.Addr) && (base == "" || err == nil && loopbackURL(u)), Allow: allowed})
	sets := &token.KeySets{Client: inside}
	if a.trail, err = audit.New(audit.Config{
		Store: st, Spec: st.spec, Params: st.params, Base: base, Strict: f.AuditStrict, Now: st.now, NewID: server.NewUUID, Check: gate.New(st.spec).Check, Log: log,
	}); err != nil {
		return nil, err
	}
	a.rules = rules.New(a.trail.Store(st), smart.System)
	if a.guard, err = smart.New(smart.Config{Store: a.rules.Store(), Spec: st.spec, Params: st.params, BaseURL: base, Now: st.now}); err != nil {
		return nil, err
	}
	if a.accounts, err = account.New(account.Options{Store: st, Vault: st.keys, Now: st.now, Log: log}); err != nil {
		return nil, err
	}
	config := authserver.Config{
		Store: st, Base: baseOf, Secrets: st.keys, Accounts: a.accounts, Assertions: &token.Assertions{Store: st, Keys: sets, Now: st.now}, Guarded: a.guard.Store(),
		Spec: st.spec, Params: st.params, AllowRegister: f.AllowRegister, Address: rest.Address, Now: st.now, Log: log,
	}
	if config.Upstreams, err = f.upstreams(inside); err != nil {
		return nil, err
	}
	if f.ExternalIssuer != "" {
		if config.External, err = f.external(inside, sets, base, st.now); err != nil {
			return nil, err
		}
	}
	a.server, err = authserver.New(config)
	return a, err
}

func (f *authFlags) upstreams(client *http.Client) ([]authserver.Upstream, error) {
	if f.UpstreamIssuer == "" {
		return nil, nil
	}
	known, err := secretFrom(f.UpstreamSecretFile)
	return []authserver.Upstream{{
		ID: "sso", Name: f.UpstreamName, Issuer: f.UpstreamIssuer, ClientID: f.UpstreamClientID, ClientSecret: known, MultiACR: f.UpstreamACR,
		JustInTime: f.UpstreamJIT, Roles: f.UpstreamRole, HTTP: client,
	}}, err
}

func (f *authFlags) external(client *http.Client, sets *token.KeySets, base string, now func() time.Time) (*token.External, error) {
	e := &token.External{Issuer: f.ExternalIssuer, Audience: base, Client: client, Keys: sets, Now: now, Patient: f.ExternalPatientClaim, Encounter: f.ExternalEncounterClaim}
	if base == "" {
		return nil, &usageError{[]string{"--external-issuer needs --base-url: it is the audience of the tokens"}}
	}
	if f.ExternalIntrospect == "" {
		return e, nil
	}
	known, err := secretFrom(f.ExternalSecretFile)
	e.Introspect = &token.Introspection{URL: f.ExternalIntrospect, ClientID: f.ExternalClientID, Secret: known}
	return e, err
}

// welcome tells whoever has started the server what to do next; a is nil with --auth off. A store without users gets a link with which
// the first of them becomes its administrator.
func (f *serverFlags) welcome(ctx context.Context, t *terminal, a *authority, where string) error {
	switch {
	case f.demo && a == nil:
		greet(t, where, nil)
		return nil
	case f.demo:
		login, err := a.demoPeople(ctx)
		if err == nil {
			greet(t, where, login)
		}
		return err
	case a == nil:
		return nil
	}
	empty, err := a.accounts.Empty(ctx)
	if err != nil || !empty {
		return err
	}
	link, err := a.accounts.FirstLink(ctx, account.System("andiron serve"))
	if err != nil {
		return err
	}
	root := strings.TrimSuffix(*a.base.Load(), server.Path)
	fmt.Fprintf(t.err, "\nNobody can log in yet. Whoever opens this link first, within 24 hours, becomes the administrator:\n\n  %s/auth/setup?token=%s\n\n", root, link)
	return nil
}

// close writes what is left of the trail.
func (a *authority) close() error {
	done := make(chan error, 1)
	go func() { done <- a.trail.Close() }()
	select {
	case err := <-done:
		return err
	case <-time.After(30 * time.Second):
		return errors.New("the audit trail could not be written to its end")
	}
}
