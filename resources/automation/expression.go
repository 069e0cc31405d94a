package automation

import (
	"context"
	"sync"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/terminology"
)

// expressions keeps compiled expressions: those of rules are evaluated with every event.
type expressions struct {
	spec *r4.Spec
	mu   sync.Mutex
	kept map[string]*path.Expr
}

// mostExpressions bounds what is kept; $apply and $dry-run bring expressions of their own.
const mostExpressions = 5000

func (x *expressions) compile(text string) (*path.Expr, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if e := x.kept[text]; e != nil {
		return e, nil
	}
	e, err := path.Compile(x.spec, text)
	if err != nil {
		return nil, err
	}
	if x.kept == nil || len(x.kept) >= mostExpressions {
		x.kept = make(map[string]*path.Expr)
	}
	x.kept[text] = e
	return e, nil
}

// situation is what expressions are evaluated in: what a rule is about.
type situation struct {
	m         *Module
	tx        fhir.Tx
	now       time.Time
	resource  *fhir.Resource // %resource, and the focus; nil for a period
	variables map[string][]path.Value
}

// situation makes one. %previous and %context are there, though empty, also where there is nothing that they could be.
func (m *Module) situation(tx fhir.Tx, now time.Time, resource, previous *fhir.Resource) *situation {
	s := &situation{m: m, tx: tx, now: now, resource: resource, variables: make(map[string][]path.Value)}
	s.set("resource", resource)
	s.set("previous", previous)
	s.set("context", resource)
	return s
}

func (s *situation) set(name string, r *fhir.Resource) {
	s.variables[name] = nil
	if r != nil {
		s.variables[name] = []path.Value{path.Root(s.m.config.Spec, r.Root(), r.Type())}
	}
}

func (s *situation) focus() path.Value {
	if v := s.variables["resource"]; len(v) == 1 {
		return v[0]
	}
	return path.Value{}
}

// eval evaluates an Expression element.
func (s *situation) eval(ctx context.Context, e fhir.Element) ([]path.Value, error) {
	x, err := s.m.expression(e)
	if err != nil {
		return nil, err
	}
	return s.evaluator().Eval(ctx, x, s.focus(), nil)
}

// test evaluates an Expression element as a criterion.
func (s *situation) test(ctx context.Context, e fhir.Element) (bool, error) {
	x, err := s.m.expression(e)
	if err != nil {
		return false, err
	}
	return s.evaluator().Test(ctx, x, s.focus())
}

// expression compiles an Expression element.
func (m *Module) expression(e fhir.Element) (*path.Expr, error) {
	if l := e.Get("language").Text(); l != "text/fhirpath" {
		return nil, fhir.NewOutcome(fhir.NotSupported, "expressions must be in the language text/fhirpath", e.Path()+".language")
	}
	text := e.Get("expression").Text()
	if text == "" {
		return nil, fhir.NewOutcome(fhir.NotSupported, "an expression must be there as text; references to others are not followed", e.Path()+".expression")
	}
	x, err := m.exprs.compile(text)
	if err != nil {
		o := *fhir.AsOutcome(err)
		for i := range o.Issues {
			o.Issues[i].Expression = []string{e.Path() + ".expression"}
		}
		return nil, &o
	}
	return x, nil
}

func (s *situation) evaluator() *path.Evaluator {
	terms := terminology.New(s.m.config.Spec, s.m.config.Params, s.tx, &s.m.terms)
	return path.NewEvaluator(path.Env{
		Now: func() time.Time { return s.now }, Variables: s.variables, MemberOf: terms.MemberOf, Subsumes: terms.Subsumes,
		Limits: path.Limits{Steps: 500_000, Items: 50_000, Bytes: 1 << 20},
		Resolve: func(ctx context.Context, reference string) (fhir.Element, error) {
			r, err := s.m.resolve(ctx, s.tx, reference)
			if r == nil || err != nil {
				return fhir.Element{}, err
			}
			return r.Root(), nil
		},
	})
}

// resolve reads what a reference names; nil where there is no such resource here.
func (m *Module) resolve(ctx context.Context, tx fhir.Tx, reference string) (*fhir.Resource, error) {
	ref := fhir.ParseReference(reference)
	if ref.ID == "" || ref.Base != "" && ref.Base != m.config.BaseURL || !m.config.Spec.IsResource(ref.Type) {
		return nil, nil
	}
	r, err := tx.Read(ctx, ref.Type, ref.ID)
	switch fhir.CodeOf(err) {
	case fhir.NotFound, fhir.Deleted:
		return nil, nil
	}
	return r, err
}
