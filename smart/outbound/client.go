package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

// Options say what may be fetched. The zero value allows https to port 443 of the public internet.
type Options struct {
	Ports []uint16 // nil = 443
	// Loopback allows http and https to this machine, on every port: for development and tests.
	Loopback bool
	// Allow are networks inside that may be reached nonetheless: where an organisation's identity provider stands.
	Allow []netip.Prefix
	// Delivery is for whoever calls the same endpoints again and again, by a schedule of its own: connections are kept, no host is left
	// alone, and in the networks of Allow http and every port will do.
	Delivery bool
	Roots    *x509.CertPool // of certificates; nil = those of the system

	Timeout  time.Duration    // of a whole exchange; 0 = 5 s
	MaxBody  int64            // of an answer in bytes; 0 = 256 KiB
	Resolver *net.Resolver    // nil = net.DefaultResolver
	Now      func() time.Time // nil = time.Now
}

func (o *Options) defaults() {
	if o.Ports == nil {
		o.Ports = []uint16{443}
	}
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	if o.MaxBody == 0 {
		o.MaxBody = 256 << 10
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// New makes a client that connects only to where it may: the address is checked when it is dialled, so that no name, no
// redirect, and no spelling of an address leads elsewhere. It follows no redirects, uses no proxy, keeps no cookies, and gives up after the
// timeout; what is longer than the limit ends with an error. A host that fails repeatedly is left alone for a while, and so is a
// URL that could not be fetched.
func New(options Options) *http.Client {
	options.defaults()
	t := &transport{options: options, closed: closed(), breaker: newBreaker(options.Now)}
	t.inner = t.exchange(t.control)
	if options.Delivery {
		t.plain = t.exchange(t.controlPlain)
	}
	return &http.Client{
		Transport: t, Timeout: options.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// exchange makes a transport whose connections are looked at before they are dialled.
func (t *transport) exchange(control func(network, address string, c syscall.RawConn) error) *http.Transport {
	options := &t.options
	dialer := &net.Dialer{Timeout: options.Timeout, Resolver: options.Resolver, Control: control, KeepAlive: -1}
	h := &http.Transport{
		Proxy: nil, DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: options.Roots},
		TLSHandshakeTimeout: options.Timeout, ResponseHeaderTimeout: options.Timeout, ForceAttemptHTTP2: true, DisableCompression: true,
		MaxConnsPerHost: 4, MaxIdleConns: 32, MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 32 << 10,
	}
	if options.Delivery {
		h.MaxConnsPerHost, h.MaxIdleConns, h.MaxIdleConnsPerHost, h.IdleConnTimeout = 64, 256, 16, 90*time.Second
	}
	return h
}

// transport holds each request to the rules.
type transport struct {
	options Options
	closed  []netip.Prefix
	inner   *http.Transport
	plain   *http.Transport // for http to the networks of Allow; nil = as inner
	breaker *breaker
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := t.check(r); err != nil {
		return nil, err
	}
	inner, done := t.inner, func(verdict) {}
	if t.plain != nil && r.URL.Scheme == "http" {
		inner = t.plain
	}
	if !t.options.Delivery {
		var err error
		if done, err = t.breaker.enter(r); err != nil {
			return nil, err
		}
	}
	resp, err := inner.RoundTrip(r)
	if err != nil {
		done(outcomeOf(r.Context(), err))
		return nil, plain(err)
	}
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests {
		done(failed)
	} else if r.Method == http.MethodGet && resp.StatusCode != http.StatusOK {
		done(useless)
	} else {
		done(good)
	}
	if resp.ContentLength > t.options.MaxBody {
		_ = resp.Body.Close()
		return nil, &refusal{"the answer is too long"}
	}
	resp.Body = &body{ReadCloser: resp.Body, left: t.options.MaxBody}
	return resp, nil
}

// check refuses what need not be dialled to be wrong.
func (t *transport) check(r *http.Request) error {
	if err := t.checkURL(r.URL); err != nil {
		return err
	}
	if r.Host != "" && r.Host != r.URL.Host {
		return &refusal{"the header Host must be that of the URL"}
	}
	return nil
}

func (t *transport) checkURL(u *url.URL) error {
	host, port := u.Hostname(), u.Port()
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !t.options.Delivery && (!t.options.Loopback || !local(host))):
		return &refusal{"the URL must begin with https://"}
	case host == "" || u.Opaque != "":
		return &refusal{"the URL has no host"}
	case u.User != nil:
		return &refusal{"the URL must not hold a user name"}
	case port == "":
		return nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return &refusal{"the port is none"}
	}
	if t.options.Loopback && local(host) || t.options.Delivery {
		return nil // it depends on the address
	}
	for _, p := range t.options.Ports {
		if uint64(p) == n {
			return nil
		}
	}
	return &refusal{fmt.Sprintf("the port %d is not allowed", n)}
}

// local reports whether a host name means this machine.
func local(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// Check says whether a URL could be fetched at all, as far as it can be seen from its text: for whoever takes one in a registration.
func Check(client *http.Client, raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return &refusal{"the URL cannot be read"}
	}
	if u.Fragment != "" {
		return &refusal{"the URL must not have a fragment"}
	}
	t, ok := client.Transport.(*transport)
	if !ok {
		return errors.New("outbound: this client is not one of New")
	}
	if err := t.checkURL(u); err != nil {
		return err
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		return t.allows(u, a)
	}
	return nil
}

// allows says whether a URL whose host has this address may be fetched.
func (t *transport) allows(u *url.URL, a netip.Addr) error {
	port := uint64(443)
	switch {
	case u.Port() != "":
		port, _ = strconv.ParseUint(u.Port(), 10, 16)
	case u.Scheme == "http":
		port = 80
	}
	to := netip.AddrPortFrom(a, uint16(port))
	if u.Scheme == "http" && t.plain != nil {
		return t.allowedPlain(to)
	}
	return t.allowed(to)
}

// Resolve is Check, and it looks at the addresses that the host's name has now: there must be one that may be called. A name that is not known now
// passes, unless the URL is an http one, of which only the address tells that it is inside.
func Resolve(ctx context.Context, client *http.Client, raw string) error {
	if err := Check(client, raw); err != nil {
		return err
	}
	u, _ := url.Parse(raw)
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return nil
	}
	t := client.Transport.(*transport)
	resolver := t.options.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	found, err := resolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		if u.Scheme == "https" {
			return nil
		}
		return plain(err)
	}
	var refused error
	for _, a := range found {
		if refused = t.allows(u, a.Unmap()); refused == nil {
			return nil
		}
	}
	return refused
}

