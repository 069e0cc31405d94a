package search

import (
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// Parse reads a search of one resource type. What it does not understand (unknown parameters, unknown sort rules) it
// leaves out and reports as warnings; with Options.Strict that is an error. What it does understand but cannot make sense of
// (a date that is none, a modifier that the type does not have) is always an error, because ignoring it would widen the
// result: Invalid or NotSupported.
func (p *Params) Parse(resource string, params fhir.Params, o Options) (*Query, []fhir.Issue, error) {
	in := &parsing{params: p, options: &o, query: &Query{Type: resource, Total: TotalNone, Count: o.Count}}
	if in.query.Count == 0 {
		in.query.Count = DefaultCount
	}
	for _, param := range params {
		ignored := len(in.warnings)
		if err := in.param(param); err != nil {
			return nil, nil, err
		}
		if len(in.warnings) == ignored {
			in.query.honoured = append(in.query.honoured, param)
		}
	}
	return in.query, in.warnings, nil
}

// parsing is one call of Parse.
type parsing struct {
	params   *Params
	options  *Options
	query    *Query
	warnings []fhir.Issue
}

// ignore leaves something out of the query, or fails when the client wants to know.
func (in *parsing) ignore(code fhir.IssueType, text string) error {
	if in.options.Strict {
		return fhir.NewOutcome(code, text)
	}
	in.warnings = append(in.warnings, fhir.Issue{Severity: fhir.Warning, Code: code, Text: text + "; it was ignored"})
	return nil
}

func (in *parsing) param(param fhir.Param) error {
	if strings.HasPrefix(param.Name, "_") {
		if done, err := in.control(param.Name, param.Value); done {
			return err
		}
	}
	code, modifier, _ := strings.Cut(param.Name, ":")
	def := in.params.Param(in.query.Type, code)
	if def == nil {
		if base, _, chained := strings.Cut(code, "."); chained && in.params.Param(in.query.Type, base) != nil || strings.Contains(modifier, ".") || code == "_has" {
			return fhir.Errorf(fhir.NotSupported, "chained parameters such as '%s' are not supported", param.Name)
		}
		return in.ignore(fhir.NotSupported, in.params.unserved(in.query.Type, code))
	}
	if param.Value == "" {
		return in.ignore(fhir.Invalid, "the parameter '"+param.Name+"' has no value")
	}
	e, err := in.criterion(criterion{Param: def, Modifier: Modifier(modifier), raw: splitEscaped(param.Value, ',')})
	if err != nil {
		return err
	}
	in.query.Where = append(in.query.Where, e)
	return nil
}

// unserved says why a parameter cannot be searched by.
func (p *Params) unserved(resource, code string) string {
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
	if len(c.raw) > maxAlternatives {
		return nil, fhir.Errorf(fhir.TooCostly, "the parameter '%s' has %d values; at most %d are accepted", c.Param.Code, len(c.raw), maxAlternatives)
	}
	for _, raw := range c.raw {
		if raw == "" {
			return nil, fhir.Errorf(fhir.Invalid, "the parameter '%s' has an empty value", c.Param.Code)
		}
	}
	if c.Modifier == ModMissing {
		return parseMissing(c)
	}
	if !in.params.allows(c.Param, c.Modifier) {
		return nil, fhir.Errorf(fhir.NotSupported, "the modifier ':%s' is not supported for the parameter '%s'", c.Modifier, c.Param.Code)
	}
	switch {
	case c.Param.Special == ID:
		return parseIDs(c)
	case c.Param.Type == r4.TokenParam:
		return parseToken(c)
	case c.Param.Type == r4.StringParam:
		return parseString(c)
	case c.Param.Type == r4.DateParam:
		return parseDate(c, in.options)
	case c.Param.Type == r4.ReferenceParam:
		return parseReference(c, in.params, in.options)
	case c.Param.Type == r4.URIParam:
		return parseURI(c)
	}
	return nil, fhir.Errorf(fhir.NotSupported, "parameters of type %s such as '%s' are not supported", c.Param.Type, c.Param.Code)
}

// allows reports whether a parameter takes the modifier. ModMissing is for all.
func (p *Params) allows(param *Param, m Modifier) bool {
	switch {
	case m == "":
		return true
	case param.Special != NotSpecial:
		return false
	case param.Type == r4.TokenParam:
		return m == ModNot
	case param.Type == r4.StringParam:
		return m == ModExact || m == ModContains
	case param.Type == r4.URIParam:
		return m == ModAbove || m == ModBelow
	case param.Type == r4.ReferenceParam:
		return p.spec.IsResource(string(m))
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
