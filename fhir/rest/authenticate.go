package rest

import (
	"context"
	"net/http"

	"andiron.dev/fhir"
)

// realm names what a token is for (RFC 6750, section 3).
const realm = `Bearer realm="fhir"`

// admit finds out who asks, and whether they may now.
func (k *call) admit(ctx context.Context) (context.Context, error) {
	known, err := k.authenticate(ctx)
	if k.edge.Throttle == nil {
		return known, err
	}
	if err != nil {
		known = ctx
	}
	leave, refused := k.edge.Throttle(known, k.http, err)
	k.leave = leave
	if refused != nil {
		return nil, refused
	}
	return known, err
}

func (k *call) authenticate(ctx context.Context) (context.Context, error) {
	if k.edge.Authenticate == nil || k.req.Interaction == fhir.Capabilities {
		return ctx, nil
	}
	for _, param := range k.req.Params {
		if param.Name == "access_token" {
			return nil, fhir.NewOutcome(fhir.Invalid, "a token must be sent in the header Authorization: in a URL it would stand in logs and histories")
		}
	}
	k.http.Header["X-Request-Id"] = []string{k.id} // under which what is done is written down
	return k.edge.Authenticate(ctx, k.http)
}

func (k *call) release() {
	if k.leave != nil {
		k.leave()
	}
}

// challenge says what is missing (RFC 6750, section 3). Who has shown no token is told no more than that one is needed.
func (k *call) challenge(status int, o *fhir.Outcome) {
	said := o.Challenge
	switch {
	case status == http.StatusForbidden && said != "":
	case status == http.StatusUnauthorized && said == "" && k.http.Header.Get("Authorization") != "":
		said = `error="invalid_token"`
	case status != http.StatusUnauthorized:
		return
	}
	value := realm
	if said != "" {
		value += ", " + said
	}
	k.w.Header().Set("WWW-Authenticate", value)
}
