package compartment

import (
	"fmt"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// Patients finds whose records a resource is in: the patients in whose compartments it is
// (http://hl7.org/fhir/R4/compartmentdefinition-patient.html). It looks at the text where the definition says that references are, and
// skips the rest: nothing is parsed.
type Patients struct {
	paths map[string]*step // by resource type
}

// step is a place on the way to a reference.
type step struct {
	name     string
	next     []*step
	refers   bool // the text of a reference stands here
	resource bool // a resource stands here, as in a Bundle
}

// New reads from the search parameters of the compartment where references stand. A patient who is linked to another is not
// in the other's record; types that R4 gives no compartment count by their parameters patient and subject, where these have any.
func New(params *search.Params) (*Patients, error) {
	p := &Patients{paths: make(map[string]*step)}
	c := params.Spec().Compartment("Patient")
	for _, typ := range params.Spec().Resources() {
		codes := c.Each[typ]
		if len(codes) == 0 {
			codes = []string{"patient", "subject"}
		}
		if typ == "Patient" {
			continue
		}
		root := &step{}
		for _, code := range codes {
			if err := root.add(params.Param(typ, code)); err != nil && c.Each[typ] != nil {
				return nil, err
			}
		}
		if len(root.next) > 0 {
			p.paths[typ] = root
		}
	}
	p.paths["Bundle"] = within("entry")
	p.paths["Parameters"] = within("parameter")
	p.paths["Parameters"].next[0].next = append(p.paths["Parameters"].next[0].next, within("part").next...)
	return p, nil
}

// within leads to the resources in the items of a list.
func within(list string) *step {
	return &step{next: []*step{{name: list, next: []*step{{name: "resource", resource: true}}}}}
}

// add enters the places of a parameter's values that may be patients.
func (s *step) add(param *search.Param) error {
	if param == nil || !slices.Contains(param.Targets, "Patient") {
		return nil
	}
	for _, source := range param.Sources {
		if source.Target != "" && source.Target != "Patient" {
			continue
		}
		if strings.ContainsAny(source.Slot.Term, "() ") {
			return fmt.Errorf("the places of patients in %s: %q is no plain path", param.Resource, source.Slot.Term)
		}
		at := s
		for _, name := range strings.Split(source.Slot.Term+".reference", ".")[1:] {
			i := slices.IndexFunc(at.next, func(n *step) bool { return n.name == name })
			if i < 0 {
				at.next = append(at.next, &step{name: name})
				i = len(at.next) - 1
			}
			at = at.next[i]
		}
		at.refers = true
	}
	return nil
}

// May reports whether resources of a type can be in anybody's record.
func (p *Patients) May(typ string) bool { return typ == "Patient" || p.paths[typ] != nil }

// Of adds the patients of r. base is the server's own: absolute references below it count.
func (p *Patients) Of(list *IDs, r *fhir.Resource, base string) {
	switch {
	case r == nil:
	case r.Type() == "Patient":
		list.Add(r.ID())
	case p.paths[r.Type()] != nil:
		w := walk{Patients: p, text: r.Body(), base: base, found: list}
		w.object(0, p.paths[r.Type()])
	}
}

// IDs is a list of ids, each once.
type IDs struct {
	List  []string
	known map[string]bool // where there are many
}

const fewIDs = 16

// Add adds an id.
func (l *IDs) Add(id string) {
	if id == "" || l.Has(id) {
		return
	}
	l.List = append(l.List, id)
	switch {
	case l.known != nil:
		l.known[id] = true
	case len(l.List) > fewIDs:
		l.known = make(map[string]bool, 2*len(l.List))
		for _, one := range l.List {
			l.known[one] = true
		}
	}
}

// Has reports whether an id is among them.
func (l *IDs) Has(id string) bool {
	if l.known != nil {
		return l.known[id]
	}
	return slices.Contains(l.List, id)
}
