package rest_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"andiron.dev/fhir/rest"
)

func proxies(t testing.TB, texts ...string) rest.Proxies {
	t.Helper()
	p, err := rest.ParseProxies(texts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestProxies: what is believed is what the nearest proxy that is known says, and of longer chains what known proxies say of each other.
func TestProxies(t *testing.T) {
	p := proxies(t, "10.0.0.0/8", "2001:db8::/32", "192.0.2.7")
	for _, test := range []struct {
		name, remote string
		headers      []string
		want         string // address, scheme and host
	}{
		{"no proxy", "203.0.113.5:99", nil, "203.0.113.5 http a.example.org"},
		{"a client that pretends", "203.0.113.5:99", []string{"X-Forwarded-For: 1.1.1.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.org", "Forwarded: for=1.1.1.1;proto=https;host=evil.org"}, "203.0.113.5 http a.example.org"},
		{"a proxy that says nothing", "10.1.1.1:99", nil, "10.1.1.1 http a.example.org"},
		{"a proxy", "10.1.1.1:99", []string{"X-Forwarded-For: 203.0.113.5", "X-Forwarded-Proto: https", "X-Forwarded-Host: fhir.example.org"}, "203.0.113.5 https fhir.example.org"},
		{"only the address", "10.1.1.1:99", []string{"X-Forwarded-For: 203.0.113.5"}, "203.0.113.5 http a.example.org"},
		{"a single address as proxy", "192.0.2.7:99", []string{"X-Forwarded-For: 203.0.113.5"}, "203.0.113.5 http a.example.org"},
		{"its neighbour", "192.0.2.8:99", []string{"X-Forwarded-For: 203.0.113.5"}, "192.0.2.8 http a.example.org"},
		{"over IPv6", "[2001:db8::1]:99", []string{"X-Forwarded-For: 2a00::5", "X-Forwarded-Proto: HTTPS"}, "2a00::5 https a.example.org"},
		{"mapped", "[::ffff:10.1.1.1]:99", []string{"X-Forwarded-For: 203.0.113.5"}, "203.0.113.5 http a.example.org"},
		{"the client adds hops of its own", "10.1.1.1:99", []string{"X-Forwarded-For: 1.1.1.1, 10.9.9.9, 203.0.113.5"}, "203.0.113.5 http a.example.org"},
		{"in a line of its own", "10.1.1.1:99", []string{"X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 203.0.113.5"}, "203.0.113.5 http a.example.org"},
		{"two proxies", "10.1.1.1:99", []string{"X-Forwarded-For: 1.1.1.1, 203.0.113.5, 10.2.2.2", "X-Forwarded-Proto: gopher, https, http", "X-Forwarded-Host: x.org, fhir.example.org, inside"}, "203.0.113.5 https fhir.example.org"},
		{"two proxies, one scheme", "10.1.1.1:99", []string{"X-Forwarded-For: 203.0.113.5, 10.2.2.2", "X-Forwarded-Proto: https"}, "203.0.113.5 https a.example.org"},
		{"with ports", "10.1.1.1:99", []string{"X-Forwarded-For: 203.0.113.5:4711"}, "203.0.113.5 http a.example.org"},
		{"IPv6 with ports", "10.1.1.1:99", []string{"X-Forwarded-For: [2a00::5]:4711"}, "2a00::5 http a.example.org"},
		{"a client that is unknown", "10.1.1.1:99", []string{"X-Forwarded-For: 1.1.1.1, unknown"}, "10.1.1.1 http a.example.org"},
		{"all are proxies", "10.1.1.1:99", []string{"X-Forwarded-For: 10.3.3.3, 10.2.2.2"}, "10.3.3.3 http a.example.org"},
		{"no host at all", "10.1.1.1:99", []string{"X-Forwarded-For: 203.0.113.5", "X-Forwarded-Host: evil.org/x?y"}, "203.0.113.5 http a.example.org"},
		{"no scheme at all", "10.1.1.1:99", []string{"X-Forwarded-Proto: javascript"}, "10.1.1.1 http a.example.org"},
		{"Forwarded", "10.1.1.1:99", []string{`Forwarded: for=203.0.113.5;proto=https;host="fhir.example.org:8443";by=10.1.1.1`}, "203.0.113.5 https fhir.example.org:8443"},
		{"Forwarded over IPv6", "10.1.1.1:99", []string{`Forwarded: For="[2a00::5]:4711";Proto=https`}, "2a00::5 https a.example.org"},
		{"Forwarded in a chain", "10.1.1.1:99", []string{`Forwarded: for=1.1.1.1;proto=gopher, for=203.0.113.5;proto=https;host=fhir.example.org, for=10.2.2.2;proto=http;host=inside`}, "203.0.113.5 https fhir.example.org"},
		{"Forwarded by somebody hidden", "10.1.1.1:99", []string{`Forwarded: for=1.1.1.1, for=_hidden;proto=https`}, "10.1.1.1 https a.example.org"},
		{"a comma in quotes", "10.1.1.1:99", []string{`Forwarded: for=203.0.113.5;x="a,b;c=d\"e"`}, "203.0.113.5 http a.example.org"},
		{"both, and they agree", "10.1.1.1:99", []string{"X-Forwarded-For: 203.0.113.5", "X-Forwarded-Proto: https", "Forwarded: for=203.0.113.5;proto=https"}, "203.0.113.5 https a.example.org"},
		{"both, and they do not", "10.1.1.1:99", []string{"X-Forwarded-For: 203.0.113.5", "Forwarded: for=1.1.1.1"}, ""},
		{"Forwarded by the client, behind the other kind", "10.1.1.1:99", []string{"X-Forwarded-Proto: https", "Forwarded: for=1.1.1.1;proto=https"}, ""},
		{"broken", "10.1.1.1:99", []string{"Forwarded: for"}, ""},
		{"broken quotes", "10.1.1.1:99", []string{`Forwarded: for="203.0.113.5`}, ""},
		{"twice in an element", "10.1.1.1:99", []string{`Forwarded: for=203.0.113.5;for=1.1.1.1`}, ""},
	} {
		var seen *http.Request
		h := p.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r }))
		r := httptest.NewRequest("GET", "http://a.example.org/fhir/Patient", nil)
		r.RemoteAddr = test.remote
		r.Header.Set("X-Real-Ip", "1.1.1.1")
		r.Header.Set("X-Forwarded-Ssl", "on")
		for _, header := range test.headers {
			name, value, _ := strings.Cut(header, ": ")
			r.Header.Add(name, value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if test.want == "" {
			if w.Code != 400 || seen != nil {
				t.Errorf("%s: %d", test.name, w.Code)
			}
			continue
		}
		scheme := "http"
		if seen.TLS != nil {
			scheme = "https"
		}
		if got := rest.Address(seen) + " " + scheme + " " + seen.Host; got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
		for name := range seen.Header {
			if strings.HasPrefix(name, "X-Forwarded") || name == "Forwarded" || name == "X-Real-Ip" {
				t.Errorf("%s: %s goes on", test.name, name)
			}
		}
	}
	// TLS up to here, but not up to the proxy.
	r := httptest.NewRequest("GET", "https://a.example.org/", nil)
	r.TLS = &tls.ConnectionState{}
	r.RemoteAddr = "10.1.1.1:1"
	r.Header.Set("X-Forwarded-Proto", "http")
	p.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.TLS != nil {
			t.Error("what came to the proxy in clear is taken for TLS")
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
}

func TestParseProxies(t *testing.T) {
	for text, want := range map[string]bool{
		"10.0.0.0/8": true, "10.1.2.3/8": true, "192.0.2.1": true, "::1": true, "fd00::/8": true,
		"": false, "localhost": false, "10.0.0.0/33": false, "10.0.0": false, "::ffff:10.0.0.0/104": false, "fe80::1%eth0": false, "*": false,
	} {
		if _, err := rest.ParseProxies([]string{text}); (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzProxies: whatever stands in the headers, a client that is no proxy stays who it is, and what goes on is well-formed.
func FuzzProxies(f *testing.F) {
	f.Add("1.1.1.1, 2.2.2.2", "https", "a.org", `for=1.1.1.1;proto=https;host="a"`, "10.1.1.1:1")
	f.Add("[::1]:80", "http,https", ",", `for="[::1]:80";;=`, "203.0.113.5:1")
	f.Add("", "", "", "", "10.1.1.1:1")
	p := proxies(f, "10.0.0.0/8")
	f.Fuzz(func(t *testing.T, xff, proto, host, forwarded, remote string) {
		var seen *http.Request
		h := p.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r }))
		r := httptest.NewRequest("GET", "http://a.example.org/", nil)
		r.RemoteAddr = remote
		r.Header["X-Forwarded-For"], r.Header["X-Forwarded-Proto"], r.Header["X-Forwarded-Host"] = []string{xff}, []string{proto}, []string{host}
		if forwarded != "" {
			r.Header["Forwarded"] = []string{forwarded}
		}
		h.ServeHTTP(httptest.NewRecorder(), r)
		if seen == nil {
			return
		}
		if !strings.HasPrefix(remote, "10.") && !strings.Contains(remote, "ffff") && (seen.RemoteAddr != remote || seen.Host != "a.example.org" || seen.TLS != nil) {
			t.Errorf("%q is believed: %s %s", remote, seen.RemoteAddr, seen.Host)
		}
		if strings.ContainsAny(seen.Host, "/\\@?# \r\n\"<>") {
			t.Errorf("host %q", seen.Host)
		}
	})
}
