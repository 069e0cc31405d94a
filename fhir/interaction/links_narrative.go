package interaction

import (
	"strconv"
	"strings"

	"andiron.dev/fhir"
)

// item is the repetition that a path segment such as "contained[1]" names.
func item(e fhir.Element, segment string) fhir.Element {
	_, rest, ok := strings.Cut(segment, "[")
	if !ok {
		return e
	}
	index, _ := strconv.Atoi(strings.TrimSuffix(rest, "]"))
	for one := range e.Items() {
		if index == 0 {
			return one
		}
		index--
	}
	return fhir.Element{}
}

// narrative replaces the targets of <a href> and <img src>.
func (l *links) narrative(div string) (string, bool) {
	var b strings.Builder
	changed := false
	for {
		at, quote := nextLink(div)
		if at < 0 {
			break
		}
		end := strings.IndexByte(div[at:], quote)
		if end < 0 {
			break
		}
		b.WriteString(div[:at])
		url, fragment := div[at:at+end], ""
		if i := strings.IndexByte(url, '#'); i >= 0 {
			url, fragment = url[:i], url[i:]
		}
		if to := l.targets[url]; to != nil {
			url, changed = to.reference, true
		}
		b.WriteString(url + fragment)
		div = div[at+end:]
	}
	if !changed {
		return "", false
	}
	b.WriteString(div)
	return b.String(), true
}

// nextLink finds the value of the next href or src attribute and the quote that ends it.
func nextLink(div string) (at int, quote byte) {
	best := -1
	for _, start := range []string{`href="`, `href='`, `src="`, `src='`} {
		if i := strings.Index(div, start); i >= 0 && (best < 0 || i+len(start) < best) {
			best, quote = i+len(start), start[len(start)-1]
		}
	}
	return best, quote
}
