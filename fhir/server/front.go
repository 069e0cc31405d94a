package server

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"

	"andiron.dev/fhir"
	"andiron.dev/fhir/rest"
)

// What one address may ask of the authorization server. Guessing passwords and codes has bounds of its own, far below.
const (
	besideRate  = 100
	besideBurst = 1000
)

// sheltered gives what stands beside the FHIR base the protection that rest.Edge gives the base: a bound by address, and a panic that tells
// neither the client nor the log what it was about.
func (s *Server) sheltered(next http.Handler) http.Handler {
	next = s.rescued(next)
	bounded := (&rest.Throttle{Rate: besideRate, Burst: besideBurst, Now: s.config.Now}).Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if loopback(rest.Address(r)) {
			next.ServeHTTP(w, r)
			return
		}
		bounded.ServeHTTP(w, r)
	})
}

// loopback reports whether an address is this machine's own: of whoever works on it, or of a proxy that nobody has declared, behind
// which there may be everybody.
func loopback(address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && a.Unmap().IsLoopback()
}

// rescued answers 500 when next panics; net/http would write the value of the panic to the log, and that may be anything.
func (s *Server) rescued(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &begun{ResponseWriter: w}
		defer func() {
			value := recover()
			if value == nil {
				return
			}
			if err, ok := value.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(value)
			}
			s.config.Log.Error("panic", slog.String("cause", errors.Unwrap(fhir.Recovered(value)).Error()))
			if seen.wrote {
				panic(http.ErrAbortHandler)
			}
			h := w.Header()
			h.Set("Content-Type", "application/json")
			h.Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"error":"server_error"}`)
		}()
		next.ServeHTTP(seen, r)
	})
}

// begun knows whether an answer is on its way.
type begun struct {
	http.ResponseWriter
	wrote bool
}

// WriteHeader implements http.ResponseWriter.
func (b *begun) WriteHeader(status int) {
	b.wrote = true
	b.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (b *begun) Write(p []byte) (int, error) {
	b.wrote = true
	return b.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (b *begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }
