package path

import (
	"regexp"
	"strings"
)

// templatePart is a piece of a substitution: text, or the number of a group.
type templatePart struct {
	text  string
	group int
}

// parseTemplate reads $1, ${name} and \$; a group that the pattern does not have stands for nothing.
func parseTemplate(s string, re *regexp.Regexp) (parts []templatePart) {
	var text strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '$' || s[i+1] == '\\') {
			i++
			text.WriteByte(s[i])
			continue
		}
		name, n := groupName(s[i:])
		if n == 0 {
			text.WriteByte(s[i])
			continue
		}
		parts = append(parts, templatePart{text.String(), -1})
		text.Reset()
		if group := groupNumber(name, re); group >= 0 {
			parts = append(parts, templatePart{"", group})
		}
		i += n - 1
	}
	return append(parts, templatePart{text.String(), -1})
}

// groupName reads a reference to a group at the start of s and returns its length, or 0.
func groupName(s string) (name string, n int) {
	if len(s) < 2 || s[0] != '$' {
		return "", 0
	}
	if s[1] == '{' {
		if end := strings.IndexByte(s, '}'); end > 2 {
			return s[2:end], end + 1
		}
		return "", 0
	}
	for n = 1; n < len(s) && n < 3 && digit(s[n]); n++ {
	}
	if n == 1 {
		return "", 0
	}
	return s[1:n], n
}

func groupNumber(name string, re *regexp.Regexp) int {
	if digit(name[0]) {
		n, _, ok := field(name, len(name))
		if ok && len(name) < 3 && n <= re.NumSubexp() {
			return n
		}
		return -1
	}
	return re.SubexpIndex(name)
}
