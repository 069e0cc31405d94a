package audit

import (
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// maxTargets is how many resources the rest of a chain may find.
const maxTargets = 500

// prepare makes a criterion one that an AuditEvent can be compared with by itself: in place of a chain stand the references that lead to what
// it asks for. Errors: NotSupported for what asks about other resources in another way; TooCostly.
func (j *journal) prepare(e search.Expr) (search.Expr, error) {
	switch e := e.(type) {
	case search.And:
		parts, err := j.prepareAll(e)
		return search.And(parts), err
	case search.Or:
		parts, err := j.prepareAll(e)
		return search.Or(parts), err
	case *search.Not:
		part, err := j.prepare(e.Expr)
		return &search.Not{Expr: part}, err
	case *search.Filter:
		return j.prepare(e.Where)
	case *search.Named:
		return j.prepare(e.Where)
	case *search.Chain:
		return j.follow(e)
	case *search.Has, *search.Hierarchy, *search.InList, *search.TokenSet, *search.Near:
		return nil, fhir.NewOutcome(fhir.NotSupported, "AuditEvents cannot be searched in this way: _has, _list and hierarchies are not supported for them")
	}
	return e, nil
}

func (j *journal) prepareAll(parts []search.Expr) ([]search.Expr, error) {
	list := make([]search.Expr, len(parts))
	for i, part := range parts {
		var err error
		if list[i], err = j.prepare(part); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// follow finds what the rest of a chain asks for.
func (j *journal) follow(c *search.Chain) (search.Expr, error) {
	if j.tx == nil {
		return nil, fhir.Errorf(fhir.NotSupported, "the parameter '%s' cannot be followed here", c.Param.Code)
	}
	var found []string
	for _, link := range c.Links {
		page, err := j.tx.Search(j.ctx, &search.Query{Type: link.Type, Where: search.And{link.Where}, Count: maxTargets, Total: search.TotalNone})
		if err != nil {
			return nil, err
		}
		if page.Next != "" {
			return nil, fhir.Errorf(fhir.TooCostly, "what the parameter '%s' leads to are more than %d resources; narrow it", c.Param.Code, maxTargets)
		}
		for _, r := range page.Resources {
			found = append(found, r.Reference())
		}
	}
	if len(found) == 0 {
		return search.Or{}, nil
	}
	q, _, err := j.trail.config.Params.Parse(auditEvent, fhir.Params{{Name: c.Param.Code, Value: strings.Join(found, ",")}}, search.Options{Base: c.Own, Strict: true})
	if err != nil {
		return nil, err
	}
	return q.Where, nil
}
