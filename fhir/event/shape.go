package event

import (
	"context"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// mostBeside bounds what an event tells of beside its focus.
const mostBeside = 20

// Beside is a resource that an event tells of beside its focus, because the topic's notificationShape includes it.
type Beside struct {
	Type, ID string
	Resource *fhir.Resource // nil = not to be sent
}

// shape reads a notificationShape: rules of _include, as "Appointment:patient". It says what should come along, not what must: parameters that R4 does not
// have, and what is included by way of something else, are left out.
func (m *Module) shape(t *topic, x fhir.Element) error {
	typ := m.typeNamed(extensionOf(x, "resource").Text())
	if !slices.Contains(t.types(), typ) {
		return fhir.NewOutcome(fhir.CodeInvalid, "a notificationShape is for a resource type that the topic has a trigger for")
	}
	for _, text := range texts(x, "include") {
		text, _, _ = strings.Cut(text, "&")
		source, rest, _ := strings.Cut(text, ":")
		code, target, _ := strings.Cut(rest, ":")
		if source != typ || code == "" {
			return fhir.Errorf(fhir.NotSupported, "what is included must be named by a rule such as '%s:subject'", typ)
		}
		if t.beside == nil {
			t.beside = make(map[string][]search.Include)
		}
		t.beside[typ] = append(t.beside[typ], search.Include{Source: source, Code: code, Target: target})
	}
	return nil
}

// beside are the resources that rules include with a focus, as ctx may see them now.
func (m *Module) beside(ctx context.Context, tx fhir.Tx, rules []search.Include, focus *fhir.Resource, full bool) (list []Beside, err error) {
	for _, rule := range rules {
		found, err := m.config.Params.Follow(rule, focus.Type(), m.config.Base()).Referenced(ctx, focus)
		if err != nil {
			return list, nil // there is too much of it to be told beside
		}
		for _, to := range found {
			if to.ID == "" || slices.ContainsFunc(list, func(b Beside) bool { return b.Type == to.Type && b.ID == to.ID }) {
				continue
			}
			if len(list) == mostBeside {
				return list, nil
			}
			r, err := tx.Read(ctx, to.Type, to.ID)
			switch fhir.CodeOf(err) {
			case "":
				one := Beside{Type: to.Type, ID: to.ID}
				if full {
					one.Resource = r
				}
				list = append(list, one)
			case fhir.NotFound, fhir.Deleted, fhir.Forbidden:
			default:
				return nil, err
			}
		}
	}
	return list, nil
}
