package event

import (
	"strconv"
	"time"

	"andiron.dev/fhir"
)

// Backport is where the definitions of the Subscriptions R5 Backport guide begin.
const Backport = "http://hl7.org/fhir/uv/subscriptions-backport/"

// Profiles of the guide.
const (
	notificationProfile = Backport + "StructureDefinition/backport-subscription-notification-r4"
	statusProfile       = Backport + "StructureDefinition/backport-subscription-status-r4"
)

// Envelope is what a notification says beside its events.
type Envelope struct {
	ID      string // of the status, and of the Bundle: a UUID
	Base    string // of the FHIR base in full URLs; "" = references stay relative
	Status  string // of the subscription: a code of http://hl7.org/fhir/subscription-status
	Problem string // why it is in error; "" = it is not
	Time    time.Time
}

// NewBundle makes the notification Bundle: a history whose first entry is the status, followed, as the content says, by nothing, by what happened to
// which resources, or by these too (http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-notification-r4).
func NewBundle(n *Notification, e Envelope) *fhir.Resource {
	w := fhir.NewWriter(1024)
	w.Object().Name("resourceType").String("Bundle").Name("id").String(e.ID)
	w.Name("meta").Object().Name("profile").Array().String(notificationProfile).EndArray().EndObject()
	w.Name("type").String(string(fhir.HistoryBundle))
	w.Name("timestamp").String(e.Time.UTC().Format(fhir.LastUpdatedFormat))
	w.Name("entry").Array().Object()
	w.Name("fullUrl").String("urn:uuid:" + e.ID)
	w.Name("resource").Resource(NewStatus(n, e))
	exchange(w, "GET", e.url(n.Subscription.Reference()+"/$status"), "200")
	w.EndObject()
	if n.Content != Empty {
		for i := range n.Events {
			n.Events[i].entry(w, n.Content, e)
		}
	}
	w.EndArray().EndObject()
	return fhir.FromWriter("Bundle", e.ID, w)
}

// NewStatus makes the Parameters that say how a subscription stands
// (http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4).
func NewStatus(n *Notification, e Envelope) *fhir.Resource {
	w := fhir.NewWriter(512)
	w.Object().Name("resourceType").String("Parameters").Name("id").String(e.ID)
	w.Name("meta").Object().Name("profile").Array().String(statusProfile).EndArray().EndObject()
	w.Name("parameter").Array()
	reference(w, "subscription", e.url(n.Subscription.Reference()))
	if n.Topic != "" {
		w.Object().Name("name").String("topic").Name("valueCanonical").String(n.Topic).EndObject()
	}
	w.Object().Name("name").String("status").Name("valueCode").String(e.Status).EndObject()
	w.Object().Name("name").String("type").Name("valueCode").String(string(n.Kind)).EndObject()
	w.Object().Name("name").String("events-since-subscription-start").Name("valueString").String(strconv.FormatInt(n.Number, 10)).EndObject()
	for i := range n.Events {
		n.Events[i].part(w, n.Content, e)
	}
	if e.Problem != "" {
		w.Object().Name("name").String("error").Name("valueCodeableConcept").Object().Name("text").String(e.Problem).EndObject().EndObject()
	}
	w.EndArray().EndObject()
	return fhir.FromWriter("Parameters", e.ID, w)
}

// part writes the notification-event of the status.
func (v *NotifiedEvent) part(w *fhir.Writer, content Content, e Envelope) {
	w.Object().Name("name").String("notification-event").Name("part").Array()
	w.Object().Name("name").String("event-number").Name("valueString").String(strconv.FormatInt(v.Number, 10)).EndObject()
	w.Object().Name("name").String("timestamp").Name("valueInstant").String(v.Time.UTC().Format(fhir.LastUpdatedFormat)).EndObject()
	if content != Empty && v.Type != "" {
		reference(w, "focus", e.url(v.Type+"/"+v.ID))
		for _, b := range v.Beside {
			reference(w, "additional-context", e.url(b.Type+"/"+b.ID))
		}
	}
	w.EndArray().EndObject()
}

// entry writes what happened to the resource, and what the topic tells of beside. An event that the owner may not see has none.
func (v *NotifiedEvent) entry(w *fhir.Writer, content Content, e Envelope) {
	if v.Type == "" {
		return
	}
	at := v.Type + "/" + v.ID
	w.Object().Name("fullUrl").String(e.url(at))
	if content == FullResource && v.Focus != nil {
		w.Name("resource").Resource(v.Focus)
	}
	switch v.Method {
	case fhir.Create:
		exchange(w, "POST", v.Type, "201")
	case fhir.Delete:
		exchange(w, "DELETE", at, "204")
	default:
		exchange(w, "PUT", at, "200")
	}
	w.EndObject()
	for _, b := range v.Beside {
		w.Object().Name("fullUrl").String(e.url(b.Type + "/" + b.ID))
		if content == FullResource && b.Resource != nil {
			w.Name("resource").Resource(b.Resource)
		}
		exchange(w, "GET", b.Type+"/"+b.ID, "200")
		w.EndObject()
	}
}

func exchange(w *fhir.Writer, method, url, status string) {
	w.Name("request").Object().Name("method").String(method).Name("url").String(url).EndObject()
	w.Name("response").Object().Name("status").String(status).EndObject()
}

func reference(w *fhir.Writer, name, to string) {
	w.Object().Name("name").String(name).Name("valueReference").Object().Name("reference").String(to).EndObject().EndObject()
}

// url is a reference as the notification has it.
func (e *Envelope) url(relative string) string {
	if e.Base == "" {
		return relative
	}
	return e.Base + "/" + relative
}
