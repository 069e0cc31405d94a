package rest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/rest"
)

type callerKey struct{}

// guarded lets in who shows the token "good", and tells the handler.
func guarded(ctx context.Context, r *http.Request) (context.Context, error) {
	token, err := fhir.BearerToken(r.Header.Values("Authorization"))
	switch {
	case err != nil:
		return nil, err
	case token == "":
		return nil, fhir.NewOutcome(fhir.Login, "the request needs an access token")
	case token == "old":
		return nil, fhir.ExpiredToken("the access token has expired")
	case token == "plain":
		return nil, fhir.NewOutcome(fhir.Login, "the access token is not valid")
	case token == "weak":
		return nil, fhir.StepUp("this needs a second factor", []string{"mfa", `a"b`}, 5*time.Minute)
	case token == "down":
		return nil, fhir.NewOutcome(fhir.Transient, "nobody can say")
	case token != "good":
		return nil, fhir.InvalidToken("the access token is not valid")
	}
	return context.WithValue(ctx, callerKey{}, "somebody"), nil
}

// counted is a body that knows whether it was read.
type counted struct {
	io.Reader
	read int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}

func TestAuthenticate(t *testing.T) {
	var caller any
	served := 0
	h, log := edge(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		served++
		caller = ctx.Value(callerKey{})
		switch req.ID {
		case "scope":
			return nil, fhir.InsufficientScope("the scopes do not cover this", `patient/Observation.rs "x`)
		case "forbidden":
			return nil, fhir.NewOutcome(fhir.Forbidden, "no")
		case "stale":
			return nil, fhir.NewOutcome(fhir.Expired, "this page link has expired")
		}
		return nothing(ctx, req)
	}, func(e *rest.Edge) { e.Authenticate = guarded })
	const realm = `Bearer realm="fhir"`
	for _, test := range []struct {
		name, method, target, authorization string
		status                              int
		challenge                           string
	}{
		{"no token", "GET", "/Patient/a", "", 401, realm},
		{"a good one", "GET", "/Patient/a", "Bearer good", 204, ""},
		{"in lower case", "GET", "/Patient/a", "bearer good", 204, ""},
		{"a wrong one", "GET", "/Patient/a", "Bearer bad", 401, realm + `, error="invalid_token"`},
		{"one that a plain error refuses", "GET", "/Patient/a", "Bearer plain", 401, realm + `, error="invalid_token"`},
		{"an old one", "GET", "/Patient/a", "Bearer old", 401, realm + `, error="invalid_token", error_description="the token has expired"`},
		{"a weak one", "GET", "/Patient/a", "Bearer weak", 401, realm + `, error="insufficient_user_authentication", acr_values="mfa ab", max_age=300`},
		{"nobody can say", "GET", "/Patient/a", "Bearer down", 503, ""},
		{"another scheme", "GET", "/Patient/a", "Basic Z29vZDo=", 401, realm + `, error="invalid_token"`},
		{"two words", "GET", "/Patient/a", "Bearer good good", 401, realm + `, error="invalid_token"`},
		{"quotes", "GET", "/Patient/a", `Bearer "good"`, 401, realm + `, error="invalid_token"`},
		{"a long one", "GET", "/Patient/a", "Bearer " + strings.Repeat("a", 9000), 401, realm + `, error="invalid_token"`},
		{"only the scheme", "GET", "/Patient/a", "Bearer", 401, realm + `, error="invalid_token"`},
		{"in the URL", "GET", "/Patient?access_token=good", "", 400, ""},
		{"in the URL, too", "GET", "/Patient?access_token=good", "Bearer good", 400, ""},
		{"too little scope", "GET", "/Patient/scope", "Bearer good", 403, realm + `, error="insufficient_scope", scope="patient/Observation.rs x"`},
		{"forbidden otherwise", "GET", "/Patient/forbidden", "Bearer good", 403, ""},
		{"what expires is gone", "GET", "/Patient/stale", "Bearer good", 410, ""},
		{"metadata", "GET", "/metadata", "", 204, ""},
		{"metadata with a wrong token", "GET", "/metadata", "Bearer bad", 204, ""},
		{"OPTIONS", "OPTIONS", "/Patient", "", 204, ""},
		{"a path that is none", "GET", "/patient", "", 404, ""},
		{"a search", "POST", "/Patient/_search", "", 401, realm},
		{"a transaction", "POST", "/", "", 401, realm},
		{"an operation", "POST", "/$op", "", 401, realm},
	} {
		served, caller = 0, nil
		body := &counted{Reader: strings.NewReader(`{"resourceType":"Patient"}`)}
		var headers []string
		if test.authorization != "" {
			headers = append(headers, "Authorization: "+test.authorization)
		}
		w := send(h, test.method, test.target, body, headers...)
		if w.Code != test.status || w.Header().Get("WWW-Authenticate") != test.challenge {
			t.Errorf("%s: %d %q %s", test.name, w.Code, w.Header().Get("WWW-Authenticate"), w.Body)
		}
		if test.status == 401 && (served != 0 || body.read != 0 || !strings.Contains(w.Body.String(), "OperationOutcome")) {
			t.Errorf("%s: served %d, %d bytes of the body were read: %s", test.name, served, body.read, w.Body)
		}
		if test.status == 204 && test.method == "GET" && test.target != "/metadata" && caller != "somebody" {
			t.Errorf("%s: the handler does not know who asks", test.name)
		}
	}
	if strings.Contains(log.String(), "good") {
		t.Errorf("the log holds the token: %s", log)
	}
	r := httptest.NewRequest("GET", "http://localhost/fhir/Patient/a", nil)
	r.Header["Authorization"] = []string{"Bearer good", "Bearer good"}
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != 401 {
		t.Errorf("two tokens: %d", w.Code)
	}
}

