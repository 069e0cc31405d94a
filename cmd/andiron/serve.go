package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/rest"
	"andiron.dev/fhir/rules"
	"andiron.dev/fhir/server"
	"andiron.dev/resources"
	"andiron.dev/smart"
)

// serverFlags say how a server is run.
type serverFlags struct {
	storeFlags
	tlsFlags
	frontFlags
	Addr    string `help:"Address to listen on; port 0 picks one and prints it." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	BaseURL string `name:"base-url" help:"The FHIR base as clients see it, if a proxy is in between." placeholder:"URL"`
	authFlags
	clockFlags
	eventFlags
	Origin []string `help:"Web origin whose pages may call the API from a browser; may be repeated." placeholder:"ORIGIN"`

	MaxBody        int           `name:"max-body-mb" help:"Largest resource accepted, in MiB." default:"8"`
	MaxBundle      int           `name:"max-bundle-mb" help:"Largest batch or transaction accepted, in MiB." default:"32"`
	MaxEntries     int           `help:"Most entries of a batch or transaction." default:"5000"`
	SearchLimit    int64         `help:"Most resources and index rows that one search may look at; a search that needs more is answered 422. 0 is no limit." default:"0"`
	RequestTimeout time.Duration `help:"Longest time a request may take." default:"60s"`
	demo           bool          // a newcomer is to be greeted

	ConditionalDelete string `help:"What a conditional delete does with several matches: multiple deletes them all, single refuses." enum:"multiple,single" default:"multiple"`
}

type serveCommand struct {
	serverFlags
}

func (c *serveCommand) Run(ctx context.Context, t *terminal) error {
	return c.serverFlags.serve(ctx, t, nil)
}

// mistakes are what is wrong with the settings beyond their types.
func (f *serverFlags) mistakes() []string {
	var list []string
	if _, err := f.place(); err != nil {
		list = append(list, err.Error())
	}
	if _, _, err := net.SplitHostPort(f.Addr); err != nil {
		list = append(list, fmt.Sprintf("--addr %q is not HOST:PORT", f.Addr))
	} else if f.Auth == "off" && !server.Loopback(f.Addr) {
		list = append(list, fmt.Sprintf("--auth off lets everybody do everything, so --addr must be a loopback address such as 127.0.0.1:8080, not %q", f.Addr))
	}
	if f.BaseURL != "" {
		if u, err := url.Parse(f.BaseURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
			list = append(list, fmt.Sprintf("--base-url %q is not an http or https URL", f.BaseURL))
		}
	}
	for _, origin := range f.Origin {
		if u, err := url.Parse(origin); origin != "*" && (err != nil || u.Scheme == "" || u.Host == "" || u.Path != "") {
			list = append(list, fmt.Sprintf("--origin %q is not an origin such as https://app.example.org", origin))
		}
	}
	for _, limit := range []struct {
		name  string
		value int
	}{{"--max-body-mb", f.MaxBody}, {"--max-bundle-mb", f.MaxBundle}, {"--max-entries", f.MaxEntries}, {"--cache-mb", f.Cache}} {
		if limit.value < 1 || limit.value > 1<<20 {
			list = append(list, fmt.Sprintf("%s must be 1 or more, not %d", limit.name, limit.value))
		}
	}
	if f.SearchLimit < 0 {
		list = append(list, fmt.Sprintf("--search-limit must be 0 or more, not %d", f.SearchLimit))
	}
	if f.RequestTimeout <= 0 {
		list = append(list, "--request-timeout must be more than nothing")
	}
	if f.Auth == "smart" && !server.Loopback(f.Addr) {
		if u, err := url.Parse(f.BaseURL); err != nil || u.Scheme != "https" && !loopbackURL(u) {
			list = append(list, fmt.Sprintf("--addr %q can be reached from outside, so tokens need https and clients a name to go by: set --base-url to the https URL of the FHIR base, and --tls-cert and --tls-key or a proxy that speaks https", f.Addr))
		}
	}
	return slices.Concat(list, f.tlsFlags.mistakes(), f.frontFlags.mistakes(), f.authFlags.mistakes(), f.clockFlags.mistakes(f.Addr, f.BaseURL), f.eventFlags.mistakes())
}

// serve runs a server until ctx ends. prepare, if given, is called with the store before the first request is taken.
func (f *serverFlags) serve(ctx context.Context, t *terminal, prepare func(context.Context, *server.Server, *store, *slog.Logger) error) (err error) {
	if mistakes := f.mistakes(); len(mistakes) > 0 {
		return &usageError{mistakes}
	}
	logs := newLogWriter(t.out)
	defer logs.Close()
	log := slog.New(slog.NewJSONHandler(logs, nil))
	base := strings.TrimSuffix(f.BaseURL, "/")
	f.searchLimit = f.SearchLimit
	f.now = f.clock()
	st, err := f.open()
	if err != nil {
		return fmt.Errorf("the store cannot be opened: %w", err)
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	if err := whole(ctx, st); err != nil {
		return err
	}
	var a *authority
	if f.Auth == "smart" {
		if a, err = f.authority(st, base, log); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.close()) }()
	}
	srv, err := f.assemble(st, a, base, log)
	if err != nil {
		return err
	}
	if prepare != nil {
		if err := prepare(ctx, srv, st, log); err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", f.Addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", f.Addr, err)
	}
	if l, err = f.protect(l, log); err != nil {
		return fmt.Errorf("the TLS certificate cannot be read: %w", err)
	}
	where := f.scheme() + "://" + l.Addr().String() + server.Path
	if a != nil {
		if base == "" {
			a.base.Store(&where)
		}
		go a.server.Run(ctx)
	}
	f.where = where
	if err := f.welcome(ctx, t, a, where); err != nil {
		return err
	}
	log.Info("listening", slog.String("addr", l.Addr().String()), slog.String("url", where), slog.String("version", version()))
	logs.Flush()
	err = srv.Serve(ctx, l)
	log.Info("stopped")
	return err
}

func (f *serverFlags) assemble(st *store, a *authority, base string, log *slog.Logger) (*server.Server, error) {
	hosts := server.LoopbackHosts()
	if u, err := url.Parse(base); err == nil && u.Host != "" {
		hosts = server.LoopbackHosts(u.Hostname())
	}
	resource, bundle := fhir.DefaultLimits(), fhir.BundleLimits()
	resource.Bytes, bundle.Bytes = f.MaxBody<<20, f.MaxBundle<<20
	config := server.Config{
		Store: st, Spec: st.spec, Params: st.params,
		BaseURL: base, Hosts: hosts, Origins: f.Origin, Version: version(), Now: st.now, Clock: f.settable, Log: log,
		SingleDelete: f.ConditionalDelete == "single", MaxEntries: f.MaxEntries,
		Limits: rest.Limits{Resource: resource, Bundle: bundle, Time: f.RequestTimeout}, Bounds: f.bounds(), Proxies: f.proxies(),
	}
	config.Rules = rules.New(st, smart.System)
	if a != nil {
		config.Rules = a.rules
		config.Guard, config.Trail, config.Authority = a.guard, a.trail, a.server
		config.Modules = append(config.Modules, a.trail.Verify(st))
		config.PageKey = st.keys.Derive("pages")
	}
	var srv *server.Server
	modules := resources.Config{
		Join: config.Rules.Join, Store: config.Rules.Store(), Spec: st.spec, Params: st.params, BaseURL: base, Now: st.now, NewID: server.NewUUID, Log: log, PageKey: config.PageKey,
		Account: config.Rules.Account,
		Serve: fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
			return srv.Handler().Serve(ctx, req)
		}),
	}
	if a != nil {
		modules.Store = a.guard.Store()
	}
	modules.AllowEndpoints, _ = rest.ParseProxies(f.AllowEndpoints) // see mistakes
	modules.Outbox, _ = f.outbox()
	events, err := f.events(&config, st, a, log)
	if err != nil {
		return nil, err
	}
	modules.Topic = named(events)
	config.Modules = append(config.Modules, resources.Modules(modules)...)
	srv, err = server.New(config)
	return srv, err
}
