package searchtest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// Script is a parsed script.
type Script struct {
	Name  string
	steps []step
}

// step is one line that does something.
type step struct {
	line int
	text string

	put    *fhir.Resource
	remove string // "Patient/1"
	clock  time.Time
	search string // "Patient?name=ann"
	strict bool
	want   expectation
}

// expectation is what stands after "=>".
type expectation struct {
	pages   [][]string
	total   int // -1 = not said
	warning fhir.IssueType
	err     fhir.IssueType
}

// Parse reads a script. Its error names the line.
func Parse(name, text string) (*Script, error) {
	s := &Script{Name: name}
	loading := false
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], " \t\r")
		at := step{line: i + 1, text: strings.TrimSpace(line)}
		if at.text == "" || at.text[0] == '#' {
			continue
		}
		var err error
		switch {
		case at.text == "load":
			loading = true
			continue
		case indent(line) > 0 && loading:
			for i+1 < len(lines) && indent(lines[i+1]) > indent(line) {
				i++
				at.text += strings.TrimSpace(lines[i])
			}
			err = at.load()
		default:
			loading = false
			err = at.command()
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, at.line, err)
		}
		s.steps = append(s.steps, at)
	}
	return s, nil
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// load reads `Patient/a {…}`.
func (s *step) load() error {
	reference, body, _ := strings.Cut(s.text, " ")
	typ, id, ok := strings.Cut(reference, "/")
	body = strings.TrimSpace(body)
	if !ok || !strings.HasPrefix(body, "{") {
		return fmt.Errorf("a resource looks like Type/id {…}, not %q", s.text)
	}
	separator := ","
	if strings.TrimSpace(body[1:]) == "}" {
		separator = ""
	}
	r, err := fhir.ParseResource(`{"resourceType":"`+typ+`","id":"`+id+`"`+separator+body[1:], fhir.Limits{})
	s.put = r
	return err
}

func (s *step) command() (err error) {
	verb, rest, _ := strings.Cut(s.text, " ")
	rest = strings.TrimSpace(rest)
	switch verb {
	case "delete":
		s.remove = rest
		return nil
	case "clock":
		s.clock, err = time.Parse(time.RFC3339, rest)
		return err
	case "search":
		query, want, ok := strings.Cut(rest, "=>")
		if !ok {
			return fmt.Errorf("a search needs '=>' and what it finds")
		}
		s.search, s.strict = strings.CutPrefix(strings.TrimSpace(query), "strict ")
		s.search = strings.TrimSpace(s.search)
		return s.want.parse(strings.Fields(want))
	}
	return fmt.Errorf("%q is none of load, delete, clock and search", verb)
}

func (e *expectation) parse(words []string) error {
	e.total = -1
	page := []string{}
	for i := 0; i < len(words); i++ {
		argument := ""
		if i+1 < len(words) {
			argument = words[i+1]
		}
		switch words[i] {
		case "|":
			e.pages, page = append(e.pages, page), []string{}
			continue
		case "total":
			n, err := strconv.Atoi(argument)
			if err != nil {
				return fmt.Errorf("after 'total' a number must follow")
			}
			e.total = n
		case "warning":
			e.warning = fhir.IssueType(argument)
		case "error":
			e.err = fhir.IssueType(argument)
		default:
			page = append(page, words[i])
			continue
		}
		i++
	}
	e.pages = append(e.pages, page)
	return nil
}
