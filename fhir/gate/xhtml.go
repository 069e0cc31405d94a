package gate

import "strings"

// xhtml checks a narrative: well-formed, and nothing in it that could run or load code in a browser that shows it
// (http://hl7.org/fhir/R4/narrative.html#xhtml, invariant txt-1). It says what is wrong, or "".
//
// It is a scanner of its own because a general XML parser would be the slowest part of the gate, and has to be
// told all the same what XHTML allows. It is stricter than either an XML or an HTML parser: what the two would read
// differently ("<!-->", "</ p>", duplicate attributes) is refused, so that nothing hides in the difference.
func xhtml(s string) string {
	if hasControl(s) || strings.Contains(s, "\uFFFE") || strings.Contains(s, "\uFFFF") {
		return "the narrative must not hold control characters other than tab, line feed and carriage return, nor U+FFFE and U+FFFF"
	}
	x := xhtmlScanner{rest: strings.Trim(s, " \t\r\n")}
	if !strings.HasPrefix(x.rest, "<div") {
		return "the narrative must be a <div> element"
	}
	for x.rest != "" {
		if wrong := x.step(); wrong != "" {
			return wrong
		}
		if len(x.open) == 0 && x.rest != "" {
			return "the narrative must be one <div> element and nothing else"
		}
	}
	if len(x.open) > 0 {
		return "the element <" + x.open[len(x.open)-1] + "> of the narrative is not closed"
	}
	return ""
}

type xhtmlScanner struct {
	rest string
	open []string // elements that are not closed yet
}

// maxXHTMLDepth bounds the nesting of a narrative.
const maxXHTMLDepth = 200

// step reads one tag or comment, and the text before it.
func (x *xhtmlScanner) step() string {
	i := strings.IndexByte(x.rest, '<')
	if i < 0 {
		i = len(x.rest)
	}
	if wrong := characters(x.rest[:i]); wrong != "" {
		return wrong
	}
	x.rest = x.rest[i:]
	switch {
	case x.rest == "":
		return ""
	case strings.HasPrefix(x.rest, "<!--"):
		return x.comment()
	case strings.HasPrefix(x.rest, "</"):
		return x.endTag()
	}
	return x.startTag()
}

// comment reads a comment. XML forbids "--" in it; HTML parsers also end one at "<!-->", "<!--->" and "--!>", and would run what follows.
func (x *xhtmlScanner) comment() string {
	content := x.rest[len("<!--"):]
	end := strings.Index(content, "--")
	if end < 0 {
		return "a comment in the narrative is not closed"
	}
	if content[0] == '>' || strings.HasPrefix(content, "->") || !strings.HasPrefix(content[end:], "-->") {
		return "a comment in the narrative must not hold '--', nor start with '>' or '->'"
	}
	x.rest = content[end+len("-->"):]
	return ""
}

func (x *xhtmlScanner) endTag() string {
	end := strings.IndexByte(x.rest, '>')
	if end < 0 {
		return "a tag in the narrative is not closed"
	}
	name := strings.TrimRight(x.rest[2:end], " \t\r\n")
	if len(x.open) == 0 || x.open[len(x.open)-1] != name {
		return "the tags of the narrative do not match at " + called("</", name, ">", "an end tag")
	}
	x.open, x.rest = x.open[:len(x.open)-1], x.rest[end+1:]
	return ""
}

func (x *xhtmlScanner) startTag() string {
	name := x.name(1)
	if !allowedElement(name) {
		if name == "" {
			return "'<' must be written as '&lt;' in the text of the narrative"
		}
		return called("the element <", name, ">", "an element") + " is not allowed in a narrative"
	}
	x.rest = x.rest[1+len(name):]
	var room [8]string
	seen := room[:0]
	for {
		space := len(x.rest)
		x.rest = strings.TrimLeft(x.rest, " \t\r\n")
		space -= len(x.rest)
		switch {
		case x.rest == "":
			return "a tag in the narrative is not closed"
		case strings.HasPrefix(x.rest, "/>"):
			x.rest = x.rest[2:]
			return ""
		case x.rest[0] == '>':
			if len(x.open) >= maxXHTMLDepth {
				return "the narrative is nested too deeply"
			}
			x.open, x.rest = append(x.open, name), x.rest[1:]
			return ""
		case space == 0:
			return "a tag in the narrative is not well-formed"
		}
		attribute, wrong := x.attribute(name)
		if wrong != "" {
			return wrong
		}
		for _, before := range seen {
			if before == attribute {
				return "the attribute '" + attribute + "' occurs twice in a tag of the narrative"
			}
		}
		seen = append(seen, attribute)
	}
}

// name reads an XML name that starts at offset from.
func (x *xhtmlScanner) name(from int) string {
	i := from
	for i < len(x.rest) && strings.IndexByte(" \t\r\n=/>\"'<", x.rest[i]) < 0 {
		i++
	}
	return x.rest[from:i]
}

func (x *xhtmlScanner) attribute(element string) (name, wrong string) {
	name = x.name(0)
	if name == "" {
		return "", "a tag in the narrative is not well-formed"
	}
	if !allowedAttribute(name) {
		return "", called("the attribute '", name, "'", "an attribute") + " is not allowed in a narrative"
	}
	x.rest = strings.TrimLeft(x.rest[len(name):], " \t\r\n")
	if !strings.HasPrefix(x.rest, "=") {
		return "", "an attribute in the narrative has no value"
	}
	x.rest = strings.TrimLeft(x.rest[1:], " \t\r\n")
	if x.rest == "" || x.rest[0] != '"' && x.rest[0] != '\'' {
		return "", "an attribute in the narrative is not quoted"
	}
	end := strings.IndexByte(x.rest[1:], x.rest[0])
	if end < 0 {
		return "", "an attribute in the narrative is not closed"
	}
	value := x.rest[1 : 1+end]
	x.rest = x.rest[end+2:]
	if strings.IndexByte(value, '<') >= 0 {
		return "", "'<' must be written as '&lt;' in an attribute of the narrative"
	}
	if wrong := characters(value); wrong != "" {
		return "", wrong
	}
	return name, attributeValue(element, name, value)
}
