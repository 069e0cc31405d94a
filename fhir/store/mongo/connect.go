package mongo

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"

	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/auth"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"
)

// ConnectError says what keeps a program from using a cluster, and what helps. Nothing in it is of the credentials.
type ConnectError struct {
	Text  string
	cause error
}

func (e *ConnectError) Error() string { return e.Text }

func (e *ConnectError) Unwrap() error { return e.cause }

// unreadable is the error for a URI that cannot be read. What is wrong with user and password is not quoted.
func unreadable(uri string, err error) error {
	public := withoutSecrets(uri)
	if public == uri {
		return &ConnectError{"the URI of the cluster cannot be read: " + err.Error(), err}
	}
	if _, err := connstring.ParseAndValidate(public); err != nil {
		return &ConnectError{"the URI of the cluster cannot be read: " + err.Error(), nil}
	}
	return &ConnectError{"the user name or the password in the URI of the cluster cannot be read, or does not go with its authMechanism; the characters : / ? # [ ] @ % in them have to be percent-encoded", nil}
}

// withoutSecrets leaves user, password and other passwords out of a URI, and what is said of how they are used.
func withoutSecrets(uri string) string {
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return uri
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	return scheme + "://" + regexp.MustCompile(`(?i)[^?&]*(password|authmechanism|authsource)[^&]*&?`).ReplaceAllString(rest, "")
}

// inWords says what is wrong with a connection, where that can be told.
func (s *Store) inWords(err error, database string) error {
	var told *ConnectError
	var wrong *TopologyError
	var authentication *auth.Error
	switch {
	case err == nil || errors.As(err, &told) || errors.As(err, &wrong):
		return err
	case hasCode(err, codeAuthenticationFailed), errors.As(err, &authentication):
		return &ConnectError{"the cluster does not take the user and the password, or the certificate, that the URI names; look at both, at authSource (where the user is kept; mostly admin) and at authMechanism", err}
	case hasCode(err, codeUnauthorized) && !s.named():
		return &ConnectError{"the cluster wants to know who asks, and the URI names no user: mongodb://USER:PASSWORD@…?authSource=admin", err}
	case hasCode(err, codeUnauthorized):
		return &ConnectError{fmt.Sprintf("the user of the URI may not do what a server has to in the database %s; this helps: db.grantRolesToUser(USER, [{role: \"readWrite\", db: %q}])", database, database), err}
	case unreachable(err):
		return &ConnectError{fmt.Sprintf("no server of the cluster at %s can be used: %s", Redacted(s.options.URI), s.overTLS(lastOf(err))), err}
	}
	return err
}

// named reports whether the URI says who asks.
func (s *Store) named() bool {
	uri, err := connstring.ParseAndValidate(s.options.URI)
	return err == nil && (uri.Username != "" || uri.AuthMechanism != "")
}

// overTLS adds what may be the matter where a connection over TLS has ended without a reason: what the other side has said may be lost.
func (s *Store) overTLS(reason string) string {
	uri, err := connstring.ParseAndValidate(s.options.URI)
	if err != nil || !uri.SSL || strings.Contains(reason, "tls") {
		return reason
	}
	return reason + "; perhaps it wants a certificate of whoever connects (tlsCertificateKeyFile=…), or another one"
}

// lastOf says why no server was found, or no connection to one.
func lastOf(err error) string {
	var selection topology.ServerSelectionError
	if errors.As(err, &selection) {
		for _, server := range selection.Desc.Servers {
			if server.LastError != nil {
				return reason(server.LastError)
			}
		}
		if len(selection.Desc.Servers) == 0 {
			return "the replica set has another name than the URI says (replicaSet=…), or none of its servers is among those that the URI names"
		}
		return "it has no primary, or none with the replica set's name that the URI says"
	}
	return reason(err)
}

// reason says why a connection was not made.
func reason(err error) string {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var certificate x509.CertificateInvalidError
	var alert *net.OpError // what the other side says in TLS
	var header tls.RecordHeaderError
	switch {
	case errors.As(err, &authority):
		return "its certificate is of an authority that is not known here; name the authority's certificate with tlsCAFile=… in the URI"
	case errors.As(err, &name):
		return "its certificate is for another host than the URI names (" + name.Error() + ")"
	case errors.As(err, &certificate):
		return "its certificate is not valid (" + certificate.Error() + ")"
	case errors.As(err, &alert) && alert.Op == "remote error":
		return "it refuses the TLS connection (" + alert.Err.Error() + "); does it want a certificate (tlsCertificateKeyFile=…), or another one?"
	case errors.As(err, &header):
		return "it does not speak TLS, which the URI asks for"
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return "it has closed the connection; does it want TLS (tls=true)?"
	}
	return err.Error()
}
