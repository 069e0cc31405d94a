package rest

import (
	"net/http"
	"strings"

	"andiron.dev/fhir"
)

// readHeaders reads the conditions and preferences of a request.
func (k *call) readHeaders() error {
	h, req := k.http.Header, k.req
	if tags := h.Values("If-Match"); len(tags) > 0 {
		req.IfMatch = fhir.ParseETag(tags[0])
		if len(tags) > 1 || req.IfMatch == "" || strings.Contains(req.IfMatch, ",") {
			return fhir.NewOutcome(fhir.Invalid, "If-Match must hold one version, as in If-Match: W/\"3\"")
		}
	}
	for _, list := range h.Values("If-None-Match") {
		for tag := range strings.SplitSeq(list, ",") {
			req.IfNoneMatch = append(req.IfNoneMatch, fhir.ParseETag(tag))
		}
	}
	if since := h.Get("If-Modified-Since"); since != "" {
		// A date that cannot be read is ignored (RFC 7232, section 3.3).
		if t, err := http.ParseTime(since); err == nil {
			req.IfModifiedSince = t
		}
	}
	if values := h.Values("If-None-Exist"); len(values) > 0 && req.Interaction == fhir.Create {
		if len(values) > 1 {
			return fhir.NewOutcome(fhir.Invalid, "If-None-Exist must not be repeated; join the criteria with '&'")
		}
		req.Condition = &values[0]
	}
	for _, list := range h.Values("Prefer") {
		readPrefer(list, &req.Prefer)
	}
	if err := k.readProvenance(); err != nil {
		return err
	}
	if err := k.readIdempotencyKey(); err != nil {
		return err
	}
	return k.readOnce()
}

// OnceHeader names a transaction that must not happen twice (fhir.Request.Once): "andiron import" sends it, so that an import that
// was interrupted can be repeated.
const OnceHeader = "Andiron-Once"

func (k *call) readOnce() error {
	name := k.http.Header.Get(OnceHeader)
	if len(name) > 128 {
		return fhir.NewOutcome(fhir.Invalid, OnceHeader+" must not have more than 128 characters")
	}
	k.req.Once = name
	return nil
}

// readPrefer reads return=, handling=, respond-async and our own explain; other preferences, and values that are none, are ignored (RFC 7240).
func readPrefer(list string, p *fhir.Prefer) {
	for preference := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ';' }) {
		name, value, _ := strings.Cut(preference, "=")
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "return":
			switch r := fhir.Return(value); r {
			case fhir.ReturnMinimal, fhir.ReturnRepresentation, fhir.ReturnOutcome:
				p.Return = r
			}
		case "handling":
			p.Strict, p.Lenient = value == "strict", value == "lenient"
		case "respond-async":
			p.Async = true
		case "explain":
			p.Explain = value == "" || value == "true"
		}
	}
}
