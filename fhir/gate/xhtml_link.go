package gate

import (
	"html"
	"strings"
)

// attributeValue checks the attributes that can load or run something.
func attributeValue(element, name, value string) string {
	switch name {
	case "href", "src", "cite", "longdesc":
		if !safeURL(value, element == "img" && name == "src") {
			return "a link in the narrative has a scheme that is not allowed"
		}
	case "style":
		if !safeStyle(value) {
			return "a style in the narrative loads or runs something, which is not allowed"
		}
	case "xmlns":
		if value != "http://www.w3.org/1999/xhtml" {
			return "the namespace of the narrative must be http://www.w3.org/1999/xhtml"
		}
	}
	return ""
}

// safeURL refuses schemes that run code. Browsers skip control characters and spaces inside a scheme, so it does too;
// a character reference before the first '/', '?' or '#' could hide the colon, so there must be none.
func safeURL(url string, image bool) bool {
	head := url
	if i := strings.IndexAny(url, "/?#"); i >= 0 {
		head = url[:i]
	}
	if strings.Contains(head, "&") {
		return false
	}
	scheme, rest, ok := strings.Cut(head, ":")
	if !ok {
		return true // relative
	}
	scheme = strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, strings.ToLower(scheme))
	switch scheme {
	case "http", "https", "mailto", "tel", "urn", "cid":
		return true
	case "data":
		return image && strings.HasPrefix(strings.ToLower(strings.TrimSpace(rest)), "image")
	}
	return false
}

// safeStyle allows declarations, images included, and refuses what runs code. CSS can hide letters behind escapes and comments,
// so a style with either is refused too.
func safeStyle(style string) bool {
	if strings.Contains(style, "&") {
		style = html.UnescapeString(style)
	}
	if strings.Contains(style, `\`) || strings.Contains(style, "/*") {
		return false
	}
	style = strings.ToLower(style)
	for _, runs := range [...]string{"javascript:", "vbscript:", "expression(", "-moz-binding", "behavior:", "@import"} {
		if strings.Contains(style, runs) {
			return false
		}
	}
	for {
		_, rest, more := strings.Cut(style, "url(")
		if !more {
			return true
		}
		url, rest, closed := strings.Cut(rest, ")")
		if !closed || !safeURL(strings.Trim(url, " \t\r\n\f'\""), true) {
			return false
		}
		style = rest
	}
}
