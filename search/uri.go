package search

import "strings"

// URI is a criterion on addresses (http://hl7.org/fhir/R4/search.html#uri): the very address; with ModBelow one that lies
// below the value, with ModAbove one that the value lies below.
type URI struct {
	criterion
	Any []string
}

func parseURI(c criterion) (Expr, error) {
	u := &URI{criterion: c}
	for _, raw := range c.raw {
		u.Any = append(u.Any, unescape(raw))
	}
	return u, nil
}

// MatchesURI reports whether an indexed address passes the test.
func MatchesURI(value, test string, m Modifier) bool {
	switch m {
	case ModBelow:
		return below(value, test)
	case ModAbove:
		return below(test, value)
	}
	return value == test
}

// below reports whether a URL is the given one or lies below it, path segment by path segment.
func below(url, base string) bool {
	rest, ok := strings.CutPrefix(url, strings.TrimSuffix(base, "/"))
	return ok && (rest == "" || rest[0] == '/')
}

func (u *URI) match(v *Values) bool {
	for i := range v.URIs {
		if !u.Param.has(v.URIs[i].Slot) {
			continue
		}
		for _, test := range u.Any {
			if MatchesURI(v.URIs[i].URI, test, u.Modifier) {
				return true
			}
		}
	}
	return false
}
