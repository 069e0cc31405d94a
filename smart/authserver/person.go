package authserver

import (
	"context"
	"net"
	"net/http"

	"andiron.dev/fhir"
	"andiron.dev/smart/account"
)

// person is what a token says of its user, as it is now.
type person struct {
	ID, Username, Name, FhirUser string
	Roles, Clearance             []string
}

// person reads a user; nil where there is none any more, or it is disabled.
func (s *Server) person(ctx context.Context, in fhir.RecordReader, id string) (*person, error) {
	u, err := account.ReadUser(ctx, in, id)
	switch {
	case absent(err):
		return nil, nil
	case err != nil:
		return nil, err
	case u.Disabled:
		return nil, nil
	}
	return &person{ID: u.ID, Username: u.Username, Name: u.Name, FhirUser: u.FhirUser, Roles: u.Roles}, nil
}

// address is the network address that a request came from.
func (s *Server) address(r *http.Request) string {
	switch {
	case r == nil:
		return ""
	case s.config.Address != nil:
		return s.config.Address(r)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
