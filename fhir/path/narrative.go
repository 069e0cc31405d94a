package path

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// validNarrative reports whether a div obeys http://hl7.org/fhir/R4/narrative.html#rules: well-formed XHTML of text,
// structure, links and images, without scripts, forms, frames or anything that runs; and not empty.
func validNarrative(div string) bool {
	d := xml.NewDecoder(strings.NewReader(div))
	d.Strict = true
	d.Entity = xml.HTMLEntity
	depth, content := 0, false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return content && depth == 0
		}
		if err != nil {
			return false
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth == 0 && (content || t.Name.Local != "div") || !narrativeElement(t) {
				return false
			}
			depth++
			content = content || t.Name.Local == "img"
		case xml.EndElement:
			depth--
		case xml.CharData:
			text := strings.TrimSpace(string(t)) != ""
			if depth == 0 && text {
				return false
			}
			content = content || text
		case xml.Directive, xml.ProcInst:
			return false
		}
	}
}

func narrativeElement(e xml.StartElement) bool {
	if e.Name.Space != "http://www.w3.org/1999/xhtml" {
		return false
	}
	switch e.Name.Local {
	case "a", "abbr", "acronym", "address", "b", "bdo", "big", "blockquote", "br", "caption", "cite", "code", "col",
		"colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img",
		"ins", "kbd", "li", "ol", "p", "pre", "q", "samp", "small", "span", "strong", "sub", "sup", "table", "tbody",
		"td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var":
	default:
		return false
	}
	for _, a := range e.Attr {
		name := strings.ToLower(a.Name.Local)
		value := strings.ToLower(strings.TrimSpace(a.Value))
		if strings.HasPrefix(name, "on") || strings.HasPrefix(value, "javascript:") || strings.HasPrefix(value, "vbscript:") {
			return false
		}
	}
	return true
}
