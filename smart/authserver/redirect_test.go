package authserver

import (
	"net/url"
	"strings"
	"testing"
)

func TestValidRedirect(t *testing.T) {
	for uri, ok := range map[string]bool{
		"https://app.example.org/cb": true, "https://app.example.org/cb?x=1": true, "https://app.example.org": true, "https://app.example.org:8443/cb": true,
		"http://localhost:3000/cb": true, "http://127.0.0.1/cb": true, "http://[::1]:9/cb": true, "org.example.app:/cb": true, "org.example.app://cb": true,
		"": false, "app": false, "/cb": false, "//app.example.org/cb": false, "http://app.example.org/cb": false, "https://app.example.org/cb#x": false, "https://app.example.org/cb#": false,
		"https://user@app.example.org/cb": false, "https://u:p@app.example.org/cb": false, "javascript:alert(1)": false, "data:text/html,x": false, "file:///x": false, "myapp:/cb": false,
		"https://": false, "https:///cb": false, "https:app.example.org": false, "HTTPS://app.example.org/cb": false, "https://app.example.org/a b": false, "https://*.example.org/cb": false,
		"https://app.example.org\\@evil.example/": false, "https://app.example.org/\r\nx": false, "https://app.example.org:0/": false, "https://app.example.org:99999/": false,
		"http://127.0.0.2/cb": false, "http://localhost.evil.example/cb": false, "https://éxample.org/": false, "https://app.example.org/" + strings.Repeat("x", maxRedirect): false,
	} {
		if mistake := validRedirect(uri); (mistake == "") != ok {
			t.Errorf("%q: %q", uri, mistake)
		}
	}
}

func TestRedirects(t *testing.T) {
	for _, one := range []struct {
		registered, asked string
		ok                bool
	}{
		{"https://a.example/cb", "https://a.example/cb", true},
		{"https://a.example/cb", "https://a.example/cb/", false},
		{"https://a.example/cb", "https://a.example/CB", false},
		{"https://a.example/cb", "https://A.example/cb", false},
		{"https://a.example/cb", "https://a.example:443/cb", false},
		{"https://a.example/cb", "https://a.example/cb?x", false},
		{"https://a.example/cb", "https://a.example/x/../cb", false},
		{"https://a.example/cb", "https://a.example/%63b", false},
		{"https://a.example/cb", "http://a.example/cb", false},
		{"https://a.example", "https://a.example.evil.example", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:8080/cb", true},
		{"http://127.0.0.1:1/cb", "http://127.0.0.1:8080/cb", true},
		{"http://127.0.0.1:1/cb", "http://127.0.0.1/cb", true},
		{"http://[::1]/cb", "http://[::1]:65535/cb", true},
		{"http://127.0.0.1", "http://127.0.0.1:8080", true},
		{"http://127.0.0.1?x", "http://127.0.0.1:8080?x", true},
		{"http://127.0.0.1/cb", "http://127.0.0.1:8080/other", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:8080/cb?x", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:0/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:080/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:65536/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:8080@evil.example/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1@evil.example/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:80:80/cb", false},
		{"http://127.0.0.1/cb", "https://127.0.0.1:8080/cb", false},
		{"http://127.0.0.1/cb", "http://[::1]:8080/cb", false},
		{"http://localhost/cb", "http://localhost:8080/cb", false}, // a name may lead elsewhere (RFC 8252 §8.3)
		{"org.example.app:/cb", "org.example.app:/cb", true},
		{"org.example.app:/cb", "org.example.app:/cb2", false},
	} {
		if redirects(one.registered, one.asked) != one.ok {
			t.Errorf("registered %s, asked %s: not %v", one.registered, one.asked, one.ok)
		}
	}
}

// FuzzRedirects: what matches leads to the same place but for the port of a loopback address, whoever reads it.
func FuzzRedirects(f *testing.F) {
	for _, uri := range []string{"https://a.example/cb", "http://127.0.0.1/cb", "http://[::1]:8/cb?x=1", "http://127.0.0.1:8080@evil.example/cb", "org.example.app:/cb", "http://127.0.0.1:1\\@x/"} {
		f.Add(uri, uri)
		f.Add(uri, "http://127.0.0.1:9999/cb")
	}
	f.Fuzz(func(t *testing.T, registered, asked string) {
		if validRedirect(registered) != "" || !redirects(registered, asked) || registered == asked {
			return
		}
		a, err := url.Parse(registered)
		if err != nil {
			t.Fatal(err)
		}
		b, err := url.Parse(asked)
		if err != nil {
			t.Fatalf("%q matches %q and is no URI", asked, registered)
		}
		if host := a.Hostname(); host != "127.0.0.1" && host != "::1" {
			t.Fatalf("%q matches %q, which is no loopback address", asked, registered)
		}
		if a.Hostname() != b.Hostname() || a.Scheme != b.Scheme || b.User != nil || a.EscapedPath() != b.EscapedPath() || a.RawQuery != b.RawQuery || b.Fragment != "" || a.ForceQuery != b.ForceQuery {
			t.Fatalf("%q matches %q", asked, registered)
		}
		if validRedirect(asked) != "" {
			t.Fatalf("%q matches %q and could not be registered: %s", asked, registered, validRedirect(asked))
		}
	})
}

func TestWithQuery(t *testing.T) {
	v := url.Values{"code": {"a b"}}
	for uri, want := range map[string]string{
		"https://a.example/cb": "https://a.example/cb?code=a+b", "https://a.example/cb?x=1": "https://a.example/cb?x=1&code=a+b", "https://a.example/cb?": "https://a.example/cb?code=a+b",
		"org.example.app:/cb": "org.example.app:/cb?code=a+b"} {
		if got := withQuery(uri, v); got != want {
			t.Errorf("%s: %s", uri, got)
		}
	}
}

// FuzzForm: whatever is sent, a parameter has one value or there is an error.
func FuzzForm(f *testing.F) {
	for _, text := range []string{"a=1&b=2", "a=1&a=2", "a=%zz", "a=1;b=2", "=", "&&", "a=%ff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parameters(text)
		if err != nil {
			return
		}
		for name, all := range v {
			if len(all) != 1 {
				t.Fatalf("%q: %q has %d values", text, name, len(all))
			}
		}
	})
}
