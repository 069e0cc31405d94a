package sqlite

import (
	"strings"

	"andiron.dev/search"
)

// uri compiles a URI.
func (c *compiler) uri(e *search.URI) (*criterion, error) {
	out := &criterion{}
	alternatives := uriTests(e)
	return out, c.eachSource(e.Param, func(_ search.Source, slot *statement) {
		out.rows = append(out.rows, spread("uri x", slot, alternatives, byKey("uri"))...)
	})
}

// uriTests are the conditions of which one has to hold. Addresses that are asked for in any version are asked for together.
func uriTests(e *search.URI) (alternatives []alternative) {
	var together []any
	for _, u := range e.Any {
		exact := []any{u.URI}
		version, args := "", []any(nil)
		if u.Version != "" {
			version, args = " AND x.version = ?", []any{u.Version}
		}
		switch e.Modifier {
		case search.ModBelow:
			base := strings.TrimSuffix(u.URI, "/")
			exact[0] = base
			alternatives = append(alternatives, alternative{text: "x.uri >= ? AND x.uri < ?" + version, args: append([]any{base + "/", successor(base + "/")}, args...), set: true})
		case search.ModAbove:
			exact = ancestors(u.URI)
		}
		if version == "" {
			together = append(together, exact...)
			continue
		}
		for _, uri := range exact {
			alternatives = append(alternatives, alternative{text: "x.uri = ?" + version, args: append([]any{uri}, args...), ordered: true})
		}
	}
	switch len(together) {
	case 0:
	case 1:
		alternatives = append(alternatives, alternative{text: "x.uri = ?", args: together, ordered: true})
	default:
		alternatives = append(alternatives, alternative{text: "x.uri IN (" + marks(len(together)) + ")", args: together})
	}
	return alternatives
}

// ancestors are the addresses that a URL lies below, itself included, with and without a slash at the end.
func ancestors(url string) []any {
	list := []any{url, url + "/"}
	for i := len(url) - 1; i >= 0; i-- {
		if url[i] == '/' {
			list = append(list, url[:i], url[:i+1])
		}
	}
	return list
}
