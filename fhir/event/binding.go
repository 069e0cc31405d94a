package event

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"andiron.dev/fhir"
)

// tokenLife is how long a binding token can be used, and how long what it has bound is sent.
const tokenLife = time.Hour

// binding is what a token opens.
type binding struct {
	Subscriptions []string  `json:"subscriptions"`
	Expires       time.Time `json:"expires"`
}

// bindingToken is $get-ws-binding-token: http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-get-ws-binding-token.
func (m *Module) bindingToken(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	if req.ID == "" && len(req.Input.Texts("id")) == 0 {
		return nil, fhir.NewOutcome(fhir.Required, "the operation needs the parameter 'id': the subscriptions that the token is for", "Parameters.parameter")
	}
	list, err := m.asked(ctx, req)
	if err != nil {
		return nil, err
	}
	b := binding{Expires: m.config.Now().Add(tokenLife)}
	for _, r := range list {
		if channelType(r.Root().Get("channel")) != "websocket" {
			return nil, fhir.NewOutcome(fhir.BusinessRule, "the subscription is not delivered by websocket")
		}
		if m.config.Authority != nil {
			if owned, err := m.mine(ctx, r.ID()); err != nil {
				return nil, err
			} else if !owned {
				return nil, fhir.NewOutcome(fhir.Forbidden, "a token is for the owner of the subscription")
			}
		}
		b.Subscriptions = append(b.Subscriptions, r.ID())
	}
	if len(b.Subscriptions) == 0 {
		return nil, fhir.NewOutcome(fhir.NotFound, "there is no Subscription with any of these ids")
	}
	token := rand.Text()
	if m.config.NewToken != nil {
		token = m.config.NewToken()
	}
	err = m.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		return keep(ctx, tx, fhir.Record{Kind: tokenRecord, Key: digest(token), Expires: b.Expires}, b)
	})
	if err != nil {
		return nil, err
	}
	out := fhir.NewParameters().Text("token", "string", token).Text("expiration", "dateTime", b.Expires.UTC().Format(fhir.LastUpdatedFormat))
	for _, id := range b.Subscriptions {
		out.Text("subscription", "string", id)
	}
	out.Text("websocket-url", "url", m.config.WebSocketURL(req.Base))
	return &fhir.Response{Resource: out.Resource()}, nil
}

// Redeem gives the subscriptions that a binding token opens, and until when they are sent. A token opens one connection: whoever finds it later
// can do nothing with it, and a connection that breaks is made again with another. Errors: Forbidden.
func (m *Module) Redeem(ctx context.Context, token string) (subscriptions []string, until time.Time, err error) {
	var b binding
	err = m.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		b = binding{}
		ok, err := fetch(ctx, tx, tokenRecord, digest(token), &b)
		if err == nil && (!ok || !m.config.Now().Before(b.Expires)) {
			err = fhir.NewOutcome(fhir.Forbidden, "the token is not valid, has been used, or has expired")
		}
		if err != nil {
			return err
		}
		return tx.Drop(ctx, tokenRecord, digest(token))
	})
	return b.Subscriptions, b.Expires, err
}

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
