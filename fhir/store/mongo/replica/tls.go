package replica

import (
	"crypto/tls"
	"net"
)

// StartTLS starts a server that talks TLS only. With certificates of clients it knows them by their subjects: see Access.
func StartTLS(config *tls.Config) (*Server, error) {
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		return nil, err
	}
	return listen(l), nil
}

// subject is what the certificate of a client says of it, "" where it has shown none.
func subject(c net.Conn) string {
	secured, ok := c.(*tls.Conn)
	if !ok || len(secured.ConnectionState().PeerCertificates) == 0 {
		return ""
	}
	return secured.ConnectionState().PeerCertificates[0].Subject.String()
}
