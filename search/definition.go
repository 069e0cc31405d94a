package search

import (
	"fmt"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
)

const (
	maxCustomExpression = 4_000 // bytes
	maxCustomCode       = 64    // bytes
)

// Define reads a SearchParameter resource (http://hl7.org/fhir/R4/searchparameter.html) that is to be put in force. Only an
// active one is: for others Define returns nil, and nothing of them is checked. Whether another SearchParameter of the store is
// in its way, the store knows.
//
// The error, an Outcome, lists all that keeps the parameter from being served: Value, BusinessRule and NotSupported with
// where it stands; Duplicate for a parameter that R4 itself has.
func (p *Params) Define(r *fhir.Resource) (*r4.SearchParam, error) {
	if r.Type() != "SearchParameter" || r.Root().Get("status").Text() != "active" {
		return nil, nil
	}
	root := r.Root()
	d := &defining{params: p, root: root}
	d.def = &r4.SearchParam{
		URL: root.Get("url").Text(), Code: root.Get("code").Text(), Type: r4.ParamType(root.Get("type").Text()), Expression: root.Get("expression").Text(),
		Base: texts(root, "base"), Targets: texts(root, "target"), Comparator: texts(root, "comparator"), Modifier: texts(root, "modifier"),
	}
	for component := range root.Each("component") {
		d.def.Components = append(d.def.Components, r4.Component{Definition: component.Get("definition").Text(), Expression: component.Get("expression").Text()})
	}
	d.names()
	if len(d.outcome.Issues) == 0 {
		d.official()
		d.expression()
	}
	if len(d.outcome.Issues) > 0 {
		return nil, &d.outcome
	}
	if d.def.Type == r4.ReferenceParam && len(d.def.Targets) == 0 {
		d.def.Targets = []string{"Resource"}
	}
	return d.def, nil
}

func texts(e fhir.Element, name string) (list []string) {
	for item := range e.Each(name) {
		list = append(list, item.Text())
	}
	return list
}

// defining is one call of Define.
type defining struct {
	params  *Params
	root    fhir.Element
	def     *r4.SearchParam
	outcome fhir.Outcome
}

func (d *defining) refuse(code fhir.IssueType, element, format string, args ...any) {
	text := "the search parameter cannot be put in force: " + fmt.Sprintf(format, args...)
	d.outcome.Issues = append(d.outcome.Issues, fhir.NewOutcome(code, text, "SearchParameter."+element).Issues...)
}

// names checks everything but the expression.
func (d *defining) names() {
	def, spec := d.def, d.params.spec
	if def.URL == "" {
		d.refuse(fhir.Required, "url", "it has no url")
	}
	if !isCode(def.Code) {
		d.refuse(fhir.Value, "code", "a code is a letter followed by up to %d letters, digits, '-' and '_'", maxCustomCode-1)
	}
	if len(def.Base) == 0 {
		d.refuse(fhir.Required, "base", "it has no base")
	}
	for i, base := range def.Base {
		if t := spec.Type(base); t == nil || t.Kind != r4.Resource {
			d.refuse(fhir.CodeInvalid, fmt.Sprintf("base[%d]", i), "its base is not a resource type of R4")
		}
	}
	for i, target := range def.Targets {
		if t := spec.Type(target); t == nil || t.Kind != r4.Resource {
			d.refuse(fhir.CodeInvalid, fmt.Sprintf("target[%d]", i), "its target is not a resource type of R4")
		}
	}
	if len(def.Targets) > 0 && def.Type != r4.ReferenceParam {
		d.refuse(fhir.BusinessRule, "target", "only a reference has targets")
	}
	if def.Type == r4.SpecialParam {
		d.refuse(fhir.NotSupported, "type", "what a special parameter does is not said by its definition")
	}
	if usage := d.root.Get("xpathUsage").Text(); usage != "" && usage != "normal" {
		d.refuse(fhir.NotSupported, "xpathUsage", "values are compared as they are, not by '%s'", usage)
	}
	if len(def.Components) > 0 && def.Type != r4.CompositeParam {
		d.refuse(fhir.BusinessRule, "component", "only a composite has components")
	}
}

