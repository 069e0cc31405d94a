package search

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// InList is a criterion on membership (http://hl7.org/fhir/R4/search.html#list): resources that an entry of a List refers to
// that is not flagged as deleted. Lists are looked up in the snapshot that is searched; one that is not there has no members.
type InList struct {
	criterion
	Lists []string // logical ids
	Own   string   // under what base the client knows this server

	params *Params
}

// listParam is _list, for which R4 has no SearchParameter.
func listParam(resource string) *Param {
	return &Param{Code: "_list", Type: r4.StringParam, Resource: resource, Special: ListMember}
}

func parseInList(c criterion, p *Params, o *Options) (Expr, error) {
	if c.Modifier != "" {
		return nil, fhir.NewOutcome(fhir.NotSupported, "the parameter '_list' takes no modifiers")
	}
	e := &InList{criterion: c, Own: o.Base, params: p}
	for _, raw := range c.raw {
		text := unescape(raw)
		if strings.HasPrefix(text, "$") {
			return nil, fhir.NewOutcome(fhir.NotSupported, "functional lists ('$current-problems' and its like) are not supported; '_list' takes the id of a List of this server")
		}
		t := p.referenceTest(text, o.Base)
		if t.URL || t.Base != "" || t.Version != "" || t.Type != "" && t.Type != "List" {
			return nil, fhir.NewOutcome(fhir.Invalid, "a value of the parameter '_list' is not a List of this server: an id, 'List/' and an id, or the URL of a List")
		}
		e.Lists = append(e.Lists, t.ID)
	}
	return e, nil
}

// Members gives the ids of the resources of a type that a List has among its entries.
func (e *InList) Members(list *fhir.Resource, typ string) []string {
	var ids []string
	for entry := range list.Root().Each("entry") {
		if entry.Get("deleted").Text() == "true" {
			continue
		}
		v := e.params.referenceValue(entry.Get("item").Get("reference").Text())
		if v.Type == typ && (v.Base == "" || v.Base == e.Own) {
			ids = append(ids, v.ID)
		}
	}
	return ids
}

func (e *InList) match(r *fhir.Resource, corpus Corpus) bool {
	if corpus == nil {
		return false
	}
	for _, id := range e.Lists {
		for list := range corpus.Find("List", byID(id)) {
			if slices.Contains(e.Members(list, r.Type()), r.ID()) {
				return true
			}
		}
	}
	return false
}
