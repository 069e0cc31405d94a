package outbound

import (
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// refusal is why a request is not made, or not to where its name leads. The message says no address: it would tell whoever has chosen
// the URL what the network inside looks like.
type refusal struct{ reason string }

func (r *refusal) Error() string { return "outbound: " + r.reason }

// closed are networks that are not of the public internet, beside those that netip knows: they lead to this machine, to the network
// it stands in, or through a gateway to any of the others (https://www.iana.org/assignments/iana-ipv4-special-registry,
// https://www.iana.org/assignments/iana-ipv6-special-registry).
func closed() []netip.Prefix {
	var list []netip.Prefix
	for _, text := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"64:ff9b::/96", "64:ff9b:1::/48", // NAT64
		"2001::/23",                  // Teredo, benchmarking, ORCHID
		"2002::/16",                  // 6to4
		"2001:db8::/32", "3fff::/20", // documentation
	} {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// public reports whether an address is one of the public internet. Of IPv6 that is nothing outside 2000::/3.
func public(a netip.Addr, closed []netip.Prefix) bool {
	if a.Zone() != "" || a.Is4In6() || !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	if a.Is6() && a.As16()[0]>>5 != 1 {
		return false
	}
	return !slices.ContainsFunc(closed, func(p netip.Prefix) bool { return p.Contains(a) })
}

// control looks at the address that is about to be dialled: whatever the name in the URL was, and however it was resolved, this is where
// the connection goes. It is net.Dialer.Control.
func (t *transport) control(network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return &refusal{"only TCP is allowed"}
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return &refusal{"the address cannot be read"}
	}
	return t.allowed(to)
}

func (t *transport) allowed(to netip.AddrPort) error {
	a := to.Addr()
	if t.options.Loopback && a.Unmap().IsLoopback() {
		return nil // whatever the port
	}
	inside := slices.ContainsFunc(t.options.Allow, func(p netip.Prefix) bool { return p.Contains(a) })
	if inside && t.options.Delivery {
		return nil
	}
	if !slices.Contains(t.options.Ports, to.Port()) {
		return &refusal{fmt.Sprintf("the port %d is not allowed", to.Port())}
	}
	if inside {
		return nil
	}
	if !public(a, t.closed) {
		return &refusal{"the host is not on the public internet"}
	}
	return nil
}

// controlPlain is control for http, which goes nowhere but inside: on the internet everybody could read along.
func (t *transport) controlPlain(network, address string, c syscall.RawConn) error {
	if err := t.control(network, address, c); err != nil {
		return err
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return &refusal{"the address cannot be read"}
	}
	return t.allowedPlain(to)
}

func (t *transport) allowedPlain(to netip.AddrPort) error {
	if t.options.Loopback && to.Addr().Unmap().IsLoopback() || slices.ContainsFunc(t.options.Allow, func(p netip.Prefix) bool { return p.Contains(to.Addr()) }) {
		return nil
	}
	return &refusal{"the URL must begin with https://: its host is not in a network that is open to http"}
}
