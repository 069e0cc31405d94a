package search

import (
	"strconv"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// control reads the parameters that shape the result instead of selecting it
// (http://hl7.org/fhir/R4/search.html#return). It reports false for a name that is none of them.
func (in *parsing) control(name, value string) (done bool, err error) {
	base, modifier, _ := strings.Cut(name, ":")
	switch base {
	case "_count":
		return true, in.count(value)
	case "_total":
		return true, in.total(value)
	case "_sort":
		return true, in.sort(value)
	case "_include", "_revinclude":
		return true, in.include(base, modifier, value)
	case "_summary":
		if value == "count" {
			in.query.Count, in.query.Total = 0, TotalAccurate
		}
		return true, nil
	case "_format", "_pretty", "_elements": // somebody else's
		return true, nil
	case "_contained", "_containedType":
		if value == "false" {
			return true, nil
		}
		return true, in.ignore(fhir.NotSupported, "the parameter '"+name+"' is not supported")
	}
	return false, nil
}

func (in *parsing) count(value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return fhir.NewOutcome(fhir.Invalid, "the value of _count must be a whole number, 0 or more")
	}
	if in.query.Count == 0 && in.query.Total == TotalAccurate { // _summary=count has the last word
		return nil
	}
	if n == 0 { // the same as _summary=count
		in.query.Total = TotalAccurate
	}
	in.query.Count = min(n, MaxCount)
	return nil
}

func (in *parsing) total(value string) error {
	switch t := Total(value); t {
	case TotalNone, TotalEstimate, TotalAccurate:
		if in.query.Count > 0 {
			in.query.Total = t
		}
		return nil
	}
	return fhir.NewOutcome(fhir.Invalid, "the value of _total must be none, estimate or accurate")
}

func (in *parsing) sort(value string) error {
	for rule := range strings.SplitSeq(value, ",") {
		code, descending := strings.CutPrefix(rule, "-")
		param := in.params.Param(in.query.Type, code)
		if param == nil || !sortable(param) {
			if err := in.ignore(fhir.NotSupported, "sorting by '"+code+"' is not supported for "+in.query.Type); err != nil {
				return err
			}
			continue
		}
		in.query.Sort = append(in.query.Sort, Sort{Param: param, Descending: descending})
	}
	return nil
}

func sortable(p *Param) bool {
	switch p.Type {
	case r4.TokenParam, r4.StringParam, r4.DateParam, r4.ReferenceParam, r4.URIParam:
		return true
	}
	return false
}

// include reads "*", "Source:*", "Source:code" and "Source:code:Target".
func (in *parsing) include(name, modifier, value string) error {
	if modifier != "" && modifier != "iterate" && modifier != "recurse" {
		return fhir.Errorf(fhir.NotSupported, "the modifier ':%s' is not supported for '%s'", modifier, name)
	}
	if modifier != "" {
		return in.ignore(fhir.NotSupported, "'"+name+":"+modifier+"' is not supported")
	}
	i := Include{Source: in.query.Type, Code: "*"}
	if value != "*" {
		i.Source, i.Code, _ = strings.Cut(value, ":")
		i.Code, i.Target, _ = strings.Cut(i.Code, ":")
	}
	ok := in.params.spec.IsResource(i.Source) && (i.Target == "" || in.params.spec.IsResource(i.Target))
	if ok && i.Code != "*" {
		p := in.params.Param(i.Source, i.Code)
		ok = p != nil && p.Type == r4.ReferenceParam
	}
	if name == "_revinclude" && value == "*" {
		ok = false // every type that could refer here: too much to be meant
	}
	if !ok {
		return in.ignore(fhir.NotSupported, "the value of '"+name+"' is not Source:parameter[:Target] with a reference parameter of the source")
	}
	if name == "_include" {
		in.query.Include = append(in.query.Include, i)
	} else {
		in.query.RevInclude = append(in.query.RevInclude, i)
	}
	return nil
}
