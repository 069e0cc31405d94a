package server_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// TestKeyKeepsNoFailure: what fails for the moment, or for no fault of the request, is tried anew; what is wrong with the request is answered again.
func TestKeyKeepsNoFailure(t *testing.T) {
	for code, kept := range map[fhir.IssueType]bool{
		fhir.Exception: false, fhir.Transient: false, fhir.LockError: false, fhir.Timeout: false, fhir.Throttled: false, fhir.NoStore: false, fhir.Incomplete: false, fhir.Login: false,
		fhir.Invalid: true, fhir.Required: true, fhir.Forbidden: true, fhir.NotFound: true, fhir.Deleted: true, fhir.Conflict: true, fhir.Duplicate: true, fhir.BusinessRule: true,
		fhir.MultipleMatches: true, fhir.TooCostly: true,
	} {
		h, s := openSlow(t, false)
		s.refuse = fhir.NewOutcome(code, "no")
		first := h.do("POST", "/$slow", "", "Idempotency-Key: k")
		if first.Code < 400 {
			t.Fatalf("%s: %d", code, first.Code)
		}
		s.refuse = nil
		again := h.do("POST", "/$slow", "", "Idempotency-Key: k")
		replayed := again.Header().Get("Idempotency-Replayed") == "true"
		if kept && (again.Code != first.Code || again.Body.String() != first.Body.String() || !replayed || h.total(t) != "0") {
			t.Errorf("%s: %d %s, then %d %s", code, first.Code, first.Body, again.Code, again.Body)
		}
		if !kept && (again.Code != 201 || replayed || h.total(t) != "1") {
			t.Errorf("%s: %d, then %d %s", code, first.Code, again.Code, again.Body)
		}
	}
}

// TestKeyIsOfARequest: the same JSON in another order and layout is the same request; another query, and a number written otherwise, are not.
func TestKeyIsOfARequest(t *testing.T) {
	h := open(t)
	const text = `{"resourceType":"Observation","status":"final","code":{"text":"x","coding":[{"system":"s","code":"c"}]},"valueQuantity":{"value":1.0,"unit":"g"}}`
	if w := h.do("POST", "/Observation", text, "Idempotency-Key: k"); w.Code != 201 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for _, test := range []struct {
		path, body string
		want       int
	}{
		{"/Observation", text, 201},
		{"/Observation", ` { "valueQuantity" : {"unit":"g", "value":1.0},
			"code":{"coding":[{"code":"c","system":"s"}],"text":"\u0078"},"status":"final","resourceType":"Observation"}`, 201},
		{"/Observation", strings.Replace(text, "1.0", "1.00", 1), 422},
		{"/Observation", strings.Replace(text, `"c"`, `"d"`, 1), 422},
		{"/Observation?_pretty=true", text, 422},
	} {
		w := h.do("POST", test.path, test.body, "Idempotency-Key: k")
		if w.Code != test.want || (w.Header().Get("Idempotency-Replayed") == "true") != (test.want == 201) {
			t.Errorf("%s %s: %d %s", test.path, test.body, w.Code, w.Body)
		}
	}
}

// TestKeyIsTheClients: the key of one client says nothing of another's, nor of another user's.
func TestKeyIsTheClients(t *testing.T) {
	h := open(t)
	ids := make(map[string]bool)
	for _, p := range []*smart.Principal{
		nil, {Subject: "client:a", ClientID: "a"}, {Subject: "client:b", ClientID: "b"}, {Subject: "user:x", ClientID: "a"}, {Subject: "user:x", ClientID: "b"}, {Subject: "user:x", ClientID: "a", Issuer: "https://other.example.org"},
	} {
		for _, again := range []bool{false, true} {
			r := httptest.NewRequest("POST", "http://localhost/fhir/Patient", strings.NewReader(`{"resourceType":"Patient"}`))
			r.Header.Set("Content-Type", "application/fhir+json")
			r.Header.Set("Idempotency-Key", "k")
			if p != nil {
				r = r.WithContext(smart.With(r.Context(), p))
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != 201 || (w.Header().Get("Idempotency-Replayed") == "true") != again {
				t.Errorf("%+v again=%v: %d %v", p, again, w.Code, w.Header())
			}
			ids[w.Header().Get("Location")] = true
		}
	}
	if len(ids) != 6 || h.total(t) != "6" {
		t.Errorf("%d Patients for 6 callers", len(ids))
	}
}
