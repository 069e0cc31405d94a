package event

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// criterion is a search that is matched in memory, against one image of a resource.
type criterion struct {
	typ     string
	where   search.And
	text    string // in an order of its own: criteria with the same text ask for the same
	matcher *search.Matcher
	used    fhir.Params // as they were written
}

// criterionOf reads a search such as "Observation?code=1234-5". Errors say what cannot be served; they are about the text as a whole.
func (m *Module) criterionOf(text string) (*criterion, error) {
	typ, query, _ := strings.Cut(text, "?")
	if !m.config.Spec.IsResource(typ) {
		return nil, fhir.NewOutcome(fhir.Invalid, "a criterion must begin with a resource type of R4, as in 'Observation?code=1234-5'")
	}
	return m.criterion(typ, query)
}

func (m *Module) criterion(typ, query string) (*criterion, error) {
	params, err := fhir.ParseParams(query)
	if err != nil {
		return nil, err
	}
	q, _, err := m.config.Params.Parse(typ, params, search.Options{Strict: true, Base: m.config.BaseURL, Now: m.config.Now})
	if err != nil {
		return nil, err
	}
	if len(q.Sort) > 0 || len(q.Include) > 0 || len(q.RevInclude) > 0 || len(q.Elements) > 0 || q.Summary != "" || q.Total != search.TotalNone {
		return nil, fhir.NewOutcome(fhir.NotSupported, "criteria select resources: _sort, _include, _revinclude, _elements, _summary and _total have no place in them")
	}
	if err := selective(q.Where); err != nil {
		return nil, err
	}
	return &criterion{typ: typ, where: q.Where, text: q.Normal(), matcher: m.config.Params.Matcher(typ, q.Where), used: params}, nil
}

// selective refuses what a resource alone cannot answer. Whoever could have other resources asked about would learn of those that are
// closed to them, and each write would cost a search per subscription.
func selective(e search.Expr) error {
	switch e := e.(type) {
	case search.And:
		for _, part := range e {
			if err := selective(part); err != nil {
				return err
			}
		}
	case search.Or:
		return selective(search.And(e))
	case *search.Not:
		return selective(e.Expr)
	case *search.Filter:
		return selective(e.Where)
	case *search.Member:
		return selective(e.Where)
	case *search.Chain, *search.Has, *search.InList, *search.Hierarchy:
		return fhir.NewOutcome(fhir.NotSupported, "criteria are about the resource itself: chains, _has, _list and hierarchies are not supported")
	case *search.TokenSet:
		return fhir.NewOutcome(fhir.NotSupported, "the modifiers :in, :not-in, :above and :below are not supported in criteria")
	case *search.Named, *search.FullText:
		return fhir.NewOutcome(fhir.NotSupported, "named queries, _text and _content are not supported in criteria")
	}
	return nil
}

// holds reports whether an image of a resource is what the criterion asks for.
func (c *criterion) holds(r *fhir.Resource) bool { return r != nil && c.matcher.Match(r, nil) }

// lookup is a way to find a criterion: a resource that matches has at least one of the keys.
type lookup struct {
	code string      // of the parameter
	expr search.Expr // that asks for them
	keys []string
}

// lookups are the values that are cheap to tell: those of references first, of which there are more than of codes.
func (c *criterion) lookups() (list []lookup) {
	for _, e := range c.where {
		if e, ok := e.(*search.Reference); ok {
			if m := e.Modifier; m != "" && (m[0] < 'A' || m[0] > 'Z') { // a resource type restricts further
				continue
			}
			l := lookup{code: e.Param.Code, expr: e}
			for _, test := range e.Any {
				l.keys = append(l.keys, e.Param.Code+"\x00"+test.ID)
			}
			list = append(list, l)
		}
	}
	for _, e := range c.where {
		if e, ok := e.(*search.Token); ok {
			if e.Modifier != "" || e.Param == nil || e.Param.Special != search.NotSpecial || slices.ContainsFunc(e.Any, func(t search.TokenTest) bool { return t.AnyCode }) {
				continue
			}
			l := lookup{code: e.Param.Code, expr: e}
			for _, test := range e.Any {
				l.keys = append(l.keys, e.Param.Code+"\x00"+test.Code)
			}
			list = append(list, l)
		}
	}
	return slices.DeleteFunc(list, func(l lookup) bool { return len(l.keys) == 0 })
}
