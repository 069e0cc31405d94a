package automation

import (
	"context"

	"andiron.dev/fhir"
)

// Topic says of changes whether they are what a name stands for: a SubscriptionTopic.
type Topic interface {
	// About reports whether it can be about resources of a type.
	About(typ string) bool
	// Happened reports whether a version, with the one before it, is what it is about; previous nil = there was none.
	Happened(ctx context.Context, e *fhir.Event, previous *fhir.Resource) bool
}

// topic finds the topic that a named event goes by; nil = there is none, and the event is raised or does not happen. What is found is kept
// until a topic is changed.
func (m *Module) topic(ctx context.Context, name string) (Topic, error) {
	if t, known := m.state.topics[name]; known || m.config.Topic == nil {
		return t, nil
	}
	t, err := m.config.Topic(ctx, name)
	if err != nil {
		return nil, err
	}
	if m.state.topics == nil {
		m.state.topics = make(map[string]Topic)
	}
	m.state.topics[name] = t
	return t, nil
}

// happened reports whether a change is the named event of a trigger.
func (m *Module) happened(ctx context.Context, name string, o *occasion) (bool, error) {
	t, err := m.topic(ctx, name)
	if t == nil || err != nil {
		return false, err
	}
	return t.Happened(ctx, o.event, o.previous), nil
}
