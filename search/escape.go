package search

import (
	"net/url"
	"strings"
)

// splitEscaped splits at separators that no backslash protects; the escapes stay
// (http://hl7.org/fhir/R4/search.html#escaping).
func splitEscaped(s string, separator byte) []string {
	var parts []string
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case separator:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}

// cutEscaped is strings.Cut at the first separator that no backslash protects.
func cutEscaped(s string, separator byte) (before, after string, found bool) {
	parts := splitEscaped(s, separator)
	if len(parts) == 1 {
		return s, "", false
	}
	return parts[0], s[len(parts[0])+1:], true
}

// unescape resolves \, \| \$ and \\. A backslash before anything else stands for itself: Windows paths and the like are
// searched for more often than they are escaped.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`,|$\`, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Escape protects what would separate values, or the parts of one: the value of a parameter that means s and nothing else.
func Escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`).Replace(s)
}

// encodeValue writes a value for a query: percent-encoded, but leaving alone what search values are made of.
func encodeValue(s string) string {
	e := url.QueryEscape(s)
	if !strings.Contains(e, "%") {
		return e
	}
	return strings.NewReplacer("%2C", ",", "%7C", "|", "%3A", ":", "%2F", "/", "%24", "$").Replace(e)
}

func encodeName(s string) string {
	return strings.NewReplacer("%3A", ":", "%24", "$").Replace(url.QueryEscape(s))
}
