package mongo

import (
	"regexp"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// maxPattern is how long a text may be that is looked for within others: MongoDB refuses longer patterns.
const maxPattern = 8_000

// pattern is the condition on a text that holds another, between given anchors.
func pattern(before, text, after string) (bson.D, error) {
	quoted := regexp.QuoteMeta(text)
	if len(quoted) > maxPattern {
		return nil, fhir.Errorf(fhir.TooCostly, "a text to look for within others may have about %d bytes", maxPattern)
	}
	for i := range len(quoted) {
		if quoted[i] == 0 {
			return bson.D{field("$in", bson.A{})}, nil // no pattern can have it
		}
	}
	return bson.D{field("$regex", bson.Regex{Pattern: before + quoted + after, Options: "s"})}, nil
}

// text compiles a String.
func (c *compiler) text(e *search.String) (bson.D, error) {
	operators := map[search.Modifier]string{search.ModEquals: "$eq", search.ModUnequal: "$ne", search.ModGreater: "$gt", search.ModLess: "$lt",
		search.ModGreaterEqual: "$gte", search.ModLessEqual: "$lte"}
	var tests []interval
	for _, t := range e.Any {
		var k any
		switch {
		case e.Modifier == search.ModExact:
			tests = append(tests, interval{field("k", t.Folded), field("x", t.Text)})
			continue
		case t.Folded == "": // matches nothing
			continue
		case e.Modifier == search.ModContains || e.Modifier == search.ModEndsWith:
			after := ""
			if e.Modifier == search.ModEndsWith {
				after = `\z`
			}
			p, err := pattern("", t.Folded, after)
			if err != nil {
				return nil, err
			}
			k = p
		case e.Modifier != "":
			k = bson.D{field(operators[e.Modifier], t.Folded)}
		default:
			k = beginning(t.Folded)
		}
		tests = append(tests, interval{field("k", k)})
	}
	return eachSource(e.Param, tests), nil
}

// uri compiles a URI.
func (c *compiler) uri(e *search.URI) (bson.D, error) {
	var tests []interval
	for _, t := range e.Any {
		var version interval
		if t.Version != "" {
			version = interval{field("v", t.Version)}
		}
		add := func(k any) { tests = append(tests, append(interval{field("k", k)}, version...)) }
		switch e.Modifier {
		case search.ModUnequal:
			tests = append(tests, interval{field("$nor", bson.A{append(bson.D{field("k", t.URI)}, version...)})})
		case search.ModContains, search.ModEndsWith:
			after := ""
			if e.Modifier == search.ModEndsWith {
				after = `\z`
			}
			p, err := pattern("", t.URI, after)
			if err != nil {
				return nil, err
			}
			add(p)
		case search.ModStartsWith:
			add(beginning(t.URI))
		case search.ModBelow:
			base := trimSlash(t.URI)
			add(base)
			add(beginning(base + "/"))
		case search.ModAbove:
			add(oneOf(ancestors(t.URI)))
		default:
			add(t.URI)
		}
	}
	return eachSource(e.Param, tests), nil
}

func trimSlash(uri string) string {
	if n := len(uri); n > 0 && uri[n-1] == '/' {
		return uri[:n-1]
	}
	return uri
}

// ancestors are the addresses that an address lies below, itself included.
func ancestors(uri string) []string {
	list := []string{uri, uri + "/"}
	for i := len(uri) - 1; i >= 0; i-- {
		if uri[i] == '/' {
			list = append(list, uri[:i], uri[:i+1])
		}
	}
	return list
}

// fullText compiles a FullText. The index knows which words a resource has, but not in which order: resources that have all words of a
// phrase are read.
func (c *compiler) fullText(e *search.FullText) (bson.D, error) { return c.words(e, e.Query()) }

func (c *compiler) words(e *search.FullText, q search.TextQuery) (bson.D, error) {
	switch q := q.(type) {
	case search.TextAll:
		parts, err := c.wordParts(e, q)
		return all(parts), err
	case search.TextAny:
		parts, err := c.wordParts(e, q)
		return anyOf(parts), err
	case search.TextNot:
		f, err := c.words(e, q.Query)
		return not(f), err
	case search.TextPhrase:
		return c.phrase(e, q)
	}
	if e.Narrative() {
		return bson.D{field("words", search.NarrativeWord(""))}, nil
	}
	return bson.D{field("words", search.AnyWord)}, nil
}

func (c *compiler) wordParts(e *search.FullText, list []search.TextQuery) (parts []bson.D, err error) {
	for _, q := range list {
		f, err := c.words(e, q)
		if err != nil {
			return nil, err
		}
		parts = append(parts, f)
	}
	return parts, nil
}

func (c *compiler) phrase(e *search.FullText, q search.TextPhrase) (bson.D, error) {
	var parts []bson.D
	for i, word := range q.Words {
		if e.Narrative() {
			word = search.NarrativeWord(word)
		}
		if q.Prefix && i == len(q.Words)-1 {
			parts = append(parts, bson.D{field("words", bson.D{field("$elemMatch", beginning(word))})})
		} else {
			parts = append(parts, bson.D{field("words", word)})
		}
	}
	if len(q.Words) == 1 {
		return parts[0], nil
	}
	var ids []string
	err := c.find(c.ctx, c.typ, all(append(parts, bson.D{field("deleted", false)})), func(raw bson.Raw) error {
		got, err := readRow(raw)
		if err != nil {
			return asOutcome(err)
		}
		if c.store.options.Params.HasText(got.resource(c.typ), q, e.Narrative()) {
			ids = append(ids, got.id)
		}
		return c.bounded(len(ids))
	})
	return byIDs(ids), err
}
