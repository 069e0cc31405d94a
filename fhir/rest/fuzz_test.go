package rest_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"andiron.dev/fhir"
)

// FuzzHeaders: whatever stands in the headers, the answer is one that HTTP has for it, and what reaches the handler is well-formed.
func FuzzHeaders(f *testing.F) {
	f.Add(`W/"1"`, "application/fhir+json;q=0.5, */*", "return=minimal; handling=strict", "gzip", "identifier=a|b", "application/fhir+json", "r-1")
	f.Add(`"1", "2"`, ",;=/", `return="representation"`, "gzip;q=0", "?", "text/plain; x=\"", "r 1")
	f.Add("*", "application/json; fhirVersion=5.0", "handling=", "x-gzip", "Patient?a=b?c", ";", "")
	resource, err := fhir.ParseResource(`{"resourceType":"Patient","id":"a"}`, fhir.Limits{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, tag, accept, prefer, encoding, condition, content, id string) {
		h, _ := edge(func(_ context.Context, req *fhir.Request) (*fhir.Response, error) {
			if req.IfMatch != "" && strings.Contains(req.IfMatch, ",") {
				return nil, errors.New("a list in If-Match")
			}
			switch req.Prefer.Return {
			case fhir.ReturnUnsaid, fhir.ReturnMinimal, fhir.ReturnRepresentation, fhir.ReturnOutcome:
			default:
				return nil, errors.New("a return preference that is none")
			}
			if req.Condition != nil && req.Interaction != fhir.Create {
				return nil, errors.New("a condition that nobody asked for")
			}
			return &fhir.Response{Resource: resource, Version: &fhir.Version{Type: "Patient", ID: "a", VersionID: "1"}}, nil
		})
		headers := []string{"If-Match: " + tag, "If-None-Match: " + tag, "If-Modified-Since: " + tag, "Accept: " + accept, "Prefer: " + prefer,
			"Accept-Encoding: " + encoding, "If-None-Exist: " + condition, "X-Request-Id: " + id, "Origin: " + id, "Content-Type: " + content}
		for _, request := range [][2]string{{"GET", "/Patient/a"}, {"POST", "/Patient"}, {"PUT", "/Binary/a"}, {"GET", "/Binary/a"}, {"PATCH", "/Patient/a"}, {"POST", "/Patient/_search"}} {
			w := send(h, request[0], request[1], strings.NewReader(`{"resourceType":"Patient","id":"a"}`), headers...)
			if w.Code >= 500 {
				t.Fatalf("%s %s: %d %s", request[0], request[1], w.Code, w.Body)
			}
			got := w.Header().Get("X-Request-Id")
			if got != id && got != "made-here" || strings.ContainsAny(got, " \r\n\"<") {
				t.Fatalf("X-Request-Id: %q", got)
			}
		}
	})
}
