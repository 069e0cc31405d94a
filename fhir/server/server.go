package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"andiron.dev/conformance"
	"andiron.dev/fhir"
	"andiron.dev/fhir/async"
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/idempotency"
	"andiron.dev/fhir/interaction"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/rest"
	"andiron.dev/fhir/rules"
	"andiron.dev/search"
	"andiron.dev/smart"
	"andiron.dev/smart/audit"
	"github.com/labstack/echo/v4"
)

// Config says what to assemble. Store is required, and Spec and Params, which the store was opened with.
type Config struct {
	Store   fhir.Store
	Spec    *r4.Spec
	Params  *search.Params
	Modules []fhir.Module
	// Rules has changes keep to what modules demand of them. It is required with a Guard, which must have been made for its Store; otherwise nil =
	// one over Store.
	Rules *rules.Enforcer
	// Guard decides who may see and do what; it was made for Store. nil = whoever can reach the server may do everything.
	Guard *smart.Guard
	// Authority says who requests are from; with a Guard there must be one, or nobody may do anything.
	Authority Authority
	// Trail is where what is done is written down; Guard was made for its Store. nil = nowhere.
	Trail *audit.Trail

	Socket       Socket           // answers SocketPath; nil = nothing does
	Topics       fhir.Middleware  // serves topics that are part of the program; nil = there are none
	Catalogue    []string         // their canonicals
	BaseURL      string           // the FHIR base as clients see it; "" = what each request says
	Hosts        []string         // host names that requests may be for; nil = any
	Origins      []string         // web origins that may call the API from a browser
	Version      string           // of the software
	SingleDelete bool             // a conditional delete with several matches fails
	MaxEntries   int              // entries of a batch or transaction; 0 = 5,000
	MaxIncluded  int              // resources that a page of a search includes beside its matches; 0 = 1,000
	Limits       rest.Limits      //
	Bounds       Bounds           // of one caller
	Load         *Load            // tells others whether there are requests; nil = nobody asks
	Proxies      rest.Proxies     // reverse proxies that are believed what they say of the client
	PageKey      []byte           // seals page links; nil = a fresh one, so that links die with the server
	Now          func() time.Time // nil = Clock.Now, or time.Now
	Clock        *Clock           // that tests can set, from TestPath; whoever reaches the server can. nil = none
	NewID        func() string    // nil = NewUUID
	Log          *slog.Logger     // nil = none
}

// Path is the path of the FHIR base.
const Path = "/fhir"

// Socket takes websockets. net/http forgets them, so that they have to be closed when the server stops.
type Socket interface {
	http.Handler
	Close()
}

// SocketPath is where websockets are opened (Subscription/$get-ws-binding-token).
const SocketPath = Path + "/ws"

// Server is an assembled server.
type Server struct {
	config   Config
	registry *fhir.Registry
	handler  fhir.Handler
	echo     *echo.Echo
	front    http.Handler // echo behind config.Proxies
}

// New assembles a server. It does not listen yet.
func New(config Config) (*Server, error) {
	config.defaults()
	if config.Rules == nil {
		if config.Guard != nil {
			return nil, errors.New("a server with a Guard needs the Rules that the Guard's store keeps to")
		}
		config.Rules = rules.New(config.Store, nil)
	}
	s := &Server{config: config, registry: fhir.NewRegistry(), echo: echo.New()}
	sealer, err := search.NewSealer(config.PageKey, config.Now)
	if err != nil {
		return nil, fmt.Errorf("the key for page links: %w", err)
	}
	statement := &conformance.Statement{
		Registry: s.registry, Spec: config.Spec, Params: config.Params, Version: config.Version,
		Date: config.Now(), SingleDelete: config.SingleDelete, SMART: config.Authority != nil,
		CreateOnly: []string{"AuditEvent", "Provenance"}, Topics: config.Catalogue,
	}
	x := &interaction.Interactions{
		Store: config.Rules.Store(), Spec: config.Spec, Gate: gate.New(config.Spec), Params: config.Params, Seal: sealer, NewID: config.NewID, Now: config.Now,
		Parse: rest.Parse, Capabilities: cached(statement, config.Params.Generation, config.Now), MaxEntries: config.MaxEntries, MaxIncluded: config.MaxIncluded, SingleDelete: config.SingleDelete,
	}
	x.Rehearse, x.Join, x.Account, x.Agents = config.Rules.Rehearse, s.join, s.account, agents
	kept := &idempotency.Keeper{Rules: config.Rules, Caller: caller, Internal: smart.System, Now: config.Now, NewID: config.NewID}
	jobs := &async.Jobs{Rules: config.Rules, Answers: kept, Caller: caller, Internal: smart.System, Now: config.Now, NewID: config.NewID, Log: config.Log}
	chain := []fhir.Middleware{jobs.Middleware, kept.Middleware, x.Known, x.Subset, x.Definitions, x.Check}
	if config.Topics != nil {
		chain = append(chain, config.Topics)
	}
	if config.Guard != nil {
		config.Guard.Attach(s.registry, rest.Parse)
		x.Store, x.Internal = config.Guard.Store(), smart.System
		chain = append([]fhir.Middleware{config.Guard.Middleware}, chain...)
	}
	if config.Trail != nil {
		statement.ReadOnly = []string{"AuditEvent"}
		chain = append([]fhir.Middleware{config.Trail.Middleware}, append(chain, config.Trail.Sources(s.account))...)
	}
	if err := x.Register(s.registry); err != nil {
		return nil, err
	}
	for _, typ := range statement.CreateOnly {
		s.registry.Rule(rules.CreateOnly(typ))
	}
	for _, m := range append([]fhir.Module{jobs}, config.Modules...) {
		if err := m.Register(s.registry); err != nil {
			return nil, err
		}
	}
	config.Rules.Attach(s.registry)
	s.handler = fhir.Chain(s.registry, chain...)
	x.Handler, jobs.Handler = s.handler, s.handler
	s.mount()
	return s, nil
}

