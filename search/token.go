package search

import (
	"strings"

	"andiron.dev/fhir"
)

// Token is a criterion on codes (http://hl7.org/fhir/R4/search.html#token). With ModNot it holds for resources that none
// of the alternatives matches, those without a value included. With ModOfType and ModIdentifier it looks in slots of their
// own: see Source.
type Token struct {
	criterion
	Any []TokenTest
}

// TokenTest is one alternative: "code", "system|code", "|code" or "system|".
type TokenTest struct {
	Code      string
	AnyCode   bool // "system|"
	System    string
	AnySystem bool // "code": whatever its system
}

func parseToken(c criterion) (Expr, error) {
	t := &Token{criterion: c}
	for _, raw := range c.raw {
		system, code, scoped := cutEscaped(raw, '|')
		if !scoped {
			system, code = "", raw
		}
		if strings.Contains(strings.ReplaceAll(code, `\|`, ""), "|") {
			return nil, fhir.Errorf(fhir.Invalid, "a value of the parameter '%s' has more than one '|'; escape those that belong to the code as '\\|'", c.Param.Code)
		}
		test := TokenTest{System: unescape(system), Code: unescape(code), AnySystem: !scoped}
		test.AnyCode = test.Code == ""
		if test.AnyCode && test.System == "" {
			return nil, fhir.Errorf(fhir.Invalid, "a value of the parameter '%s' has neither system nor code", c.Param.Code)
		}
		t.Any = append(t.Any, test)
	}
	return t, nil
}

// Matches reports whether one indexed token passes the test. Codes are compared as they are written: R4 leaves case to
// the code system, and those of a hospital tell it apart.
func (t TokenTest) Matches(v TokenValue) bool {
	return (t.AnyCode || t.Code == v.Code) && (t.AnySystem || t.System == v.System)
}

func (t *Token) match(v *Values) bool {
	found := false
	for i := range v.Tokens {
		if !t.Param.looksIn(v.Tokens[i].Slot, t.Modifier) {
			continue
		}
		for _, test := range t.Any {
			found = found || test.Matches(v.Tokens[i]) != (t.Modifier == ModUnequal)
		}
	}
	return found != t.Negated()
}
