package searchtest

import (
	"net/url"
	"slices"
	"strings"

	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// Use is a way to search: a kind of parameter with a modifier or a prefix. The modifier that names a resource type is "[type]".
type Use struct {
	Type     r4.ParamType
	Modifier search.Modifier
	Prefix   search.Prefix
}

func (u Use) String() string {
	s := string(u.Type)
	if u.Modifier != "" {
		s += ":" + string(u.Modifier)
	}
	return s + "=" + string(u.Prefix) + "…"
}

// typeModifier stands for all modifiers that are resource types.
const typeModifier search.Modifier = "[type]"

// Uses is the table of all there are (http://hl7.org/fhir/R4/search.html#modifiers, #prefix). An engine has to know each.
func Uses() (table []Use) {
	modifiers := map[r4.ParamType][]search.Modifier{
		r4.TokenParam: {"", search.ModMissing, search.ModNot, search.ModText, search.ModIn, search.ModNotIn, search.ModAbove, search.ModBelow,
			search.ModOfType},
		r4.StringParam:    {"", search.ModMissing, search.ModExact, search.ModContains},
		r4.ReferenceParam: {"", search.ModMissing, search.ModIdentifier, search.ModAbove, search.ModBelow, typeModifier},
		r4.URIParam:       {"", search.ModMissing, search.ModAbove, search.ModBelow},
		r4.CompositeParam: {""},
		r4.DateParam:      {search.ModMissing}, r4.NumberParam: {search.ModMissing}, r4.QuantityParam: {search.ModMissing},
	}
	for typ, list := range modifiers {
		for _, m := range list {
			table = append(table, Use{Type: typ, Modifier: m})
		}
	}
	for _, typ := range []r4.ParamType{r4.DateParam, r4.NumberParam, r4.QuantityParam} {
		for _, p := range append(prefixes(), "") {
			table = append(table, Use{Type: typ, Prefix: p})
		}
	}
	return table
}

func prefixes() []search.Prefix {
	return []search.Prefix{search.Equal, search.NotEqual, search.Greater, search.Less, search.GreaterEqual, search.LessEqual, search.StartsAfter,
		search.EndsBefore, search.Approximately}
}

// Uncovered lists what of the table no search of the scripts uses with success: one that finds something.
func Uncovered(params *search.Params, scripts []*Script) (rest []Use) {
	used := make(map[Use]bool)
	for _, s := range scripts {
		for i := range s.steps {
			if step := &s.steps[i]; step.want.err == "" && slices.ContainsFunc(step.want.pages, func(page []string) bool { return len(page) > 0 }) {
				eachUse(params, step.search, func(u Use) { used[u] = true })
			}
		}
	}
	for _, u := range Uses() {
		if !used[u] {
			rest = append(rest, u)
		}
	}
	return rest
}

// eachUse reads the criteria of a search as a client writes them.
func eachUse(params *search.Params, text string, fn func(Use)) {
	typ, query, _ := strings.Cut(text, "?")
	for criterion := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(criterion, "=")
		code, modifier, _ := strings.Cut(name, ":")
		param := params.Param(typ, code)
		if param == nil {
			continue
		}
		u := Use{Type: param.Type, Modifier: search.Modifier(modifier)}
		if modifier != "" && modifier[0] >= 'A' && modifier[0] <= 'Z' {
			u.Modifier = typeModifier
		}
		value, err := url.QueryUnescape(value)
		if err != nil {
			continue
		}
		if len(value) > 2 && slices.Contains([]r4.ParamType{r4.DateParam, r4.NumberParam, r4.QuantityParam}, u.Type) {
			if p := search.Prefix(value[:2]); slices.Contains(prefixes(), p) {
				u.Prefix = p
			}
		}
		fn(u)
	}
}
