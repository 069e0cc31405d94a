package event

import (
	"context"
	"slices"
	"strings"

	"andiron.dev/fhir"
)

// Named is a topic as somebody goes by it who has no subscription: a rule with a trigger on a named event.
type Named struct {
	module *Module
	topic  *topic
}

// Named finds a topic by its canonical, or by its name where it is one of the program's own: "appointment-booked". nil = there is none, or it
// is retired.
func (m *Module) Named(ctx context.Context, name string) (*Named, error) {
	if !strings.Contains(name, "/") {
		name = fhir.CanonicalBase + "/SubscriptionTopic/" + name
	}
	var found *topic
	err := m.config.Store.View(ctx, func(tx fhir.Tx) (err error) {
		found, err = m.topicAt(ctx, tx, name, 0)
		return err
	})
	if err != nil || found == nil || found.retired {
		return nil, err
	}
	return &Named{m, found}, nil
}

// About reports whether the topic can be about resources of a type.
func (n *Named) About(typ string) bool { return slices.Contains(n.topic.types(), typ) }

// Happened reports whether a version, with the one before it, is one that the topic is about; previous nil = there was none.
func (n *Named) Happened(ctx context.Context, e *fhir.Event, previous *fhir.Resource) bool {
	j := n.module.newJudge()
	return slices.ContainsFunc(n.topic.triggers, func(t *trigger) bool {
		return j.fires(ctx, t, e, images{previous: previous, current: e.Resource})
	})
}
