package core

import (
	"context"
	"errors"

	"andiron.dev/fhir"
)

// processMessage is http://hl7.org/fhir/R4/messageheader-operation-process-message.html: it hands a message to who carries out messages
// about its event (Registry.Message) and answers with the response message.
func (m *Module) processMessage(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	if req.Input.Text("async") == "true" || req.Input.Get("response-url").Value.Exists() {
		return nil, fhir.NewOutcome(fhir.NotSupported, "messages are carried out while the sender waits: leave 'async' and 'response-url' out")
	}
	message, err := m.message(req)
	if err != nil {
		return nil, err
	}
	id := message.Header.Get("id").Text()
	if id == "" {
		return nil, fhir.NewOutcome(fhir.Required, "the MessageHeader needs an id, which the response names", "Bundle.entry[0].resource.id")
	}
	h := m.registry.FindMessage(message.Event)
	if h == nil {
		o := fhir.NewOutcome(fhir.BusinessRule, "nobody here carries out messages about this event", "Bundle.entry[0].resource.event")
		o.Issues[0].Detail = string(fhir.NotSupported)
		return nil, o
	}
	reply, err := h(ctx, message)
	var refused *fhir.Outcome
	if err != nil && (!errors.As(err, &refused) || refused.Code() == fhir.Exception) {
		return nil, err
	}
	return m.answer(req, message, reply, refused), nil
}

// message reads the Bundle.
func (m *Module) message(req *fhir.Request) (*fhir.Message, error) {
	content := req.Input.Get("content")
	if content.Type != "Bundle" || content.Value.Get("type").Text() != "message" {
		return nil, fhir.NewOutcome(fhir.Invalid, "the content must be a Bundle of the type message", "Bundle.type")
	}
	bundle, err := fhir.NewResource(content.Value)
	if err != nil {
		return nil, err
	}
	var header fhir.Element
	for entry := range bundle.Root().Each("entry") {
		header = entry.Get("resource")
		break
	}
	if header.Get("resourceType").Text() != "MessageHeader" {
		return nil, fhir.NewOutcome(fhir.Invalid, "the first entry of a message must be its MessageHeader", "Bundle.entry[0]")
	}
	event := fhir.MessageEvent{Code: header.Get("eventUri").Text()}
	if coding := header.Get("eventCoding"); coding.Exists() {
		event = fhir.MessageEvent{System: coding.Get("system").Text(), Code: coding.Get("code").Text()}
	}
	return &fhir.Message{Event: event, Header: header, Bundle: bundle, Base: req.Base}, nil
}

// answer makes the response message.
func (m *Module) answer(req *fhir.Request, message *fhir.Message, reply *fhir.MessageReply, refused *fhir.Outcome) *fhir.Response {
	if reply == nil {
		reply = &fhir.MessageReply{}
	}
	id, headerID, outcome := m.config.NewID(), m.config.NewID(), "urn:uuid:"+m.config.NewID()
	w := fhir.NewWriter(2048).Object().Name("resourceType").String("Bundle").Name("id").String(id)
	w.Name("type").String("message").Name("timestamp").String(m.config.Now().UTC().Format(fhir.LastUpdatedFormat))
	w.Name("entry").Array().Object().Name("fullUrl").String("urn:uuid:" + headerID).Name("resource")
	w.Object().Name("resourceType").String("MessageHeader").Name("id").String(headerID)
	switch event := reply.Event; {
	case event.Code == "" && message.Header.Get("eventCoding").Exists():
		w.Name("eventCoding").Element(message.Header.Get("eventCoding"))
	case event.Code == "":
		w.Name("eventUri").String(message.Event.Code)
	case event.System != "":
		w.Name("eventCoding").Object().Name("system").String(event.System).Name("code").String(event.Code).EndObject()
	default:
		w.Name("eventUri").String(event.Code)
	}
	if source := message.Header.Get("source").Get("endpoint").Text(); source != "" {
		w.Name("destination").Array().Object().Name("endpoint").String(source).EndObject().EndArray()
	}
	w.Name("source").Object().Name("software").String("Andiron").Name("endpoint").String(req.Base + "/$process-message").EndObject()
	w.Name("response").Object().Name("identifier").String(message.Header.Get("id").Text()).Name("code").String(responseCode(refused))
	if refused != nil {
		w.Name("details").Object().Name("reference").String(outcome).EndObject()
	}
	w.EndObject()
	if len(reply.Focus) > 0 && refused == nil {
		w.Name("focus").Array()
		for _, reference := range reply.Focus {
			w.Object().Name("reference").String(reference).EndObject()
		}
		w.EndArray()
	}
	w.EndObject().EndObject()
	if refused != nil {
		w.Object().Name("fullUrl").String(outcome).Name("resource").Resource(refused.Resource()).EndObject()
	} else {
		for _, r := range reply.Resources {
			writeEntry(w, req.Base, r)
		}
	}
	return &fhir.Response{Resource: fhir.FromWriter("Bundle", id, w.EndArray().EndObject())}
}

// responseCode is a code of http://hl7.org/fhir/response-code.
func responseCode(refused *fhir.Outcome) string {
	if refused == nil {
		return "ok"
	}
	switch refused.Code() {
	case fhir.Transient, fhir.Timeout, fhir.Throttled, fhir.LockError:
		return "transient-error"
	}
	return "fatal-error"
}
