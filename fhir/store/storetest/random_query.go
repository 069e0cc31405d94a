package storetest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"andiron.dev/search/searchtest"
)

// asker makes random queries: of every parameter with every modifier that package search takes, and values that resources
// have, nearly have, or do not have.
type asker struct {
	*maker
	params *search.Params
	known  *searchtest.Matcher
	focus  string // a resource that criteria are about; "" = any

	misread []string // what queries say of themselves, where that is not the query

	special []string // codes of parameters that are preferred
}

// modifiers are FHIR's (http://hl7.org/fhir/search-modifier-code), and two resource types. Those that a parameter takes are used.
func modifiers() []string {
	return []string{"", "missing", "exact", "contains", "not", "text", "in", "not-in", "below", "above", "type", "identifier", "of-type", "ofType", "Patient", "Organization"}
}

func prefixes() []string { return []string{"", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"} }

func (a *asker) options() search.Options {
	return search.Options{Strict: true, Base: searchtest.Base, Now: func() time.Time { return time.Date(2024, 5, 31, 12, 0, 0, 0, time.UTC) }, Count: search.MaxCount}
}

// query makes a query that package search understands.
func (a *asker) query(typ string) (fhir.Params, *search.Query) {
	if a.measured {
		return a.measuredQuery(typ)
	}
	for {
		searched, params, o := a.scope(typ)
		for range pick(a.Rand, []int{1, 1, 1, 2, 2, 3}) {
			params = append(params, a.about(typ, 0))
		}
		if a.IntN(3) == 0 {
			params = append(params, fhir.Param{Name: "_sort", Value: a.order(searched, typ)})
		}
		if a.IntN(3) > 0 {
			params = append(params, fhir.Param{Name: "_count", Value: pick(a.Rand, []string{"1", "2", "3", "10", "1000"})})
		}
		if a.IntN(3) == 0 {
			params = append(params, fhir.Param{Name: "_total", Value: "accurate"})
		}
		if q, _, err := a.params.Parse(searched, params, o); err == nil {
			if again, _, err := searchtest.ParseURL(a.params, q.String(), a.options()); err != nil || again.String() != q.String() {
				a.misread = append(a.misread, fmt.Sprintf("%s is read as %v (%v)", q, again, err))
			}
			if len(q.Where) > 0 && a.IntN(4) == 0 {
				q.Where = search.And{a.tree(q.Where, 0)}
			}
			return params, q
		}
	}
}

// param chooses a parameter, preferably one that some resource has a value for.
func (a *asker) param(typ string) *search.Param {
	var valued []*search.Param
	for _, p := range a.params.Of(typ) {
		if p.Special != search.NotSpecial || a.hasValue(typ, p) {
			valued = append(valued, p)
		}
	}
	if a.IntN(10) == 0 {
		return pick(a.Rand, a.params.Of(typ))
	}
	return pick(a.Rand, valued)
}

func (a *asker) hasValue(typ string, p *search.Param) bool {
	present := &search.Missing{Want: false}
	present.Param = p
	for _, reference := range a.references(typ) {
		if search.Match(present, a.known.All()[reference], a.known.Values(reference), nil) {
			return true
		}
	}
	return false
}

func (a *asker) sort(typ string) string {
	var rules []string
	for range 1 + a.IntN(2) {
		rules = append(rules, pick(a.Rand, []string{"", "-"})+pick(a.Rand, a.params.Of(typ)).Code)
	}
	return strings.Join(rules, ",")
}

func (a *asker) criterion(p *search.Param) fhir.Param {
	modifier := ""
	if a.IntN(2) == 0 {
		modifier = pick(a.Rand, modifiers())
	}
	name := p.Code
	if modifier != "" {
		name += ":" + modifier
	}
	if modifier == "missing" {
		return fhir.Param{Name: name, Value: pick(a.Rand, []string{"true", "false"})}
	}
	n := 1
	switch a.IntN(10) {
	case 0, 1, 2:
		n = 2 + a.IntN(3)
	case 3:
		n = 20 + a.IntN(20)
	}
	values := make([]string, n)
	for i := range values {
		values[i] = a.modified(p, modifier)
	}
	return fhir.Param{Name: name, Value: strings.Join(values, ",")}
}

func escaped(s string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`).Replace(s)
}

// value makes a value for a parameter, preferably one that resources have.
func (a *asker) value(p *search.Param) string {
	switch {
	case p.Special == search.ID:
		if r := a.known.All()[a.focus]; r != nil && a.IntN(2) == 0 {
			return r.ID()
		}
		return a.id()
	case p.Special == search.LastUpdated:
		return pick(a.Rand, prefixes()) + a.time("dateTime")
	case p.Special != search.NotSpecial || p.Type == r4.SpecialParam:
		return a.specialValue(p)
	}
	v := a.anyValues(p.Resource)
	own := v != nil && a.IntN(5) > 0
	switch p.Type {
	case r4.TokenParam:
		return a.token(p, v, own)
	case r4.StringParam:
		return escaped(a.stringValue(p, v, own))
	case r4.DateParam:
		return pick(a.Rand, prefixes()) + a.time("dateTime")
	case r4.ReferenceParam:
		return escaped(a.referenceValue(p, v, own))
	case r4.NumberParam:
		return a.numberValue(p, v, own)
	case r4.QuantityParam:
		return a.quantityValue(p, v, own)
	case r4.CompositeParam:
		return a.composite(p)
	case r4.URIParam:
		return escaped(a.uri() + pick(a.Rand, []string{"", "", "/", "/x"}))
	}
	return strconv.Itoa(a.IntN(5))
}

// anyValues are the index values of some resource of the type, nil where there is none.
func (a *asker) anyValues(typ string) *search.Values {
	references := a.references(typ)
	if len(references) == 0 {
		return nil
	}
	return a.known.Values(pick(a.Rand, references))
}

func of[T any](values []T, slot func(*T) *search.Slot, p *search.Param) (list []T) {
	for i := range values {
		for _, s := range p.Sources {
			if s.Slot == slot(&values[i]) {
				list = append(list, values[i])
			}
		}
	}
	return list
}

func (a *asker) token(p *search.Param, v *search.Values, own bool) string {
	system, code := a.uri(), pick(a.Rand, []string{"a", "A", "b", "final", "true", "false", "1"})
	if own {
		if found := of(v.Tokens, func(t *search.TokenValue) *search.Slot { return t.Slot }, p); len(found) > 0 {
			t := pick(a.Rand, found)
			system, code = t.System, t.Code
		}
	}
	system, code = escaped(system), escaped(code)
	switch a.IntN(6) {
	case 0, 1:
		return system + "|" + code
	case 2:
		return system + "|"
	case 3:
		return "|" + code
	}
	return code
}

func (a *asker) stringValue(p *search.Param, v *search.Values, own bool) string {
	text := a.text()
	if own {
		if found := of(v.Strings, func(s *search.StringValue) *search.Slot { return s.Slot }, p); len(found) > 0 {
			text = pick(a.Rand, found).Text
		}
	}
	runes := []rune(text)
	switch a.IntN(4) {
	case 0:
		return string(runes[:1+a.IntN(len(runes))])
	case 1:
		return string(runes[a.IntN(len(runes)):])
	case 2:
		return strings.ToUpper(text)
	}
	return text
}

func (a *asker) referenceValue(p *search.Param, v *search.Values, own bool) string {
	text := a.reference()
	if own {
		if found := of(v.References, func(r *search.ReferenceValue) *search.Slot { return r.Slot }, p); len(found) > 0 {
			r := pick(a.Rand, found)
			text = r.ID
			if r.Type != "" && a.IntN(3) > 0 {
				text = r.Type + "/" + r.ID
				if r.Version != "" && a.IntN(2) == 0 {
					text += "/_history/" + r.Version
				}
			} else if r.Version != "" {
				text += "|" + r.Version
			}
		}
	}
	return text
}
