package search

import "andiron.dev/fhir"

// FullText is a criterion on what is written in a resource (http://hl7.org/fhir/R4/search.html#content): _text looks in the
// narrative, _content in all texts, the narrative included.
type FullText struct {
	criterion
	Any []TextQuery

	params *Params
}

// parseFullText reads the values, or, with ModMissing, whether there are any words.
func parseFullText(c criterion, p *Params) (Expr, error) {
	f := &FullText{criterion: c, params: p}
	switch c.Modifier {
	case "":
	case ModMissing:
		if _, err := parseMissing(c); err != nil {
			return nil, err
		}
		f.Any = []TextQuery{TextSome{}}
		if c.raw[0] == "true" {
			f.Any[0] = TextNot{Query: TextSome{}}
		}
		return f, nil
	default:
		return nil, fhir.Errorf(fhir.NotSupported, "the modifier ':%s' is not supported for the parameter '%s'", c.Modifier, c.Param.Code)
	}
	for _, raw := range c.raw {
		q, err := parseTextQuery(c.Param.Code, unescape(raw))
		if err != nil {
			return nil, err
		}
		f.Any = append(f.Any, q)
	}
	return f, nil
}

// Narrative reports whether only the narrative counts.
func (f *FullText) Narrative() bool { return f.Param.Special == NarrativeText }

// Query is what is asked for.
func (f *FullText) Query() TextQuery {
	if len(f.Any) == 1 {
		return f.Any[0]
	}
	return TextAny(f.Any)
}

// Of is the criterion with another question: engines take questions apart.
func (f *FullText) Of(q TextQuery) *FullText {
	return &FullText{criterion: criterion{Param: f.Param, raw: []string{q.String()}}, Any: []TextQuery{q}, params: f.params}
}

// Matches reports whether the texts of a resource are what the criterion asks for.
func (f *FullText) Matches(r *fhir.Resource) bool {
	return f.params.HasText(r, f.Query(), f.Narrative())
}

// HasText reports whether the texts of a resource, or its narrative alone, are what a question asks for.
func (p *Params) HasText(r *fhir.Resource, q TextQuery, narrative bool) bool {
	return q.matches(p.wordsByText(r, narrative))
}

// wordsByText gives the words of each text, in their order.
func (p *Params) wordsByText(r *fhir.Resource, narrative bool) [][]string {
	var texts [][]string
	p.texts(r, func(text string, narrated bool) {
		if narrative && !narrated {
			return
		}
		if narrated {
			text = plainText(text)
		}
		var words []string
		eachWord(text, func(word string) { words = append(words, word) })
		texts = append(texts, words)
	})
	return texts
}
