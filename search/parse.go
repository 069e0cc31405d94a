package search

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// Parse reads a search of one resource type, or, without one (""), a search across types. What it does not understand (unknown parameters, unknown sort rules) it
// leaves out and reports as warnings; with Options.Strict that is an error. What it does understand but cannot make sense of
// (a date that is none, a modifier that the type does not have) is always an error, because ignoring it would widen the
// result: Invalid or NotSupported.
func (p *Params) Parse(resource string, params fhir.Params, o Options) (*Query, []fhir.Issue, error) {
	in := &parsing{params: p, options: &o, query: &Query{Type: resource, Total: TotalNone, Count: o.Count}}
	if in.query.Count == 0 {
		in.query.Count = DefaultCount
	}
	if resource == "" {
		if err := in.across(params); err != nil {
			return nil, nil, err
		}
	}
	if err := in.within(); err != nil {
		return nil, nil, err
	}
	params, err := in.named(params)
	if err != nil {
		return nil, nil, err
	}
	for _, param := range params {
		ignored := in.ignored
		in.effective = nil
		if err := in.param(param); err != nil {
			return nil, nil, err
		}
		switch {
		case in.effective != nil:
			param.Value = *in.effective
		case in.ignored > ignored:
			param.Value = ""
		}
		if param.Value != "" {
			in.query.honoured = append(in.query.honoured, param)
		}
	}
	if err := in.settle(); err != nil {
		return nil, nil, err
	}
	in.sortParts()
	return in.query, in.warnings, nil
}

// parsing is one call of Parse.
type parsing struct {
	params   *Params
	options  *Options
	query    *Query
	warnings []fhir.Issue
	ignored  int // how often something was ignored
	controls

	tried, leads, ends int  // see maxTried, maxLeads, maxEnds
	open               bool // a search across types does not name them
}

// maxWarnings bounds what is said of one search.
const maxWarnings = 50

// ignore leaves something out of the query, or fails when the client wants to know.
func (in *parsing) ignore(code fhir.IssueType, text string) error {
	if in.options.Strict {
		return fhir.NewOutcome(code, text)
	}
	in.ignored++
	issue := fhir.Issue{Severity: fhir.Warning, Code: code, Text: text + "; it was ignored"}
	if len(in.warnings) == maxWarnings {
		issue.Text = "more than that was ignored"
	}
	if len(in.warnings) <= maxWarnings && !slices.ContainsFunc(in.warnings, func(w fhir.Issue) bool { return w.Text == issue.Text }) {
		in.warnings = append(in.warnings, issue)
	}
	return nil
}

func (in *parsing) param(param fhir.Param) error {
	if strings.HasPrefix(param.Name, "_") {
		if done, err := in.control(param.Name, param.Value); done {
			return err
		}
	}
	if param.Value == "" {
		return in.ignore(fhir.Invalid, "the parameter '"+param.Name+"' has no value")
	}
	if in.query.Type == "" && param.Name == "_type" { // see across
		return nil
	}
	return in.criteria(param)
}

// unserved says why a parameter cannot be searched by.
func (p *Params) unserved(resource, code string) string {
	if reason := p.pending(resource, code); reason != "" {
		return reason
	}
	for _, skipped := range p.Skipped(resource) {
		if skipped.Code == code {
			return "the parameter '" + code + "' of " + resource + " is not supported: " + skipped.Reason
		}
	}
	return "the parameter '" + code + "' is not known for " + resource
}

// maxAlternatives bounds the values of one parameter.
const maxAlternatives = 1000

func (in *parsing) criterion(c criterion) (Expr, error) {
	if c.Param.Special == FilterExpression {
		return in.filter(c)
	}
	if len(c.raw) > maxAlternatives {
		return nil, fhir.Errorf(fhir.TooCostly, "the parameter '%s' has %d values; at most %d are accepted", c.Param.Code, len(c.raw), maxAlternatives)
	}
	for _, raw := range c.raw {
		if raw == "" {
			return nil, fhir.Errorf(fhir.Invalid, "the parameter '%s' has an empty value", c.Param.Code)
		}
	}
	switch c.Param.Special {
	case NarrativeText, ContentText:
		return parseFullText(c, in.params)
	case ListMember:
		return parseInList(c, in.params, in.options)
	}
	if c.Modifier == ModMissing && c.Param.Type != r4.CompositeParam {
		return parseMissing(c)
	}
	if !in.params.allows(c.Param, c.Modifier) {
		return nil, fhir.Errorf(fhir.NotSupported, "the modifier ':%s' is not supported for the parameter '%s'", c.Modifier, c.Param.Code)
	}
	switch {
	case c.Param.Special == ID:
		return parseIDs(c)
	case c.Param.Type == r4.TokenParam && c.Modifier.takesSet():
		return parseTokenSet(c, in.params, in.options)
	case c.Modifier == ModText:
		return parseTokenText(c)
	case c.Modifier == ModOfType:
		return parseOfType(c)
	case c.Param.Type == r4.TokenParam, c.Modifier == ModIdentifier:
		return parseToken(c)
	case c.Param.Type == r4.StringParam:
		return parseString(c)
	case c.Param.Type == r4.DateParam:
		return parseDate(c, in.options)
	case c.Param.Type == r4.ReferenceParam && (c.Modifier == ModAbove || c.Modifier == ModBelow):
		return in.params.parseHierarchy(c, in.options)
	case c.Param.Type == r4.ReferenceParam:
		return parseReference(c, in.params, in.options)
	case c.Param.Type == r4.URIParam:
		return parseURI(c)
	case c.Param.Type == r4.NumberParam:
		return parseNumber(c)
	case c.Param.Type == r4.QuantityParam:
		return in.parseQuantity(c)
	case c.Param.Type == r4.CompositeParam:
		return in.composite(c)
	case c.Param.Type == r4.SpecialParam:
		return in.near(c)
	}
	return nil, fhir.Errorf(fhir.NotSupported, "parameters of type %s such as '%s' are not supported", c.Param.Type, c.Param.Code)
}

// allows reports whether a parameter takes the modifier. ModMissing is for all but composites.
func (p *Params) allows(param *Param, m Modifier) bool {
	switch {
	case m == "":
		return true
	case param.Special != NotSpecial:
		return false
	case param.Type == r4.TokenParam && m.takesSet():
		return p.coded(param)
	case param.Type == r4.TokenParam:
		return m == ModNot || m == ModText || m == ModOfType && param.takes(m)
	case param.Type == r4.StringParam:
		return m == ModExact || m == ModContains
	case param.Type == r4.URIParam:
		return m == ModAbove || m == ModBelow
	case param.Type == r4.ReferenceParam:
		return p.spec.IsResource(string(m)) || (m == ModAbove || m == ModBelow) && len(p.hierarchies(param)) > 0 || m == ModIdentifier && param.takes(m)
	}
	return false
}

func parseMissing(c criterion) (Expr, error) {
	if len(c.raw) == 1 && (c.raw[0] == "true" || c.raw[0] == "false") {
		return &Missing{criterion: c, Want: c.raw[0] == "true"}, nil
	}
	return nil, fhir.Errorf(fhir.Invalid, "the value of '%s:missing' must be true or false", c.Param.Code)
}

// IDs is a criterion on _id.
type IDs struct {
	criterion
	Any []string
}

func parseIDs(c criterion) (Expr, error) {
	ids := &IDs{criterion: c}
	for _, raw := range c.raw {
		ids.Any = append(ids.Any, unescape(raw))
	}
	return ids, nil
}
