package token_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/outbound"
	"andiron.dev/smart/token"
)

const base = "https://ehr.example.org/fhir"

// issuer is an authorization server of somebody else.
type issuer struct {
	*httptest.Server
	clock   *clock
	asked   atomic.Int32 // introspections
	fetched atomic.Int32 // of the key set
	mu      sync.Mutex
	answer  any    // to introspection
	status  int    // of that answer
	auth    string // what it was asked with
	claims  string // metadata
}

func newIssuer(t testing.TB) *issuer {
	r := keyRing()
	i := &issuer{clock: newClock(), status: 200}
	keys := set(jwk(t, r.rsa, "r1", nil), jwk(t, r.ec256, "e2", nil))
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		switch q.URL.Path {
		case "/.well-known/openid-configuration":
			_, _ = io.WriteString(w, i.claims)
		case "/jwks":
			i.fetched.Add(1)
			_, _ = w.Write(keys)
		case "/introspect":
			i.asked.Add(1)
			i.auth = q.Header.Get("Authorization") + " " + q.PostFormValue("token")
			w.WriteHeader(i.status)
			_ = json.NewEncoder(w).Encode(i.answer)
		default:
			w.WriteHeader(404)
		}
	}))
	t.Cleanup(i.Close)
	i.claims = `{"issuer":"` + i.URL + `","jwks_uri":"` + i.URL + `/jwks"}`
	return i
}

func (i *issuer) say(answer map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = answer
}

// external trusts the issuer.
func (i *issuer) external(configure ...func(*token.External)) *token.External {
	client := outbound.New(outbound.Options{Loopback: true, Now: i.clock.now})
	e := &token.External{Issuer: i.URL, Audience: base, Client: client, Keys: &token.KeySets{Client: client, Now: i.clock.now}, Now: i.clock.now}
	for _, c := range configure {
		c(e)
	}
	return e
}

func (i *issuer) token(change map[string]any) map[string]any {
	now := i.clock.now()
	m := map[string]any{"iss": i.URL, "aud": base, "exp": now.Add(5 * time.Minute).Unix(), "iat": now.Unix(), "jti": "j1", "client_id": "app", "sub": "dr-house", "scope": "openid fhirUser user/Patient.rs patient/Observation.rs",
		"patient": "p1", "fhirUser": "Practitioner/7", "acr": "mfa", "amr": []string{"pwd", "otp"}, "auth_time": now.Add(-time.Hour).Unix()}
	maps.Copy(m, change)
	return without(m)
}

