package event

import (
	"context"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
)

// images are a resource before and after a version: nil = it was not there, or is not any more.
type images struct{ previous, current *fhir.Resource }

// focus is the image that filters are about.
func (i images) focus() *fhir.Resource {
	if i.current != nil {
		return i.current
	}
	return i.previous
}

// judge evaluates the criteria of triggers. It serves one goroutine.
type judge struct {
	spec      *r4.Spec
	variables map[string][]path.Value
	evaluator *path.Evaluator
}

// maxSteps bounds an evaluation: topics are written by users, and all events wait for them.
const maxSteps = 100_000

func (m *Module) newJudge() *judge {
	j := &judge{spec: m.config.Spec, variables: make(map[string][]path.Value)}
	j.evaluator = path.NewEvaluator(path.Env{Now: m.config.Now, Variables: j.variables, Limits: path.Limits{Steps: maxSteps, Items: maxSteps, Bytes: 1 << 20}})
	return j
}

// fires reports whether a trigger is about a version. An expression that fails on it does not hold.
func (j *judge) fires(ctx context.Context, t *trigger, e *fhir.Event, i images) bool {
	if e.Type != t.typ || len(t.on) > 0 && !slices.Contains(t.on, e.Method) {
		return false
	}
	if t.query != nil && !t.query.holds(i) {
		return false
	}
	if t.path == nil {
		return true
	}
	j.variables["previous"], j.variables["current"] = j.value(i.previous), j.value(i.current)
	focus := i.focus()
	if focus == nil {
		return false
	}
	ok, err := j.evaluator.Test(ctx, t.path, j.value(focus)[0])
	return err == nil && ok
}

func (j *judge) value(r *fhir.Resource) []path.Value {
	if r == nil {
		return nil
	}
	return []path.Value{path.Root(j.spec, r.Root(), r.Type())}
}

func (q *queryCriteria) holds(i images) bool {
	var results []bool
	if q.previous != nil {
		results = append(results, i.previous == nil && q.createPasses || q.previous.holds(i.previous))
	}
	if q.current != nil {
		results = append(results, i.current == nil && q.deletePasses || q.current.holds(i.current))
	}
	if q.both {
		return !slices.Contains(results, false)
	}
	return len(results) == 0 || slices.Contains(results, true)
}
