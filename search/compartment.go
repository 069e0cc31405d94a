package search

import (
	"slices"

	"andiron.dev/fhir"
)

// Compartment names the compartment of a resource (http://hl7.org/fhir/R4/compartmentdefinition.html).
type Compartment struct {
	Type, ID string // of the resource whose it is: "Patient", "1"
}

func (c Compartment) String() string { return c.Type + "/" + c.ID }

// Member is true for what is in a compartment: the resource whose it is, and what refers to it through one of the parameters
// that make the compartment. It has no form of its own in a query: that a search is within a compartment its URL says.
type Member struct {
	Of    Compartment
	Where Or
}

func (*Member) expr() {}

func (m *Member) String() string { return "in " + m.Of.String() }

// Compartment gives the criterion for the resources of a type that are in a compartment; own is the base under which the client
// knows this server. Whether the resource whose compartment it is exists does not matter. Errors: NotFound for a type that R4
// gives no compartment, Invalid for what is no id, NotSupported for a type of which nothing is in such a compartment.
func (p *Params) Compartment(of Compartment, typ, own string) (*Member, error) {
	each, err := p.compartment(of)
	if err != nil {
		return nil, err
	}
	codes := each[typ]
	if len(codes) == 0 && typ != of.Type {
		return nil, fhir.Errorf(fhir.NotSupported, "no %s is in the compartment of a %s", typ, of.Type)
	}
	m := &Member{Of: of}
	if typ == of.Type {
		m.Where = append(m.Where, byID(of.ID))
	}
	for _, code := range codes {
		if param := p.Param(typ, code); param != nil && slices.Contains(p.targets(param), of.Type) {
			m.Where = append(m.Where, refersTo(param, of.Type, own, of.ID))
		}
	}
	return m, nil
}

// InCompartment lists the resource types that are in the compartments of a type, in order; none for a type without.
func (p *Params) InCompartment(typ string) []string {
	each, err := p.compartment(Compartment{Type: typ, ID: "1"})
	if err != nil {
		return nil
	}
	types := []string{typ}
	for name := range each {
		if len(each[name]) > 0 && name != typ {
			types = append(types, name)
		}
	}
	slices.Sort(types)
	return types
}

// compartment gives the search parameters that make a compartment, by resource type.
func (p *Params) compartment(of Compartment) (map[string][]string, error) {
	if c := p.spec.Compartment(of.Type); c != nil {
		if !fhir.ValidID(of.ID) {
			return nil, fhir.NewOutcome(fhir.Invalid, "the compartment is not named by the id of a resource")
		}
		return c.Each, nil
	}
	return nil, fhir.Errorf(fhir.NotFound, "FHIR R4 has no compartments of the type %s", of.Type)
}
