package rest

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"andiron.dev/fhir"
)

// log writes the one record of the request: what was done and how it went. Never what stood in it: no path with an id,
// no query value, no body, no name that the client has made up (security.md §8.4).
func (k *call) log() {
	level := slog.LevelInfo
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs, slog.String("request", k.id), slog.String("method", method(k.http.Method)))
	if k.req != nil {
		attrs = append(attrs, slog.String("interaction", string(k.req.Interaction)))
		if k.edge.Known != nil && k.edge.Known(k.req) {
			if k.req.Type != "" {
				attrs = append(attrs, slog.String("type", k.req.Type))
			}
			if k.req.Operation != "" {
				attrs = append(attrs, slog.String("operation", k.req.Operation))
			}
		}
	}
	attrs = append(attrs, slog.Int("status", k.code), slog.Int("bytes", k.size), slog.Float64("ms", float64(k.edge.Now().Sub(k.start).Microseconds())/1000))
	if host, _, err := net.SplitHostPort(k.http.RemoteAddr); err == nil {
		attrs = append(attrs, slog.String("client", host))
	}
	if k.err != nil {
		o := fhir.AsOutcome(k.err)
		attrs = append(attrs, slog.String("issues", codes(o)))
		if k.code >= 500 || o.Code() == fhir.Exception {
			level = slog.LevelError
			if cause := o.Unwrap(); cause != nil {
				attrs = append(attrs, slog.String("cause", cause.Error()))
			}
		}
	}
	k.edge.Log.LogAttrs(context.Background(), level, "request", attrs...)
}

// method is the method if it is one of HTTP's; clients can send any word.
func method(name string) string {
	switch name {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return name
	}
	return "other"
}

// codes lists the issue codes of an outcome, each once.
func codes(o *fhir.Outcome) string {
	var list []string
	for _, issue := range o.Issues {
		if code := string(issue.Code); len(list) == 0 || list[len(list)-1] != code {
			list = append(list, code)
		}
	}
	return strings.Join(list, ",")
}
