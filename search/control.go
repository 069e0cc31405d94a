package search

import (
	"slices"
	"strconv"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// controls are the parameters that shape the result instead of selecting it (http://hl7.org/fhir/R4/search.html#return), as far
// as they have been read. What they mean together is settled at the end: their order does not matter.
type controls struct {
	given    []string // names that must not be repeated
	total    Total
	elements []string
	// effective is what the self link says of the parameter that is being read; nil = what was written, if nothing of it was
	// ignored; "" = nothing.
	effective *string
}

// once are the controls that have one value.
func once(name string) bool {
	switch name {
	case "_count", "_total", "_summary", "_elements", "_contained", "_containedType":
		return true
	}
	return false
}

// control reads a parameter that shapes the result. It reports false for a name that is none.
func (in *parsing) control(name, value string) (done bool, err error) {
	base, modifier, _ := strings.Cut(name, ":")
	read := map[string]func(string) error{
		"_count": in.count, "_total": in.setTotal, "_sort": in.sort, "_summary": in.summary, "_elements": in.setElements,
		"_contained": in.contained, "_containedType": in.contained,
		"_include":    func(value string) error { return in.include(base, modifier, value) },
		"_revinclude": func(value string) error { return in.include(base, modifier, value) },
	}[base]
	switch iterates := strings.HasSuffix(base, "include") && (modifier == "iterate" || modifier == "recurse"); {
	case base == "_format" || base == "_pretty": // read by others
		return true, nil
	case read == nil:
		return false, nil
	case modifier != "" && !iterates: // it cannot widen what is found, so it need not be an error
		return true, in.ignore(fhir.NotSupported, "the parameter '"+base+"' does not take this modifier")
	case value == "":
		return true, in.ignore(fhir.Invalid, "the parameter '"+name+"' has no value")
	case once(base) && slices.Contains(in.given, base):
		return true, in.ignore(fhir.Invalid, "the parameter '"+base+"' stands a second time")
	}
	in.given = append(in.given, base)
	return true, read(value)
}

// says sets what the self link says of the parameter that is being read.
func (in *parsing) says(value string) { in.effective = &value }

func (in *parsing) count(value string) error {
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		return fhir.NewOutcome(fhir.Invalid, "the value of _count must be a whole number, 0 or more")
	}
	if n > MaxCount {
		n = MaxCount
		in.says(strconv.Itoa(MaxCount))
	}
	in.query.Count = int(n)
	return nil
}

func (in *parsing) setTotal(value string) error {
	switch t := Total(value); t {
	case TotalNone, TotalEstimate, TotalAccurate:
		in.total = t
		return nil
	}
	return fhir.NewOutcome(fhir.Invalid, "the value of _total must be none, estimate or accurate")
}

func (in *parsing) summary(value string) error {
	switch s := Summary(value); s {
	case SummaryTrue, SummaryText, SummaryData, SummaryCount:
		in.query.Summary = s
		return nil
	case "false":
		return nil
	}
	return fhir.NewOutcome(fhir.Invalid, "the value of _summary must be true, text, data, count or false")
}

func (in *parsing) setElements(value string) error {
	in.elements = strings.Split(value, ",")
	return nil
}

func (in *parsing) contained(value string) error {
	if value == "false" {
		return nil
	}
	return in.ignore(fhir.NotSupported, "searching for contained resources is not supported")
}

// maxSort bounds the rules of _sort: each of them costs every match a look-up.
const maxSort = 10

// sort reads the rules of _sort, which may stand in one parameter or several.
func (in *parsing) sort(value string) error {
	var said []string
	for rule := range strings.SplitSeq(value, ",") {
		code, descending := strings.CutPrefix(rule, "-")
		param := in.sortParam(code)
		known := slices.ContainsFunc(in.query.Sort, func(s Sort) bool { return s.Param == param })
		var err error
		switch {
		case code == "":
			err = in.ignore(fhir.Invalid, "a rule of _sort is empty")
		case param == nil && !fhir.ValidID(code):
			err = in.ignore(fhir.Invalid, "a rule of _sort is not the name of a parameter")
		case param == nil || !sortable(param):
			err = in.ignore(fhir.NotSupported, "sorting by '"+code+"' is not supported for "+in.searched())
		case known:
			err = in.ignore(fhir.Invalid, "_sort names '"+code+"' a second time")
		case len(in.query.Sort) == maxSort:
			err = in.ignore(fhir.TooCostly, "_sort has a rule too many: at most "+strconv.Itoa(maxSort)+" are followed")
		default:
			in.query.Sort = append(in.query.Sort, Sort{Param: param, Descending: descending})
			said = append(said, rule)
		}
		if err != nil {
			return err
		}
	}
	in.says(strings.Join(said, ","))
	return nil
}

func sortable(p *Param) bool {
	if p.Special != NotSpecial && p.Special != ID && p.Special != LastUpdated {
		return false
	}
	switch p.Type {
	case r4.TokenParam, r4.StringParam, r4.DateParam, r4.ReferenceParam, r4.URIParam, r4.NumberParam, r4.QuantityParam:
		return true
	}
	return false
}

// settle works out what the controls mean together.
func (in *parsing) settle() error {
	q := in.query
	q.Total = TotalNone
	if in.total != "" {
		q.Total = in.total
	}
	if q.Summary == SummaryCount || q.Count == 0 { // the same, in R4's own words; and somehow it has to be counted
		q.Summary, q.Count = "", 0
		if q.Total == TotalNone {
			q.Total = TotalAccurate
		}
	}
	if err := in.settleElements(); err != nil {
		return err
	}
	if q.Summary == SummaryText && len(q.Include)+len(q.RevInclude) > 0 { // http://hl7.org/fhir/R4/search.html#summary
		q.Include, q.RevInclude = nil, nil
		in.forget("_include", "_revinclude")
		return in.ignore(fhir.NotSupported, "an inclusion (_include or _revinclude) cannot be mixed with _summary=text")
	}
	return nil
}

// forget takes parameters out of what the self link says.
func (in *parsing) forget(names ...string) {
	in.query.honoured = slices.DeleteFunc(in.query.honoured, func(p fhir.Param) bool {
		name, _, _ := strings.Cut(p.Name, ":")
		return slices.Contains(names, name)
	})
}
