package sqlite

import (
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// fullText compiles a FullText. The index knows which words a resource has, but not in which order: so what has phrases is
// taken apart, to ask for each of them alone.
func (c *compiler) fullText(e *search.FullText) (*criterion, error) {
	if err := c.available(e.Param.Resource, true); err != nil {
		return nil, err
	}
	q := e.Query()
	if _, err := search.ReadTextQuery(q.String()); err != nil { // has_text could not say so
		return nil, fhir.Internal(err)
	}
	if !hasPhrase(q) {
		return c.matching(q, e.Narrative()), nil
	}
	if phrase, ok := q.(search.TextPhrase); ok {
		return c.phrase(phrase, e.Narrative()), nil
	}
	return c.compile(apart(e, q))
}

// hasPhrase reports whether a question asks for the order of words.
func hasPhrase(q search.TextQuery) bool {
	switch q := q.(type) {
	case search.TextPhrase:
		return len(q.Words) > 1
	case search.TextNot:
		return hasPhrase(q.Query)
	case search.TextAll:
		return hasPhrases(q)
	case search.TextAny:
		return hasPhrases(q)
	}
	return false
}

func hasPhrases(list []search.TextQuery) bool {
	for _, q := range list {
		if hasPhrase(q) {
			return true
		}
	}
	return false
}

// apart makes a criterion of each phrase, and of what stands beside them.
func apart(e *search.FullText, q search.TextQuery) search.Expr {
	switch q := q.(type) {
	case search.TextNot:
		if hasPhrase(q) {
			return &search.Not{Expr: apart(e, q.Query)}
		}
	case search.TextAll:
		if phrases, rest := divide(q); len(phrases) > 0 {
			var parts search.And
			if len(rest) > 0 {
				parts = append(parts, e.Of(search.TextAll(rest)))
			}
			for _, phrase := range phrases {
				parts = append(parts, apart(e, phrase))
			}
			return parts
		}
	case search.TextAny:
		if phrases, rest := divide(q); len(phrases) > 0 {
			var parts search.Or
			if len(rest) > 0 {
				parts = append(parts, e.Of(search.TextAny(rest)))
			}
			for _, phrase := range phrases {
				parts = append(parts, apart(e, phrase))
			}
			return parts
		}
	}
	return e.Of(q)
}

func divide(list []search.TextQuery) (phrases, rest []search.TextQuery) {
	for _, q := range list {
		if hasPhrase(q) {
			phrases = append(phrases, q)
		} else {
			rest = append(rest, q)
		}
	}
	return phrases, rest
}

// match is a question in SQLite's language, or the negation of one: its language has no negation that stands alone.
type match struct {
	text   string
	negate bool
}

// matchText writes a question. Words are made of 0-9, a-z and characters beyond ASCII, and stand between quotation marks, so
// that nothing in them means anything to SQLite.
func matchText(q search.TextQuery, narrative bool) match {
	switch q := q.(type) {
	case search.TextNot:
		m := matchText(q.Query, narrative)
		return match{m.text, !m.negate}
	case search.TextAll:
		return matchAll(q, narrative, false)
	case search.TextAny: // holds where not all of its parts fail
		m := matchAll(q, narrative, true)
		return match{m.text, !m.negate}
	case search.TextPhrase:
		parts := make([]string, len(q.Words))
		for i, word := range q.Words {
			parts[i] = matchWord(word, q.Prefix && i == len(q.Words)-1, narrative)
		}
		return match{text: together(parts, " AND ")}
	}
	if narrative {
		return match{text: quoted(search.NarrativeWord(""))}
	}
	return match{text: quoted(search.AnyWord)}
}

func matchWord(word string, prefix, narrative bool) string {
	if narrative {
		word = search.NarrativeWord(word)
	}
	if prefix {
		return quoted(word) + "*"
	}
	return quoted(word)
}

func quoted(word string) string { return `"` + word + `"` }

// matchAll holds where all parts hold, or, opposed, where none does.
func matchAll(list []search.TextQuery, narrative, opposed bool) match {
	var all, none []string
	for _, q := range list {
		if m := matchText(q, narrative); m.negate == opposed {
			all = append(all, m.text)
		} else {
			none = append(none, m.text)
		}
	}
	switch {
	case len(all) == 0:
		return match{together(none, " OR "), true}
	case len(none) == 0:
		return match{text: together(all, " AND ")}
	}
	return match{text: "(" + together(all, " AND ") + " NOT " + together(none, " OR ") + ")"}
}

func together(parts []string, operator string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, operator) + ")"
}

