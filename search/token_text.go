package search

import (
	"strings"
	"unicode/utf8"

	"andiron.dev/fhir/path"
)

// TokenText is a criterion on the texts that go with codes: ":text" of a token
// (http://hl7.org/fhir/R4/search.html#token). A text matches that begins with the value, both folded.
type TokenText struct {
	criterion
	Any []string // folded, no longer than MaxTokenText; what folds to nothing matches nothing
}

// MaxTokenText is how many bytes of the text of a code are compared. Displays are shorter; free text need not be.
const MaxTokenText = 256

// TokenTextValue is a text that goes with a code: CodeableConcept.text, Coding.display or Identifier.type.text.
type TokenTextValue struct {
	Slot   *Slot // of the tokens
	Folded string
}

func parseTokenText(c criterion) (Expr, error) {
	t := &TokenText{criterion: c}
	for _, raw := range c.raw {
		t.Any = append(t.Any, foldTokenText(unescape(raw)))
	}
	return t, nil
}

// foldTokenText folds a text and cuts it off.
func foldTokenText(text string) string {
	folded := Fold(text)
	if len(folded) <= MaxTokenText {
		return folded
	}
	end := MaxTokenText
	for !utf8.RuneStart(folded[end]) {
		end--
	}
	return folded[:end]
}

func (t *TokenText) match(v *Values) bool {
	return anyValue(v.TokenTexts, t.Any, func(v *TokenTextValue) bool { return t.Param.has(v.Slot) }, func(want string, v TokenTextValue) bool { return want != "" && strings.HasPrefix(v.Folded, want) })
}

// addTokenTexts adds the texts of a token. The text of a concept is mostly the display of its code, and is kept once.
func (v *Values) addTokenTexts(slot *Slot, value path.Value) {
	e := value.Element()
	first, last := len(v.TokenTexts), ""
	add := func(text string) {
		if text == "" || text == last {
			return
		}
		last = text
		folded := foldTokenText(text)
		for _, known := range v.TokenTexts[first:] {
			if known.Folded == folded {
				return
			}
		}
		if folded != "" {
			v.TokenTexts = append(v.TokenTexts, TokenTextValue{Slot: slot, Folded: folded})
		}
	}
	switch typeName(value) {
	case "Coding":
		add(e.Get("display").Text())
	case "CodeableConcept":
		for coding := range e.Each("coding") {
			add(coding.Get("display").Text())
		}
		add(e.Get("text").Text())
	case "Identifier":
		add(e.Get("type").Get("text").Text())
	}
}
