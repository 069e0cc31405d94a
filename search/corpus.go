package search

import (
	"iter"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// Corpus is where Match finds the other resources that a criterion is about: what a chain leads to, and what refers to a
// resource.
type Corpus interface {
	// Find gives the current resources of a type that match, with their index values.
	Find(typ string, where Expr) iter.Seq2[*fhir.Resource, *Values]
}

// exists reports whether any resource of the type matches. Without a corpus none does.
func exists(corpus Corpus, typ string, where Expr) bool {
	if corpus == nil {
		return false
	}
	for range corpus.Find(typ, where) {
		return true
	}
	return false
}

func (c *Chain) match(v *Values, corpus Corpus) bool {
	for i := range v.References {
		to := &v.References[i]
		if !c.Param.leadsTo(to) || to.Base != "" && to.Base != c.Own {
			continue
		}
		at := slices.IndexFunc(c.Links, func(l Link) bool { return l.Type == to.Type })
		if at >= 0 && exists(corpus, to.Type, And{byID(to.ID), c.Links[at].Where}) {
			return true
		}
	}
	return false
}

func (h *Has) match(r *fhir.Resource, corpus Corpus) bool {
	return exists(corpus, h.Param.Resource, And{refersTo(h.Param, r.Type(), h.Own, r.ID()), h.Where})
}

// byID is the criterion on the id.
func byID(id string) *IDs {
	return &IDs{criterion: criterion{Param: &Param{Code: "_id", Type: r4.TokenParam, Special: ID}, raw: []string{id}}, Any: []string{id}}
}

// refersTo is the criterion that a parameter leads to any of some resources of this server.
func refersTo(p *Param, typ, own string, ids ...string) *Reference {
	ref := &Reference{criterion: criterion{Param: p}}
	for _, id := range ids {
		ref.raw = append(ref.raw, typ+"/"+id)
		ref.Any = append(ref.Any, ReferenceTest{Type: typ, ID: id, Own: own})
	}
	return ref
}
