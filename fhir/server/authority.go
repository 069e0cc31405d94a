package server

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"andiron.dev/fhir/rest"
	"andiron.dev/smart"
	"github.com/labstack/echo/v4"
)

// Authority says who a request is from, and serves the pages and endpoints that this takes: /auth/* and /.well-known/*.
type Authority interface {
	// Authenticate reads the access token of a request. Errors: Login, Expired, Transient.
	Authenticate(ctx context.Context, r *http.Request) (*smart.Principal, error)
	// MayCall reports whether a web origin is registered by a client.
	MayCall(ctx context.Context, origin string) bool
	Handler() http.Handler
}

// authorize has the edge ask who requests are from, and mounts what is beside the FHIR base.
func (s *Server) authorize(edge *rest.Edge) {
	a := s.config.Authority
	if a == nil {
		return
	}
	edge.Authenticate = func(ctx context.Context, r *http.Request) (context.Context, error) {
		p, err := a.Authenticate(ctx, r)
		if err != nil {
			return nil, err
		}
		return smart.With(ctx, p), nil
	}
	edge.Origin = func(origin string) bool { return a.MayCall(context.Background(), origin) }
	pages := echo.WrapHandler(s.named(s.sheltered(a.Handler())))
	for _, path := range []string{"/auth", "/.well-known", Path + "/.well-known"} {
		s.echo.Any(path+"/*", pages)
	}
}

// caller names who asks, whatever token they have; "" = nobody knows.
func caller(ctx context.Context) string {
	if p := smart.From(ctx); p != nil {
		return p.Issuer + "\x00" + p.ClientID + "\x00" + p.Subject
	}
	return ""
}

// named lets requests through that are for a host that this server is: see rest.Edge.Hosts.
func (s *Server) named(next http.Handler) http.Handler {
	if s.config.Hosts == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
			host = host[:i]
		}
		if !slices.ContainsFunc(s.config.Hosts, func(known string) bool { return strings.EqualFold(known, host) }) {
			http.Error(w, "this server does not answer for the host that the request names", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