func TestExternalJWT(t *testing.T) {
	i, r := newIssuer(t), keyRing()
	e := i.external()
	at := func(d time.Duration) int64 { return i.clock.now().Add(d).Unix() }
	type m = map[string]any
	for _, test := range []struct {
		name   string
		header m
		claims m
		want   fhir.IssueType // "" = it is good
	}{
		{"good", nil, nil, ""},
		{"the long typ", m{"typ": "application/at+jwt"}, nil, ""},
		{"ES256", m{"alg": "ES256", "kid": "e2"}, nil, ""},
		{"scp", nil, m{"scope": nil, "scp": []string{"user/Patient.rs"}, "patient": nil}, ""},
		{"aud in an array", nil, m{"aud": []string{base}}, ""},
		{"the other name of the patient", nil, m{"patient": nil, "launch_response_patient": "p1"}, ""},
		{"both names", nil, m{"launch_response_patient": "p1"}, ""},
		{"an absolute fhirUser", nil, m{"fhirUser": base + "/Practitioner/7"}, ""},
		{"scopes of others too", nil, m{"scope": "user/Patient.rs patient/Observation.rs roles https://other.example.org/x"}, ""},
		{"a client", nil, m{"scope": "system/*.rs", "sub": "app", "patient": nil, "fhirUser": nil}, ""},

		{"an ID token", m{"typ": "JWT"}, nil, fhir.Login},
		{"a logout token", m{"typ": "logout+jwt"}, nil, fhir.Login},
		{"no typ", m{"typ": nil}, nil, fhir.Login},
		{"typ in other case", m{"typ": "AT+JWT"}, nil, fhir.Login},
		{"crit", m{"crit": []string{"a"}}, nil, fhir.Login},
		{"an unknown key", m{"kid": "r9"}, nil, fhir.Login},
		{"another issuer", nil, m{"iss": "https://other.example.org"}, fhir.Login},
		{"no issuer", nil, m{"iss": nil}, fhir.Login},
		{"another audience", nil, m{"aud": "https://other.example.org/fhir"}, fhir.Login},
		{"two audiences", nil, m{"aud": []string{base, "https://other.example.org/fhir"}}, fhir.Login},
		{"no audience", nil, m{"aud": nil}, fhir.Login},
		{"expired", nil, m{"exp": at(-time.Minute), "iat": at(-2 * time.Minute)}, fhir.Expired},
		{"no exp", nil, m{"exp": nil}, fhir.Login},
		{"no iat", nil, m{"iat": nil}, fhir.Login},
		{"issued in the future", nil, m{"iat": at(time.Minute)}, fhir.Login},
		{"valid for an hour", nil, m{"exp": at(time.Hour)}, fhir.Login},
		{"no jti", nil, m{"jti": nil}, fhir.Login},
		{"no client_id", nil, m{"client_id": nil}, fhir.Login},
		{"a client_id that is a list", nil, m{"client_id": []string{"app"}}, fhir.Login},
		{"no scope", nil, m{"scope": nil}, fhir.Login},
		{"an empty scope", nil, m{"scope": ""}, fhir.Login},
		{"only scopes of others", nil, m{"scope": "openid roles"}, fhir.Login},
		{"scope and scp", nil, m{"scp": "user/*.rs"}, fhir.Login},
		{"scope is an object", nil, m{"scope": m{"a": "user/*.rs"}}, fhir.Login},
		{"scope holds a number", nil, m{"scope": []any{"user/*.rs", 1}}, fhir.Login},
		{"no sub", nil, m{"sub": nil}, fhir.Login},
		{"no patient", nil, m{"patient": nil}, fhir.Login},
		{"a patient that is a reference", nil, m{"patient": "Patient/p1"}, fhir.Login},
		{"a patient that is a list", nil, m{"patient": []string{"p1", "p2"}}, fhir.Login},
		{"a patient that is null", nil, m{"patient": json.RawMessage("null")}, fhir.Login},
		{"two patients", nil, m{"launch_response_patient": "p2"}, fhir.Login},
		{"an encounter that is none", nil, m{"encounter": "e 1"}, fhir.Login},
		{"a fhirUser of another server", nil, m{"fhirUser": "https://other.example.org/fhir/Practitioner/7"}, fhir.Login},
		{"a fhirUser that is no person", nil, m{"fhirUser": "Organization/7"}, fhir.Login},
		{"a fhirUser that is an object", nil, m{"fhirUser": m{"reference": "Practitioner/7"}}, fhir.Login},
		{"a client and a user at once", nil, m{"scope": "system/*.rs user/*.rs"}, fhir.Login},
		{"auth_time is text", nil, m{"auth_time": "now"}, fhir.Login},
		{"amr holds numbers", nil, m{"amr": []int{1}}, fhir.Login},
	} {
		alg, key := "RS256", any(r.rsa)
		if test.header["alg"] == "ES256" {
			alg, key = "ES256", r.ec256
		}
		header := map[string]any{"typ": "at+jwt", "kid": "r1"}
		maps.Copy(header, test.header)
		p, err := e.Authenticate(t.Context(), sign(alg, key, header, i.token(test.claims)))
		if got := fhir.CodeOf(err); got != test.want {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if err != nil {
			if o := fhir.AsOutcome(err); !strings.Contains(o.Challenge, `error="invalid_token"`) || strings.Contains(o.Issues[0].Text, "house") {
				t.Errorf("%s: %+v", test.name, o)
			}
			continue
		}
		if p.ClientID != "app" || p.Issuer != i.URL || p.TokenID == "" || p.TokenID == "j1" || len(p.Scopes) == 0 {
			t.Errorf("%s: %+v", test.name, p)
		}
	}
	p, err := e.Authenticate(t.Context(), sign("RS256", r.rsa, map[string]any{"typ": "at+jwt", "kid": "r1"}, i.token(map[string]any{"encounter": "e1"})))
	if err != nil || p.Subject != "user:dr-house" || p.Patient != "p1" || p.Encounter != "e1" || p.FhirUser != "Practitioner/7" || p.ACR != "mfa" || len(p.AMR) != 2 || i.clock.now().Sub(p.AuthTime) != time.Hour || len(p.Scopes) != 4 {
		t.Errorf("%+v, %v", p, err)
	}
	p, err = e.Authenticate(t.Context(), sign("RS256", r.rsa, map[string]any{"typ": "at+jwt", "kid": "r1"}, i.token(map[string]any{"scope": "system/Patient.rs", "sub": "service-account-4711", "patient": nil, "fhirUser": nil})))
	if err != nil || p.Subject != "client:app" || p.FhirUser != "" || p.Patient != "" {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := e.Authenticate(t.Context(), sign("RS256", r.rsa2, map[string]any{"typ": "at+jwt", "kid": "r1"}, i.token(nil))); fhir.CodeOf(err) != fhir.Login {
		t.Errorf("forged: %v", err)
	}
	for _, raw := range []string{"", "opaque", "a.b.c", strings.Repeat("x", 10_000)} {
		if _, err := e.Authenticate(t.Context(), raw); fhir.CodeOf(err) != fhir.Login {
			t.Errorf("%.20q: %v", raw, err)
		}
	}
}

func TestExternalForgedTokensFetchOnce(t *testing.T) {
	i, r := newIssuer(t), keyRing()
	e := i.external()
	var wg sync.WaitGroup
	for n := range 50 {
		wg.Go(func() {
			kid := []string{"r1", "unknown"}[n%2]
			if _, err := e.Authenticate(t.Context(), sign("RS256", r.rsa2, map[string]any{"typ": "at+jwt", "kid": kid}, i.token(nil))); fhir.CodeOf(err) != fhir.Login {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := i.fetched.Load(); got != 1 {
		t.Errorf("50 forged tokens caused %d fetches", got)
	}
}

func TestExternalPaths(t *testing.T) {
	i, r := newIssuer(t), keyRing()
	e := i.external(func(e *token.External) { e.Patient, e.Encounter = "ext.ctx.patient", "enc" })
	for name, test := range map[string]struct {
		claims map[string]any
		want   string
	}{
		"nested":         {map[string]any{"ext": map[string]any{"ctx": map[string]any{"patient": "p9"}}}, "p9"},
		"flat":           {map[string]any{"ext.ctx.patient": "p8"}, "p8"},
		"not there":      {map[string]any{"ext": map[string]any{"ctx": 1}}, ""},
		"nested number":  {map[string]any{"ext": map[string]any{"ctx": map[string]any{"patient": 9}}}, ""},
		"where it isn't": {map[string]any{"patient": "p1"}, ""},
	} {
		p, err := e.Authenticate(t.Context(), sign("RS256", r.rsa, map[string]any{"typ": "at+jwt", "kid": "r1"}, i.token(test.claims)))
		if (err == nil) != (test.want != "") || err == nil && p.Patient != test.want {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

// TestExternalMetadata: an issuer's metadata must be its own, and that it cannot be read is nobody's forgery.
func TestExternalMetadata(t *testing.T) {
	r := keyRing()
	for name, test := range map[string]struct {
		claims string
		want   fhir.IssueType
	}{
		"no JSON": {"x", fhir.Transient}, "an array": {"[]", fhir.Transient}, "of another issuer": {`{"issuer":"https://other.example.org","jwks_uri":"URL/jwks"}`, fhir.Transient},
		"no keys": {`{"issuer":"URL"}`, fhir.Transient}, "twice": {`{"issuer":"x","issuer":"URL","jwks_uri":"URL/jwks"}`, fhir.Transient}, "good": {`{"issuer":"URL","jwks_uri":"URL/jwks"}`, ""},
		"keys inside": {`{"issuer":"URL","jwks_uri":"https://10.0.0.1/jwks"}`, fhir.Transient},
	} {
		i := newIssuer(t)
		i.claims = strings.ReplaceAll(test.claims, "URL", i.URL)
		_, err := i.external().Authenticate(t.Context(), sign("RS256", r.rsa, map[string]any{"typ": "at+jwt", "kid": "r1"}, i.token(nil)))
		if fhir.CodeOf(err) != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIntrospection(t *testing.T) {
	i := newIssuer(t)
	e := i.external(func(e *token.External) {
		e.Introspect = &token.Introspection{URL: i.URL + "/introspect", ClientID: "rs:1", Secret: "s3cr3t&"}
	})
	at := func(d time.Duration) int64 { return i.clock.now().Add(d).Unix() }
	n := 0
	ask := func(change map[string]any) (*smart.Principal, error) {
		n++
		answer := i.token(map[string]any{"active": true, "iat": nil, "jti": nil})
		maps.Copy(answer, change)
		i.say(without(answer))
		return e.Authenticate(t.Context(), "opaque-"+string(rune('a'+n%26))+string(rune('a'+n/26)))
	}
	p, err := ask(nil)
	if err != nil || p.Subject != "user:dr-house" || p.Patient != "p1" || strings.Contains(p.TokenID, "opaque") {
		t.Fatalf("%+v, %v", p, err)
	}
	if want := "Basic cnMlM0ExOnMzY3IzdCUyNg== opaque-ba"; i.auth != want {
		t.Errorf("asked with %q", i.auth)
	}
	for name, test := range map[string]struct {
		claims map[string]any
		want   fhir.IssueType
	}{
		"token_type": {map[string]any{"token_type": "bearer"}, ""}, "without iss": {map[string]any{"iss": nil}, ""},
		"inactive": {map[string]any{"active": false}, fhir.Login}, "active is text": {map[string]any{"active": "true"}, fhir.Login}, "no active": {map[string]any{"active": nil}, fhir.Login},
		"expired": {map[string]any{"exp": at(-time.Second)}, fhir.Expired}, "no exp": {map[string]any{"exp": nil}, fhir.Login}, "of another issuer": {map[string]any{"iss": "https://other.example.org"}, fhir.Login},
		"no audience": {map[string]any{"aud": nil}, fhir.Login}, "another audience": {map[string]any{"aud": "x"}, fhir.Login}, "two audiences": {map[string]any{"aud": []string{base, "x"}}, fhir.Login},
		"a refresh token": {map[string]any{"token_type": "refresh_token"}, fhir.Login}, "not yet": {map[string]any{"nbf": at(time.Hour)}, fhir.Login}, "no scope": {map[string]any{"scope": nil}, fhir.Login}, "no client": {map[string]any{"client_id": nil}, fhir.Login},
	} {
		if p, err := ask(test.claims); fhir.CodeOf(err) != test.want || (err == nil) != (p != nil) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	e.Introspect.AnyAudience = true
	if _, err := ask(map[string]any{"aud": nil}); err != nil {
		t.Error(err)
	}
	if _, err := ask(map[string]any{"aud": "x"}); fhir.CodeOf(err) != fhir.Login {
		t.Error("another audience is any audience")
	}
}

// TestIntrospectionCache: an answer is believed for a minute, and not beyond the token's own end; whoever asks at once asks once.
func TestIntrospectionCache(t *testing.T) {
	i := newIssuer(t)
	e := i.external(func(e *token.External) {
		e.Introspect = &token.Introspection{URL: i.URL + "/introspect", ClientID: "rs"}
	})
	i.say(i.token(map[string]any{"active": true}))
	asked := func(want int32, what string) {
		t.Helper()
		if got := i.asked.Swap(0); got != want {
			t.Errorf("%s: asked %d times, want %d", what, got, want)
		}
	}
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			p, err := e.Authenticate(t.Context(), "t1")
			if err != nil {
				t.Error(err)
				return
			}
			p.Patient = "changed" // by whoever got it
		})
	}
	wg.Wait()
	asked(1, "thirty at once")
	if p, err := e.Authenticate(t.Context(), "t1"); err != nil || p.Patient != "p1" {
		t.Errorf("%+v, %v", p, err)
	}
	i.say(map[string]any{"active": false}) // it is taken back
	i.clock.pass(59 * time.Second)
	if _, err := e.Authenticate(t.Context(), "t1"); err != nil {
		t.Error(err)
	}
	asked(0, "within the minute")
	i.clock.pass(time.Second)
	for range 2 {
		if _, err := e.Authenticate(t.Context(), "t1"); fhir.CodeOf(err) != fhir.Login {
			t.Errorf("after a minute: %v", err)
		}
	}
	asked(1, "after a minute")
	i.say(i.token(map[string]any{"active": true, "exp": i.clock.now().Add(10 * time.Second).Unix()}))
	if _, err := e.Authenticate(t.Context(), "t2"); err != nil {
		t.Error(err)
	}
	i.clock.pass(10 * time.Second)
	if _, err := e.Authenticate(t.Context(), "t2"); fhir.CodeOf(err) != fhir.Expired {
		t.Errorf("a token that has expired meanwhile: %v", err)
	}
	// That the issuer does not answer is not an answer.
	i.mu.Lock()
	i.status = 500
	i.mu.Unlock()
	_, err := e.Authenticate(t.Context(), "t3")
	if o := fhir.AsOutcome(err); o.Code() != fhir.Transient || o.RetryAfter == 0 {
		t.Errorf("%v", err)
	}
	i.mu.Lock()
	i.status = 200
	i.mu.Unlock()
	i.say(i.token(map[string]any{"active": true}))
	if _, err := e.Authenticate(t.Context(), "t3"); err != nil {
		t.Errorf("once it answers again: %v", err)
	}
}

// FuzzExternal: whatever an issuer signs, nobody gets in without client, scope and subject.
func FuzzExternal(f *testing.F) {
	i, r := newIssuer(f), keyRing()
	e := i.external()
	f.Add(string(must(json.Marshal(i.token(nil)))))
	f.Add(string(must(json.Marshal(i.token(map[string]any{"scope": nil, "scp": []string{"system/*.cruds"}})))))
	f.Fuzz(func(t *testing.T, claims string) {
		var m map[string]any
		if json.Unmarshal([]byte(claims), &m) != nil || m == nil {
			return
		}
		m["iss"] = i.URL
		p, err := e.Authenticate(t.Context(), sign("ES256", r.ec256, map[string]any{"typ": "at+jwt", "kid": "e2"}, m))
		if err != nil {
			if code := fhir.CodeOf(err); code != fhir.Login && code != fhir.Expired {
				t.Errorf("%v", err)
			}
			return
		}
		if m["aud"] == nil || p.ClientID == "" || len(p.Scopes) == 0 || p.Subject == "user:" || !strings.Contains(p.Subject, ":") {
			t.Errorf("%s: %+v", claims, p)
		}
	})
}
