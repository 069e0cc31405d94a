package scheduling

import (
	"context"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// intent is what an operation knows beyond the Appointment that it writes. Plain writes have none.
type intent struct {
	schedules []string          // references to the Schedules to be booked; none = those of the participants
	waived    map[string]string // overridden rules, with the reasons
	expires   time.Time         // of the hold; zero = what the service says
	trusted   bool              // the server's own step, such as the end of an offer
}

// The rules that can be overridden (domain.md §7.6).
const (
	ruleCapacity = "capacity"
	ruleOverlap  = "patient-overlap"
	ruleLead     = "lead-time"
	ruleLimit    = "booking-limit"
)

// waives are the overridden rules as the agenda takes them.
func (i *intent) waives() map[string]bool {
	all := make(map[string]bool, len(i.waived))
	for rule := range i.waived {
		all[rule] = true
	}
	return all
}

type intentKey struct{}

// intending says in ctx what the write that follows is meant to be.
func intending(ctx context.Context, i *intent) context.Context {
	return context.WithValue(ctx, intentKey{}, i)
}

// intentOf is what was said; an empty one where nothing was.
func intentOf(ctx context.Context) *intent {
	if i, _ := ctx.Value(intentKey{}).(*intent); i != nil {
		return i
	}
	return &intent{}
}

func trusted(ctx context.Context) bool { return intentOf(ctx).trusted }

type managedKey struct{}

// managing marks writes of Slots that come from the rule about Appointments, which has looked at all that the rule about Slots would.
func managing(ctx context.Context) context.Context { return context.WithValue(ctx, managedKey{}, true) }

func managed(ctx context.Context) bool { return ctx.Value(managedKey{}) != nil }

// staff reports whether whoever asks is not confined to a record: people who work here, clients that act for themselves, everybody where nobody has to
// say who they are.
func staff(ctx context.Context) bool {
	who := smart.From(ctx)
	if who == nil || who.IsServer() || who.IsClient() && who.Patient == "" {
		return true
	}
	for _, role := range who.Roles {
		if role != smart.RolePatient && role != smart.RoleDelegate {
			return true
		}
	}
	return false
}

// mayOverride reports whether whoever asks may set rules of booking aside.
func mayOverride(ctx context.Context) bool {
	who := smart.From(ctx)
	if who == nil || who.IsServer() {
		return true
	}
	for _, role := range []string{smart.RoleAdmin, "front-desk", smart.RolePractitioner, "nurse"} {
		if who.HasRole(role) {
			return true
		}
	}
	return false
}

// who is a reference to whoever asks, for Provenance.
func who(ctx context.Context) object {
	p := smart.From(ctx)
	switch {
	case p == nil:
		return object{"display": "anyone"}
	case p.FhirUser != "" && fhir.ParseReference(p.FhirUser).ID != "":
		return reference(p.FhirUser)
	case p.Name != "":
		return object{"display": p.Name}
	}
	return object{"display": p.Subject}
}
