package channel

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/event"
)

// email sends mails to a mailto: endpoint. They never hold a resource: mail is read by whoever carries it. What a program may read is
// attached, down to the ids.
type email struct{ mailer Mailer }

// Check implements event.Channel.
func (e *email) Check(sub *fhir.Resource) *fhir.Outcome {
	var l issues
	c := sub.Root().Get("channel")
	if c.Get("endpoint").Text() == "" {
		l.add(fhir.Required, ".endpoint", "the channel needs an endpoint: mailto: and an address")
	} else if _, err := recipient(c.Get("endpoint").Text()); err != nil {
		l.add(fhir.Value, ".endpoint", err.Error())
	}
	l.none(sub, "header", "a mail takes no headers")
	l.payload(sub)
	switch of := content(sub); {
	case of == event.FullResource:
		l.add(fhir.BusinessRule, ".payload", "resources are never sent by mail: the content must be empty or id-only")
	case of == "" && c.Get("payload").Text() != "":
		l.add(fhir.BusinessRule, ".payload", "resources are never sent by mail: leave out the payload")
	}
	return l.outcome()
}

// recipient reads an endpoint: a mailto: URL with one address and nothing else (RFC 6068).
func recipient(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "mailto" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("the endpoint must be mailto: and one address, such as mailto:ward@hospital.example")
	}
	address, err := url.PathUnescape(u.Opaque)
	if err == nil {
		var parsed *mail.Address
		if parsed, err = mail.ParseAddress(address); err == nil && parsed.Name == "" && parsed.Address == address {
			return address, nil
		}
	}
	return "", errors.New("the endpoint must be mailto: and one address, such as mailto:ward@hospital.example")
}

// Deliver implements event.Channel.
func (e *email) Deliver(ctx context.Context, n *event.Notification) error {
	if n.Topic == "" && n.Kind != event.EventNotification {
		return nil // of handshake and heartbeat R4 knows nothing
	}
	to, err := recipient(n.Subscription.Root().Get("channel").Get("endpoint").Text())
	if err != nil {
		return fmt.Errorf("%w: %w", err, event.ErrPermanent)
	}
	m := &Mail{To: to, Subject: subject(n), Text: text(n)}
	if n.Topic != "" && n.Content != event.FullResource { // Check refuses it; what a subscription once was is not known here
		m.Attachment, m.AttachmentName, m.AttachmentType = string(n.Bundle().JSON()), "notification.json", mediaFHIR
	}
	return e.mailer.Send(ctx, m)
}

func subject(n *event.Notification) string {
	switch n.Kind {
	case event.Handshake:
		return "Subscription " + n.Subscription.ID() + " begins"
	case event.Heartbeat:
		return "Subscription " + n.Subscription.ID() + " is alive"
	}
	return "Subscription " + n.Subscription.ID() + ": something happened"
}

// text is for people. It quotes no criteria: they may name a patient.
func text(n *event.Notification) string {
	var b strings.Builder
	switch n.Kind {
	case event.Handshake:
		b.WriteString("From now on notifications of this subscription are sent to this address.\n")
	case event.Heartbeat:
		b.WriteString("Nothing has happened; the subscription is alive.\n")
	default:
		for i := range n.Events {
			fmt.Fprintf(&b, "Event %d at %s\n", n.Events[i].Number, n.Events[i].Time.UTC().Format("2006-01-02 15:04:05 MST"))
		}
		b.WriteString("\nLog in to see what it is about.\n")
	}
	fmt.Fprintf(&b, "\nSubscription: %s\n", n.Subscription.ID())
	if n.Topic != "" {
		fmt.Fprintf(&b, "Topic: %s\n", n.Topic)
	}
	return b.String()
}
