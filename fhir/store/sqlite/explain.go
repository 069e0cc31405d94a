package sqlite

import (
	"context"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

var _ fhir.Explainer = (*viewTx)(nil)

// Explain implements fhir.Explainer.
func (r *reader) Explain(ctx context.Context, query fhir.Query) (*fhir.Explanation, error) {
	q, ok := query.(*search.Query)
	if !ok {
		return nil, fhir.Errorf(fhir.NotSupported, "this engine knows the queries of package search only")
	}
	m, done, err := r.conn.metered(r.store.options.SearchLimit)
	if err != nil {
		return nil, asOutcome(err)
	}
	defer done()
	out := &fhir.Explanation{}
	for _, part := range q.Each() {
		one := &search.Query{Type: part.Type, Where: part.Where, Sort: part.Sort, Count: q.Count, Total: q.Total}
		c, err := r.compiler(ctx, one)
		if err != nil {
			return nil, asOutcome(err)
		}
		steps, err := c.explain(one)
		if err != nil {
			return nil, asOutcome(err)
		}
		out.Parts = append(out.Parts, fhir.ExplainedPart{Type: part.Type, Steps: steps})
	}
	m.rows = 0 // what the choice of the plan has cost does not count
	start := time.Now()
	page, err := r.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	out.Time, out.Found, out.Total = time.Since(start), len(page.Resources), page.Total
	out.Examined = max(m.rows, int64(out.Found)) // what is read by its id is not metered
	return out, nil
}

// explain says what the plan is.
func (c *compiler) explain(q *search.Query) (steps []fhir.ExplainedStep, err error) {
	driver := fhir.ExplainedStep{Role: fhir.Drives, Rows: -1}
	switch {
	case c.driver != nil:
		driver.Criterion = search.Redacted(c.driver.of)
		driver.How = "all resources that satisfy it are gathered"
		if c.order.plain() && c.driver.ordered() && !c.total {
			driver.How = "resources that satisfy it are walked in the order of their creation until the page is full"
		}
		if driver.Uses, err = c.plannedFor(c.driver.set()); err != nil {
			return nil, err
		}
		n, err := c.countRows(c.driver, c.store.sample.most)
		if err != nil {
			return nil, err
		}
		driver.Rows = int64(n)
	case c.order.byCommit() && !c.total:
		driver.How = "all resources of the type are walked in the order in which they were written until the page is full"
	case c.order.plain() && !c.total:
		driver.How = "all resources of the type are walked in the order of their creation until the page is full"
	case c.order.walk != nil && c.undecided != nil && !c.total:
		driver.How = "the index of the sort rule is walked until the page is full; should that take too many steps, what satisfies one of the criteria is gathered instead"
	case c.order.walk != nil && !c.total:
		driver.How = "the index of the sort rule is walked until the page is full"
	default:
		driver.How = "all resources of the type are looked at"
	}
	steps = append(steps, driver)
	for _, t := range c.tests {
		step := fhir.ExplainedStep{Role: fhir.Tests, Criterion: search.Redacted(t.of), How: "it is looked up for each candidate", Rows: -1}
		of := sql("SELECT ").include(t.test("d.n")).add(" FROM (SELECT 1 AS n) d")
		if !t.probed() {
			step.How = "all resources that satisfy it are gathered, and each candidate is looked for among them"
		}
		if t.negate {
			step.How += "; those are left out"
		}
		if step.Uses, err = c.plannedFor(of); err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return append(steps, c.explainOrder(q)), nil
}

func (c *compiler) explainOrder(q *search.Query) fhir.ExplainedStep {
	rules := make([]string, len(q.Sort))
	for i, rule := range q.Sort {
		if rule.Descending {
			rules[i] = "-"
		}
		rules[i] += rule.Param.Code
	}
	step := fhir.ExplainedStep{Role: fhir.Orders, Criterion: strings.Join(rules, ","), Rows: -1}
	switch {
	case len(rules) == 0 && c.driver != nil && !c.driver.ordered():
		step.How = "what is found is sorted by its creation"
	case len(rules) == 0:
		step.How = "the order of creation needs no sorting"
	case c.order.walk != nil && c.driver == nil:
		step.How = "the order of the index needs no sorting"
	case c.order.byCommit() && len(rules) == 1 && c.driver == nil:
		step.How = "the order of writing needs no sorting"
	default:
		step.How = "what is found is sorted by its keys"
	}
	return step
}

// plannedFor gives SQLite's plan for a statement in terms of the index.
func (c *compiler) plannedFor(s *statement) (uses []string, err error) {
	err = c.query(c.ctx, sql("EXPLAIN QUERY PLAN "+s.String(), s.args...), func(stmt *sqlite.Stmt) error {
		if use := useOf(stmt.ColumnText(3)); use != "" && !slices.Contains(uses, use) {
			uses = append(uses, use)
		}
		return nil
	})
	return uses, err
}

// useOf translates a line of SQLite's plan: "SEARCH x USING PRIMARY KEY (slot=? AND code=? AND n>?)" is a look-up by parameter,
// code and resource. Lines that only give structure are left out.
func useOf(line string) string {
	switch {
	case strings.Contains(line, "USE TEMP B-TREE"):
		return "sorting"
	case strings.HasPrefix(line, "SCAN words") || strings.Contains(line, "VIRTUAL TABLE INDEX"):
		return "full text index"
	case !strings.HasPrefix(line, "SEARCH "):
		return ""
	}
	from, to := strings.LastIndexByte(line, '('), strings.LastIndexByte(line, ')')
	if from < 0 || to < from {
		return ""
	}
	var parts []string
	for _, condition := range strings.Split(line[from+1:to], " AND ") {
		end := strings.IndexAny(condition, "=<>")
		if end < 0 {
			continue
		}
		part := columnMeaning(condition[:end])
		if condition[end] != '=' {
			part += " " + condition[end:end+1]
		}
		if part = strings.TrimSpace(part); !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return "index by " + strings.Join(parts, ", ")
}

// columnMeaning is what a column of the tables is about.
func columnMeaning(column string) string {
	switch column {
	case "slot":
		return "parameter"
	case "n", "rid", "rowid":
		return "resource"
	case "low", "high", "key1", "key2", "key3", "folded":
		return "value"
	case "id":
		return "resource id"
	case "unit", "unit2":
		return "unit"
	case "uri":
		return "address"
	case "latitude", "longitude":
		return "position"
	case "<expr>":
		return "resource type"
	}
	return column // code, system, type, version, latitude, longitude
}

// Explain implements fhir.Explainer: an update has better things to do.
func (tx *stagedTx) Explain(context.Context, fhir.Query) (*fhir.Explanation, error) {
	return nil, errUnexplained()
}

// Explain implements fhir.Explainer likewise.
func (tx *aloneTx) Explain(context.Context, fhir.Query) (*fhir.Explanation, error) {
	return nil, errUnexplained()
}

func errUnexplained() error {
	return fhir.NewOutcome(fhir.NotSupported, "searches cannot be explained within a transaction that writes")
}
