package channel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/event"
	"andiron.dev/smart/outbound"
)

const mediaFHIR = "application/fhir+json"

// restHook calls an endpoint: with the notification Bundle where the subscription is to a topic, and with nothing or with the resource
// where it has criteria (http://hl7.org/fhir/R4/subscription.html#rest-hook).
type restHook struct{ *caller }

// caller calls endpoints.
type caller struct {
	client *http.Client
	known  *hosts
}

// Check implements event.Channel.
func (h *restHook) Check(sub *fhir.Resource) *fhir.Outcome {
	var l issues
	l.endpoint(h.caller, sub)
	l.headers(sub)
	l.payload(sub)
	return l.outcome()
}

// endpoint refuses a URL that may not be called.
func (l *issues) endpoint(c *caller, sub *fhir.Resource) {
	raw := sub.Root().Get("channel").Get("endpoint").Text()
	if raw == "" {
		l.add(fhir.Required, ".endpoint", "the channel needs an endpoint: the URL that is called")
		return
	}
	if err := c.known.verdict(raw); err != nil {
		l.add(fhir.BusinessRule, ".endpoint", "the endpoint cannot be delivered to: "+reason(err)+". Networks inside are opened with --allow-endpoints")
	}
}

// Deliver implements event.Channel.
func (h *restHook) Deliver(ctx context.Context, n *event.Notification) error {
	c := n.Subscription.Root().Get("channel")
	endpoint := c.Get("endpoint").Text()
	if n.Topic != "" {
		return h.post(ctx, http.MethodPost, endpoint, n.Subscription, n.Bundle().JSON())
	}
	if n.Kind != event.EventNotification {
		return nil // of handshake and heartbeat R4 knows nothing
	}
	if len(n.Events) == 0 || n.Events[0].Focus == nil || c.Get("payload").Text() == "" {
		return h.post(ctx, http.MethodPost, endpoint, n.Subscription, nil)
	}
	focus := n.Events[0].Focus
	u, err := url.Parse(endpoint)
	if err != nil {
		return fmt.Errorf("the endpoint is no URL: %w", event.ErrPermanent)
	}
	return h.post(ctx, http.MethodPut, u.JoinPath(focus.Type(), focus.ID()).String(), n.Subscription, focus.JSON())
}

// post sends body to a URL, with the headers of the subscription. Only 2xx is good; nothing of the answer is told to anybody but its status.
func (c *caller) post(ctx context.Context, method, url string, sub *fhir.Resource, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the endpoint is no URL: %w", event.ErrPermanent)
	}
	setHeaders(r.Header, sub)
	r.Header.Set("User-Agent", "Andiron")
	if len(body) > 0 {
		media := sub.Root().Get("channel").Get("payload").Text()
		if media == "" {
			media = mediaFHIR
		}
		r.Header.Set("Content-Type", media)
	}
	// A kept connection that the other end has just closed is no reason to wait for the next attempt: with an empty list net/http tries
	// again at once, and sends no such header.
	r.Header["X-Idempotency-Key"] = nil
	resp, err := c.client.Do(r)
	if err != nil {
		return errors.New(reason(err))
	}
	_, _ = io.Copy(io.Discard, resp.Body) // so that the connection can be used again
	_ = resp.Body.Close()
	switch {
	case resp.StatusCode/100 == 2:
		return nil
	case resp.StatusCode == http.StatusGone:
		return fmt.Errorf("the endpoint answered 410, it is gone: %w", event.ErrPermanent)
	case resp.StatusCode/100 == 3:
		return fmt.Errorf("the endpoint answered %d, and redirects are not followed", resp.StatusCode)
	}
	return fmt.Errorf("the endpoint answered %d", resp.StatusCode)
}

// reason is why a request was not made, without its URL.
func reason(err error) string {
	return strings.TrimPrefix(outbound.Plain(err).Error(), "outbound: ")
}
