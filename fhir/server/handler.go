package server

import "andiron.dev/fhir"

// Handler is the whole pipeline without HTTP: what is served through it obeys the same rules as what comes over the wire.
func (s *Server) Handler() fhir.Handler { return s.handler }
