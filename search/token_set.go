package search

import (
	"slices"

	"andiron.dev/fhir"
)

// TokenSet is a criterion on codes that takes terminology to tell: the codes of a value set (":in", ":not-in"), and those that
// a code subsumes (":below") or is subsumed by (":above"), http://hl7.org/fhir/R4/search.html#token. Package fhir/terminology
// puts a Token in its place within the transaction that searches; engines and Match do not know it.
type TokenSet struct {
	criterion
	ValueSets []string    // of :in and :not-in: a canonical, with its version behind '|', or a reference
	Codes     []TokenTest // of :below and :above: each has a system and a code
	Own       string      // under what base the client knows this server
}

// Token is the criterion with the codes that the set turned out to have.
func (s *TokenSet) Token(codes []TokenTest) *Token { return &Token{criterion: s.criterion, Any: codes} }

// Negated reports whether the criterion holds for resources that none of the alternatives matches, those without a value
// included.
func (t *Token) Negated() bool { return t.Modifier == ModNot || t.Modifier == ModNotIn }

// takesSet reports whether a modifier of tokens asks for a set of codes.
func (m Modifier) takesSet() bool {
	return m == ModIn || m == ModNotIn || m == ModAbove || m == ModBelow
}

func parseTokenSet(c criterion, p *Params, o *Options) (Expr, error) {
	s := &TokenSet{criterion: c, Own: o.Base}
	for _, raw := range c.raw {
		if c.Modifier == ModIn || c.Modifier == ModNotIn {
			s.ValueSets = append(s.ValueSets, unescape(raw))
			continue
		}
		system, code, scoped := cutEscaped(raw, '|')
		if !scoped {
			system, code = "", raw
		}
		test := TokenTest{System: unescape(system), Code: unescape(code)}
		if !scoped {
			test.System = p.impliedSystem(c.Param, test.Code)
		}
		if test.System == "" || test.Code == "" || len(splitEscaped(code, '|')) > 1 {
			return nil, fhir.Errorf(fhir.Invalid, "the value of '%s:%s' must be system|code: only a code system says what its codes subsume", c.Param.Code, c.Modifier)
		}
		s.Codes = append(s.Codes, test)
	}
	return s, nil
}

// coded reports whether the parameter may have values that are codes of code systems.
func (p *Params) coded(param *Param) bool {
	return slices.ContainsFunc(param.Sources, func(s Source) bool {
		return slices.ContainsFunc([]string{"code", "Coding", "CodeableConcept"}, func(dataType string) bool { return p.mayBe(s.Slot.Term, dataType) })
	})
}

// impliedSystem is the code system of a code that a query names alone: the one that a required binding of the parameter's
// elements implies, "" where there is none.
func (p *Params) impliedSystem(param *Param, code string) string {
	for _, s := range param.Sources {
		if element := p.element(s.Slot.Term); element != nil {
			if system := element.Binding.SystemOf(code); system != "" {
				return system
			}
		}
	}
	return ""
}
