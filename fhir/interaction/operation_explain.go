package interaction

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// explain is $explain: it carries a search out and says how it was done, but nothing of what was searched for or found. At a
// type the search parameters stand in the URL; at the system the search is the value of url, "Observation?code=1234-5", which
// can be sent in the body.
func (x *Interactions) explain(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	searched, err := x.searchOf(req)
	if err != nil {
		return nil, err
	}
	q, warnings, err := x.Params.Parse(searched.Type, searched.Params, search.Options{Strict: req.Prefer.Strict, Base: req.Base, Now: x.Now, Within: compartmentOf(searched)})
	if err != nil {
		return nil, err
	}
	explained, unsure, err := x.explained(ctx, req, q)
	if err != nil {
		return nil, err
	}
	out := fhir.NewParameters()
	out.Text("search", "string", q.Redacted())
	for _, part := range q.Each() {
		out.Part("tree", func(p *fhir.ParametersWriter) { writeNode(p, search.Tree(part.Where)) })
	}
	for _, part := range explained.Parts {
		out.Part("plan", func(p *fhir.ParametersWriter) { writePlan(p, &part) })
	}
	out.Decimal("examined", strconv.FormatInt(explained.Examined, 10)).Int("found", explained.Found)
	if explained.Total >= 0 {
		out.Int("total", explained.Total)
	}
	out.Decimal("milliseconds", milliseconds(explained))
	if warnings = append(warnings, unsure...); len(warnings) > 0 {
		out.WithResource("warnings", (&fhir.Outcome{Issues: warnings}).Resource())
	}
	return &fhir.Response{Resource: out.Resource()}, nil
}

// searchOf is the search that is to be explained, as a request.
func (x *Interactions) searchOf(req *fhir.Request) (*fhir.Request, error) {
	target := req.Input.Text("url")
	switch {
	case req.Type != "" && target != "":
		return nil, fhir.NewOutcome(fhir.Invalid, "the parameter 'url' is for the operation at the system; here the search parameters stand in the URL")
	case req.Type != "":
		return req, nil
	case target == "":
		return nil, fhir.NewOutcome(fhir.Required, "the operation needs the parameter 'url' at the system: a search as in 'Observation?code=1234-5'")
	case len(req.Params) > 0:
		return nil, fhir.NewOutcome(fhir.Invalid, "search parameters belong into the value of 'url', percent-encoded")
	}
	searched, err := x.Parse("GET", target, req.Base)
	if err != nil {
		return nil, err
	}
	if searched.Interaction != fhir.SearchType && searched.Interaction != fhir.SearchSystem {
		return nil, fhir.NewOutcome(fhir.Invalid, "the value of 'url' is not a search")
	}
	if searched.Type != "" && !x.Spec.IsResource(searched.Type) {
		return nil, fhir.NewOutcome(fhir.NotFound, "the value of 'url' names a resource type that FHIR R4 does not have")
	}
	return searched, nil
}

// compartmentOf is the compartment that a search is within; nil = none.
func compartmentOf(req *fhir.Request) *search.Compartment {
	typ, id, ok := strings.Cut(req.Compartment, "/")
	if !ok {
		return nil
	}
	return &search.Compartment{Type: typ, ID: id}
}

// explained has the engine explain a search.
func (x *Interactions) explained(ctx context.Context, req *fhir.Request, q *search.Query) (explained *fhir.Explanation, unsure []fhir.Issue, err error) {
	err = x.view(ctx, req, func(tx fhir.Tx) error {
		q, issues, err := x.resolve(ctx, tx, q, req.Prefer.Strict)
		if err != nil {
			return err
		}
		unsure = issues
		explained, err = explainIn(ctx, tx, q)
		return err
	})
	return explained, unsure, err
}

func explainIn(ctx context.Context, tx fhir.Tx, q *search.Query) (*fhir.Explanation, error) {
	explainer, ok := tx.(fhir.Explainer)
	if !ok {
		return nil, fhir.NewOutcome(fhir.NotSupported, "searches cannot be explained within a transaction, or not by this engine")
	}
	return explainer.Explain(ctx, q)
}

func milliseconds(e *fhir.Explanation) string {
	return strconv.FormatFloat(float64(e.Time.Microseconds())/1000, 'f', -1, 64)
}

func writeNode(out *fhir.ParametersWriter, n search.Node) {
	out.Text("kind", "code", n.Kind)
	if n.Text != "" {
		out.Text("text", "string", n.Text)
	}
	for _, part := range n.Parts {
		out.Part("part", func(p *fhir.ParametersWriter) { writeNode(p, part) })
	}
}

func writePlan(out *fhir.ParametersWriter, part *fhir.ExplainedPart) {
	out.Text("type", "code", part.Type)
	for _, step := range part.Steps {
		out.Part("step", func(p *fhir.ParametersWriter) {
			p.Text("role", "code", string(step.Role))
			if step.Criterion != "" {
				p.Text("criterion", "string", step.Criterion)
			}
			p.Text("how", "string", step.How)
			for _, use := range step.Uses {
				p.Text("uses", "string", use)
			}
			if step.Rows >= 0 {
				p.Decimal("rows", strconv.FormatInt(step.Rows, 10))
			}
		})
	}
}

// inWords is an explanation as issues of an outcome: what a search answers with when the client prefers it explained.
func inWords(e *fhir.Explanation) (issues []fhir.Issue) {
	say := func(text, diagnostics string) {
		issues = append(issues, fhir.Issue{Severity: fhir.Information, Code: fhir.Informational, Detail: "explain", Text: text, Diagnostics: diagnostics})
	}
	say(fmt.Sprintf("%d resources and index rows were looked at in %s ms, %d matches are on the page", e.Examined, milliseconds(e), e.Found), "")
	for _, part := range e.Parts {
		for _, step := range part.Steps {
			text := part.Type + ", " + string(step.Role)
			if step.Criterion != "" {
				text += " " + step.Criterion
			}
			say(text+": "+step.How, strings.Join(step.Uses, "; "))
		}
	}
	return issues
}
