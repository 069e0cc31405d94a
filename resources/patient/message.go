package patient

import (
	"context"
	"fmt"

	"andiron.dev/fhir"
)

// Code systems of the events of messages.
const (
	messageEvents    = "http://terminology.hl7.org/CodeSystem/message-events"
	oldMessageEvents = "http://hl7.org/fhir/message-events"
	v2Events         = "http://terminology.hl7.org/CodeSystem/v2-0003"
)

// messages enters who carries out messages (domain.md §6.5): an event by its code in FHIR's own list, with or without the system, and by
// the trigger events of HL7 v2 that mean the same.
func (m *Module) messages(r *fhir.Registry) error {
	for _, event := range []struct {
		code    string
		v2      []string
		handler fhir.MessageHandler
	}{
		{"admin-notify", []string{"A01", "A02", "A03", "A04", "A05", "A08", "A11", "A12", "A13", "A28", "A31"}, m.message(subject{types: []string{"Patient"}, known: true})},
		{"observation-provide", []string{"R01"}, m.message(subject{types: []string{"Observation", "DiagnosticReport"}})},
		{"notification-convey", nil, m.message(subject{types: []string{"Communication", "Flag", "Task"}})},
		{"", []string{"A40"}, m.mergeMessage},
	} {
		var names []fhir.MessageEvent
		if event.code != "" {
			names = append(names, fhir.MessageEvent{System: messageEvents, Code: event.code}, fhir.MessageEvent{System: oldMessageEvents, Code: event.code}, fhir.MessageEvent{Code: event.code})
		}
		for _, code := range event.v2 {
			names = append(names, fhir.MessageEvent{System: v2Events, Code: code})
		}
		for _, name := range names {
			if err := r.Message(name, event.handler); err != nil {
				return err
			}
		}
	}
	return nil
}

// subject is what the messages of an event are about.
type subject struct {
	types []string // of which there must be one at least
	known bool     // the sender knows the patients best: their Patients are changed, not only created
}

// message carries out messages that bring resources: one transaction as the sender, in which what has an identifier is found by it. A message that
// comes again is answered with ok, and changes nothing.
func (m *Module) message(about subject) fhir.MessageHandler {
	return func(ctx context.Context, message *fhir.Message) (*fhir.MessageReply, error) {
		for range 3 {
			t, err := m.translate(ctx, message, about)
			if err != nil {
				return nil, err
			}
			resp, err := m.config.Serve.Serve(ctx, &fhir.Request{
				Interaction: fhir.Transaction, Resource: t.bundle, Base: message.Base, Once: "message " + source(message) + " " + message.Header.Get("id").Text(),
			})
			o := fhir.AsOutcome(err)
			switch {
			case o == nil:
				return t.reply(resp), nil
			case o.Code() == fhir.Duplicate && o.Issues[0].Detail == "":
				return &fhir.MessageReply{}, nil
			case o.Refinement != fhir.FailedPrecondition || o.Code() != fhir.Conflict: // otherwise somebody has changed a Patient in between
				return nil, t.placed(err)
			}
		}
		return nil, fhir.NewOutcome(fhir.LockError, "a Patient of the message is being changed by others; send it again")
	}
}

// source names who has sent a message.
func source(message *fhir.Message) string { return message.Header.Get("source").Get("endpoint").Text() }

// mergeMessage carries out a message like ADT^A40: $merge, of a Patient and the one that it replaces. Patients are named by their identifiers.
func (m *Module) mergeMessage(ctx context.Context, message *fhir.Message) (*fhir.MessageReply, error) {
	gone, target := merged(message)
	if !gone.Exists() || !target.Exists() {
		return nil, fhir.NewOutcome(fhir.Required, "the message needs two Patients, one with a link 'replaces' to the other, or 'replaced-by'", "Bundle.entry")
	}
	var list []any
	for _, party := range []struct {
		name    string
		patient fhir.Element
	}{{"source", gone}, {"target", target}} {
		ids := identifiersOf(party.patient)
		if len(ids) == 0 {
			return nil, fhir.Errorf(fhir.Required, "the %s of the merge needs an identifier with a system", party.name)
		}
		for _, id := range ids {
			list = append(list, object{"name": party.name + "-patient-identifier", "valueIdentifier": object{"system": id.system, "value": id.value}})
		}
	}
	body, err := made(object{"resourceType": "Parameters", "parameter": list})
	if err != nil {
		return nil, err
	}
	resp, err := m.config.Serve.Serve(ctx, &fhir.Request{
		Interaction: fhir.Operation, Type: "Patient", Operation: "merge", Resource: body, Base: message.Base,
		IdempotencyKey: fmt.Sprintf("message-%s", digest(source(message), message.Header.Get("id").Text())),
	})
	if err != nil {
		return nil, err
	}
	for p := range fhir.ParametersOf(resp.Resource.Root()).Each("result") {
		return &fhir.MessageReply{Focus: []string{"Patient/" + p.Value.Get("id").Text()}}, nil
	}
	return &fhir.MessageReply{}, nil
}

// merged are the two Patients of a message: who is given up, and who stays.
func merged(message *fhir.Message) (source, target fhir.Element) {
	named := make(map[string]fhir.Element)
	for entry := range message.Bundle.Root().Each("entry") {
		r := entry.Get("resource")
		if r.Get("resourceType").Text() == "Patient" {
			for _, name := range []string{entry.Get("fullUrl").Text(), "Patient/" + r.Get("id").Text()} {
				named[name] = r
			}
		}
	}
	for entry := range message.Bundle.Root().Each("entry") {
		r := entry.Get("resource")
		if r.Get("resourceType").Text() != "Patient" {
			continue
		}
		for link := range r.Each("link") {
			other := link.Get("other")
			who := named[other.Get("reference").Text()]
			if !who.Exists() && other.Get("identifier").Exists() {
				who = other
			}
			switch link.Get("type").Text() {
			case "replaces":
				return who, r
			case "replaced-by":
				return r, who
			}
		}
	}
	return fhir.Element{}, fhir.Element{}
}
