package authserver

import (
	"encoding/json"
	"net/http"
)

// jwks serves the public signing keys (RFC 7517 §5). Copies are good for an hour, far less than a key is published before it signs.
func (s *Server) jwks(w http.ResponseWriter, r *http.Request) {
	_, public, err := s.ring(r.Context())
	if err != nil {
		s.fail(r.Context(), w, err)
		return
	}
	publish(w, r, map[string][]json.RawMessage{"keys": public})
}
