package outbound_test

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"andiron.dev/smart/outbound"
	"golang.org/x/net/dns/dnsmessage"
)

// names answers DNS queries on the loopback address with what it is told.
func names(t *testing.T, table map[string]string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		for buf := make([]byte, 1500); ; {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply := answer(buf[:n], table); reply != nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func answer(query []byte, table map[string]string) []byte {
	var p dnsmessage.Parser
	h, err := p.Start(query)
	if err != nil {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	h.Response, h.Authoritative = true, true
	to, known := table[strings.TrimSuffix(strings.ToLower(q.Name.String()), ".")]
	if !known {
		h.RCode = dnsmessage.RCodeNameError
	}
	b := dnsmessage.NewBuilder(nil, h)
	_ = b.StartQuestions()
	_ = b.Question(q)
	_ = b.StartAnswers()
	for text := range strings.FieldsSeq(to) {
		a := netip.MustParseAddr(text)
		rh := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 0}
		switch {
		case a.Is4() && q.Type == dnsmessage.TypeA:
			_ = b.AResource(rh, dnsmessage.AResource{A: a.As4()})
		case a.Is6() && q.Type == dnsmessage.TypeAAAA:
			_ = b.AAAAResource(rh, dnsmessage.AAAAResource{AAAA: a.As16()})
		}
	}
	out, _ := b.Finish()
	return out
}

// inner is a server inside, on a loopback address, that must not be reached; it counts connections that were tried.
func inner(t *testing.T) (port string, reached *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	reached = new(atomic.Int32)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			reached.Add(1)
			_ = c.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, reached
}

// TestNothingInside: no spelling of an address, and no name, leads to what is not public, whatever port is allowed.
func TestNothingInside(t *testing.T) {
	port, reached := inner(t)
	n, _ := strconv.ParseUint(port, 10, 16)
	table := map[string]string{
		"loopback.test": "127.0.0.1", "private.test": "10.0.0.1", "private2.test": "172.16.0.1", "private3.test": "192.168.1.1", "cgnat.test": "100.64.0.1", "linklocal.test": "169.254.169.254",
		"ula.test": "fd00::1", "six.test": "::1", "mapped.test": "::ffff:127.0.0.1", "nat64.test": "64:ff9b::7f00:1", "nat64local.test": "64:ff9b:1::7f00:1", "sixtofour.test": "2002:7f00:1::1", "teredo.test": "2001::7f00:1",
		"multicast.test": "224.0.0.1", "multicast6.test": "ff02::1", "unspecified.test": "0.0.0.0", "unspecified6.test": "::", "zero.test": "0.1.2.3", "broadcast.test": "255.255.255.255", "reserved.test": "240.0.0.1",
		"doc.test": "192.0.2.1", "bench.test": "198.18.0.1", "linklocal6.test": "fe80::1", "sitelocal.test": "fec0::1", "compatible.test": "::7f00:1", "doc6.test": "2001:db8::1", "several.test": "127.0.0.1 10.0.0.1 ::1", "discard.test": "100::1", "metadata.test": "192.0.0.192",
	}
	client := outbound.New(outbound.Options{Ports: []uint16{443, 80, uint16(n)}, Resolver: names(t, table), Timeout: 2 * time.Second})
	var urls []string
	for name := range table {
		urls = append(urls, "https://"+name+":"+port+"/", "https://"+strings.ToUpper(name)+".:"+port+"/")
	}
	for _, host := range []string{
		"127.0.0.1", "127.1", "127.0.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "0177.0.0.1", "127.0.0.1.", "localhost", "localhost.", "LOCALHOST", "0", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
		"[0:0:0:0:0:ffff:127.0.0.1]", "[fe80::1%25lo]", "[::1%25lo]", "[64:ff9b::127.0.0.1]", "169.254.169.254", "10.0.0.1", "172.31.255.255", "192.168.0.1", "100.127.255.255", "[fd00::1]", "[fc00::1]", "[2002:7f00:1::]", "255.255.255.255", "[ff02::1]",
		"①②⑦.⓪.⓪.①", "127。0。0。1", "ip6-localhost",
	} {
		urls = append(urls, "https://"+host+":"+port+"/", "https://"+host+"/")
	}
	for _, u := range urls {
		_, err := outbound.Get(t.Context(), client, u)
		if err == nil {
			t.Errorf("%s: it was fetched", u)
			continue
		}
		if strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "10.0.0.1") || strings.Contains(err.Error(), port) {
			t.Errorf("%s: the error tells of the network: %v", u, err)
		}
	}
	if got := reached.Load(); got != 0 {
		t.Errorf("%d connections came through", got)
	}
}

func TestPublicAddressesAreDialled(t *testing.T) {
	// No packet leaves: the context ends as soon as the address has been let through.
	client := outbound.New(outbound.Options{Resolver: names(t, map[string]string{"public.test": "1.1.1.1", "public6.test": "2606:4700::1111"}), Timeout: 50 * time.Millisecond})
	for _, u := range []string{"https://public.test/", "https://public6.test/", "https://1.1.1.1/", "https://[2606:4700::1111]/"} {
		_, err := outbound.Get(t.Context(), client, u)
		if err == nil || strings.Contains(err.Error(), "public internet") || strings.Contains(err.Error(), "https://") {
			t.Errorf("%s: %v", u, err)
		}
	}
}

func TestURLs(t *testing.T) {
	client := outbound.New(outbound.Options{})
	for _, u := range []string{
		"http://example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "https://", "https:example.org", "https://user@example.org/", "https://u:p@example.org/", "https://example.org:8443/",
		"https://example.org:0/", "https://example.org:99999/", "HTTP://localhost/", "http://127.0.0.1/", "//example.org/", "example.org", "https://exa mple.org/", "\x00", "data:,x", "unix:///tmp/x",
	} {
		if _, err := outbound.Get(t.Context(), client, u); err == nil || strings.Contains(err.Error(), "example") {
			t.Errorf("%q: %v", u, err)
		}
		if outbound.Check(client, u) == nil {
			t.Errorf("%q passes the check", u)
		}
	}
	for u, want := range map[string]bool{
		"https://example.org/jwks": true, "https://example.org:443/jwks": true, "https://example.org/jwks#x": false, "https://127.0.0.1/": false, "https://[::1]/": false, "https://8.8.8.8/": true, "https://10.1.1.1/": false,
	} {
		if got := outbound.Check(client, u); (got == nil) != want {
			t.Errorf("%s: %v", u, got)
		}
	}
	open := outbound.New(outbound.Options{Loopback: true})
	for u, want := range map[string]bool{"http://127.0.0.1:8080/": true, "http://localhost:1/": true, "http://[::1]:1/x": true, "https://127.0.0.1:9/": true, "http://example.org/": false, "http://10.0.0.1/": false, "https://example.org:81/": false} {
		if got := outbound.Check(open, u); (got == nil) != want {
			t.Errorf("loopback: %s: %v", u, got)
		}
	}
	inside := outbound.New(outbound.Options{Allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}})
	for u, want := range map[string]bool{"https://10.1.2.3/": true, "https://10.2.2.3/": false, "https://10.1.2.3:80/": false, "https://127.0.0.1/": false} {
		if got := outbound.Check(inside, u); (got == nil) != want {
			t.Errorf("inside: %s: %v", u, got)
		}
	}
	if outbound.Check(http.DefaultClient, "https://example.org/") == nil {
		t.Error("a client of somebody else's passes")
	}
}

