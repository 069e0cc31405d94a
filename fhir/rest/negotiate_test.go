package rest_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"andiron.dev/fhir"
)

func TestNegotiation(t *testing.T) {
	h, _ := edge(func(context.Context, *fhir.Request) (*fhir.Response, error) {
		return &fhir.Response{Resource: patient(t, 1)}, nil
	})
	const fhirJSON = "application/fhir+json; charset=utf-8"
	for accept, want := range map[string]string{
		"":                                  fhirJSON,
		"*/*":                               fhirJSON,
		"application/*":                     fhirJSON,
		"application/fhir+json":             fhirJSON,
		"application/json":                  "application/json; charset=utf-8",
		"text/json":                         "text/json; charset=utf-8",
		"application/json+fhir":             "application/json+fhir; charset=utf-8",
		"application/json, text/plain, */*": "application/json; charset=utf-8", // what axios sends
		"application/fhir+json, application/json;q=0.9":                fhirJSON,
		"application/json;q=0.5, application/fhir+json;q=0.9":          fhirJSON,
		"APPLICATION/FHIR+JSON":                                        fhirJSON,
		"application/fhir+json;charset=utf-8":                          fhirJSON,
		"application/fhir+json; fhirVersion=4.0.1":                     fhirJSON,
		"text/html, application/xhtml+xml, image/webp;q=0.8,*/*;q=0.7": fhirJSON,
		"application/fhir+xml":                                         "",
		"application/xml, text/xml":                                    "",
		"text/turtle":                                                  "",
		"application/fhir+json;q=0":                                    "",
		"application/fhir+json;q=0.0, text/html":                       "",
		"application/fhir+json;q=x":                                    "",
		"application/fhir+json; fhirVersion=3.0":                       "",
		"json":                                                         "",
		",":                                                            "",
		"garbage":                                                      "",
	} {
		w := send(h, "GET", "/Patient/a", nil, "Accept: "+accept)
		if want == "" {
			if w.Code != 406 || !strings.Contains(w.Body.String(), "OperationOutcome") {
				t.Errorf("Accept %q: %d %s", accept, w.Code, w.Body)
			}
			continue
		}
		if got := w.Header().Get("Content-Type"); w.Code != 200 || got != want {
			t.Errorf("Accept %q: %d %q, want %q", accept, w.Code, got, want)
		}
	}
	for format, want := range map[string]int{
		"json": 200, "application/json": 200, "application/fhir+json": 200, "text/json": 200, "application/fhir+json; fhirVersion=4.0": 200,
		"xml": 406, "text/xml": 406, "application/fhir+xml": 406, "ttl": 406, "html": 406, "text/html": 406, "application/fhir+json; fhirVersion=3.0": 406, ";": 406,
	} {
		if w := send(h, "GET", "/Patient/a?_format="+url.QueryEscape(format), nil, "Accept: application/fhir+xml"); w.Code != want {
			t.Errorf("_format %q: %d, want %d", format, w.Code, want)
		}
	}
}

// TestRequest: what reaches the handler is what the client said.
func TestRequest(t *testing.T) {
	var got *fhir.Request
	h, _ := edge(func(_ context.Context, req *fhir.Request) (*fhir.Response, error) {
		got = req
		return &fhir.Response{Result: fhir.NoContent}, nil
	})
	send(h, "POST", "/Patient/_search?a=1", strings.NewReader("b=2&c=x+y"), "Content-Type: application/x-www-form-urlencoded", "Prefer: return=minimal, handling=strict")
	if got.Params.Encode() != "a=1&b=2&c=x+y" || got.Prefer != (fhir.Prefer{Return: fhir.ReturnMinimal, Strict: true}) || got.Base != "http://localhost/fhir" {
		t.Errorf("%+v", got)
	}
	send(h, "POST", "/Patient", strings.NewReader(`{"resourceType":"Patient"}`), "If-None-Exist: identifier=http://a|1", `If-Match: W/"3"`, `If-None-Match: W/"1", "2" , *`, "If-Modified-Since: Wed, 01 May 2024 08:00:00 GMT")
	if *got.Condition != "identifier=http://a|1" || got.IfMatch != "3" || strings.Join(got.IfNoneMatch, " ") != "1 2 *" || got.IfModifiedSince.IsZero() {
		t.Errorf("%+v", got)
	}
	send(h, "PUT", "/Patient?identifier=http://a|1", strings.NewReader(`{"resourceType":"Patient"}`))
	if *got.Condition != "identifier=http://a|1" {
		t.Errorf("%+v", got)
	}
	for _, header := range []string{"If-None-Exist", "If-Match"} {
		r := send(h, "POST", "/Patient", strings.NewReader(`{"resourceType":"Patient"}`), header+": a=1")
		if r.Code != 204 {
			t.Errorf("%s: %d", header, r.Code)
		}
	}
}
