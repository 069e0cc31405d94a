package search

import "strings"

// String is a criterion on texts (http://hl7.org/fhir/R4/search.html#string): by default a text that begins with the
// value, both folded; with ModContains one that holds it; with ModExact the very text.
type String struct {
	criterion
	Any []StringTest
}

// StringTest is one alternative.
type StringTest struct {
	Folded string // of the value; what folds to nothing matches nothing
	Text   string
}

func parseString(c criterion) (Expr, error) {
	s := &String{criterion: c}
	for _, raw := range c.raw {
		text := unescape(raw)
		s.Any = append(s.Any, StringTest{Folded: Fold(text), Text: text})
	}
	return s, nil
}

// Matches reports whether one indexed text passes the test.
func (t StringTest) Matches(v StringValue, m Modifier) bool {
	switch {
	case m == ModExact:
		return v.Text == t.Text
	case t.Folded == "":
		return false
	case m == ModContains:
		return strings.Contains(v.Folded, t.Folded)
	case m != "":
		return t.compares(v.Folded, m)
	}
	return strings.HasPrefix(v.Folded, t.Folded)
}

func (s *String) match(v *Values) bool {
	return anyValue(v.Strings, s.Any, func(v *StringValue) bool { return s.Param.has(v.Slot) }, func(t StringTest, v StringValue) bool { return t.Matches(v, s.Modifier) })
}