func (c *Config) defaults() {
	if c.Now == nil && c.Clock != nil {
		c.Now = c.Clock.Now
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = NewUUID
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.PageKey == nil {
		c.PageKey = search.NewKey()
	}
	if c.Version == "" {
		c.Version = "dev"
	}
}

// cached keeps the statements of the last few bases: computing one takes milliseconds, and monitors ask every few seconds. They
// change with the search parameters in force.
func cached(statement *conformance.Statement, generation func() int64, clock func() time.Time) func(base, mode string) (*fhir.Resource, error) {
	const most = 16
	var mu sync.Mutex
	known, of := make(map[string]*fhir.Resource), generation()
	return func(base, _ string) (*fhir.Resource, error) {
		mu.Lock()
		defer mu.Unlock()
		if now := generation(); now != of {
			clear(known)
			of, statement.Date = now, clock()
		}
		r, ok := known[base]
		if !ok {
			if len(known) >= most {
				clear(known)
			}
			r = statement.Capability(base)
			known[base] = r
		}
		return r, nil
	}
}

func (s *Server) mount() {
	s.echo.HideBanner, s.echo.HidePort = true, true
	edge := &rest.Edge{
		Handler: s.handler, Path: Path, BaseURL: s.config.BaseURL, Hosts: s.config.Hosts, Origins: s.config.Origins,
		NewID: s.config.NewID, Now: s.config.Now, Log: s.config.Log, Limits: s.config.Limits, Known: s.known,
		Throttle: s.config.Bounds.throttle(),
	}
	s.front = s.config.Proxies.Handler(s.echo)
	if s.config.Load != nil {
		s.front = s.config.Load.over(s.front)
	}
	s.authorize(edge)
	s.testable()
	if s.config.Socket != nil {
		s.echo.GET(SocketPath, echo.WrapHandler(s.named(s.sheltered(s.config.Socket))))
	}
	edge.Mount(s.echo)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		s.echo.Add(method, "/healthz", func(c echo.Context) error { return say(c, http.StatusOK, "ok\n") })
		s.echo.Add(method, "/readyz", s.ready)
	}
	s.echo.RouteNotFound("/*", func(c echo.Context) error {
		return say(c, http.StatusNotFound, "There is nothing here. The FHIR base is "+Path+"\n")
	})
}

// known says whether a request names nothing but what the server knows.
func (s *Server) known(req *fhir.Request) bool {
	if req.Type != "" && !s.config.Spec.IsResource(req.Type) {
		return false
	}
	return req.Operation == "" || slices.ContainsFunc(s.registry.Operations(), func(d *fhir.OperationDefinition) bool { return d.Code == req.Operation })
}

// ready says whether the store answers, and can answer searches. It was migrated before the server was assembled.
func (s *Server) ready(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 5*time.Second)
	defer cancel()
	_, err := s.config.Store.Events(ctx, 0, 1)
	unready := ""
	if err == nil {
		unready, err = s.rebuilding(ctx)
	}
	switch {
	case err != nil:
		s.config.Log.Error("not ready", slog.String("cause", err.Error()))
		return say(c, http.StatusServiceUnavailable, "the store does not answer\n")
	case unready != "":
		return say(c, http.StatusServiceUnavailable, unready)
	}
	return say(c, http.StatusOK, "ready\n")
}

// say answers with a line of text; to HEAD without it.
func say(c echo.Context, status int, text string) error {
	if c.Request().Method == http.MethodHead {
		return c.NoContent(status)
	}
	return c.String(status, text)
}

// ServeHTTP implements http.Handler, for tests and for embedding.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.front.ServeHTTP(w, r) }

// Registry is what the server offers.
func (s *Server) Registry() *fhir.Registry { return s.registry }

// drainTime is how long running requests may take to finish when the server stops.
const drainTime = 30 * time.Second

// Serve answers requests on l until ctx ends; then it stops accepting, lets running requests finish, and returns.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       60 * time.Second,
		WriteTimeout:      5 * time.Minute, // a slow reader of a large Bundle; handlers have a deadline of their own
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.config.Log.Handler(), slog.LevelWarn),
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	defer s.indexBeside(ctx)()
	defer s.workBeside(ctx)()
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if s.config.Socket != nil {
		s.config.Socket.Close()
	}
	err := h.Shutdown(drain)
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// Loopback reports whether an address can only be reached from this machine.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// LoopbackHosts are the names under which a server on a loopback address may be called.
func LoopbackHosts(more ...string) []string {
	return slices.Concat([]string{"localhost", "127.0.0.1", "[::1]"}, more)
}
