package automation

import (
	"context"
	"slices"
	"time"

	"andiron.dev/fhir"
)

// occasion is what may set off rules: a change of a resource, a named event, or the beginning of a period.
type occasion struct {
	id       string // names it: of two with the same id only one makes a rule fire
	kind     string // TriggerDefinition.type
	name     string // of a named event
	only     string // the action that a period is of
	resource *fhir.Resource
	previous *fhir.Resource
	at       string      // reference to the version, for the trace
	event    *fhir.Event // of a change that is in the outbox
	seq      fhir.Seq
	time     time.Time // when it was: now() of the rules, however late they are seen to
	cause    cause
}

// The types of triggers (http://hl7.org/fhir/R4/valueset-trigger-type.html) that are followed.
const (
	dataAdded    = "data-added"
	dataModified = "data-modified"
	dataRemoved  = "data-removed"
	namedEvent   = "named-event"
	periodic     = "periodic"
)

// soundTrigger says what is wrong with a trigger.
func (m *Module) soundTrigger(t fhir.Element) error {
	refuse := func(text, element string) error { return fhir.NewOutcome(fhir.BusinessRule, text, t.Path()+element) }
	switch t.Get("type").Text() {
	case dataAdded, dataModified, dataRemoved:
		if !t.Get("data").Exists() && !t.Get("condition").Exists() {
			return refuse("a trigger on data needs 'data' or 'condition': otherwise every change would set it off", ".data")
		}
		for d := range t.Each("data") {
			if err := m.soundRequirement(d); err != nil {
				return err
			}
		}
	case namedEvent:
		if t.Get("name").Text() == "" {
			return refuse("a trigger on a named event needs the name", ".name")
		}
	case periodic:
		if !t.Get("timingTiming").Exists() && !t.Get("timingDate").Exists() && !t.Get("timingDateTime").Exists() {
			return refuse("a periodic trigger needs timingTiming, timingDate or timingDateTime", ".timingTiming")
		}
		if timing := t.Get("timingTiming"); timing.Exists() {
			if _, err := readTiming(timing); err != nil {
				return refuse(err.Error(), ".timingTiming")
			}
		}
	default:
		return refuse("triggers are data-added, data-modified, data-removed, named-event and periodic", ".type")
	}
	if c := t.Get("condition"); c.Exists() {
		return m.soundExpression(c)
	}
	return nil
}

// setsOff reports whether an occasion sets off an action by one of its triggers.
func (s *situation) setsOff(ctx context.Context, a *action, o *occasion) (bool, error) {
	for _, t := range a.triggers {
		if ok, err := s.triggeredBy(ctx, t, o); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func (s *situation) triggeredBy(ctx context.Context, t fhir.Element, o *occasion) (bool, error) {
	typ, name := t.Get("type").Text(), t.Get("name").Text()
	switch {
	case typ == namedEvent && o.event != nil:
		if ok, err := s.m.happened(ctx, name, o); !ok || err != nil {
			return false, err
		}
	case typ != o.kind || o.kind == namedEvent && name != o.name:
		return false, nil
	case typ != namedEvent:
		ok, err := s.required(ctx, slices.Collect(t.Each("data")))
		if !ok || err != nil {
			return false, err
		}
	}
	if c := t.Get("condition"); c.Exists() {
		return s.test(ctx, c)
	}
	return true, nil
}

// required reports whether a resource meets the requirements of a trigger: it is of one of their types, and is as all that are about
// that type have it.
func (s *situation) required(ctx context.Context, requirements []fhir.Element) (bool, error) {
	of := 0
	for _, d := range requirements {
		if typ := d.Get("type").Text(); typ != s.resource.Type() && typ != "Resource" && typ != "DomainResource" {
			continue
		}
		of++
		if ok, err := s.meets(ctx, d); !ok || err != nil {
			return false, err
		}
	}
	return of > 0 || len(requirements) == 0, nil
}