// serve starts a server on this machine and a client that may reach it.
func serve(t *testing.T, h http.HandlerFunc, configure ...func(*outbound.Options)) (string, *http.Client) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	o := outbound.Options{Loopback: true}
	for _, c := range configure {
		c(&o)
	}
	return s.URL, outbound.New(o)
}

func TestExchange(t *testing.T) {
	var seen *http.Request
	base, client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Set-Cookie", "a=b")
		w.Header().Set("Cache-Control", "max-age=60")
		_, _ = io.WriteString(w, `{"keys":[]}`)
	})
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	for range 2 {
		doc, err := outbound.Get(t.Context(), client, base+"/jwks")
		if err != nil || string(doc.Body) != `{"keys":[]}` || doc.Header.Get("Cache-Control") != "max-age=60" {
			t.Fatalf("%+v, %v", doc, err)
		}
		if seen.Header.Get("Cookie") != "" || seen.Header.Get("Authorization") != "" || seen.Header.Get("Referer") != "" {
			t.Errorf("the request carries %v", seen.Header)
		}
	}
}

func TestAnswers(t *testing.T) {
	elsewhere, reached := 0, ""
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	base, client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		reached = r.URL.Path
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/long":
			_, _ = io.WriteString(w, strings.Repeat(" ", 256<<10+1))
		case "/said-long":
			w.Header().Set("Content-Length", "1000000")
			w.WriteHeader(200)
		case "/fits":
			_, _ = io.WriteString(w, strings.Repeat(" ", 256<<10))
		case "/html":
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "s3cr3t")
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "\x1f\x8b s3cr3t")
		case "/error":
			w.WriteHeader(404)
			_, _ = io.WriteString(w, "s3cr3t")
		case "/endless":
			for {
				if _, err := io.WriteString(w, strings.Repeat(" ", 1<<16)); err != nil {
					return
				}
			}
		}
	})
	for path, want := range map[string]bool{"/redirect": false, "/long": false, "/said-long": false, "/fits": true, "/html": false, "/error": false, "/endless": false} {
		_, err := outbound.Get(t.Context(), client, base+path)
		if (err == nil) != want || reached != path {
			t.Errorf("%s: %v", path, err)
		}
		if err != nil && (strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), base)) {
			t.Errorf("%s: the error tells too much: %v", path, err)
		}
	}
	if doc, err := outbound.Get(t.Context(), client, base+"/bomb"); err == nil && !strings.Contains(string(doc.Body), "s3cr3t") {
		t.Error("the answer was decompressed")
	}
	if elsewhere != 0 {
		t.Error("a redirect was followed")
	}
}

