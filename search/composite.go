package search

import (
	"slices"

	"andiron.dev/fhir"
)

// Composite is a criterion on values that stand together (http://hl7.org/fhir/R4/search.html#composite): the parts, between
// '$', must hold for one and the same element. Composites take no modifiers.
type Composite struct {
	criterion
	Any []CompositeTest
}

// CompositeTest is one alternative: a criterion for each of Param.Parts, in their order, with one alternative each.
type CompositeTest struct{ Parts []Expr }

// MaxParts is how many parts a composite may have; those of R4 have two or three.
const MaxParts = 3

// CompositeValue is one combination of the values that the parts have in one element.
type CompositeValue struct {
	Slot  *Slot
	Parts [MaxParts]any // TokenValue, DateValue …, without their Slot; nil after the last
}

func (in *parsing) composite(c criterion) (Expr, error) {
	e := &Composite{criterion: c}
	for _, raw := range c.raw {
		texts := splitEscaped(raw, '$')
		if len(texts) != len(c.Param.Parts) {
			return nil, fhir.Errorf(fhir.Invalid, "a value of the parameter '%s' must have %d parts with '$' between them; escape a '$' that belongs to one of them as '\\$'",
				c.Param.Code, len(c.Param.Parts))
		}
		test := CompositeTest{}
		for i, text := range texts {
			part, err := in.criterion(criterion{Param: c.Param.Parts[i], raw: []string{text}})
			if err != nil {
				return nil, err
			}
			test.Parts = append(test.Parts, part)
		}
		e.Any = append(e.Any, test)
	}
	return e, nil
}

// Matches reports whether one combination passes the test.
func (t CompositeTest) Matches(v CompositeValue) bool {
	for i, part := range t.Parts {
		if !partMatches(part, v.Parts[i]) {
			return false
		}
	}
	return true
}

func partMatches(part Expr, value any) bool {
	switch v := value.(type) {
	case TokenValue:
		e, ok := part.(*Token)
		return ok && slices.ContainsFunc(e.Any, func(t TokenTest) bool { return t.Matches(v) })
	case StringValue:
		e, ok := part.(*String)
		return ok && slices.ContainsFunc(e.Any, func(t StringTest) bool { return t.Matches(v, "") })
	case DateValue:
		e, ok := part.(*Date)
		return ok && slices.ContainsFunc(e.Any, func(t DateTest) bool { return t.Matches(v) })
	case ReferenceValue:
		e, ok := part.(*Reference)
		return ok && slices.ContainsFunc(e.Any, func(t ReferenceTest) bool { return t.Matches(v) })
	case NumberValue:
		e, ok := part.(*Number)
		return ok && slices.ContainsFunc(e.Any, func(t NumberTest) bool { return t.Matches(v) })
	case QuantityValue:
		e, ok := part.(*Quantity)
		return ok && slices.ContainsFunc(e.Any, func(t QuantityTest) bool { return t.Matches(v) })
	case URIValue:
		e, ok := part.(*URI)
		return ok && slices.ContainsFunc(e.Any, func(t URITest) bool { return t.Matches(v, "") })
	}
	return false
}

func (e *Composite) match(v *Values) bool {
	return anyValue(v.Composites, e.Any, func(v *CompositeValue) bool { return e.Param.has(v.Slot) }, CompositeTest.Matches)
}
