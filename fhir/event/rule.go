package event

import (
	"context"
	"slices"
	"strings"

	"andiron.dev/fhir"
)

// rules enters what is asked of Subscriptions and topics before they are stored.
func (m *Module) rules(r *fhir.Registry) {
	r.Rule(fhir.Rule{Type: "Subscription", Ask: m.ask, Check: m.checkSubscription})
	r.Rule(fhir.Rule{Type: "Basic", Check: m.checkTopic})
}

// checkTopic refuses topics that cannot be served, and keeps under which canonical they are found.
func (m *Module) checkTopic(ctx context.Context, c *fhir.Change) (*fhir.Resource, error) {
	was, is := topicURL(c.Before), topicURL(c.After)
	if is != "" || isTopic(c.After) {
		if _, err := m.topicOf(c.After); err != nil {
			return nil, err
		}
	}
	if m.config.Authority != nil && (isTopic(c.Before) || isTopic(c.After)) {
		// Others go by it: not everybody who may write a Basic may say what an event is.
		if err := m.config.Authority.MayFollow(ctx, "Subscription"); err != nil {
			return nil, at(err, "Basic.code")
		}
	}
	if was == "" && is == "" {
		return c.After, nil
	}
	ctx = m.config.Internal(ctx)
	if is != "" {
		switch r, err := c.Tx.Record(ctx, topicRecord, is); {
		case fhir.CodeOf(err) == fhir.NotFound:
		case err != nil:
			return nil, err
		case string(unquote(r.Value)) != c.After.ID():
			return nil, fhir.NewOutcome(fhir.Duplicate, "there is another topic with this canonical URL", "Basic.extension")
		}
		if err := keep(ctx, c.Tx, fhir.Record{Kind: topicRecord, Key: is}, c.After.ID()); err != nil {
			return nil, err
		}
	}
	if was != "" && was != is {
		if err := c.Tx.Drop(ctx, topicRecord, was); err != nil {
			return nil, err
		}
	}
	return c.After, nil
}

// ask gives what the channel of a Subscription has to find out before it can be checked.
func (m *Module) ask(after *fhir.Resource) func(context.Context) {
	c, ok := m.config.Channels[channelType(after.Root().Get("channel"))].(Asking)
	if !ok {
		return nil
	}
	return c.Ask(after)
}

// checkSubscription refuses what cannot be delivered, and keeps whose a subscription is.
func (m *Module) checkSubscription(ctx context.Context, c *fhir.Change) (*fhir.Resource, error) {
	internal := m.config.Internal(ctx)
	if c.After == nil {
		return nil, c.Tx.Drop(internal, ownerRecord, c.Before.ID())
	}
	owned, err := m.owned(ctx, c)
	if err != nil {
		return nil, err
	}
	after := c.After
	if !owned && c.Before != nil {
		if after, err = withoutInherited(after, c.Before); err != nil {
			return nil, err
		}
	}
	if after, err = m.checkStatus(c.Before, after); err != nil {
		return nil, err
	}
	def, err := m.checkContent(internal, c.Tx, c.Before, after)
	if err != nil {
		return nil, err
	}
	if m.config.Authority == nil {
		return after, nil
	}
	for typ := range def.filters {
		if err := m.config.Authority.MayFollow(ctx, typ); err != nil {
			return nil, at(err, "Subscription.criteria")
		}
	}
	if owned && c.Before != nil && def.status != "requested" {
		return after, nil
	}
	owner, err := m.config.Authority.Owner(ctx)
	if err != nil {
		return nil, err
	}
	if owner == nil {
		owner = []byte("null")
	}
	return after, c.Tx.Keep(internal, &fhir.Record{Kind: ownerRecord, Key: after.ID(), Value: owner})
}

// owned reports whether who is asking owns the subscription that is there.
func (m *Module) owned(ctx context.Context, c *fhir.Change) (bool, error) {
	if m.config.Authority == nil || c.Before == nil {
		return true, nil
	}
	r, err := c.Tx.Record(m.config.Internal(ctx), ownerRecord, c.Before.ID())
	if fhir.CodeOf(err) == fhir.NotFound {
		return m.config.Authority.Owns(ctx, nil), nil
	}
	return err == nil && m.config.Authority.Owns(ctx, r.Value), err
}

// withoutInherited takes from a Subscription the headers that were its former owner's: who changes the endpoint must not have their secrets sent
// there.
func withoutInherited(after, before *fhir.Resource) (*fhir.Resource, error) {
	var known []string
	for h := range before.Root().Get("channel").Each("header") {
		known = append(known, h.Text())
	}
	return withHeaders(after, func(h string) bool { return !slices.Contains(known, h) })
}