// body is the body of an answer, up to the limit.
type body struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		n = int(b.left)
		b.left = 0
		return n, &refusal{"the answer is too long"}
	}
	b.left -= int64(n)
	return n, err
}

// Document is an answer to Get.
type Document struct {
	Body   []byte
	Header http.Header
}

// Get fetches a JSON document. Its errors hold neither the URL, which may be somebody's secret, nor anything of the answer.
func Get(ctx context.Context, client *http.Client, url string) (*Document, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, &refusal{"the URL cannot be read"}
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "Andiron")
	resp, err := client.Do(r)
	if err != nil {
		return nil, Plain(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("outbound: the answer has the status %d", resp.StatusCode)
	}
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || !isJSON(media) {
		return nil, errors.New("outbound: the answer is not JSON")
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, Plain(err)
	}
	return &Document{text, resp.Header}, nil
}

// isJSON takes text/plain too: what static hosting makes of a key set.
func isJSON(media string) bool {
	switch media {
	case "application/json", "application/jwk-set+json", "text/json", "text/plain", "application/octet-stream":
		return true
	}
	return false
}

// Plain is err without the URL that net/http puts before it.
func Plain(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return plain(err)
}

// plain is err without names and addresses.
func plain(err error) error {
	var r *refusal
	var f *failure
	switch {
	case errors.As(err, &r):
		return r
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return &failure{"the host took too long to answer"}
	case errors.Is(err, context.Canceled):
		return err
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return &failure{"the name of the host is not known"}
	}
	var cert *tls.CertificateVerificationError
	if errors.As(err, &cert) {
		return &failure{"the certificate of the host is not valid"}
	}
	return &failure{"the host could not be reached"}
}

// failure is why an exchange did not come about.
type failure struct{ reason string }

func (f *failure) Error() string { return "outbound: " + f.reason }

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
