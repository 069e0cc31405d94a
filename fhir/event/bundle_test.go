package event_test

import (
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/event"
	"andiron.dev/fhir/event/eventtest"
)

// TestBundle: what a notification holds of each event, for each content and each thing that can happen.
func TestBundle(t *testing.T) {
	sub, err := fhir.ParseResource(`{"resourceType":"Subscription","id":"1"}`, fhir.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	focus, err := fhir.ParseResource(`{"resourceType":"Patient","id":"p","gender":"male"}`, fhir.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	when := time.Date(2026, 11, 22, 4, 50, 35, 0, time.UTC)
	focus = focus.WithVersion("3", when)
	happened := []event.NotifiedEvent{
		{Number: 2, Time: when, Type: "Patient", ID: "p", VersionID: "3", Method: fhir.Create, Focus: focus},
		{Number: 3, Time: when, Type: "Patient", ID: "p", VersionID: "3", Method: fhir.Update, Focus: focus},
		{Number: 4, Time: when, Type: "Patient", ID: "p", VersionID: "4", Method: fhir.Delete},
		{Number: 5, Time: when, Method: fhir.Update}, // the owner may not see it any more
	}
	for content, want := range map[event.Content]struct{ entries, bodies, foci int }{event.Empty: {0, 0, 0}, event.IDOnly: {3, 0, 3}, event.FullResource: {3, 2, 3}} {
		n := &event.Notification{Subscription: sub, Kind: event.EventNotification, Topic: "https://t", Content: content, Events: happened, Number: 9}
		e := event.Envelope{ID: "6f1ed7d5-6a4c-4a5e-9a3b-000000000001", Base: "https://s/fhir", Status: "error", Problem: `the endpoint answered "500"`, Time: when}
		text := string(event.NewBundle(n, e).JSON())
		if bundle, err := fhir.ParseResource(text, fhir.DefaultLimits()); err != nil || bundle.Type() != "Bundle" || bundle.ID() != e.ID {
			t.Fatalf("%s: %v\n%s", content, err, text)
		}
		got, err := eventtest.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v\n%s", content, err, text)
		}
		if got.Subscription != "https://s/fhir/Subscription/1" || got.Topic != "https://t" || got.Status != "error" || got.Since != 9 || got.Error != e.Problem {
			t.Errorf("%s: %+v", content, got)
		}
		foci, bodies := 0, 0
		for i, one := range got.Events {
			if one.Number != int64(i+2) || one.Timestamp != "2026-11-22T04:50:35.000Z" {
				t.Errorf("%s: %+v", content, one)
			}
			if one.Focus == "https://s/fhir/Patient/p" {
				foci++
			} else if one.Focus != "" {
				t.Errorf("%s: focus %q", content, one.Focus)
			}
		}
		for i, entry := range got.Entries {
			if entry.Resource != nil {
				bodies++
			}
			if entry.FullURL != "https://s/fhir/Patient/p" || entry.Method+" "+entry.URL+" "+entry.Response != []string{"POST Patient 201", "PUT Patient/p 200", "DELETE Patient/p 204"}[i] {
				t.Errorf("%s: %+v", content, entry)
			}
		}
		if len(got.Events) != 4 || len(got.Entries) != want.entries || bodies != want.bodies || foci != want.foci {
			t.Errorf("%s: %d events, %d entries, %d resources, %d foci", content, len(got.Events), len(got.Entries), bodies, foci)
		}
		if strings.Contains(text, "gender") != (content == event.FullResource) {
			t.Errorf("%s: %s", content, text)
		}
	}
}
