package search

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// Filter is a criterion in the language of _filter (http://hl7.org/fhir/R4/search_filter.html). What it asks for is Where:
// made of the same criteria as the parameters that it names, and what only it can join them with.
type Filter struct {
	criterion
	Where Expr
}

// What only _filter can ask of strings, tokens, references and addresses. A query cannot name these modifiers.
const (
	ModEquals       Modifier = "eq" // of strings: the whole text, folded
	ModUnequal      Modifier = "ne" // any value that is not equal
	ModStartsWith   Modifier = "sw" // of addresses; strings do so without a modifier
	ModEndsWith     Modifier = "ew"
	ModGreater      Modifier = "gt" // of strings, folded, in the order of Unicode
	ModLess         Modifier = "lt"
	ModGreaterEqual Modifier = "ge"
	ModLessEqual    Modifier = "le"
)

// filter reads _filter. It is no list: a comma is a part of the expression, and nothing is escaped but as the expression has it.
func (in *parsing) filter(c criterion) (Expr, error) {
	if c.Modifier != "" {
		return nil, fhir.NewOutcome(fhir.NotSupported, "the parameter '_filter' takes no modifiers")
	}
	n, err := parseFilter(strings.Join(c.raw, ","))
	if err != nil {
		return nil, err
	}
	where, err := in.filterExpr(c.Param.Resource, n, 0)
	if err != nil {
		return nil, err
	}
	return &Filter{criterion: criterion{Param: c.Param, raw: []string{filterText(n)}}, Where: where}, nil
}

// filterExpr gives what a filter means for a resource type; hops is how many references lead to it.
func (in *parsing) filterExpr(typ string, n filterNode, hops int) (Expr, error) {
	switch n := n.(type) {
	case *filterLogic:
		parts := make([]Expr, len(n.parts))
		for i, part := range n.parts {
			var err error
			if parts[i], err = in.filterExpr(typ, part, hops); err != nil {
				return nil, err
			}
		}
		if n.operator == "or" {
			return Or(parts), nil
		}
		return And(parts), nil
	case *filterNot:
		part, err := in.filterExpr(typ, n.part, hops)
		return &Not{Expr: part}, err
	case *filterTest:
		return in.filterTest(typ, n, hops)
	}
	return And{}, nil
}

// filterTest gives what a comparison means.
func (in *parsing) filterTest(typ string, n *filterTest, hops int) (Expr, error) {
	def := in.params.Param(typ, n.path[0].name)
	if def == nil {
		return nil, fhir.NewOutcome(fhir.NotSupported, in.params.unserved(typ, n.path[0].name))
	}
	switch {
	case len(n.path) > 1 && def.Type == r4.ReferenceParam:
		return in.filterChain(def, n, hops)
	case len(n.path) > 1 && def.Type == r4.CompositeParam:
		return in.filterComposite(def, n)
	case len(n.path) > 1:
		return nil, fhir.Errorf(fhir.Invalid, "the parameter '%s' is of type %s; within a filter only references and composites have something below them", def.Code, def.Type)
	}
	if hops > 0 {
		in.leads++
		if in.ends++; in.leads > maxLeads || in.ends > maxEnds {
			return nil, tooManyLeads()
		}
	}
	return in.compare(def, n.operator, n.value)
}

// filterChain follows a reference. Types that do not have the rest of the path are left out, as in a chained parameter.
func (in *parsing) filterChain(def *Param, n *filterTest, hops int) (Expr, error) {
	if hops == maxHops {
		return nil, fhir.Errorf(fhir.TooCostly, "a path of the filter follows more than %d references", maxHops)
	}
	if in.tried++; in.tried > maxTried {
		return nil, tooManyLeads()
	}
	chain := &Chain{Param: def, Own: in.options.Base}
	rest := &filterTest{path: n.path[1:], operator: n.operator, value: n.value}
	var refused error
	for _, target := range in.params.targets(def) {
		where, err := in.filterTest(target, rest, hops+1)
		if within := n.path[0].within; err == nil && within != nil {
			var all Expr
			if all, err = in.filterExpr(target, within, hops+1); err == nil {
				where = And{all, where}
			}
		}
		switch {
		case fhir.CodeOf(err) == fhir.TooCostly:
			return nil, err
		case err == nil:
			chain.Links = append(chain.Links, Link{Type: target, Where: where})
		case refused == nil || fhir.CodeOf(refused) == fhir.NotSupported && fhir.CodeOf(err) == fhir.Invalid: // what is known, but makes no sense, says more
			refused = err
		}
	}
	switch {
	case len(chain.Links) > 0:
		return chain, nil
	case refused != nil:
		return nil, refused
	}
	return nil, fhir.Errorf(fhir.NotSupported, "the parameter '%s' refers to no type of resource", def.Code)
}

// filterComposite asks for values that stand together: "code-value-quantity[code eq http://loinc.org|8480-6].value-quantity gt 140".
func (in *parsing) filterComposite(def *Param, n *filterTest) (Expr, error) {
	tests := []*filterTest{{path: n.path[1:], operator: n.operator, value: n.value}}
	switch within := n.path[0].within.(type) {
	case *filterTest:
		tests = append(tests, within)
	case *filterLogic:
		for _, part := range within.parts {
			if test, ok := part.(*filterTest); ok && within.operator == "and" {
				tests = append(tests, test)
			}
		}
	}
	if len(tests) != len(def.Parts) {
		return nil, badParts(def)
	}
	composed, written := CompositeTest{}, make([]string, len(tests))
	for i, part := range def.Parts {
		at := slices.IndexFunc(tests, func(t *filterTest) bool { return len(t.path) == 1 && t.path[0].name == part.Code })
		if at < 0 {
			return nil, badParts(def)
		}
		e, err := in.compare(part, tests[at].operator, tests[at].value)
		if err != nil {
			return nil, err
		}
		plain, ok := e.(interface{ plain() (string, bool) })
		if ok {
			written[i], ok = plain.plain()
		}
		if !ok {
			return nil, fhir.Errorf(fhir.NotSupported, "the operator '%s' is not supported for the part '%s' of the composite '%s'", tests[at].operator, part.Code, def.Code)
		}
		composed.Parts = append(composed.Parts, e)
		tests = slices.Delete(tests, at, at+1)
	}
	return &Composite{criterion: criterion{Param: def, raw: []string{strings.Join(written, "$")}}, Any: []CompositeTest{composed}}, nil
}

// plain gives the value of a criterion without a modifier, as written.
func (c criterion) plain() (string, bool) { return strings.Join(c.raw, ","), c.Modifier == "" }

func badParts(def *Param) error {
	names := make([]string, len(def.Parts))
	for i, part := range def.Parts {
		names[i] = part.Code
	}
	return fhir.Errorf(fhir.Invalid, "in a filter the composite '%s' takes one comparison for each of its parts %s, joined with 'and', the last behind the brackets", def.Code, strings.Join(names, ", "))
}
