package search

import (
	"strings"

	"andiron.dev/fhir"
)

// URI is a criterion on addresses (http://hl7.org/fhir/R4/search.html#uri): the very address; with ModBelow one that lies
// below the value, with ModAbove one that the value lies below. "url|version" finds canonicals of that version alone, an
// address without a version those of any.
type URI struct {
	criterion
	Any []URITest
}

// URITest is one alternative.
type URITest struct {
	URI     string
	Version string // "" = any
}

func parseURI(c criterion) (Expr, error) {
	u := &URI{criterion: c}
	for _, raw := range c.raw {
		uri, version, _ := strings.Cut(unescape(raw), "|") // no address has a '|' of its own
		if uri == "" {
			return nil, fhir.Errorf(fhir.Invalid, "a value of the parameter '%s' has a version but no address", c.Param.Code)
		}
		u.Any = append(u.Any, URITest{URI: uri, Version: version})
	}
	return u, nil
}

// Matches reports whether an indexed address passes the test.
func (t URITest) Matches(v URIValue, m Modifier) bool {
	if other := t.Version != "" && t.Version != v.Version; other || m == ModUnequal {
		return m == ModUnequal && (other || v.URI != t.URI)
	}
	switch m {
	case ModContains:
		return strings.Contains(v.URI, t.URI)
	case ModStartsWith:
		return strings.HasPrefix(v.URI, t.URI)
	case ModEndsWith:
		return strings.HasSuffix(v.URI, t.URI)
	case ModBelow:
		return below(v.URI, t.URI)
	case ModAbove:
		return below(t.URI, v.URI)
	}
	return v.URI == t.URI
}

// below reports whether a URL is the given one or lies below it, path segment by path segment.
func below(url, base string) bool {
	rest, ok := strings.CutPrefix(url, strings.TrimSuffix(base, "/"))
	return ok && (rest == "" || rest[0] == '/')
}

func (u *URI) match(v *Values) bool {
	return anyValue(v.URIs, u.Any, func(v *URIValue) bool { return u.Param.has(v.Slot) }, func(t URITest, v URIValue) bool { return t.Matches(v, u.Modifier) })
}
