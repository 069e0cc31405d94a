package search

import (
	"slices"
	"strings"
)

// TextQuery is what _text and _content are asked for: words and phrases, combined. R4 leaves its language to the server:
//
//	bone cancer            both words, anywhere
//	"bone cancer"          one behind the other, in one text
//	(bone OR liver) and metastases
//	cancer NOT liver       also: cancer -liver
//	metasta*               words that begin so
//
// AND, OR and NOT are operators in capitals, and "and" as in the example of R4; NOT binds closest, then AND. A word that
// punctuation takes apart is a phrase: "self-management".
type TextQuery interface {
	String() string
	matches(texts [][]string) bool
}

// TextAll holds where all of its parts do.
type TextAll []TextQuery

// TextAny holds where any of its parts does.
type TextAny []TextQuery

// TextNot holds where its part does not.
type TextNot struct{ Query TextQuery }

// TextPhrase holds where a text has the words in a row; with Prefix, the last of them may be the beginning of a longer one.
type TextPhrase struct {
	Words  []string // folded; at least one
	Prefix bool
}

// TextSome holds where there are any words. ":missing" asks for it.
type TextSome struct{}

func (t TextAll) String() string { return joinText(t, " ") }

func (t TextAny) String() string { return joinText(t, " OR ") }

func (t TextNot) String() string {
	if _, twice := t.Query.(TextNot); twice {
		return "NOT (" + t.Query.String() + ")"
	}
	return "NOT " + t.Query.String()
}

func (t TextPhrase) String() string {
	s := `"` + strings.Join(t.Words, " ") + `"`
	if t.Prefix {
		s += "*"
	}
	return s
}

func (TextSome) String() string { return "*" }

func joinText(list []TextQuery, between string) string {
	parts := make([]string, len(list))
	for i, q := range list {
		parts[i] = q.String()
	}
	return "(" + strings.Join(parts, between) + ")"
}

func (t TextAll) matches(texts [][]string) bool {
	for _, q := range t {
		if !q.matches(texts) {
			return false
		}
	}
	return true
}

func (t TextAny) matches(texts [][]string) bool {
	return slices.ContainsFunc(t, func(q TextQuery) bool { return q.matches(texts) })
}

func (t TextNot) matches(texts [][]string) bool { return !t.Query.matches(texts) }

func (TextSome) matches(texts [][]string) bool {
	return slices.ContainsFunc(texts, func(words []string) bool { return len(words) > 0 })
}

func (t TextPhrase) matches(texts [][]string) bool {
	return slices.ContainsFunc(texts, func(words []string) bool {
		for from := 0; from+len(t.Words) <= len(words); from++ {
			if t.at(words[from:]) {
				return true
			}
		}
		return false
	})
}

// at reports whether the phrase stands at the beginning of words.
func (t TextPhrase) at(words []string) bool {
	last := len(t.Words) - 1
	for i, word := range t.Words {
		if words[i] != word && (i < last || !t.Prefix || !strings.HasPrefix(words[i], word)) {
			return false
		}
	}
	return true
}
