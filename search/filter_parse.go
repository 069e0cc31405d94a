package search

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"andiron.dev/fhir"
)

const (
	maxFilterLength = 4 << 10 // bytes
	maxFilterDepth  = 16      // expressions within each other
	maxFilterTests  = 100     // comparisons
)

// parseFilter reads a filter by the grammar of http://hl7.org/fhir/R4/search_filter.html.
func parseFilter(text string) (filterNode, error) {
	if len(text) > maxFilterLength {
		return nil, fhir.Errorf(fhir.TooCostly, "the filter is longer than %d bytes", maxFilterLength)
	}
	in := &filterParsing{text: text}
	n, err := in.filter()
	if err != nil {
		return nil, err
	}
	if in.space(); in.at < len(in.text) {
		return nil, in.invalid("'and', 'or' or the end of the filter was expected")
	}
	if n.depth() > maxFilterDepth {
		return nil, fhir.Errorf(fhir.TooCostly, "the filter is nested more than %d levels deep", maxFilterDepth)
	}
	return n, nil
}

type filterParsing struct {
	text  string
	at    int
	tests int
}

func (in *filterParsing) invalid(text string) error {
	return fhir.Errorf(fhir.Invalid, "the filter cannot be understood: %s at character %d", text, utf8.RuneCountInString(in.text[:in.at])+1)
}

func (in *filterParsing) space() {
	rest := strings.TrimLeftFunc(in.text[in.at:], unicode.IsSpace)
	in.at = len(in.text) - len(rest)
}

// take reads a character if it comes next, white space before it aside.
func (in *filterParsing) take(c byte) bool {
	if in.space(); in.at < len(in.text) && in.text[in.at] == c {
		in.at++
		return true
	}
	return false
}

// word gives the letters that come next, white space before them aside, without reading them.
func (in *filterParsing) word() string {
	in.space()
	end := in.at
	for end < len(in.text) && (in.text[end]|0x20) >= 'a' && (in.text[end]|0x20) <= 'z' {
		end++
	}
	return in.text[in.at:end]
}

// keyword reads one of some words if it comes next, in any case (RFC 5234: words of a grammar have none).
func (in *filterParsing) keyword(words ...string) string {
	word := in.word()
	after := in.at + len(word)
	if i := slices.Index(words, strings.ToLower(word)); i >= 0 && (after == len(in.text) || !nameChar(in.text[after]) && in.text[after] != '.' && in.text[after] != '[') {
		in.at = after
		return words[i]
	}
	return ""
}

func (in *filterParsing) filter() (filterNode, error) {
	left, err := in.operand()
	if err != nil {
		return nil, err
	}
	for logic := (*filterLogic)(nil); ; {
		operator := in.keyword("and", "or")
		if operator == "" {
			return left, nil
		}
		right, err := in.operand()
		if err != nil {
			return nil, err
		}
		if logic == nil || logic.operator != operator {
			logic = &filterLogic{operator: operator, parts: []filterNode{left}}
		}
		logic.parts = append(logic.parts, right)
		left = logic
	}
}

// operand reads a comparison or a parenthesis, which may be negated.
func (in *filterParsing) operand() (filterNode, error) {
	negated := in.keyword("not") != ""
	if !in.take('(') {
		if negated {
			return nil, in.invalid("'(' was expected after 'not'")
		}
		return in.test()
	}
	n, err := in.filter()
	if err != nil {
		return nil, err
	}
	if !in.take(')') {
		return nil, in.invalid("')' was expected")
	}
	if negated {
		return &filterNot{part: n}, nil
	}
	return n, nil
}

func filterOperators() []string {
	return []string{"eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le", "ap", "sa", "eb", "pr", "po", "ss", "sb", "in", "ni", "re"}
}

func (in *filterParsing) test() (filterNode, error) {
	n := &filterTest{}
	var err error
	if n.path, err = in.path(); err != nil {
		return nil, err
	}
	if !in.spaced() {
		return nil, in.invalid("a space and an operator such as eq were expected")
	}
	if n.operator = in.keyword(filterOperators()...); n.operator == "" {
		return nil, in.invalid("one of the operators " + strings.Join(filterOperators(), ", ") + " was expected")
	}
	if !in.spaced() {
		return nil, in.invalid("a space and a value were expected")
	}
	if n.value, err = in.value(); err != nil {
		return nil, err
	}
	if in.tests++; in.tests > maxFilterTests {
		return nil, fhir.Errorf(fhir.TooCostly, "the filter has more than %d comparisons", maxFilterTests)
	}
	return n, nil
}

// spaced reads white space, and reports whether there was any.
func (in *filterParsing) spaced() bool {
	before := in.at
	in.space()
	return in.at > before
}

func nameChar(c byte) bool { return alphanumeric(c) || c == '_' || c == '-' }

func (in *filterParsing) path() ([]filterStep, error) {
	var steps []filterStep
	in.space()
	for {
		from := in.at
		for in.at < len(in.text) && nameChar(in.text[in.at]) {
			in.at++
		}
		if name := in.text[from:in.at]; name == "" || name[0] == '-' || name[0] >= '0' && name[0] <= '9' {
			in.at = from
			return nil, in.invalid("the name of a search parameter was expected")
		}
		step := filterStep{name: in.text[from:in.at]}
		within := in.at < len(in.text) && in.text[in.at] == '['
		if within {
			in.at++
			var err error
			if step.within, err = in.filter(); err != nil {
				return nil, err
			}
			if !in.take(']') {
				return nil, in.invalid("']' was expected")
			}
		}
		steps = append(steps, step)
		if in.at == len(in.text) || in.text[in.at] != '.' {
			if within {
				return nil, in.invalid("'.' and the name of a search parameter were expected after ']'")
			}
			return steps, nil
		}
		in.at++
	}
}

// value reads a JSON string, or all up to white space or a closing bracket.
func (in *filterParsing) value() (filterValue, error) {
	rest := in.text[in.at:]
	if !strings.HasPrefix(rest, `"`) {
		end := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || r == ')' || r == ']' })
		if end < 0 {
			end = len(rest)
		}
		if end == 0 {
			return filterValue{}, in.invalid("a value was expected")
		}
		in.at += end
		return filterValue{text: rest[:end]}, nil
	}
	end := 1
	for end < len(rest) && rest[end] != '"' {
		if rest[end] == '\\' {
			end++
		}
		end++
	}
	var text string
	if end >= len(rest) || json.Unmarshal([]byte(rest[:end+1]), &text) != nil {
		return filterValue{}, in.invalid("what begins with a quotation mark is no JSON string")
	}
	in.at += end + 1
	return filterValue{text: text, quoted: true}, nil
}
