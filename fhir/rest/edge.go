package rest

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"andiron.dev/fhir"
	"github.com/labstack/echo/v4"
)

// Edge serves a FHIR base over HTTP. Handler, Path, NewID, Now and Log are required.
type Edge struct {
	Handler fhir.Handler // the pipeline
	Path    string       // path of the base, "/fhir"
	BaseURL string       // the base as clients see it; "" = scheme and host of each request, and Path
	Hosts   []string     // host names that requests may be for; nil = any
	Origins []string     // web origins that may call the API from a browser (CORS); "*" = all
	// Origin reports whether a web origin beyond Origins may: one that a client has registered. It is asked often. nil = none.
	Origin func(origin string) bool
	NewID  func() string    // of requests that bring none
	Now    func() time.Time //
	Log    *slog.Logger     // one record a request
	Limits Limits
	// Known reports whether the resource type and the operation of a request are names that the server knows. Others stay
	// out of the log: anything may stand there. nil = none is known.
	Known func(*fhir.Request) bool
	// Authenticate says who a request is from, in the context it returns. It is called when the URL has been read, and before any of the
	// body has; the CapabilityStatement and OPTIONS are for everybody. Errors: Login and Expired (see fhir.InvalidToken); Transient where
	// nobody can say. nil = nobody is asked.
	Authenticate func(ctx context.Context, r *http.Request) (context.Context, error)
	// Throttle lets a request in or sends it away with Throttled. It is called with what Authenticate has returned: a context that says who
	// asks, or its error, so that guessing can be slowed down. release, if not nil, is called when the answer has been written.
	Throttle func(ctx context.Context, r *http.Request, failed error) (release func(), err error)

	fixed   headers
	buffers sync.Pool // *[]byte: answers are assembled in them
	gzips   sync.Pool // *gzip.Writer
}

// headers are the values of headers that every answer carries, made once.
type headers struct{ noSniff, noStore, noReferrer, vary, fhirJSON []string }

// Limits bound what a request may cost.
type Limits struct {
	Resource fhir.Limits   // of a resource; zero = fhir.DefaultLimits
	Bundle   fhir.Limits   // of a batch or transaction; zero = fhir.BundleLimits
	Query    int           // length of a query in bytes; 0 = 16 KiB
	Time     time.Duration // of a request, from its first byte; 0 = 1 minute
}

func (l *Limits) defaults() {
	if l.Resource == (fhir.Limits{}) {
		l.Resource = fhir.DefaultLimits()
	}
	if l.Bundle == (fhir.Limits{}) {
		l.Bundle = fhir.BundleLimits()
	}
	if l.Query == 0 {
		l.Query = 16 << 10
	}
	if l.Time == 0 {
		l.Time = time.Minute
	}
}

// Mount adds the base to a router: one route for everything below it, whatever the method. What the path means is for Parse
// to say, so that the router's ideas of slashes, escapes and methods do not matter.
func (e *Edge) Mount(router *echo.Echo) {
	e.Limits.defaults()
	e.fixed = headers{
		noSniff: []string{"nosniff"}, noStore: []string{"no-store"}, noReferrer: []string{"no-referrer"},
		vary: []string{"Accept, Accept-Encoding, Authorization, Origin"}, fhirJSON: []string{fhirJSON},
	}
	for _, path := range []string{e.Path, e.Path + "/*"} {
		router.Any(path, e.serve)
		router.RouteNotFound(path, e.serve) // methods that nobody has heard of
	}
}