// matching asks the full text index. It gives resources in the order of rid, and ends where the page does. To test what others
// have found, its matches are gathered, which takes some milliseconds, unless there are many and not all resources are tested:
// SQLite cannot look up whether one is among many without reading through them, so that it is faster to read the resource.
func (c *compiler) matching(q search.TextQuery, narrative bool) *criterion {
	m := matchText(q, narrative)
	found := rows{
		from:  "words x",
		where: sql("x.words MATCH ? AND x.rowid > ? AND x.rowid < ?", m.text, rid(c.typ, 0), rid(c.typ+1, 0)),
		n:     "(x.rowid & 4294967295)", place: "x.rowid", ordered: true,
	}
	gathered := func(n string) *statement { return sql(n + " IN (").include(found.set()).add(")") }
	var test func(n string) *statement
	out := &criterion{negate: m.negate, rows: []rows{found}}
	out.rows[0].probe = func(n string) *statement {
		if test == nil {
			test = gathered
			if all := c.total || !c.order.walkable(); !all {
				if count, err := c.countRows(&criterion{rows: []rows{found}}, c.store.sample.most); err != nil || count > c.store.sample.most {
					test = c.reading(opposite(q, m.negate), narrative)
				}
			}
		}
		return test(n)
	}
	return out
}

// opposite is the question that the rows of a negated criterion answer.
func opposite(q search.TextQuery, negate bool) search.TextQuery {
	if not, ok := q.(search.TextNot); ok && negate {
		return not.Query
	}
	if negate {
		return search.TextNot{Query: q}
	}
	return q
}

// phrase looks into the resources that have all of the words.
func (c *compiler) phrase(q search.TextPhrase, narrative bool) *criterion {
	where := sql("x.words MATCH ? AND x.rowid > ? AND x.rowid < ?", matchText(q, narrative).text, rid(c.typ, 0), rid(c.typ+1, 0))
	if c.conn.meter != nil {
		where.add(" AND examined(x.rowid)")
	}
	return &criterion{rows: []rows{{
		from:  "words x CROSS JOIN current y ON y.rid = x.rowid CROSS JOIN version z ON z.seq = y.seq",
		where: where.add(" AND has_text(z.body, ?, ?)", q.String(), number01(narrative)),
		n:     "(x.rowid & 4294967295)", place: "x.rowid", ordered: true,
		probe: c.reading(q, narrative),
	}}}
}

// reading tests a resource by reading it.
func (c *compiler) reading(q search.TextQuery, narrative bool) func(n string) *statement {
	return func(n string) *statement {
		return sql("EXISTS (SELECT 1 FROM current y CROSS JOIN version z ON z.seq = y.seq WHERE y.rid = (? | "+n+") AND has_text(z.body, ?, ?))",
			rid(c.typ, 0), q.String(), number01(narrative))
	}
}

func number01(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// hasTextFunction is has_text(body, question, narrative) in SQL.
func hasTextFunction(p *search.Params) *sqlite.FunctionImpl {
	var text string // the last question, which is mostly asked again
	var q search.TextQuery
	return &sqlite.FunctionImpl{NArgs: 3, Deterministic: true, Scalar: func(_ sqlite.Context, args []sqlite.Value) (sqlite.Value, error) {
		if asked := args[1].Text(); q == nil || asked != text {
			var err error
			if q, err = search.ReadTextQuery(asked); err != nil {
				return sqlite.Value{}, err // which zombiezen loses: fullText has tried it
			}
			text = asked
		}
		body := args[0].Text()
		typ, _, _ := strings.Cut(strings.TrimPrefix(body, `{"resourceType":"`), `"`)
		return sqlite.IntegerValue(number01(p.HasText(fhir.Stored(typ, "", "", time.Time{}, body), q, args[2].Int64() == 1))), nil
	}}
}
