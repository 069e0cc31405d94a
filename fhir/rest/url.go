package rest

import (
	"net/http"
	"net/url"
	"strings"

	"andiron.dev/fhir"
)

// Parse reads a method and a URL relative to the base into a request: the grammar of http://hl7.org/fhir/R4/http.html. The
// entries of a Bundle are read by the same function as what comes over HTTP. An absolute URL must lie below base.
//
// Errors: Invalid for a query that cannot be decoded, NotFound for a path that is none of FHIR's, NotSupported with the methods
// that are allowed for a path that is.
func Parse(method, target, base string) (*fhir.Request, error) {
	path, query, hasQuery := strings.Cut(target, "?")
	path, err := below(path, base)
	if err != nil {
		return nil, err
	}
	params, err := fhir.ParseParams(query)
	if err != nil {
		return nil, err
	}
	segments, err := split(path)
	if err != nil {
		return nil, err
	}
	req := &fhir.Request{Params: params}
	routes := match(segments, req)
	if routes == nil {
		return nil, fhir.NewOutcome(fhir.NotFound, "this is not a FHIR path")
	}
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for _, r := range routes {
		if r.method == method {
			req.Interaction = r.interaction
			if r.operation != "" {
				req.Operation = r.operation
			}
			req.Safe = r.interaction == fhir.Operation && method == http.MethodGet
			return req, conditional(req, query, hasQuery)
		}
	}
	return nil, notAllowed(routes)
}

// below cuts the base off a path that is an absolute URL. What the query holds does not matter: identifiers look like URLs.
func below(path, base string) (string, error) {
	if !strings.Contains(path, "://") {
		return path, nil
	}
	rest, ok := strings.CutPrefix(path, base)
	if !ok || base == "" || rest != "" && rest[0] != '/' {
		return "", fhir.NewOutcome(fhir.Invalid, "the URL does not lie below the base of this server")
	}
	return rest, nil
}

// split takes the path apart. One slash at the end is tolerated: R4 itself writes DELETE [base]/[type]/?….
func split(path string) ([]string, error) {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if path == "" {
		return nil, nil
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if !strings.Contains(segment, "%") {
			continue
		}
		plain, err := url.PathUnescape(segment)
		if err != nil || strings.Contains(plain, "/") {
			return nil, fhir.NewOutcome(fhir.NotFound, "this is not a FHIR path")
		}
		segments[i] = plain
	}
	return segments, nil
}

// route is what a method means on a path.
type route struct {
	method      string
	interaction fhir.Interaction
	operation   string // that the interaction is; "" = what the path says
}

// match fills in what the path says and returns what can be done there; nil for a path that FHIR does not have.
func match(s []string, req *fhir.Request) []route {
	if len(s) == 0 {
		return []route{{method: http.MethodGet, interaction: fhir.SearchSystem}, {method: http.MethodPost, interaction: fhir.Transaction}}
	}
	last := s[len(s)-1]
	if code, ok := strings.CutPrefix(last, "$"); ok && code != "" && len(s) <= 3 {
		if !instance(s[:len(s)-1], req) {
			return nil
		}
		req.Operation = code
		routes := []route{{method: http.MethodGet, interaction: fhir.Operation}, {method: http.MethodPost, interaction: fhir.Operation}}
		if code == "async-status" { // as Bulk Data has it
			routes = append(routes, route{http.MethodDelete, fhir.Operation, "async-cancel"})
		}
		return routes
	}
	switch {
	case len(s) == 1 && last == "metadata":
		return []route{{method: http.MethodGet, interaction: fhir.Capabilities}}
	case last == "_search" && len(s) <= 4:
		return search(s, req)
	case last == "_history" && len(s) <= 3:
		return history(s, req)
	case len(s) == 4 && s[2] == "_history" && fhir.ValidID(last):
		if !instance(s[:2], req) {
			return nil
		}
		req.VersionID = last
		return []route{{method: http.MethodGet, interaction: fhir.VRead}}
	}
	if len(s) == 3 && compartment(s, req) {
		return []route{{method: http.MethodGet, interaction: across(req)}}
	}
	if len(s) > 2 || !instance(s, req) {
		return nil
	}
	if req.ID == "" {
		return []route{{method: http.MethodGet, interaction: fhir.SearchType}, {method: http.MethodPost, interaction: fhir.Create}, {method: http.MethodPut, interaction: fhir.Update},
			{method: http.MethodPatch, interaction: fhir.Patch}, {method: http.MethodDelete, interaction: fhir.Delete}}
	}
	return []route{{method: http.MethodGet, interaction: fhir.Read}, {method: http.MethodPut, interaction: fhir.Update}, {method: http.MethodPatch, interaction: fhir.Patch}, {method: http.MethodDelete, interaction: fhir.Delete}}
}