// withHeaders is a Subscription with those of its headers that pass.
func withHeaders(r *fhir.Resource, passes func(string) bool) (*fhir.Resource, error) {
	var kept []string
	all := true
	for h := range r.Root().Get("channel").Each("header") {
		if passes(h.Text()) {
			kept = append(kept, h.Text())
		} else {
			all = false
		}
	}
	if all {
		return r, nil
	}
	w := fhir.NewWriter(len(r.Body()))
	w.Object()
	for p := r.Root().First(); p.Exists(); p = p.Next() {
		if p.Name() != "channel" {
			w.Name(p.Name()).Raw(p.Raw())
			continue
		}
		w.Name("channel").Object()
		for q := p.First(); q.Exists(); q = q.Next() {
			if q.Name() != "header" && q.Name() != "_header" {
				w.Name(q.Name()).Raw(q.Raw())
			}
		}
		if len(kept) > 0 {
			w.Name("header").Array()
			for _, h := range kept {
				w.String(h)
			}
			w.EndArray()
		}
		w.EndObject()
	}
	w.EndObject()
	bare, err := fhir.ParseResource(string(w.Take()), fhir.Limits{})
	if err != nil {
		return nil, err
	}
	return bare.Versioned(r.VersionID(), r.LastUpdated()), nil
}

// checkStatus lets clients ask for a subscription and turn it off; that it is active, or in error, the server says. A client that writes
// an active one over anew asks for it again when it has changed what is delivered, or where to.
func (m *Module) checkStatus(before, after *fhir.Resource) (*fhir.Resource, error) {
	status, was := after.Root().Get("status").Text(), ""
	if before != nil {
		was = before.Root().Get("status").Text()
	}
	switch {
	case status == "requested":
		return withStatus(after, status, "")
	case status == "off":
		return after, nil
	case status == "active" && was != "active" && was != "error":
		return withStatus(after, "requested", "")
	case status == "active" && was == "active":
		same := fhir.Equal(before.Root().Get("channel"), after.Root().Get("channel")) && fhir.Equal(before.Root().Get("criteria"), after.Root().Get("criteria")) &&
			fhir.Equal(before.Root().Get("_criteria"), after.Root().Get("_criteria"))
		if same {
			return after, nil
		}
		return withStatus(after, "requested", "")
	case status == was:
		return after, nil
	}
	return nil, fhir.NewOutcome(fhir.BusinessRule, "the status is requested or off: that a subscription is active or in error the server says", "Subscription.status")
}

// checkContent refuses what cannot be served, naming the element.
func (m *Module) checkContent(ctx context.Context, tx fhir.Tx, before, r *fhir.Resource) (*definition, error) {
	if strings.Contains(r.Body(), crossVersion) {
		return nil, fhir.NewOutcome(fhir.NotSupported, "extensions that carry elements of an R5 Subscription are not supported: use those of the Subscriptions R5 Backport guide", "Subscription.extension")
	}
	channel := m.config.Channels[channelType(r.Root().Get("channel"))]
	if channel == nil {
		return nil, fhir.NewOutcome(fhir.NotSupported, "the server does not serve this channel; it serves "+strings.Join(m.channels(), ", "), "Subscription.channel.type")
	}
	def, err := m.definitionOf(r, func(url string) (*topic, error) { return m.topicAt(ctx, tx, url, 0) })
	if err != nil {
		return nil, err
	}
	if def.status == "requested" && !def.end.IsZero() && !m.config.Now().Before(def.end) {
		return nil, fhir.NewOutcome(fhir.BusinessRule, "the end of the subscription has passed", "Subscription.end")
	}
	if mime, _, _ := strings.Cut(def.payload, ";"); !slices.Contains([]string{"", "application/fhir+json", "application/json", "text/plain", "text/html"}, strings.TrimSpace(mime)) {
		return nil, fhir.NewOutcome(fhir.NotSupported, "payloads are application/fhir+json", "Subscription.channel.payload")
	}
	ends := def.status == "off" && before != nil && fhir.Equal(before.Root().Get("channel"), r.Root().Get("channel"))
	if o := channel.Check(r); o != nil && !ends { // what cannot be delivered any more can be turned off
		return nil, o
	}
	return def, nil
}

func (m *Module) channels() (list []string) {
	for name := range m.config.Channels {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// Redact is a Subscription as who is asking in ctx may see it: the values of channel.header are its owner's.
func (m *Module) Redact(ctx context.Context, records fhir.RecordReader, r *fhir.Resource) (*fhir.Resource, error) {
	if m.config.Authority == nil || r == nil || r.Type() != "Subscription" || !r.Root().Get("channel").Get("header").Exists() {
		return r, nil
	}
	var owner []byte
	found, err := records.Record(m.config.Internal(ctx), ownerRecord, r.ID())
	if err == nil {
		owner = found.Value
	} else if fhir.CodeOf(err) != fhir.NotFound {
		return nil, err
	}
	if m.config.Authority.Owns(ctx, owner) {
		return r, nil
	}
	return withHeaders(r, func(string) bool { return false })
}
