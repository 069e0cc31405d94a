package search

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// Chain is a criterion on what a resource refers to (http://hl7.org/fhir/R4/search.html#chaining):
// "subject:Patient.name=peter". It is true when the parameter has a reference to a current resource of this server that
// is what one of the links asks for; versions of references do not matter.
type Chain struct {
	Param *Param
	Type  string // as the query names it; "" = it does not, and Links has every type that has the rest of the chain
	Own   string // under what base the client knows this server
	Links []Link // in the order of their types; at least one
}

// Link is the rest of a chain for one resource type.
type Link struct {
	Type  string
	Where Expr
}

func (*Chain) expr() {}

func (c *Chain) String() string {
	name := c.Param.Code
	if c.Type != "" {
		name += ":" + c.Type
	}
	return encodeName(name) + "." + c.Links[0].Where.String()
}

// Has is a criterion on what refers to a resource (http://hl7.org/fhir/R4/search.html#has):
// "_has:Observation:patient:code=1234-5". It is true when a current resource of type Param.Resource refers to it through
// Param and is what Where asks for.
type Has struct {
	Param *Param
	Own   string // under what base the client knows this server
	Where Expr
}

func (*Has) expr() {}

func (h *Has) String() string {
	return encodeName("_has:"+h.Param.Resource+":"+h.Param.Code) + ":" + h.Where.String()
}

const (
	maxHops  = 8      // references that a parameter may follow, either way
	maxLeads = 500    // ends that the chains of a query may have: one without types has an end for each
	maxEnds  = 20_000 // values at those ends
	maxTried = 5_000  // references that are looked at for such ends
)

// cutName takes a parameter's name apart: "subject:Patient.name:exact" is subject, with the modifier Patient, and name:exact
// chained to it.
func cutName(name string) (code, modifier, rest string, chained bool) {
	code, rest, chained = strings.Cut(name, ".")
	code, modifier, _ = strings.Cut(code, ":")
	return code, modifier, rest, chained
}

// expression reads one parameter of a resource type, chains and _has included. It gives nil for a parameter that the type
// does not have; hops is how many references lead here.
func (in *parsing) expression(typ string, param fhir.Param, hops int) (Expr, error) {
	if hops > maxHops {
		return nil, fhir.Errorf(fhir.TooCostly, "a chained parameter follows more than %d references", maxHops)
	}
	if name, ok := strings.CutPrefix(param.Name, "_has"); ok && (name == "" || name[0] == ':') {
		return in.has(typ, fhir.Param{Name: strings.TrimPrefix(name, ":"), Value: param.Value}, hops)
	}
	code, modifier, rest, chained := cutName(param.Name)
	def := in.params.Param(typ, code)
	switch {
	case def == nil:
		return nil, nil
	case chained:
		return in.chain(def, modifier, fhir.Param{Name: rest, Value: param.Value}, hops)
	}
	c := criterion{Param: def, Modifier: Modifier(modifier), raw: splitEscaped(param.Value, ',')}
	if hops > 0 {
		in.leads++
		in.ends += len(c.raw)
		if in.leads > maxLeads || in.ends > maxEnds {
			return nil, tooManyLeads()
		}
	}
	return in.criterion(c)
}

func tooManyLeads() error {
	return fhir.NewOutcome(fhir.TooCostly, "the chained parameters lead to too many types and values; name the types, as in 'subject:Patient.name'")
}

// chain reads what follows a reference. Types that do not have the rest of it are left out.
func (in *parsing) chain(def *Param, modifier string, rest fhir.Param, hops int) (Expr, error) {
	if def.Type != r4.ReferenceParam {
		return nil, fhir.Errorf(fhir.Invalid, "the parameter '%s' is not a reference, so nothing can be chained to it", def.Code)
	}
	if in.tried++; in.tried > maxTried {
		return nil, tooManyLeads()
	}
	chain := &Chain{Param: def, Type: modifier, Own: in.options.Base}
	targets := in.params.targets(def)
	if modifier != "" {
		switch {
		case !in.params.spec.IsResource(modifier):
			return nil, fhir.Errorf(fhir.NotSupported, "between the parameter '%s' and what is chained to it only a resource type can stand", def.Code)
		case !slices.Contains(targets, modifier):
			return nil, fhir.Errorf(fhir.Invalid, "the parameter '%s' does not refer to resources of the type %s", def.Code, modifier)
		}
		targets = []string{modifier}
	}
	var refused error
	for _, target := range targets {
		where, err := in.expression(target, rest, hops+1)
		switch {
		case fhir.CodeOf(err) == fhir.TooCostly:
			return nil, err
		case err != nil && refused == nil:
			refused = err
		case err == nil && where != nil:
			chain.Links = append(chain.Links, Link{Type: target, Where: where})
		}
	}
	switch {
	case len(chain.Links) > 0:
		return chain, nil
	case refused != nil:
		return nil, refused
	case modifier != "":
		return nil, fhir.NewOutcome(fhir.NotSupported, in.params.unserved(modifier, head(rest.Name))+", to which '"+def.Code+"' refers")
	}
	return nil, fhir.NewOutcome(fhir.NotSupported, "no type of resource to which '"+def.Code+"' refers has the parameter '"+head(rest.Name)+"'")
}

// head is the code of the first parameter in a name.
func head(name string) string {
	code, _, _, _ := cutName(name)
	return code
}

// has reads what follows "_has:".
func (in *parsing) has(typ string, param fhir.Param, hops int) (Expr, error) {
	source, name, _ := strings.Cut(param.Name, ":")
	code, rest, ok := strings.Cut(name, ":")
	if !ok || rest == "" {
		return nil, fhir.NewOutcome(fhir.Invalid, "'_has' is followed by a resource type, one of its reference parameters, and a parameter to select by, as in '_has:Observation:patient:code'")
	}
	if !in.params.spec.IsResource(source) {
		return nil, fhir.NewOutcome(fhir.Invalid, "'_has' names a resource type that FHIR R4 does not have")
	}
	def := in.params.Param(source, code)
	switch {
	case def == nil:
		return nil, fhir.NewOutcome(fhir.NotSupported, in.params.unserved(source, code))
	case def.Type != r4.ReferenceParam || !slices.Contains(in.params.targets(def), typ):
		return nil, fhir.Errorf(fhir.Invalid, "the parameter '%s' of %s does not refer to resources of the type %s", code, source, typ)
	}
	where, err := in.expression(source, fhir.Param{Name: rest, Value: param.Value}, hops+1)
	switch {
	case err != nil:
		return nil, err
	case where == nil:
		return nil, fhir.NewOutcome(fhir.NotSupported, in.params.unserved(source, head(rest)))
	}
	return &Has{Param: def, Own: in.options.Base, Where: where}, nil
}

// targets are the resource types that a reference parameter may lead to, in order.
func (p *Params) targets(param *Param) []string {
	names := param.Targets
	if len(names) == 0 || slices.Contains(names, "Resource") {
		names = p.spec.Resources()
	}
	var list []string
	for _, name := range names {
		if p.spec.IsResource(name) && slices.ContainsFunc(param.Sources, func(s Source) bool { return s.Target == "" || s.Target == name }) {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
