package rest_test

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/rest"
)

func TestParse(t *testing.T) {
	const base = "http://x/fhir"
	for _, test := range []struct{ method, url, want string }{
		{"GET", "", "search-system"},
		{"GET", "/?_type=Patient", "search-system"},
		{"POST", "", "transaction"},
		{"POST", "/", "transaction"},
		{"GET", "/metadata", "capabilities"},
		{"HEAD", "/metadata", "capabilities"},
		{"GET", "/Patient", "search-type Patient"},
		{"GET", "Patient?name=x", "search-type Patient"},
		{"GET", base + "/Patient?name=x", "search-type Patient"},
		{"POST", "/Patient/_search", "search-type Patient"},
		{"POST", "/_search", "search-system"},
		{"POST", "/Patient", "create Patient"},
		{"GET", "/Patient/1/Observation?code=a", "search-type Observation in Patient/1"},
		{"HEAD", "/Patient/1/*", "search-system in Patient/1"},
		{"GET", "/Patient/1/%2A", "search-system in Patient/1"},
		{"POST", "/Patient/1/_search", "search-system in Patient/1"},
		{"POST", "/Patient/1/*/_search", "search-system in Patient/1"},
		{"POST", "/Patient/1/Observation/_search", "search-type Observation in Patient/1"},
		{"GET", "/Patient/1", "read Patient/1"},
		{"GET", "/Patient/1/", "read Patient/1"},
		{"HEAD", "/Patient/1", "read Patient/1"},
		{"PUT", "/Patient/1", "update Patient/1"},
		{"PUT", "/Patient?identifier=1", "update Patient if identifier=1"},
		{"PATCH", "/Patient/1", "patch Patient/1"},
		{"PATCH", "/Patient?identifier=1", "patch Patient if identifier=1"},
		{"DELETE", "/Patient/1", "delete Patient/1"},
		{"DELETE", "/Patient/?identifier=1", "delete Patient if identifier=1"},
		{"GET", "/Patient/1/_history", "history-instance Patient/1"},
		{"GET", "/Patient/_history", "history-type Patient"},
		{"GET", "/_history", "history-system"},
		{"GET", "/Patient/1/_history/2", "vread Patient/1/2"},
		{"POST", "/$process-message", "operation $process-message"},
		{"POST", "/Patient/%24match", "operation Patient $match"},
		{"GET", "/Patient/1/$everything", "operation Patient/1 $everything"},

		{"GET", "/patient/1", "not-found"},
		{"GET", "//Patient/1", "not-found"},
		{"GET", "/Patient//1", "not-found"},
		{"GET", "/Patient/a%20b", "not-found"},
		{"GET", "/Patient/%zz", "not-found"},
		{"GET", "/Patient/1%2f2", "not-found"},
		{"GET", "/Patient/" + strings.Repeat("x", 65), "not-found"},
		{"GET", "/Patient/1/2/3/4/5", "not-found"},
		{"GET", "/$", "not-found"},
		{"GET", "/Patient/1/**", "not-found"},
		{"GET", "/Patient/a_b/*", "not-found"},
		{"GET", "/Patient/*", "not-found"},
		{"POST", "/Patient/1/Observation/2/_search", "not-found"},
		{"POST", "/Patient/1/Observation", "not-supported GET HEAD OPTIONS"},
		{"GET", "/Patient/1/Observation/_search", "not-supported POST OPTIONS"},
		{"GET", "/Patient/1/_search", "not-supported POST OPTIONS"},
		{"GET", "/Patient?a=%zz", "invalid"},
		{"GET", "http://elsewhere/Patient/1", "invalid"},
		{"PUT", "/Patient", "not-supported GET HEAD POST OPTIONS"},
		{"POST", "/Patient/1", "not-supported GET HEAD PUT PATCH DELETE OPTIONS"},
		{"DELETE", "/", "not-supported GET HEAD POST OPTIONS"},
		{"PUT", "/Patient/1/_history/2", "not-supported GET HEAD OPTIONS"},
		{"TRACE", "/Patient/1", "not-supported GET HEAD PUT PATCH DELETE OPTIONS"},
	} {
		req, err := rest.Parse(test.method, test.url, base)
		if got := describe(req, err); got != test.want {
			t.Errorf("%s %s: got %q, want %q", test.method, test.url, got, test.want)
		}
	}
}

func describe(req *fhir.Request, err error) string {
	if err != nil {
		o := fhir.AsOutcome(err)
		return strings.TrimSpace(fmt.Sprint(o.Code(), " ", strings.Join(o.Allow, " ")))
	}
	s := string(req.Interaction)
	if req.Type != "" {
		s += " " + req.Type
	}
	for _, part := range []string{req.ID, req.VersionID} {
		if part != "" {
			s += "/" + part
		}
	}
	if req.Operation != "" {
		s += " $" + req.Operation
	}
	if req.Compartment != "" {
		s += " in " + req.Compartment
	}
	if req.Condition != nil {
		s += " if " + *req.Condition
	}
	return s
}

// FuzzParse: whatever comes in, Parse answers with a request or an Outcome, and what it accepts is well-formed.
func FuzzParse(f *testing.F) {
	f.Add("GET", "/Patient/1/_history/2?_format=json")
	f.Add("DELETE", "/Patient?identifier=a%7Cb")
	f.Fuzz(func(t *testing.T, method, url string) {
		req, err := rest.Parse(method, url, "http://x/fhir")
		if err != nil {
			if fhir.CodeOf(err) == fhir.Exception {
				t.Fatalf("%v", err)
			}
			return
		}
		if req.Interaction == "" || req.ID != "" && !fhir.ValidID(req.ID) || req.Type == "" && req.ID != "" {
			t.Fatalf("%+v", req)
		}
	})
}
