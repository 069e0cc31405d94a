package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"andiron.dev/fhir"
)

const (
	maxTextTerms  = 64 // words and phrases of one value
	maxTextDepth  = 16 // parentheses within each other
	minTextPrefix = 2  // characters before a '*': fewer are the beginning of too many words
)

// ReadTextQuery reads what TextQuery.String has written.
func ReadTextQuery(text string) (TextQuery, error) {
	return (&textParsing{rest: text, own: true}).query()
}

func parseTextQuery(code, text string) (TextQuery, error) {
	return (&textParsing{code: code, rest: text}).query()
}

func (in *textParsing) query() (TextQuery, error) {
	q, err := in.alternatives(0)
	switch {
	case err != nil:
		return nil, err
	case in.skip() != "":
		return nil, in.invalid("it closes a parenthesis that it has not opened")
	case q == nil:
		return nil, in.invalid("it has no word to look for")
	}
	return q, nil
}

// textParsing is one value being read. Terms without a letter or digit are left out; what is made of nothing else is nil.
type textParsing struct {
	code  string
	rest  string
	terms int
	own   bool // written by a TextQuery: there are no limits, and "*" is TextSome
}

func (in *textParsing) invalid(text string) error {
	return fhir.Errorf(fhir.Invalid, "a value of the parameter '%s' cannot be understood: %s", in.code, text)
}

// skip passes over white space and gives what follows.
func (in *textParsing) skip() string {
	in.rest = strings.TrimLeftFunc(in.rest, unicode.IsSpace)
	return in.rest
}

// operator reads one of the operators if it comes next.
func (in *textParsing) operator(names ...string) bool {
	for _, name := range names {
		if rest, ok := strings.CutPrefix(in.skip(), name); ok && (rest == "" || rest[0] == '(' || rest[0] == '"' || startsWithSpace(rest)) {
			in.rest = rest
			return true
		}
	}
	return false
}

func startsWithSpace(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsSpace(r)
}

// alternatives reads what stands between ORs.
func (in *textParsing) alternatives(depth int) (TextQuery, error) {
	var list TextAny
	for {
		q, err := in.conjunction(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, q)
		if !in.operator("OR") {
			break
		}
	}
	// "a OR ..." is not "a": leaving out an alternative would narrow the result.
	if len(list) > 1 && slices.Contains(list, nil) {
		return nil, in.invalid("an alternative of OR is missing or has no word")
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return list, nil
}

// conjunction reads terms that all have to hold.
func (in *textParsing) conjunction(depth int) (TextQuery, error) {
	var list TextAll
	for joined := false; ; {
		switch rest := in.skip(); {
		case rest == "" || rest[0] == ')', in.peek("OR"):
			if joined {
				return nil, in.invalid("something is missing after AND")
			}
			switch len(list) {
			case 0:
				return nil, nil
			case 1:
				return list[0], nil
			}
			return list, nil
		}
		if in.operator("AND", "and") {
			if joined || len(list) == 0 {
				return nil, in.invalid("something is missing before AND")
			}
			joined = true
			continue
		}
		q, err := in.term(depth)
		if err != nil {
			return nil, err
		}
		if joined = false; q != nil {
			list = append(list, q)
		}
	}
}

func (in *textParsing) peek(operator string) bool {
	rest := in.rest
	found := in.operator(operator)
	in.rest = rest
	return found
}

// term reads a word, a phrase, a parenthesis, or the negation of one.
func (in *textParsing) term(depth int) (TextQuery, error) {
	negated := in.operator("NOT")
	if !negated && len(in.skip()) > 1 && in.rest[0] == '-' && !startsWithSpace(in.rest[1:]) {
		negated, in.rest = true, in.rest[1:]
	}
	if in.skip() == "" || in.rest[0] == ')' || in.peek("AND") || in.peek("OR") || in.peek("NOT") {
		return nil, in.invalid("something is missing after NOT")
	}
	var q TextQuery
	var err error
	switch {
	case in.own && in.rest[0] == '*':
		q, in.rest = TextSome{}, in.rest[1:]
	case in.rest[0] == '(':
		q, err = in.parenthesis(depth)
	case in.rest[0] == '"':
		q, err = in.quoted()
	default:
		end := strings.IndexFunc(in.rest, func(r rune) bool { return unicode.IsSpace(r) || r == '(' || r == ')' || r == '"' })
		if end < 0 {
			end = len(in.rest)
		}
		text := in.rest[:end]
		in.rest = in.rest[end:]
		q, err = in.phrase(strings.TrimSuffix(text, "*"), strings.HasSuffix(text, "*"))
	}
	if q == nil || err != nil {
		return nil, err
	}
	if negated {
		return TextNot{Query: q}, nil
	}
	return q, nil
}

func (in *textParsing) parenthesis(depth int) (TextQuery, error) {
	if depth == maxTextDepth && !in.own {
		return nil, fhir.Errorf(fhir.TooCostly, "a value of the parameter '%s' has more than %d parentheses within each other", in.code, maxTextDepth)
	}
	in.rest = in.rest[1:]
	q, err := in.alternatives(depth + 1)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(in.skip(), ")") {
		return nil, in.invalid("a parenthesis is not closed")
	}
	in.rest = in.rest[1:]
	return q, nil
}

func (in *textParsing) quoted() (TextQuery, error) {
	text, rest, closed := strings.Cut(in.rest[1:], `"`)
	if !closed {
		return nil, in.invalid(`a quotation mark is not closed; a comma within one has to be escaped as '\,'`)
	}
	in.rest = rest
	prefix := strings.HasPrefix(rest, "*")
	in.rest = strings.TrimPrefix(rest, "*")
	return in.phrase(text, prefix)
}

// phrase makes a term of a text; nil where there is no word in it.
func (in *textParsing) phrase(text string, prefix bool) (TextQuery, error) {
	q := TextPhrase{}
	eachWord(text, func(word string) { q.Words = append(q.Words, word) })
	if len(q.Words) == 0 {
		return nil, nil
	}
	if in.terms += len(q.Words); in.terms > maxTextTerms && !in.own {
		return nil, fhir.Errorf(fhir.TooCostly, "a value of the parameter '%s' has more than %d words", in.code, maxTextTerms)
	}
	// A '*' behind anything but a word is punctuation, and a character that is a word of its own begins no longer one.
	last, _ := utf8.DecodeLastRuneInString(text)
	q.Prefix = prefix && (unicode.IsLetter(last) || unicode.IsNumber(last) || unicode.IsMark(last)) && !spaceless(last)
	if q.Prefix && utf8.RuneCountInString(q.Words[len(q.Words)-1]) < minTextPrefix {
		return nil, fhir.Errorf(fhir.TooCostly, "a value of the parameter '%s' has less than %d characters before a '*'", in.code, minTextPrefix)
	}
	return q, nil
}
