package sqlite

import (
	"strings"

	"andiron.dev/search"
)

// uri compiles a URI.
func (c *compiler) uri(e *search.URI) (*criterion, error) {
	var exact []any
	var alternatives []alternative
	for _, u := range e.Any {
		switch e.Modifier {
		case search.ModBelow:
			base := strings.TrimSuffix(u, "/")
			exact = append(exact, base)
			alternatives = append(alternatives, alternative{text: "x.uri >= ? AND x.uri < ?", args: []any{base + "/", successor(base + "/")}, set: true})
		case search.ModAbove:
			exact = append(exact, ancestors(u)...)
		default:
			exact = append(exact, u)
		}
	}
	if len(exact) == 1 {
		alternatives = append(alternatives, alternative{text: "x.uri = ?", args: exact, ordered: true})
	} else {
		alternatives = append(alternatives, alternative{text: "x.uri IN (" + marks(len(exact)) + ")", args: exact})
	}
	out := &criterion{}
	return out, c.eachSource(e.Param, func(_ search.Source, slot *statement) {
		out.rows = append(out.rows, spread("uri x", slot, alternatives, byKey("uri"))...)
	})
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
