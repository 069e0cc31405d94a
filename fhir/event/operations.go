package event

import (
	"context"
	"embed"
	"math"
	"slices"
	"strconv"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// definitions are the OperationDefinitions.
//
//go:embed definitions/*.json
var definitions embed.FS

func (m *Module) operations(r *fhir.Registry) error {
	for _, o := range []struct {
		name    string
		handler fhir.HandlerFunc
	}{{"status", m.status}, {"events", m.events}, {"resend", m.resend}, {"get-ws-binding-token", m.bindingToken}} {
		if _, websocket := m.config.Channels["websocket"]; o.name == "get-ws-binding-token" && !websocket {
			continue
		}
		text, err := definitions.ReadFile("definitions/" + o.name + ".json")
		if err != nil {
			return err
		}
		if err := r.Operation(string(text), o.handler); err != nil {
			return err
		}
	}
	return nil
}

// asked are the subscriptions that a request is about, as who asks may see them. It is an error that the one of an instance is not there.
func (m *Module) asked(ctx context.Context, req *fhir.Request) (list []*fhir.Resource, err error) {
	ids, statuses := req.Input.Texts("id"), req.Input.Texts("status")
	if req.ID != "" {
		ids, statuses = []string{req.ID}, nil
	}
	err = m.config.Guarded.View(ctx, func(tx fhir.Tx) error {
		list = nil
		if len(ids) == 0 {
			list, err = m.all(ctx, tx)
			return err
		}
		for _, id := range ids {
			r, err := tx.Read(ctx, "Subscription", id)
			if code := fhir.CodeOf(err); req.ID == "" && (code == fhir.NotFound || code == fhir.Deleted) {
				continue
			}
			if err != nil {
				return err
			}
			list = append(list, r)
		}
		return nil
	})
	return slices.DeleteFunc(list, func(r *fhir.Resource) bool {
		return len(statuses) > 0 && !slices.Contains(statuses, r.Root().Get("status").Text())
	}), err
}

// mostListed bounds the subscriptions of an answer of $status.
const mostListed = 1000

func (m *Module) all(ctx context.Context, tx fhir.Tx) ([]*fhir.Resource, error) {
	page, err := tx.Search(ctx, &search.Query{Type: "Subscription", Count: mostListed, Total: search.TotalNone})
	if err != nil {
		return nil, err
	}
	return page.Resources, nil
}

// envelope is what an answer about a subscription says beside its events.
func (m *Module) envelope(req *fhir.Request, r *fhir.Resource) Envelope {
	return Envelope{
		ID: m.config.NewID(), Base: req.Base, Status: r.Root().Get("status").Text(), Problem: r.Root().Get("error").Text(), Time: m.config.Now(),
	}
}

// topicName is the canonical of a subscription to a topic; "" for criteria of R4.
func topicName(r *fhir.Resource) string {
	if criteria := r.Root().Get("criteria").Text(); isCanonical(criteria) {
		return canonical(criteria)
	}
	return ""
}

// numbered reads how many events a subscription has had.
func (m *Module) numbered(ctx context.Context, id string) (s state, err error) {
	err = m.config.Store.View(ctx, func(tx fhir.Tx) error {
		_, err := fetch(ctx, tx, stateRecord, id, &s)
		return err
	})
	return s, err
}

// status is $status: http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-status.
func (m *Module) status(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	list, err := m.asked(ctx, req)
	if err != nil {
		return nil, err
	}
	bundle := &fhir.Bundle{Type: fhir.Searchset, Total: len(list)}
	for _, r := range list {
		s, err := m.numbered(ctx, r.ID())
		if err != nil {
			return nil, err
		}
		n := &Notification{Subscription: r, Kind: QueryStatus, Topic: topicName(r), Number: s.Number}
		bundle.Entries = append(bundle.Entries, fhir.Entry{Resource: NewStatus(n, m.envelope(req, r)), Mode: fhir.ModeMatch})
	}
	return &fhir.Response{Bundle: bundle}, nil
}

// mostAsked bounds the events of an answer of $events; whoever wants more asks again from the last number on.
const mostAsked = 1000

// events is $events: http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-events.
func (m *Module) events(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	list, err := m.asked(ctx, req)
	if err != nil {
		return nil, err
	}
	from, to, err := numbers(req.Input)
	if err != nil {
		return nil, err
	}
	r := list[0]
	var def *definition
	var s state
	var found []happened
	if err := m.config.Store.View(ctx, func(tx fhir.Tx) (err error) {
		if def, err = m.definitionOf(r, func(url string) (*topic, error) { return m.topicAt(ctx, tx, url, 0) }); err != nil {
			return err
		}
		if _, err := fetch(ctx, tx, stateRecord, r.ID(), &s); err != nil {
			return err
		}
		found, err = eventsOf(ctx, tx, nil, r.ID(), from, min(to, s.Number), mostAsked)
		return err
	}); err != nil {
		return nil, err
	}
	if def.topic == "" { // there is nothing that says how much: as much as its notifications say, and at least what happened
		def.content = IDOnly
	}
	if content := Content(req.Input.Text("content")); content != "" {
		// A hint: the subscription says how much may be told at most.
		order := []Content{Empty, IDOnly, FullResource}
		at := slices.Index(order, content)
		if at < 0 {
			return nil, fhir.NewOutcome(fhir.CodeInvalid, "the content is empty, id-only or full-resource", "Parameters.parameter")
		}
		if def.content = order[min(at, slices.Index(order, def.content))]; def.content == Empty {
			def.beside = nil
		}
	}
	n := &Notification{Subscription: r, Kind: QueryEvent, Topic: def.topic, Content: def.content, Number: s.Number}
	if n.Events, err = m.told(ctx, def, found); err != nil {
		return nil, err
	}
	return &fhir.Response{Resource: NewBundle(n, m.envelope(req, r))}, nil
}

// told are events as who asks may see them.
func (m *Module) told(ctx context.Context, def *definition, found []happened) ([]NotifiedEvent, error) {
	list := make([]NotifiedEvent, len(found))
	for i, h := range found {
		list[i] = NotifiedEvent{Number: h.Number, Time: h.Time}
	}
	return list, m.reveal(ctx, m.config.Guarded, def, found, list, def.content == FullResource)
}

// numbers reads the range of event numbers of a request; both ends are included.
func numbers(in fhir.Parameters) (from, to int64, err error) {
	from, to = 1, math.MaxInt64
	for _, side := range []struct {
		name string
		to   *int64
	}{{"eventsSinceNumber", &from}, {"eventsUntilNumber", &to}} {
		text := in.Text(side.name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return 0, 0, fhir.Errorf(fhir.Value, "the parameter '%s' is the number of an event", side.name)
		}
		*side.to = n
	}
	return max(from, 1), to, nil
}

// mostWaiting bounds the ranges of a subscription that wait to be sent again.
const mostWaiting = 100

// resend is $resend: events are delivered once more, under their numbers, before what has not been delivered yet.
func (m *Module) resend(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	list, err := m.asked(ctx, req)
	if err != nil {
		return nil, err
	}
	r := list[0]
	if m.config.Authority != nil {
		if owned, err := m.mine(ctx, r.ID()); err != nil || !owned {
			if err == nil {
				err = fhir.NewOutcome(fhir.Forbidden, "notifications are sent again for the owner of the subscription")
			}
			return nil, err
		}
	}
	if r.Root().Get("status").Text() != "active" {
		return nil, fhir.NewOutcome(fhir.BusinessRule, "the subscription is not active: put it with the status requested first")
	}
	from, to, err := numbers(req.Input)
	if err != nil {
		return nil, err
	}
	since, until := instant(req.Input.Text("eventsSinceInstant")), instant(req.Input.Text("eventsUntilInstant"))
	var wanted span
	if err := m.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		wanted = span{From: math.MaxInt64}
		var s state
		if _, err := fetch(ctx, tx, stateRecord, r.ID(), &s); err != nil {
			return err
		}
		last := min(to, s.Number)
		for at := from; at <= last; {
			part, err := eventsOf(ctx, tx, nil, r.ID(), at, last, mostAsked)
			if err != nil {
				return err
			}
			if len(part) == 0 {
				break
			}
			at = part[len(part)-1].Number + 1
			for _, h := range part {
				if h.Time.Before(since) || !until.IsZero() && h.Time.After(until) {
					continue
				}
				wanted.From, wanted.To = min(wanted.From, h.Number), max(wanted.To, h.Number)
			}
		}
		if wanted.To == 0 {
			return nil
		}
		var waiting []span
		if _, err := fetch(ctx, tx, resendRecord, r.ID(), &waiting); err != nil {
			return err
		}
		if len(waiting) >= mostWaiting {
			return fhir.NewOutcome(fhir.Throttled, "too much of this subscription is still waiting to be sent again")
		}
		return keep(ctx, tx, fhir.Record{Kind: resendRecord, Key: r.ID()}, append(waiting, wanted))
	}); err != nil {
		return nil, err
	}
	text := "no event that is kept is within the range: nothing is sent again"
	if wanted.To > 0 {
		text = "the events " + strconv.FormatInt(wanted.From, 10) + " to " + strconv.FormatInt(wanted.To, 10) + " are sent again"
	}
	return &fhir.Response{Resource: (&fhir.Outcome{Issues: []fhir.Issue{{Severity: fhir.Information, Code: fhir.Informational, Text: text}}}).Resource()}, nil
}

func instant(text string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, text) // the gate has seen it
	return t
}

// mine reports whether who is asking owns a subscription.
func (m *Module) mine(ctx context.Context, id string) (owned bool, err error) {
	err = m.config.Store.View(ctx, func(tx fhir.Tx) error {
		var owner []byte
		r, err := tx.Record(ctx, ownerRecord, id)
		if err == nil {
			owner = r.Value
		} else if fhir.CodeOf(err) != fhir.NotFound {
			return err
		}
		owned = m.config.Authority.Owns(ctx, owner)
		return nil
	})
	return owned, err
}
