package rest

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the networks of the reverse proxies in front of a server: only they are believed what they say of the client.
type Proxies []netip.Prefix

// ParseProxies reads networks such as 10.0.0.0/8, and single addresses.
func ParseProxies(texts []string) (Proxies, error) {
	var list Proxies
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, err := netip.ParseAddr(text)
			if err != nil || a.Zone() != "" {
				return nil, fmt.Errorf("%q is neither a network such as 10.0.0.0/8 nor an address", text)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		if p.Addr().Is4In6() {
			return nil, fmt.Errorf("%q: write IPv4 networks as IPv4", text)
		}
		list = append(list, p.Masked())
	}
	return list, nil
}

func (p Proxies) contain(a netip.Addr) bool {
	for _, network := range p {
		if network.Contains(a) {
			return true
		}
	}
	return false
}

// Handler gives next the request as the client has sent it to the outermost proxy: RemoteAddr, Host and whether it came over TLS are
// what X-Forwarded-For, -Host and -Proto or Forwarded (RFC 7239) say, if a proxy says so. These headers end here, whoever sent them: nobody
// further in can go by what a client has made up. A request over TLS to the proxy has a TLS that is empty.
//
// A proxy knows one of the two families of headers, and passes the other on as the client has sent it; so a request with
// both, which do not say the same, is refused with 400.
func (p Proxies) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !forwards(r.Header) {
			next.ServeHTTP(w, r)
			return
		}
		h := r.Header
		r = r.Clone(r.Context())
		for _, name := range forwarding() {
			r.Header.Del(name)
		}
		if peer, ok := address(r.RemoteAddr); ok && p.contain(peer) {
			said, ok := p.agreed(peer, h)
			if !ok {
				http.Error(w, "the proxies contradict each other about the client", http.StatusBadRequest)
				return
			}
			said.apply(r)
		}
		next.ServeHTTP(w, r)
	})
}

// forwarding are the headers in which proxies, or those who pretend to be one, tell of the client.
func forwarding() []string {
	return []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "X-Forwarded-Port", "X-Forwarded-Scheme", "X-Forwarded-Ssl", "X-Forwarded-Protocol", "X-Url-Scheme", "X-Real-Ip", "X-Forwarded-Prefix", "X-Forwarded-Server"}
}

func forwards(h http.Header) bool {
	for _, name := range forwarding() {
		if _, ok := h[name]; ok {
			return true
		}
	}
	return false
}

// origin is what a proxy says of the client; fields that it does not say are zero.
type origin struct {
	addr  netip.Addr
	proto string // "http", "https"
	host  string
}

func (o *origin) apply(r *http.Request) {
	if o.addr.IsValid() {
		r.RemoteAddr = net.JoinHostPort(o.addr.String(), "0")
	}
	switch o.proto {
	case "https":
		if r.TLS == nil {
			r.TLS = &tls.ConnectionState{}
		}
	case "http":
		r.TLS = nil
	}
	if o.host != "" {
		r.Host = o.host
	}
}

// agreed is what both families of headers say.
func (p Proxies) agreed(peer netip.Addr, h http.Header) (*origin, bool) {
	hops := items(h["X-Forwarded-For"])
	index := p.client(hops)
	x := origin{addr: hop(peer, hops, index), proto: at(items(h["X-Forwarded-Proto"]), len(hops)-index), host: at(items(h["X-Forwarded-Host"]), len(hops)-index)}
	x.clean()
	if len(h["Forwarded"]) == 0 {
		return &x, true
	}
	f, ok := p.forwarded(peer, h["Forwarded"])
	if !ok {
		return nil, false
	}
	if len(h["X-Forwarded-For"]) > 0 || len(h["X-Forwarded-Proto"]) > 0 || len(h["X-Forwarded-Host"]) > 0 {
		return f, *f == x
	}
	return f, true
}

func (o *origin) clean() {
	o.proto = strings.ToLower(o.proto)
	if o.proto != "http" && o.proto != "https" {
		o.proto = ""
	}
	if !isHost(o.host) {
		o.host = ""
	}
}

// items are the members of a header that is a list, from all its lines.
func items(lines []string) (list []string) {
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			list = append(list, strings.TrimSpace(item))
		}
	}
	return list
}

// client is the index of the hop that is the client: the last one that is none of the proxies. What stands before it, the client may have made up.
// It is len(hops) where the last hop cannot be read, and 0 where all are proxies.
func (p Proxies) client(hops []string) int {
	for i := len(hops) - 1; i >= 0; i-- {
		a, ok := address(hops[i])
		switch {
		case !ok:
			return i + 1
		case !p.contain(a):
			return i
		}
	}
	return 0
}

// hop is the address at an index; the peer where there is none.
func hop(peer netip.Addr, hops []string, index int) netip.Addr {
	if index < len(hops) {
		if a, ok := address(hops[index]); ok {
			return a
		}
	}
	return peer
}

// at is the item that the proxy has added that is so many from the end: the only one there is, where proxies write over each other's.
func at(list []string, fromEnd int) string {
	if len(list) == 0 {
		return ""
	}
	return list[max(0, len(list)-max(fromEnd, 1))]
}

// address reads an address with or without a port: "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80".
func address(text string) (netip.Addr, bool) {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return a.Unmap().WithZone(""), err == nil
}

// isHost reports whether a text can stand where a URL has host and port.
func isHost(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-._:[]", rune(c)) {
			return false
		}
	}
	return s != "" && len(s) <= 255
}

// forwarded reads the header Forwarded. It fails for what cannot be read.
func (p Proxies) forwarded(peer netip.Addr, lines []string) (*origin, bool) {
	var elements []map[string]string
	for _, line := range lines {
		for item := range unquoted(line, ',') {
			element, ok := pairs(item)
			if !ok {
				return nil, false
			}
			elements = append(elements, element)
		}
	}
	hops := make([]string, len(elements))
	for i, e := range elements {
		hops[i] = e["for"]
	}
	index := p.client(hops)
	o := &origin{addr: hop(peer, hops, index)}
	if len(elements) > 0 {
		e := elements[min(index, len(elements)-1)]
		o.proto, o.host = e["proto"], e["host"]
	}
	o.clean()
	return o, true
}

// pairs reads name=value;name="value".
func pairs(text string) (map[string]string, bool) {
	m := make(map[string]string)
	for pair := range unquoted(text, ';') {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := m[name]; !ok || twice {
			return nil, false
		}
		value = strings.TrimSpace(value)
		if strings.HasPrefix(value, `"`) {
			if len(value) < 2 || !strings.HasSuffix(value, `"`) {
				return nil, false
			}
			value = strings.ReplaceAll(value[1:len(value)-1], `\`, "")
		}
		m[name] = value
	}
	return m, true
}

// unquoted splits at a separator that does not stand within quotes.
func unquoted(text string, separator byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		from, quoted := 0, false
		for i := 0; i < len(text); i++ {
			switch c := text[i]; {
			case c == '\\' && quoted:
				i++
			case c == '"':
				quoted = !quoted
			case c == separator && !quoted:
				if !yield(text[from:i]) {
					return
				}
				from = i + 1
			}
		}
		yield(text[from:])
	}
}