// isCode reports whether a code can stand in a query: what separates the parts of one must not be in it, and a line at the
// beginning is for the specification.
func isCode(s string) bool {
	if s == "" || len(s) > maxCustomCode {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '-' && c != '_') {
			return false
		}
	}
	return true
}

// official refuses what R4 has already: a query must mean the same on every server.
func (d *defining) official() {
	if d.params.definition(d.def.URL) != nil {
		d.refuse(fhir.Duplicate, "url", "its url is that of a search parameter of R4")
	}
	for _, name := range d.params.Types(d.def) {
		if slices.ContainsFunc(d.params.official[name].defs, func(o *r4.SearchParam) bool { return o.Code == d.def.Code }) {
			d.refuse(fhir.Duplicate, "code", "R4 has a search parameter '%s' for %s", d.def.Code, name)
			return
		}
	}
}

// expression compiles the expression for every resource type of the base, strictly: what can be seen to be a mistake is
// refused, instead of finding nothing.
func (d *defining) expression() {
	switch n := len(d.def.Expression); {
	case n == 0:
		d.refuse(fhir.Required, "expression", "it has no expression")
		return
	case n > maxCustomExpression:
		d.refuse(fhir.TooLong, "expression", "its expression has %d bytes; at most %d are accepted", n, maxCustomExpression)
		return
	}
	if !d.compiles(d.def.Expression, "expression") {
		return
	}
	for i, component := range d.def.Components {
		if !d.compiles(component.Expression, fmt.Sprintf("component[%d].expression", i)) {
			return
		}
	}
	spec, scratch := d.params.spec, d.params.scratch()
	x, err := path.Compile(spec, d.def.Expression, path.Strict())
	for _, name := range d.params.Types(d.def) {
		if err == nil {
			_, err = x.Terms(name)
		}
		if err != nil {
			d.refuse(fhir.Invalid, "expression", "its expression does not fit %s: %s", name, fhir.AsOutcome(err).Issues[0].Text)
			return
		}
		param := &Param{Code: d.def.Code, URL: d.def.URL, Type: d.def.Type, Resource: name, Targets: d.def.Targets}
		if reason := scratch.compileParam(param, d.def, &typeParams{}, make(map[string]*Slot)); reason != "" {
			d.refuse(fhir.NotSupported, "expression", "for %s, %s", name, reason)
			return
		}
	}
}

// compiles checks one expression by itself. What is indexed of a resource must follow from its content alone.
func (d *defining) compiles(expression, element string) bool {
	x, err := path.Compile(d.params.spec, expression)
	switch {
	case err != nil:
		d.refuse(fhir.Invalid, element, "its expression cannot be read: %s", strings.TrimSpace(fhir.AsOutcome(err).Issues[0].Text))
	case x.Uses("now", "today", "timeOfDay"):
		d.refuse(fhir.NotSupported, element, "its expression asks for the time, which changes without the resource")
	case x.Uses("memberOf", "subsumes", "subsumedBy", "conformsTo"):
		d.refuse(fhir.NotSupported, element, "its expression asks for what does not stand in the resource")
	case x.Uses("lastUpdated", "versionId"):
		d.refuse(fhir.NotSupported, element, "versionId and lastUpdated belong to a version; search by _lastUpdated")
	default:
		return true
	}
	return false
}

// Overlap reports whether two definitions cannot both be in force: they have the same url, or the same code for a resource type.
func (p *Params) Overlap(a, b *r4.SearchParam) bool {
	if a.URL == b.URL {
		return true
	}
	return a.Code == b.Code && slices.ContainsFunc(p.Types(a), func(name string) bool { return p.defines(b, name) })
}

// SameDefinition reports whether two definitions mean the same: the index of one is the index of the other.
func SameDefinition(a, b *r4.SearchParam) bool {
	return a.URL == b.URL && a.Code == b.Code && a.Type == b.Type && a.Expression == b.Expression && slices.Equal(a.Base, b.Base) &&
		slices.Equal(a.Targets, b.Targets) && slices.Equal(a.Components, b.Components)
}
