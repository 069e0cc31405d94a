package token_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/search"
	"andiron.dev/smart/outbound"
	"andiron.dev/smart/token"
	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

const tokenURL = "https://ehr.example.org/auth/token"

// clock is time that tests let pass.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Unix(1_800_000_000, 0)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// ring is the keys of somebody who signs, made once: RSA keys take long.
type ring struct {
	rsa, rsa2  *rsa.PrivateKey
	ec256, ec3 *ecdsa.PrivateKey
}

var keyRing = sync.OnceValue(func() *ring {
	r := &ring{}
	var err error
	for _, to := range []**rsa.PrivateKey{&r.rsa, &r.rsa2} {
		if *to, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			panic(err)
		}
	}
	if r.ec256, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		panic(err)
	}
	if r.ec3, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader); err != nil {
		panic(err)
	}
	return r
})

func jwk(t testing.TB, private crypto.Signer, kid string, more map[string]any) json.RawMessage {
	t.Helper()
	text, err := (jose.JSONWebKey{Key: private.Public(), KeyID: kid}).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	maps.Copy(m, more)
	return must(json.Marshal(m))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func set(keys ...json.RawMessage) json.RawMessage {
	return must(json.Marshal(map[string]any{"keys": keys}))
}

// sign makes a JWT; header and claims with the value nil are left out.
func sign(alg string, key any, header, claims map[string]any) string {
	t := jwt.NewWithClaims(jwt.GetSigningMethod(alg), jwt.MapClaims(without(claims)))
	maps.Copy(t.Header, header)
	t.Header = without(t.Header)
	return must(t.SignedString(key))
}

func without(m map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range m {
		if value != nil {
			out[name] = value
		}
	}
	return out
}

func openStore(t testing.TB, now func() time.Time) fhir.Store {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	s := chosen.Open(t, sqlite.Options{Dir: t.TempDir(), Params: search.NewParams(spec, nil), Now: now, Unsafe: true})
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func refused(err error) bool {
	var r *token.Refused
	return errors.As(err, &r)
}

// client is a client with its keys registered, and what checks it.
type client struct {
	*token.Assertions
	clock *clock
	keys  token.KeySource
	n     int
}

func newClient(t testing.TB) *client {
	c := newClock()
	r := keyRing()
	return &client{
		Assertions: &token.Assertions{Store: openStore(t, c.now), Keys: &token.KeySets{Client: outbound.New(outbound.Options{Loopback: true, Now: c.now}), Now: c.now}, Now: c.now}, clock: c,
		keys: token.KeySource{Set: set(jwk(t, r.rsa, "r1", nil), jwk(t, r.ec3, "e1", map[string]any{"use": "sig", "alg": "ES384", "key_ops": []string{"verify"}}), jwk(t, r.ec256, "e2", nil),
			jwk(t, r.rsa, "both", nil), jwk(t, r.ec3, "both", nil), jwk(t, r.rsa, "twice", nil), jwk(t, r.rsa2, "twice", nil),
			jwk(t, r.rsa, "enc", map[string]any{"use": "enc"}), jwk(t, r.rsa, "sign", map[string]any{"key_ops": []string{"encrypt"}}), jwk(t, r.rsa, "alg", map[string]any{"alg": "RS384"}),
			jwk(t, r.rsa, "private", map[string]any{"d": "AQAB"}), json.RawMessage(`{"kty":"oct","kid":"oct","k":"c2VjcmV0"}`), json.RawMessage(`{"kty":"RSA","kid":"broken"}`), json.RawMessage(`7`))},
	}
}

// claims are those of a good assertion, changed.
func (c *client) claims(change map[string]any) map[string]any {
	c.n++
	m := map[string]any{"iss": "app", "sub": "app", "aud": tokenURL, "exp": c.clock.now().Add(4 * time.Minute).Unix(), "jti": "id-" + string(rune('a'+c.n/26%26)) + string(rune('a'+c.n%26))}
	maps.Copy(m, change)
	return m
}

func TestAssertion(t *testing.T) {
	c, r := newClient(t), keyRing()
	at := func(d time.Duration) int64 { return c.clock.now().Add(d).Unix() }
	type m = map[string]any
	for _, test := range []struct {
		name   string
		alg    string
		key    any
		header m
		claims m
		good   bool
	}{
		{"RS384", "RS384", r.rsa, m{"kid": "r1"}, nil, true},
		{"ES384", "ES384", r.ec3, m{"kid": "e1"}, nil, true},
		{"RS256", "RS256", r.rsa, m{"kid": "r1"}, nil, true},
		{"ES256", "ES256", r.ec256, m{"kid": "e2"}, nil, true},
		{"a kid of an RSA and an EC key", "ES384", r.ec3, m{"kid": "both"}, nil, true},
		{"the other of them", "RS384", r.rsa, m{"kid": "both"}, nil, true},
		{"no typ", "RS384", r.rsa, m{"kid": "r1", "typ": nil}, nil, true},
		{"its own typ", "RS384", r.rsa, m{"kid": "r1", "typ": "client-authentication+jwt"}, nil, true},
		{"one audience in an array", "RS384", r.rsa, m{"kid": "r1"}, m{"aud": []string{tokenURL}}, true},
		{"all of five minutes", "RS384", r.rsa, m{"kid": "r1"}, m{"exp": at(5 * time.Minute)}, true},
		{"with iat and nbf", "RS384", r.rsa, m{"kid": "r1"}, m{"iat": at(0), "nbf": at(-time.Second)}, true},
		{"with a fraction", "RS384", r.rsa, m{"kid": "r1"}, m{"exp": float64(at(time.Minute)) + .5}, true},

		{"another key", "RS384", r.rsa2, m{"kid": "r1"}, nil, false},
		{"a key of another curve", "ES256", r.ec256, m{"kid": "e1"}, nil, false},
		{"RS512", "RS512", r.rsa, m{"kid": "r1"}, nil, false},
		{"PS384", "PS384", r.rsa, m{"kid": "r1"}, nil, false},
		{"none", "none", jwt.UnsafeAllowNoneSignatureType, m{"kid": "r1"}, nil, false},
		{"HS256 with the public key", "HS256", []byte(jwk(t, r.rsa, "r1", nil)), m{"kid": "r1"}, nil, false},
		{"HS256 with the secret that is in the set", "HS256", []byte("secret"), m{"kid": "oct"}, nil, false},
		{"an algorithm that the key is not for", "RS256", r.rsa, m{"kid": "alg"}, nil, false},
		{"no kid", "RS384", r.rsa, m{"kid": nil}, nil, false},
		{"an empty kid", "RS384", r.rsa, m{"kid": ""}, nil, false},
		{"a kid that is a number", "RS384", r.rsa, m{"kid": 1}, nil, false},
		{"an unknown kid", "RS384", r.rsa, m{"kid": "r9"}, nil, false},
		{"a kid of two keys", "RS384", r.rsa, m{"kid": "twice"}, nil, false},
		{"a key for encryption", "RS384", r.rsa, m{"kid": "enc"}, nil, false},
		{"a key for something else", "RS384", r.rsa, m{"kid": "sign"}, nil, false},
		{"a key that is not secret any more", "RS384", r.rsa, m{"kid": "private"}, nil, false},
		{"a broken key", "RS384", r.rsa, m{"kid": "broken"}, nil, false},
		{"crit", "RS384", r.rsa, m{"kid": "r1", "crit": []string{"x"}, "x": 1}, nil, false},
		{"b64", "RS384", r.rsa, m{"kid": "r1", "b64": false}, nil, false},
		{"jku", "RS384", r.rsa, m{"kid": "r1", "jku": "https://app.example.org/jwks"}, nil, false},
		{"an access token", "RS384", r.rsa, m{"kid": "r1", "typ": "at+jwt"}, nil, false},
		{"a key in the header", "RS384", r.rsa2, m{"kid": "r1", "jwk": json.RawMessage(jwk(t, r.rsa2, "r1", nil))}, nil, false},

		{"no aud", "RS384", r.rsa, m{"kid": "r1"}, m{"aud": nil}, false},
		{"two audiences", "RS384", r.rsa, m{"kid": "r1"}, m{"aud": []string{tokenURL, "https://evil.example.org/token"}}, false},
		{"the same audience twice", "RS384", r.rsa, m{"kid": "r1"}, m{"aud": []string{tokenURL, tokenURL}}, false},
		{"no audience in an array", "RS384", r.rsa, m{"kid": "r1"}, m{"aud": []string{}}, false},
		{"the issuer as audience", "RS384", r.rsa, m{"kid": "r1"}, m{"aud": "https://ehr.example.org/fhir"}, false},
		{"a longer audience", "RS384", r.rsa, m{"kid": "r1"}, m{"aud": tokenURL + "/"}, false},
		{"a shorter audience", "RS384", r.rsa, m{"kid": "r1"}, m{"aud": strings.TrimSuffix(tokenURL, "n")}, false},
		{"an audience in other case", "RS384", r.rsa, m{"kid": "r1"}, m{"aud": strings.ToUpper(tokenURL)}, false},
		{"an audience that is an object", "RS384", r.rsa, m{"kid": "r1"}, m{"aud": m{"x": tokenURL}}, false},
		{"no exp", "RS384", r.rsa, m{"kid": "r1"}, m{"exp": nil}, false},
		{"expired", "RS384", r.rsa, m{"kid": "r1"}, m{"exp": at(-31 * time.Second)}, false},
		{"more than five minutes", "RS384", r.rsa, m{"kid": "r1"}, m{"exp": at(5*time.Minute + 10*time.Second)}, false},
		{"for years", "RS384", r.rsa, m{"kid": "r1"}, m{"exp": at(1e6 * time.Minute)}, false},
		{"exp is text", "RS384", r.rsa, m{"kid": "r1"}, m{"exp": "soon"}, false},
		{"exp is infinite", "RS384", r.rsa, m{"kid": "r1"}, m{"exp": json.Number("1e400")}, false},
		{"issued in the future", "RS384", r.rsa, m{"kid": "r1"}, m{"iat": at(time.Minute)}, false},
		{"not yet valid", "RS384", r.rsa, m{"kid": "r1"}, m{"nbf": at(time.Minute)}, false},
		{"another iss", "RS384", r.rsa, m{"kid": "r1"}, m{"iss": "other"}, false},
		{"another sub", "RS384", r.rsa, m{"kid": "r1"}, m{"sub": "other"}, false},
		{"no iss", "RS384", r.rsa, m{"kid": "r1"}, m{"iss": nil}, false},
		{"no sub", "RS384", r.rsa, m{"kid": "r1"}, m{"sub": nil}, false},
		{"no jti", "RS384", r.rsa, m{"kid": "r1"}, m{"jti": nil}, false},
		{"an empty jti", "RS384", r.rsa, m{"kid": "r1"}, m{"jti": ""}, false},
		{"a jti that is a number", "RS384", r.rsa, m{"kid": "r1"}, m{"jti": 7}, false},
		{"a long jti", "RS384", r.rsa, m{"kid": "r1"}, m{"jti": strings.Repeat("x", 513)}, false},
		{"too long", "RS384", r.rsa, m{"kid": "r1"}, m{"x": strings.Repeat("x", 9000)}, false},
	} {
		raw := sign(test.alg, test.key, test.header, c.claims(test.claims))
		err := c.Verify(t.Context(), "app", c.keys, raw, tokenURL)
		if (err == nil) != test.good || err != nil && !refused(err) {
			t.Errorf("%s: %v", test.name, err)
		}
		if err != nil && strings.Contains(err.Error(), "app") {
			t.Errorf("%s: the error repeats what was sent: %v", test.name, err)
		}
		if test.good {
			if err := c.Verify(t.Context(), "app", c.keys, raw, tokenURL); !refused(err) {
				t.Errorf("%s: it can be used twice: %v", test.name, err)
			}
		}
	}
}

// TestShapes: what is not exactly a JWT is none, even if its signature would be good.
func TestShapes(t *testing.T) {
	c, r := newClient(t), keyRing()
	good := func() []string {
		return strings.Split(sign("RS384", r.rsa, map[string]any{"kid": "r1"}, c.claims(nil)), ".")
	}
	b64 := base64.RawURLEncoding.EncodeToString
	resign := func(header, claims string) string {
		text := b64([]byte(header)) + "." + b64([]byte(claims))
		return text + "." + b64(must(jwt.SigningMethodRS384.Sign(text, r.rsa)))
	}
	claims := string(must(json.Marshal(c.claims(nil))))
	header := `{"alg":"RS384","kid":"r1"}`
	if err := c.Verify(t.Context(), "app", c.keys, resign(header, claims), tokenURL); err != nil {
		t.Fatalf("the control: %v", err)
	}
	g := good()
	for name, raw := range map[string]string{
		"nothing": "", "dots": "..", "two parts": g[0] + "." + g[1], "four parts": strings.Join(g, ".") + ".", "a blank": " " + strings.Join(g, "."), "padding": g[0] + "." + g[1] + "." + g[2] + "==",
		"a line end": g[0] + "." + g[1] + "." + g[2] + "\n", "no signature": g[0] + "." + g[1] + ".",
		"a name twice in the header": resign(`{"alg":"none","alg":"RS384","kid":"r1"}`, claims), "a name twice in the claims": resign(header, `{"aud":"x",`+strings.Replace(claims, "{", "", 1)), "text after the header": resign(header+" {}", claims),
		"an array for claims": resign(header, `[1]`), "null for claims": resign(header, `null`), "an array for a header": resign(`["RS384"]`, claims), "deep": resign(header, `{"x":`+strings.Repeat("[", 20)+strings.Repeat("]", 20)+`,`+claims[1:]),
		"no UTF-8": resign(header, strings.Replace(claims, "id-", "\xff", 1)), "null kid": resign(`{"alg":"RS384","kid":null}`, claims), "loose bits": g[0] + "." + g[1] + "." + g[2][:len(g[2])-1] + "_",
	} {
		if err := c.Verify(t.Context(), "app", c.keys, raw, tokenURL); !refused(err) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := token.Client(raw); name != "null for claims" && err == nil && strings.Count(name, "signature")+strings.Count(name, "bits")+strings.Count(name, "claims")+strings.Count(name, "padding")+strings.Count(name, "line end") == 0 {
			t.Errorf("%s: it says whom it is from", name)
		}
	}
	if id, err := token.Client(strings.Join(good(), ".")); id != "app" || err != nil {
		t.Errorf("%q, %v", id, err)
	}
}

// TestReplay: of many at once, one passes; later none does, until the assertion has expired; a forged one does not use up a jti.
func TestReplay(t *testing.T) {
	c, r := newClient(t), keyRing()
	claims := c.claims(nil)
	forged := sign("RS384", r.rsa2, map[string]any{"kid": "r1"}, claims)
	raw := sign("RS384", r.rsa, map[string]any{"kid": "r1"}, claims)
	if err := c.Verify(t.Context(), "app", c.keys, forged, tokenURL); !refused(err) {
		t.Fatal(err)
	}
	var passed atomic.Int32
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			one := raw
			if i%2 == 1 { // the same jti in another assertion
				again := maps.Clone(claims)
				again["n"] = i
				one = sign("RS384", r.rsa, map[string]any{"kid": "r1"}, again)
			}
			switch err := c.Verify(t.Context(), "app", c.keys, one, tokenURL); {
			case err == nil:
				passed.Add(1)
			case !refused(err):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if passed.Load() != 1 {
		t.Errorf("%d passed", passed.Load())
	}
	for range 5 {
		c.clock.pass(time.Minute - time.Second)
		if err := c.Verify(t.Context(), "app", c.keys, raw, tokenURL); !refused(err) {
			t.Errorf("later: %v", err)
		}
	}
	// Another client may have the same jti.
	claims["iss"], claims["sub"], claims["exp"] = "app2", "app2", c.clock.now().Add(time.Minute).Unix()
	if err := c.Verify(t.Context(), "app2", c.keys, sign("RS384", r.rsa, map[string]any{"kid": "r1"}, claims), tokenURL); err != nil {
		t.Error(err)
	}
}

// TestStoreFails: when nobody can say whether it was used, it is not accepted, and that is not the client's fault.
func TestStoreFails(t *testing.T) {
	c, r := newClient(t), keyRing()
	if err := c.Store.Close(); err != nil {
		t.Fatal(err)
	}
	err := c.Verify(t.Context(), "app", c.keys, sign("RS384", r.rsa, map[string]any{"kid": "r1"}, c.claims(nil)), tokenURL)
	if err == nil || refused(err) {
		t.Errorf("%v", err)
	}
}

// FuzzAssertion: whatever is sent, it is refused, and nothing breaks.
func FuzzAssertion(f *testing.F) {
	c, r := newClient(f), keyRing()
	f.Add(sign("RS384", r.rsa2, map[string]any{"kid": "r1"}, c.claims(nil)))
	f.Add(sign("ES384", r.stranger(), map[string]any{"kid": "e1"}, c.claims(nil)))
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("..")
	f.Fuzz(func(t *testing.T, raw string) {
		if err := c.Verify(t.Context(), "app", c.keys, raw, tokenURL); !refused(err) {
			t.Errorf("%v", err)
		}
		_, _ = token.Client(raw)
	})
}

// FuzzClaims: whatever a client signs, it gets in only with what belongs in an assertion.
func FuzzClaims(f *testing.F) {
	c, r := newClient(f), keyRing()
	f.Add(`{"alg":"ES384","kid":"e1"}`, string(must(json.Marshal(c.claims(nil)))))
	f.Add(`{"alg":"ES384","kid":"e1","typ":"JWT"}`, `{"iss":"app","sub":"app","aud":["`+tokenURL+`"],"exp":1800000100,"jti":"x"}`)
	f.Add(`{"alg":"ES384","kid":"e1","crit":[]}`, `{"exp":1e999,"aud":{},"jti":null}`)
	f.Fuzz(func(t *testing.T, header, claims string) {
		b64 := base64.RawURLEncoding.EncodeToString
		text := b64([]byte(header)) + "." + b64([]byte(claims))
		raw := text + "." + b64(must(jwt.SigningMethodES384.Sign(text, r.ec3)))
		err := c.Verify(t.Context(), "app", c.keys, raw, tokenURL)
		if err != nil {
			if !refused(err) {
				t.Errorf("%v", err)
			}
			return
		}
		var said struct {
			Iss, Sub, Jti string
			Aud           any
			Exp           float64
		}
		if err := json.Unmarshal([]byte(claims), &said); err != nil || said.Iss != "app" || said.Sub != "app" || said.Jti == "" || said.Exp < 1_799_999_900 || said.Exp > 1_800_000_400 {
			t.Errorf("accepted: %s %s", header, claims)
		}
	})
}

// stranger is a key on P-384 that is not registered.
func (r *ring) stranger() *ecdsa.PrivateKey {
	return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
}
