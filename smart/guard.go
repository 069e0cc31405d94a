package smart

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"andiron.dev/smart/compartment"
)

// Config says what a Guard decides about. Store, Spec and Params are required.
type Config struct {
	Store  fhir.Store // the engine's, which nobody else must give to interactions
	Spec   *r4.Spec
	Params *search.Params

	// BaseURL is the FHIR base under which references are taken for the server's own; "" = none is but relative ones. What a request
	// says it was sent to does not count: whoever chooses it would choose whose compartment a resource is in.
	BaseURL string

	Roles []Role           // nil = Roles()
	Now   func() time.Time // nil = time.Now
}

// Guard decides what each principal may see and do, and sees to it (security.md §4): Middleware refuses from the scopes alone what no
// data can make allowed, and Store lets nobody at anything else.
type Guard struct {
	config     Config
	roles      map[string]*role
	consents   *consents
	accesses   accesses
	operations func(*fhir.Request) (*fhir.OperationDefinition, fhir.Handler, error)
	parse      func(method, url, base string) (*fhir.Request, error)
	shared     map[string]bool
	restricted []string     // labels
	labels     sync.Map     // bars by type and labels: see unlabelled
	labelled   atomic.Int64 // how many there are
	patients   *compartment.Patients
	show       Shower
	official   map[string][]string // types in the compartment of a Patient, with the parameters that make it
}

// New makes a Guard. It fails for roles that do not fit the specification.
func New(config Config) (*Guard, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Roles == nil {
		config.Roles = Roles()
	}
	g := &Guard{config: config, restricted: restricted(), roles: make(map[string]*role), shared: make(map[string]bool)}
	g.consents = newConsents(config.Store, config.Params, config.Now)
	for _, typ := range shared() {
		g.shared[typ] = true
	}
	official := config.Spec.Compartment("Patient")
	if official == nil {
		return nil, fmt.Errorf("the specification has no compartment of a Patient")
	}
	g.official = official.Each
	var err error
	if g.patients, err = compartment.New(config.Params); err != nil {
		return nil, fmt.Errorf("the compartments of patients: %w", err)
	}
	for i := range config.Roles {
		r, err := g.role(&config.Roles[i])
		if err != nil {
			return nil, fmt.Errorf("role %s: %w", config.Roles[i].Name, err)
		}
		g.roles[r.name] = r
	}
	return g, nil
}

// Attach tells the guard what the server does, before it serves: how to find the definition of an operation, and how to read the
// entries of a Bundle. Without it no operation is allowed, and entries are looked at one by one only.
func (g *Guard) Attach(r *fhir.Registry, parse func(method, url, base string) (*fhir.Request, error)) {
	g.operations, g.parse = r.FindOperation, parse
}

// role is a Role taken apart.
type role struct {
	name  string
	own   bool
	types map[string][]right // "*" = all
}

// right is what a role has on a type.
type right struct {
	perms Perms
	where string
}

func (g *Guard) role(from *Role) (*role, error) {
	r := &role{name: from.Name, own: from.Own, types: make(map[string][]right)}
	for _, grant := range from.Grants {
		perms := parsePerms(grant.Perms)
		if perms == 0 {
			return nil, fmt.Errorf("'%s' are no letters", grant.Perms)
		}
		for _, typ := range grant.Types {
			if typ != "*" && !g.config.Spec.IsResource(typ) || typ == "*" && grant.Where != "" {
				return nil, fmt.Errorf("'%s' is no resource type that can be granted", typ)
			}
			if grant.Where != "" {
				if _, err := g.criteria(typ, with(grant.Where, "Practitioner/self")); err != nil {
					return nil, fmt.Errorf("%s?%s: %w", typ, grant.Where, err)
				}
			}
			r.types[typ] = append(r.types[typ], right{perms, grant.Where})
		}
	}
	return r, nil
}

// criteria reads a search of a type as one expression.
func (g *Guard) criteria(typ, query string) (search.Expr, error) {
	params, err := fhir.ParseParams(query)
	if err != nil {
		return nil, err
	}
	return g.criterion(typ, params)
}

func (g *Guard) criterion(typ string, params fhir.Params) (search.Expr, error) {
	q, _, err := g.config.Params.Parse(typ, params, search.Options{Strict: true, Base: g.config.BaseURL, Now: g.config.Now})
	if err != nil {
		return nil, err
	}
	if len(q.Where) == 1 {
		return q.Where[0], nil
	}
	return q.Where, nil
}

// member is the criterion that resources of a type are in the record of a patient: the compartment that R4 defines, without what only
// links to the patient, and three types that R4 forgets. nil where none are, or where one would open many records at once.
func (g *Guard) member(typ, id string) (search.Expr, error) {
	switch typ {
	case "Patient":
		return g.criterion(typ, fhir.Params{{Name: "_id", Value: id}})
	case "Group", "Schedule":
		return nil, nil
	case "Task", "Device":
		return g.criterion(typ, fhir.Params{{Name: "patient", Value: "Patient/" + id}})
	}
	if len(g.official[typ]) == 0 {
		return nil, nil
	}
	m, err := g.config.Params.Compartment(search.Compartment{Type: "Patient", ID: id}, typ, g.config.BaseURL)
	if err != nil {
		return nil, err
	}
	return m, nil
}
