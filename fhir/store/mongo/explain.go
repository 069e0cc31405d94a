package mongo

import (
	"context"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"go.mongodb.org/mongo-driver/v2/bson"
)

var _ fhir.Explainer = (*viewTx)(nil)

// mostRows is how far the resources of a criterion are counted for an explanation.
const mostRows = 20_000

// Explain implements fhir.Explainer.
func (tx *viewTx) Explain(ctx context.Context, query fhir.Query) (*fhir.Explanation, error) {
	t := &trace{}
	start := time.Now()
	page, err := tx.search(ctx, query, &meter{limit: tx.store.options.SearchLimit, trace: t})
	if err != nil {
		return nil, err
	}
	out := &fhir.Explanation{Time: time.Since(start), Found: len(page.Resources), Total: page.Total}
	if err := tx.explain(ctx, t); err != nil {
		return nil, err
	}
	for _, c := range t.calls {
		out.Examined += c.examined
	}
	out.Examined = max(out.Examined, int64(out.Found))
	for _, p := range t.parts {
		steps, err := p.explained(t)
		if err != nil {
			return nil, err
		}
		out.Parts = append(out.Parts, fhir.ExplainedPart{Type: p.typ, Steps: steps})
	}
	return out, nil
}

// explained puts the plan of a part into words.
func (p *part) explained(t *trace) ([]fhir.ExplainedStep, error) {
	main := p.main(t)
	drives, rows, err := p.driver(main)
	if err != nil {
		return nil, err
	}
	first := fhir.ExplainedStep{Role: fhir.Drives, How: p.walkInWords(main), Rows: -1}
	if drives != nil {
		first.Criterion, first.Rows = search.Redacted(drives.of), rows
		first.How = "all resources that satisfy it are gathered"
		if !main.counts && !main.sorting && len(p.sort) == 0 {
			first.How = "resources that satisfy it are walked in the order of their creation until the page is full"
		}
		first.Uses = t.through(drives)
	}
	if len(first.Uses) > 0 {
		first.How = "what it leads through is gathered, and then " + first.How
	}
	for _, index := range main.indexes {
		if !slices.Contains(first.Uses, index) {
			first.Uses = append(first.Uses, index)
		}
	}
	steps := []fhir.ExplainedStep{first}
	for _, c := range p.criteria {
		if c != drives {
			steps = append(steps, t.test(c))
		}
	}
	return append(steps, p.orderInWords(main)), nil
}

// main is the command that finds the matches, or, where they are only counted, that which counts them.
func (p *part) main(t *trace) *call {
	main := &call{}
	for _, c := range t.calls {
		if c.part == p && c.of == nil && (main.part == nil || main.counts) {
			main = c
		}
	}
	for _, c := range t.calls {
		if c.part == p && c.of == nil && c.counts && main != c {
			main.counts = true // all of them are needed anyway
		}
	}
	return main
}

// driver is the criterion by which the server has found candidates, nil where it has walked them all, and how many satisfy it: the server
// names an index and the slots that bound the walk; of several criteria that fit, it is the one with the fewest resources.
func (p *part) driver(main *call) (drives *criterion, rows int64, err error) {
	for _, c := range p.criteria {
		walk, ok := walked(c.filter)
		if !ok || !main.leadsTo(walk) {
			continue
		}
		n, err := p.rows(p.typ, walk, mostRows)
		if err != nil {
			return nil, 0, err
		}
		if n = min(n, mostRows); drives == nil || n < rows {
			drives, rows = c, n
		}
	}
	return drives, rows, nil
}

// leadsTo reports whether the indexes that were used lead to what satisfies a filter.
func (p *plan) leadsTo(walk bson.D) bool {
	for _, e := range walk {
		switch e.Key {
		case "$or":
			return !slices.ContainsFunc(e.Value.(bson.A), func(part any) bool { return !p.leadsTo(part.(bson.D)) })
		case "_id":
			return slices.Contains(p.indexes, "_id_")
		case "words":
			return slices.Contains(p.indexes, "word")
		case "lastUpdated":
			return slices.Contains(p.indexes, "time")
		case "idx":
			slot, _ := e.Value.(bson.D)[0].Value.(bson.D)[0].Value.(string)
			return slices.Contains(p.indexes, "value") && slices.ContainsFunc(p.slots, func(bound string) bool { return strings.Contains(bound, `"`+slot) })
		}
	}
	return false
}

// through is the indexes that have led to what a criterion leads through.
func (t *trace) through(of *criterion) (uses []string) {
	for _, c := range t.calls {
		if c.of != of {
			continue
		}
		for _, index := range c.indexes {
			if !slices.Contains(uses, index) {
				uses = append(uses, index)
			}
		}
	}
	return uses
}

func (t *trace) test(c *criterion) fhir.ExplainedStep {
	step := fhir.ExplainedStep{Role: fhir.Tests, Criterion: search.Redacted(c.of), How: "it is looked up for each candidate", Uses: t.through(c), Rows: -1}
	if slices.ContainsFunc(t.calls, func(each *call) bool { return each.of == c }) {
		step.How = "what it leads through is gathered, and then it is looked up for each candidate"
	}
	if len(c.filter) == 1 && c.filter[0].Key == "$nor" {
		step.How += "; those are left out"
	}
	return step
}

// walkInWords is how candidates are found where no criterion leads to them.
func (p *part) walkInWords(main *call) string {
	name, _, plain := p.plainOrder()
	switch {
	case main.part == nil:
		return "it is not looked at, as the page is full before"
	case main.counts || main.sorting || main.scanning || !plain:
		return "all resources of the type are looked at"
	case name == "n":
		return "all resources of the type are walked in the order of their creation until the page is full"
	case name == "seq":
		return "all resources of the type are walked in the order in which they were written until the page is full"
	}
	return "all resources of the type are walked in the order of their ids until the page is full"
}

func (p *part) orderInWords(main *call) fhir.ExplainedStep {
	rules := make([]string, len(p.sort))
	for i, rule := range p.sort {
		if rule.Descending {
			rules[i] = "-"
		}
		rules[i] += rule.Param.Code
	}
	step := fhir.ExplainedStep{Role: fhir.Orders, Criterion: strings.Join(rules, ","), Rows: -1}
	name, _, plain := p.plainOrder()
	switch {
	case !plain:
		step.How = "what is found is sorted by its keys"
	case main.sorting && name == "n":
		step.How = "what is found is sorted by its creation"
	case main.sorting:
		step.How = "what is found is sorted by its keys"
	case name == "n":
		step.How = "the order of creation needs no sorting"
	case name == "seq":
		step.How = "the order of writing needs no sorting"
	default:
		step.How = "the order of the index needs no sorting"
	}
	return step
}

// Explain implements fhir.Explainer: an update has better things to do, and MongoDB explains nothing within a transaction.
func (tx *stagedTx) Explain(context.Context, fhir.Query) (*fhir.Explanation, error) {
	return nil, errUnexplained()
}

// Explain implements fhir.Explainer likewise.
func (tx *withinTx) Explain(context.Context, fhir.Query) (*fhir.Explanation, error) {
	return nil, errUnexplained()
}

func errUnexplained() error {
	return fhir.NewOutcome(fhir.NotSupported, "searches cannot be explained within a transaction that writes")
}