func TestTimeout(t *testing.T) {
	hang := make(chan struct{})
	base, client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/drip" {
			w.Header().Set("Content-Type", "application/json")
			for range 100 {
				if _, err := io.WriteString(w, " "); err != nil {
					return
				}
				_ = http.NewResponseController(w).Flush()
				select {
				case <-hang:
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		}
		<-hang
	}, func(o *outbound.Options) { o.Timeout = 100 * time.Millisecond })
	defer close(hang)
	for _, path := range []string{"/silent", "/drip"} {
		begun := time.Now()
		_, err := outbound.Get(t.Context(), client, base+path)
		if err == nil || time.Since(begun) > 2*time.Second || !strings.Contains(err.Error(), "too long") {
			t.Errorf("%s: %v after %s", path, err, time.Since(begun))
		}
	}
}

func TestCertificate(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}))
	defer s.Close()
	if _, err := outbound.Get(t.Context(), outbound.New(outbound.Options{Loopback: true}), s.URL); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate of nobody: %v", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	if _, err := outbound.Get(t.Context(), outbound.New(outbound.Options{Loopback: true, Roots: roots}), s.URL); err != nil {
		t.Error(err)
	}
}

// clock is time that tests let pass.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

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

// TestBreaker: what fails is left alone for a while, and what works is not.
func TestBreaker(t *testing.T) {
	c := &clock{t: time.Unix(1_700_000_000, 0)}
	var asked atomic.Int32
	var broken atomic.Bool
	base, client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		if broken.Load() {
			w.WriteHeader(500)
		} else if r.URL.Path == "/missing" {
			w.WriteHeader(404)
		}
	}, func(o *outbound.Options) { o.Now = c.now })
	get := func(path string) bool {
		_, err := outbound.Get(t.Context(), client, base+path)
		return err == nil
	}
	tries := func(want int32, what string) {
		t.Helper()
		if got := asked.Swap(0); got != want {
			t.Errorf("%s: the host was asked %d times, want %d", what, got, want)
		}
	}
	for range 20 {
		get("/missing")
	}
	tries(1, "a URL that holds nothing")
	if !get("/there") {
		t.Error("another URL of the host is refused")
	}
	c.pass(31 * time.Second)
	get("/missing")
	tries(2, "after half a minute")
	broken.Store(true)
	for i := range 20 {
		get(fmt.Sprintf("/%d", i))
	}
	tries(5, "a host that is broken")
	c.pass(59 * time.Second)
	get("/again")
	tries(0, "a minute not yet over")
	c.pass(2 * time.Second)
	for i := range 5 {
		get(fmt.Sprintf("/half%d", i))
	}
	tries(1, "one finds out")
	c.pass(61 * time.Second)
	broken.Store(false)
	for i := range 5 {
		if !get(fmt.Sprintf("/well%d", i)) {
			t.Error("the host is well again, and refused")
		}
	}
	tries(5, "well again")
	// Whoever gives up says nothing about the host.
	for i := range 10 {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _ = outbound.Get(ctx, client, fmt.Sprintf("%s/gone%d", base, i))
	}
	if !get("/after") {
		t.Error("requests that were given up count as failures")
	}
}

func FuzzCheck(f *testing.F) {
	for _, u := range []string{"https://example.org/", "http://127.0.0.1:1/", "https://[::1]:443", "https://a@b:1", "https://0x7f.1/"} {
		f.Add(u)
	}
	client := outbound.New(outbound.Options{})
	f.Fuzz(func(t *testing.T, raw string) {
		if outbound.Check(client, raw) != nil {
			return
		}
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" || u.User != nil || u.Hostname() == "" || u.Port() != "" && u.Port() != "443" && !leads443(u.Port()) {
			t.Errorf("%q passes", raw)
		}
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && (a.IsLoopback() || a.IsPrivate() || a.Is4In6() || binary.BigEndian.Uint32(a.AsSlice()) == 0) {
			t.Errorf("%q passes", raw)
		}
	})
}

// leads443 allows zeros before the port.
func leads443(port string) bool { return strings.TrimLeft(port, "0") == "443" }
