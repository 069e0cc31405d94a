package rest

import (
	"net/http"
	"strings"

	"andiron.dev/fhir"
)

// cors answers browsers (https://fetch.spec.whatwg.org/#http-cors-protocol). The CapabilityStatement is for everybody, the rest for the
// origins that the server knows. Credentials are never allowed: tokens travel in a header.
func (k *call) cors(h http.Header) {
	origin := k.http.Header.Get("Origin")
	if origin == "" {
		return
	}
	allowed := ""
	if k.http.URL.Path == k.edge.Path+"/metadata" {
		allowed = "*"
	}
	for _, known := range k.edge.Origins {
		if known == "*" || known == origin {
			allowed = known
		}
	}
	if allowed == "" && k.edge.Origin != nil && k.edge.Origin(origin) {
		allowed = origin
	}
	if allowed == "" {
		return
	}
	h.Set("Access-Control-Allow-Origin", allowed)
	h.Set("Access-Control-Expose-Headers", "Content-Location, ETag, Last-Modified, Location, Idempotency-Replayed, Retry-After, X-Progress, X-Request-Id")
}

// checkOrigin refuses writes by web pages of origins that the server does not know. A browser keeps such pages from reading the
// answer, but sends some requests all the same, without asking first: a POST whose body has no media type is enough
// to write, on a server that everybody who reaches it may write to.
func (k *call) checkOrigin() error {
	origin := k.http.Header.Get("Origin")
	if origin == "" || k.http.Method == http.MethodGet || k.http.Method == http.MethodHead {
		return nil
	}
	_, host, _ := strings.Cut(origin, "://")
	if k.w.Header().Get("Access-Control-Allow-Origin") != "" || host == k.http.Host || strings.HasPrefix(k.edge.BaseURL, origin+"/") {
		return nil
	}
	return fhir.NewOutcome(fhir.Forbidden, "web pages of this origin may not call the server")
}

// options answers OPTIONS: what the path supports, and a browser's preflight.
func (k *call) options() {
	path := strings.TrimPrefix(k.http.URL.EscapedPath(), k.edge.Path)
	allowed := Methods(path)
	if allowed == nil {
		k.fail(fhir.NewOutcome(fhir.NotFound, "this is not a FHIR path"))
		return
	}
	h := k.w.Header()
	h.Set("Allow", strings.Join(allowed, ", "))
	if h.Get("Access-Control-Allow-Origin") != "" {
		h.Set("Access-Control-Allow-Methods", strings.Join(allowed, ", "))
		h.Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-Modified-Since, If-None-Exist, If-None-Match, Prefer, X-Correlation-Id, X-Provenance, X-Request-Id")
		h.Set("Access-Control-Max-Age", "3600")
	}
	k.code = http.StatusNoContent
	k.w.WriteHeader(k.code)
}
