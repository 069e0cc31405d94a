package spec

import (
	"fmt"
	"regexp"
	"strings"
)

// file is an exchange file.
type file struct {
	preamble  string // all before the first exchange, as written
	settings  []directive
	exchanges []*exchange
}

// exchange is a request and the response to it.
type exchange struct {
	title      string
	directives []directive
	head       string // the request as written, from the title to the end of its body
	method     string
	target     string
	header     []directive
	body       string
	response   string // status line, headers and body
}

// directive is "# @name value"; a header is one as well.
type directive struct{ name, value string }

func (e *exchange) has(name string) bool {
	for _, d := range e.directives {
		if d.name == name {
			return true
		}
	}
	return false
}

// parse reads an exchange file.
func parse(text string) (*file, error) {
	parts := regexp.MustCompile(`(?m)^### `).Split(text, -1)
	f := &file{preamble: parts[0]}
	for line := range strings.Lines(f.preamble) {
		if d, ok := parseDirective(line); ok {
			if d.name != "server" {
				return nil, fmt.Errorf("@%s does not belong above the first exchange", d.name)
			}
			name, value, _ := strings.Cut(d.value, " ")
			f.settings = append(f.settings, directive{name, value})
		}
	}
	for _, part := range parts[1:] {
		e, err := parseExchange(part)
		if err != nil {
			return nil, err
		}
		f.exchanges = append(f.exchanges, e)
	}
	return f, nil
}

func parseDirective(line string) (directive, bool) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(line), "# @")
	name, value, _ := strings.Cut(rest, " ")
	return directive{name, strings.TrimSpace(value)}, ok
}

func parseExchange(text string) (*exchange, error) {
	e := &exchange{}
	if at := regexp.MustCompile(`(?m)^HTTP \d\d\d`).FindStringIndex(text); at != nil {
		text, e.response = text[:at[0]], strings.TrimRight(text[at[0]:], "\n")
	}
	e.head = "### " + strings.TrimRight(text, "\n")
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	e.title, lines = lines[0], lines[1:]
	for len(lines) > 0 && (lines[0] == "" || strings.HasPrefix(lines[0], "#")) {
		if d, ok := parseDirective(lines[0]); ok {
			e.directives = append(e.directives, d)
		}
		lines = lines[1:]
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%q has no request", e.title)
	}
	var ok bool
	if e.method, e.target, ok = strings.Cut(lines[0], " "); !ok {
		return nil, fmt.Errorf("%q: %q is not METHOD path", e.title, lines[0])
	}
	for lines = lines[1:]; len(lines) > 0 && lines[0] != ""; lines = lines[1:] {
		name, value, ok := strings.Cut(lines[0], ":")
		if !ok {
			return nil, fmt.Errorf("%q: %q is not a header", e.title, lines[0])
		}
		e.header = append(e.header, directive{name, strings.TrimSpace(value)})
	}
	e.body = strings.TrimPrefix(strings.Join(lines, "\n"), "\n")
	return e, nil
}

// String is the file as it is written.
func (f *file) String() string {
	var b strings.Builder
	b.WriteString(strings.TrimRight(f.preamble, "\n") + "\n")
	for _, e := range f.exchanges {
		b.WriteString("\n" + e.head + "\n\n" + e.response + "\n")
	}
	return b.String()
}