// instance reads [], [type] or [type, id].
func instance(s []string, req *fhir.Request) bool {
	if len(s) > 0 {
		if !isTypeName(s[0]) {
			return false
		}
		req.Type = s[0]
	}
	if len(s) > 1 {
		if !fhir.ValidID(s[1]) {
			return false
		}
		req.ID = s[1]
	}
	return true
}

// isTypeName reports whether s could be the name of a resource type; whether it is one, others know.
func isTypeName(s string) bool {
	if s == "" || len(s) > 64 || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// search reads what stands before "_search": [], [type], [compartment, id], [compartment, id, type] or [compartment, id, *].
func search(s []string, req *fhir.Request) []route {
	ok := false
	switch s = s[:len(s)-1]; len(s) {
	case 0, 1:
		ok = instance(s, req)
	case 2:
		ok = compartment(append(s[:2:2], "*"), req)
	default:
		ok = compartment(s, req)
	}
	if !ok {
		return nil
	}
	return []route{{method: http.MethodPost, interaction: across(req)}}
}

// compartment reads [compartment, id, type] and [compartment, id, *].
func compartment(s []string, req *fhir.Request) bool {
	if s[2] != "*" && !isTypeName(s[2]) || !instance(s[:2], req) {
		return false
	}
	req.Compartment, req.Type, req.ID = s[0]+"/"+s[1], "", ""
	if s[2] != "*" {
		req.Type = s[2]
	}
	return true
}

// across is the search of one type, or across types where there is none.
func across(req *fhir.Request) fhir.Interaction {
	if req.Type == "" {
		return fhir.SearchSystem
	}
	return fhir.SearchType
}

func history(s []string, req *fhir.Request) []route {
	if !instance(s[:len(s)-1], req) {
		return nil
	}
	switch len(s) {
	case 1:
		return []route{{method: http.MethodGet, interaction: fhir.HistorySystem}}
	case 2:
		return []route{{method: http.MethodGet, interaction: fhir.HistoryType}}
	}
	return []route{{method: http.MethodGet, interaction: fhir.HistoryInstance}}
}

// conditional turns an update, patch or delete of a type into a conditional one.
func conditional(req *fhir.Request, query string, hasQuery bool) error {
	if req.ID != "" {
		return nil
	}
	switch req.Interaction {
	case fhir.Update, fhir.Patch, fhir.Delete:
		if !hasQuery {
			return notAllowed([]route{{method: http.MethodGet, interaction: ""}, {method: http.MethodPost, interaction: ""}})
		}
		req.Condition = &query
	}
	return nil
}

func notAllowed(routes []route) error {
	o := fhir.NewOutcome(fhir.NotSupported, "this method is not supported on this path")
	o.Refinement = fhir.MethodNotAllowed
	o.Allow = methods(routes)
	return o
}

func methods(routes []route) []string {
	var list []string
	for _, r := range routes {
		list = append(list, r.method)
		if r.method == http.MethodGet {
			list = append(list, http.MethodHead)
		}
	}
	return append(list, http.MethodOptions)
}

// Methods are the methods that a path below the base supports; nil for a path that FHIR does not have.
func Methods(path string) []string {
	segments, err := split(path)
	if err != nil {
		return nil
	}
	routes := match(segments, &fhir.Request{})
	if routes == nil {
		return nil
	}
	return methods(routes)
}
