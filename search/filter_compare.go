package search

import (
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// compare gives what an operator and a value mean for a parameter: where there is one, the criterion that the parameter itself
// makes of them.
func (in *parsing) compare(def *Param, operator string, value filterValue) (Expr, error) {
	text := value.text
	c := criterion{Param: def, raw: []string{text}}
	if text == "" {
		return nil, fhir.Errorf(fhir.Invalid, "the parameter '%s' has an empty value", def.Code)
	}
	if operator == "pr" {
		return in.present(c, value)
	}
	switch def.Special {
	case ID:
		switch operator {
		case "eq":
			return in.criterion(c)
		case "ne": // there is one id, so any that is not equal is all
			e, err := in.criterion(c)
			return &Not{Expr: e}, err
		}
		return nil, senseless(def, operator)
	case NarrativeText, ContentText, ListMember:
		if operator == "eq" {
			return in.criterion(c)
		}
		return nil, senseless(def, operator)
	case FilterExpression:
		return nil, senseless(def, operator)
	}
	switch def.Type {
	case r4.StringParam:
		return compareString(c, operator)
	case r4.TokenParam:
		return in.compareToken(c, operator)
	case r4.DateParam, r4.NumberParam, r4.QuantityParam:
		return in.compareOrdered(c, operator)
	case r4.ReferenceParam:
		switch operator {
		case "eq", "re":
			return in.criterion(c)
		case "ne":
			e, err := in.criterion(c)
			if r, ok := e.(*Reference); ok && err == nil {
				r.Modifier = ModUnequal
			}
			return e, err
		}
	case r4.URIParam:
		modifier, ok := map[string]Modifier{"eq": "", "ne": ModUnequal, "co": ModContains, "sw": ModStartsWith, "ew": ModEndsWith}[operator]
		if c.Modifier = modifier; ok {
			return parseURI(c)
		}
	case r4.CompositeParam, r4.SpecialParam:
		if operator == "eq" {
			return in.criterion(c)
		}
	}
	return nil, senseless(def, operator)
}

func senseless(def *Param, operator string) error {
	typ := string(def.Type)
	if def.Special != NotSpecial && def.Special != ID && def.Special != LastUpdated {
		typ = string(r4.SpecialParam)
	}
	return fhir.Errorf(fhir.Invalid, "the operator '%s' makes no sense for the parameter '%s', which is of type %s", operator, def.Code, typ)
}

// present is "pr": whether the resource has a value.
func (in *parsing) present(c criterion, value filterValue) (Expr, error) {
	switch {
	case c.Param.Special == ListMember || c.Param.Special == FilterExpression:
		return nil, senseless(c.Param, "pr")
	case value.text != "true" && value.text != "false":
		return nil, fhir.Errorf(fhir.Invalid, "in a filter, 'pr' takes true or false; what stands behind it for the parameter '%s' is neither", c.Param.Code)
	}
	c.Modifier, c.raw = ModMissing, []string{map[string]string{"true": "false", "false": "true"}[value.text]}
	return in.criterion(c)
}

// compareString compares folded texts.
func compareString(c criterion, operator string) (Expr, error) {
	modifier, ok := map[string]Modifier{
		"eq": ModEquals, "ne": ModUnequal, "co": ModContains, "sw": "", "ew": ModEndsWith,
		"gt": ModGreater, "lt": ModLess, "ge": ModGreaterEqual, "le": ModLessEqual,
	}[operator]
	if !ok {
		return nil, senseless(c.Param, operator)
	}
	c.Modifier = modifier
	// The filter has quoted the text already; here it must mean nothing more.
	c.raw[0] = strings.NewReplacer(`\`, `\\`, ",", `\,`, "|", `\|`, "$", `\$`).Replace(c.raw[0])
	return parseString(c)
}

// compares is StringTest.Matches for the modifiers that only a filter has.
func (t StringTest) compares(folded string, m Modifier) bool {
	switch m {
	case ModEquals:
		return folded == t.Folded
	case ModUnequal:
		return folded != t.Folded
	case ModEndsWith:
		return strings.HasSuffix(folded, t.Folded)
	case ModGreater:
		return folded > t.Folded
	case ModLess:
		return folded < t.Folded
	case ModGreaterEqual:
		return folded >= t.Folded
	case ModLessEqual:
		return folded <= t.Folded
	}
	return false
}

func (in *parsing) compareToken(c criterion, operator string) (Expr, error) {
	switch operator {
	case "eq":
		return in.criterion(c)
	case "ne":
		c.Modifier = ModUnequal
		return parseToken(c)
	}
	// "ss": the value subsumes what the resource has, which is thus below it.
	modifier, ok := map[string]Modifier{"in": ModIn, "ni": ModNotIn, "ss": ModBelow, "sb": ModAbove}[operator]
	if !ok {
		return nil, senseless(c.Param, operator)
	}
	if !in.params.coded(c.Param) {
		return nil, fhir.Errorf(fhir.NotSupported, "the operator '%s' is not supported for the parameter '%s': its values are no codes of code systems", operator, c.Param.Code)
	}
	c.Modifier = modifier
	return in.criterion(c)
}

// compareOrdered compares dates, numbers and quantities, whose prefixes are the operators.
func (in *parsing) compareOrdered(c criterion, operator string) (Expr, error) {
	if operator == "po" && c.Param.Type == r4.DateParam {
		c.raw[0] = string(Equal) + c.raw[0]
		e, err := in.criterion(c)
		if d, ok := e.(*Date); ok && err == nil { // "approximately", but without making room
			d.Any[0].Prefix = Approximately
		}
		return e, err
	}
	if prefix, _ := cutPrefix(operator); string(prefix) != operator {
		return nil, senseless(c.Param, operator)
	}
	c.raw[0] = operator + c.raw[0]
	return in.criterion(c)
}
