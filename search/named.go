package search

import (
	"fmt"
	"slices"
	"strings"

	"andiron.dev/fhir"
)

// NamedQuery is a search that has a name (http://hl7.org/fhir/R4/search.html#query): "Patient?_query=current-high-risk&ward=Location/A1".
// A domain module registers it with Params.AddQuery; the OperationDefinition (kind "query") that describes it to clients is the
// module's as well.
type NamedQuery struct {
	Name   string // the value of _query: letters, digits, '-' and '.'
	Type   string // of the resources that it finds
	Params []NamedParam
	// Where says what the query asks for. Its errors go to the client: Outcomes that say nothing of values.
	Where func(Arguments) (Expr, error)
}

// NamedParam is a parameter that a named query has beside those of the resource type. Its name is none of those.
type NamedParam struct {
	Name     string
	Min, Max int // how often it may be given; Max 0 = any number of times
}

// Arguments are what a named query is asked with.
type Arguments struct {
	Params  fhir.Params // those of NamedQuery.Params that were given, in their order
	Options Options     // of the search: pass them on to Params.Parse
}

// Named is a criterion that a named query has made.
type Named struct {
	Name      string
	Arguments fhir.Params
	Where     Expr
}

func (*Named) expr() {}

func (n *Named) String() string {
	parts := []string{"_query=" + encodeValue(n.Name)}
	for _, a := range n.Arguments {
		parts = append(parts, encodeName(a.Name)+"="+encodeValue(a.Value))
	}
	return strings.Join(parts, "&")
}

// AddQuery registers a named query. It is for whoever assembles a server, before anybody searches.
func (p *Params) AddQuery(q NamedQuery) error {
	switch {
	case !fhir.ValidID(q.Name):
		return fmt.Errorf("'%s' cannot be the name of a query", q.Name)
	case !p.spec.IsResource(q.Type):
		return fmt.Errorf("the query %s is for '%s', which is no resource type", q.Name, q.Type)
	case q.Where == nil:
		return fmt.Errorf("the query %s asks for nothing", q.Name)
	case p.query(q.Type, q.Name) != nil:
		return fmt.Errorf("%s has two queries named %s", q.Type, q.Name)
	}
	for i, param := range q.Params {
		switch known := p.Param(q.Type, param.Name); {
		case !fhir.ValidID(param.Name): // so that it is none of those that begin with '_' either
			return fmt.Errorf("'%s' cannot be the name of a parameter of the query %s", param.Name, q.Name)
		case known != nil:
			return fmt.Errorf("the parameter %s of the query %s is one that %s has already", param.Name, q.Name, q.Type)
		case slices.ContainsFunc(q.Params[:i], func(other NamedParam) bool { return other.Name == param.Name }):
			return fmt.Errorf("the query %s has two parameters named %s", q.Name, param.Name)
		}
	}
	p.queries = append(p.queries, q)
	return nil
}

func (p *Params) query(typ, name string) *NamedQuery {
	for i := range p.queries {
		if q := &p.queries[i]; q.Type == typ && q.Name == name {
			return q
		}
	}
	return nil
}

// named reads _query and its parameters out of those of a search, and gives the others. Of what was read, all is honoured.
func (in *parsing) named(params fhir.Params) (fhir.Params, error) {
	at := slices.IndexFunc(params, func(p fhir.Param) bool { return p.Name == "_query" })
	if at < 0 {
		return params, nil
	}
	q := in.params.query(in.query.Type, params[at].Value)
	if q == nil {
		return nil, fhir.NewOutcome(fhir.NotSupported, "'_query' names no query that this server has for what is searched")
	}
	arguments := Arguments{Options: *in.options}
	var rest fhir.Params
	for i, param := range params {
		switch {
		case param.Name == "_query" && i != at:
			return nil, fhir.NewOutcome(fhir.Invalid, "the parameter '_query' must not be repeated")
		case i == at:
			in.query.honoured = append(in.query.honoured, param)
		case slices.ContainsFunc(q.Params, func(known NamedParam) bool { return known.Name == param.Name }):
			if param.Value == "" {
				return nil, fhir.Errorf(fhir.Invalid, "the parameter '%s' has no value", param.Name)
			}
			arguments.Params = append(arguments.Params, param)
			in.query.honoured = append(in.query.honoured, param)
		default:
			rest = append(rest, param)
		}
	}
	for _, known := range q.Params {
		n := 0
		for _, a := range arguments.Params {
			if a.Name == known.Name {
				n++
			}
		}
		switch {
		case n < known.Min:
			return nil, fhir.Errorf(fhir.Required, "the query '%s' needs the parameter '%s'", q.Name, known.Name)
		case known.Max > 0 && n > known.Max:
			return nil, fhir.Errorf(fhir.Invalid, "the query '%s' takes the parameter '%s' at most %d times", q.Name, known.Name, known.Max)
		}
	}
	where, err := q.Where(arguments)
	if err != nil {
		return nil, err
	}
	in.query.Where = append(in.query.Where, &Named{Name: q.Name, Arguments: arguments.Params, Where: where})
	return rest, nil
}
