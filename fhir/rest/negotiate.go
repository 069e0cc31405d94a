package rest

import (
	"mime"
	"strconv"
	"strings"

	"andiron.dev/fhir"
)

// fhirJSON is the Content-Type of answers (http://hl7.org/fhir/R4/http.html#mime-type).
const fhirJSON = "application/fhir+json; charset=utf-8"

// isJSON reports whether a client that sends or asks for this media type means FHIR's JSON.
func isJSON(media string) bool {
	switch media {
	case "application/fhir+json", "application/json", "text/json", "application/json+fhir", "json":
		return true
	}
	return false
}

// negotiate finds out whether the client can read what the server writes. _format has the last word.
func (k *call) negotiate() error {
	if format := k.req.Params.Get("_format"); format != "" {
		name, rest, _ := strings.Cut(format, ";")
		name = strings.ReplaceAll(strings.TrimSpace(name), " ", "+") // an unescaped '+' arrives as a space
		media, params, err := mime.ParseMediaType(name + ";" + rest)
		if err != nil || !isJSON(media) || !isR4(params) {
			return notAcceptable()
		}
		return nil
	}
	accept := k.http.Header["Accept"]
	if k.req.Type == "Binary" && (k.req.Interaction == fhir.Read || k.req.Interaction == fhir.VRead) && !asksForFHIR(accept) {
		k.raw = true
		return nil // what it is like shows when it has been read
	}
	var ok bool
	if k.media, ok = acceptJSON(accept); !ok {
		return notAcceptable()
	}
	return nil
}

// acceptJSON reports whether an Accept header takes JSON, and as which media type it wants it; "" = as FHIR's.
func acceptJSON(accept []string) (media string, ok bool) {
	if len(accept) == 0 {
		return "", true
	}
	if len(accept) == 1 {
		switch accept[0] {
		case "", "*/*", "application/fhir+json": // what nearly all send
			return "", true
		}
	}
	best := 0.0
	for item := range acceptItems(accept) {
		if item.quality <= best || !isR4(item.params) {
			continue
		}
		switch item.media {
		case "application/json", "text/json", "application/json+fhir":
			media = item.media
		case "*/*", "application/*", "application/fhir+json":
			media = ""
		default:
			continue
		}
		best, ok = item.quality, true
	}
	return media, ok
}

// acceptItem is one of the media ranges of an Accept header (RFC 7231, section 5.3.2).
type acceptItem struct {
	media   string
	params  map[string]string
	quality float64
}

// acceptItems yields the media ranges that can be read and are not excluded with q=0.
func acceptItems(accept []string) func(yield func(acceptItem) bool) {
	return func(yield func(acceptItem) bool) {
		for _, list := range accept {
			for text := range strings.SplitSeq(list, ",") {
				item := acceptItem{quality: 1}
				item.media, item.params, _ = mime.ParseMediaType(text) // the media type is there even if its parameters are wrong
				if q, ok := item.params["q"]; ok {
					item.quality, _ = strconv.ParseFloat(q, 64)
				}
				if item.media != "" && item.quality > 0 && !yield(item) {
					return
				}
			}
		}
	}
}

// asksForFHIR reports whether an Accept header names a FHIR media type.
func asksForFHIR(accept []string) bool {
	for item := range acceptItems(accept) {
		if strings.Contains(item.media, "fhir") {
			return true
		}
	}
	return false
}

// acceptsMedia reports whether an Accept header takes a media type.
func acceptsMedia(accept []string, media string) bool {
	media, _, _ = strings.Cut(strings.ToLower(media), ";")
	media = strings.TrimSpace(media)
	typ, _, _ := strings.Cut(media, "/")
	for item := range acceptItems(accept) {
		if item.media == "*/*" || item.media == typ+"/*" || item.media == media {
			return true
		}
	}
	return len(accept) == 0
}

func notAcceptable() error {
	o := fhir.NewOutcome(fhir.NotSupported, "the server answers in JSON, for FHIR 4.0, only: ask for application/fhir+json")
	o.Refinement = fhir.NotAcceptable
	return o
}

// isR4 holds the fhirVersion parameter of a media type to R4 (http://hl7.org/fhir/R4/http.html#version-parameter).
func isR4(params map[string]string) bool {
	switch params["fhirversion"] {
	case "", "4.0", "4.0.1":
		return true
	}
	return false
}

// contentType sets the media type of a FHIR answer: the one that the client named, if it is a JSON type.
func (k *call) contentType() {
	h := k.w.Header()
	if k.media == "" {
		h["Content-Type"] = k.edge.fixed.fhirJSON
		return
	}
	h["Content-Type"] = []string{k.media + "; charset=utf-8"}
}