// TestNobodyIsAsked: without Authenticate all is as it was.
func TestNobodyIsAsked(t *testing.T) {
	h, _ := edge(nothing)
	if w := send(h, "GET", "/Patient/a?access_token=x", nil, "Authorization: Bearer x"); w.Code != 204 || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestThrottleHook(t *testing.T) {
	entered, left := 0, 0
	var failures []error
	full := false
	h, _ := edge(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		if entered != left+1 {
			t.Errorf("entered %d, left %d while it is served", entered, left)
		}
		if req.ID == "panic" {
			panic("x")
		}
		return nothing(ctx, req)
	}, func(e *rest.Edge) {
		e.Authenticate = guarded
		e.Throttle = func(ctx context.Context, r *http.Request, failed error) (func(), error) {
			failures = append(failures, failed)
			if (failed == nil) != (ctx.Value(callerKey{}) != nil) && r.URL.Path != "/fhir/metadata" {
				t.Errorf("%s: error %v, caller %v", r.URL.Path, failed, ctx.Value(callerKey{}))
			}
			if full {
				o := fhir.NewOutcome(fhir.Throttled, "too many requests")
				o.RetryAfter = 1500 * time.Millisecond
				return nil, o
			}
			entered++
			return func() { left++ }, nil
		}
	})
	for target, want := range map[string]int{"/Patient/a": 204, "/Patient/panic": 500, "/metadata": 204} {
		if w := send(h, "GET", target, nil, "Authorization: Bearer good"); w.Code != want || entered != left {
			t.Errorf("%s: %d, entered %d, left %d", target, w.Code, entered, left)
		}
	}
	failures = nil
	if w := send(h, "GET", "/Patient/a", nil, "Authorization: Bearer bad"); w.Code != 401 || len(failures) != 1 || failures[0] == nil || entered != left {
		t.Errorf("%d %v", w.Code, failures)
	}
	full = true
	for _, token := range []string{"good", "bad"} {
		if w := send(h, "GET", "/Patient/a", nil, "Authorization: Bearer "+token); w.Code != 429 || w.Header().Get("Retry-After") != "2" || !strings.Contains(w.Body.String(), `"code":"throttled"`) {
			t.Errorf("%s: %d %v %s", token, w.Code, w.Header(), w.Body)
		}
	}
}

func TestOriginsOfClients(t *testing.T) {
	h, _ := edge(nothing, func(e *rest.Edge) {
		e.Origins = []string{"https://fixed.example.org"}
		e.Origin = func(origin string) bool { return origin == "https://app.example.org" }
	})
	for origin, want := range map[string]string{
		"https://fixed.example.org": "https://fixed.example.org", "https://app.example.org": "https://app.example.org",
		"https://app.example.org.evil.org": "", "https://evil.org": "", "null": "", "http://app.example.org": "", "https://app.example.org:444": "",
	} {
		w := send(h, "GET", "/Patient/a", nil, "Origin: "+origin)
		if got := w.Header().Get("Access-Control-Allow-Origin"); got != want || w.Header().Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: allowed %q, want %q", origin, got, want)
		}
		w = send(h, "OPTIONS", "/Patient/a", nil, "Origin: "+origin, "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: authorization")
		if got := strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "Authorization"); w.Code != 204 || got != (want != "") {
			t.Errorf("%s: preflight %d %v", origin, w.Code, w.Header())
		}
		if w := send(h, "POST", "/Patient", strings.NewReader(`{"resourceType":"Patient"}`), "Origin: "+origin); (w.Code == 403) != (want == "") {
			t.Errorf("%s: a write is answered with %d", origin, w.Code)
		}
		if w := send(h, "GET", "/metadata", nil, "Origin: "+origin); w.Header().Get("Access-Control-Allow-Origin") == "" {
			t.Errorf("%s: metadata are not for everybody", origin)
		}
	}
}

// TestHeadersOfEveryAnswer: errors and refusals carry the same protections as successes.
func TestHeadersOfEveryAnswer(t *testing.T) {
	h, _ := edge(func(_ context.Context, req *fhir.Request) (*fhir.Response, error) {
		if req.ID == "broken" {
			return nil, errors.New("x")
		}
		return &fhir.Response{Result: fhir.NoContent}, nil
	}, func(e *rest.Edge) { e.Authenticate = guarded; e.Hosts = []string{"localhost"} })
	for _, test := range [][2]string{{"/Patient/a", "good"}, {"/Patient/a", "bad"}, {"/patient", "good"}, {"/Patient/broken", "good"}, {"/metadata", ""}, {"/Patient?" + strings.Repeat("x", 20<<10), "good"}} {
		r := httptest.NewRequest("GET", "https://localhost/fhir"+test[0], nil)
		r.Header.Set("Authorization", "Bearer "+test[1])
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Strict-Transport-Security": "max-age=31536000", "Vary": "Accept, Accept-Encoding, Authorization, Origin", "Server": "",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%.30s: %d: %s is %q, want %q", test[0], w.Code, name, got, want)
			}
		}
	}
}
