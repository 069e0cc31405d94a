package channel

import (
	"context"
	"net/http"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/event"
)

// messageEvent is MessageHeader.event where there is no topic to name.
const messageEvent = fhir.CanonicalBase + "/MessageDefinition/subscription-notification"

// messages sends notifications as FHIR messages (http://hl7.org/fhir/R4/messaging.html): the endpoint is one of $process-message.
type messages struct {
	*caller
	source string
	now    func() time.Time
	newID  func() string
}

// Check implements event.Channel.
func (m *messages) Check(sub *fhir.Resource) *fhir.Outcome {
	var l issues
	l.endpoint(m.caller, sub)
	l.headers(sub)
	l.payload(sub)
	return l.outcome()
}

// Deliver implements event.Channel.
func (m *messages) Deliver(ctx context.Context, n *event.Notification) error {
	if n.Topic == "" && n.Kind != event.EventNotification {
		return nil // of handshake and heartbeat R4 knows nothing
	}
	endpoint := n.Subscription.Root().Get("channel").Get("endpoint").Text()
	return m.post(ctx, http.MethodPost, endpoint, n.Subscription, m.bundle(n, endpoint).JSON())
}

// bundle is the message: a MessageHeader whose focus is the notification Bundle, or, where the criteria are those of R4, the resource if the
// subscription has a payload.
func (m *messages) bundle(n *event.Notification, endpoint string) *fhir.Resource {
	id, head := m.newID(), m.newID()
	about, of, url := (*fhir.Resource)(nil), messageEvent, ""
	if n.Topic != "" {
		about, of = n.Bundle(), n.Topic
		url = "urn:uuid:" + about.ID()
	} else if len(n.Events) > 0 && n.Events[0].Focus != nil && n.Subscription.Root().Get("channel").Get("payload").Text() != "" {
		about = n.Events[0].Focus
		url = about.Reference()
		if m.source != "" {
			url = m.source + "/" + url
		}
	}
	source := m.source
	if source == "" {
		source = "urn:andiron"
	}
	w := fhir.NewWriter(1024)
	w.Object().Name("resourceType").String("Bundle").Name("id").String(id)
	w.Name("type").String("message").Name("timestamp").String(m.now().UTC().Format(fhir.LastUpdatedFormat))
	w.Name("entry").Array().Object().Name("fullUrl").String("urn:uuid:" + head)
	w.Name("resource").Object().Name("resourceType").String("MessageHeader").Name("id").String(head)
	w.Name("eventUri").String(of)
	w.Name("destination").Array().Object().Name("endpoint").String(endpoint).EndObject().EndArray()
	w.Name("source").Object().Name("software").String("Andiron").Name("endpoint").String(source).EndObject()
	if about != nil {
		w.Name("focus").Array().Object().Name("reference").String(url).EndObject().EndArray()
	}
	w.EndObject().EndObject()
	if about != nil {
		w.Object().Name("fullUrl").String(url).Name("resource").Resource(about).EndObject()
	}
	w.EndArray().EndObject()
	return fhir.FromWriter("Bundle", id, w)
}
