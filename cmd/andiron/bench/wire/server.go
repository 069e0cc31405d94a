package wire

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Server says where a FHIR server listens.
type Server struct {
	Address string      // "host:port" to dial
	Host    string      // for the Host field
	Base    string      // path of the FHIR base without a slash at its end: "/fhir", or ""
	TLS     *tls.Config // nil for http
}

// Parse takes the URL of a FHIR base apart. Its errors are sentences for the person who typed the URL.
func Parse(base string) (Server, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return Server{}, fmt.Errorf("%q is not the URL of a FHIR server: write it like http://localhost:8080/fhir", base)
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return Server{}, fmt.Errorf("%q must be a FHIR base alone: scheme, host and path", base)
	}
	s := Server{Address: u.Host, Host: u.Host, Base: strings.TrimRight(u.EscapedPath(), "/")}
	port := "80"
	if u.Scheme == "https" {
		port = "443"
		s.TLS = &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	}
	if u.Port() == "" {
		s.Address = net.JoinHostPort(u.Hostname(), port)
	}
	return s, nil
}
