package main

import (
	"context"

	"andiron.dev/fhir/event"
	"andiron.dev/smart"
)

// subscribers says for whom subscriptions are. It implements event.Authority.
type subscribers struct{ *authority }

// Owner implements event.Authority.
func (s subscribers) Owner(ctx context.Context) ([]byte, error) {
	p := smart.From(ctx)
	if p == nil || p.IsServer() {
		return nil, nil
	}
	return s.server.Owner(p)
}

// As implements event.Authority.
func (s subscribers) As(ctx context.Context, owner []byte) (context.Context, error) {
	if len(owner) == 0 || string(owner) == "null" {
		return smart.System(ctx), nil
	}
	p, err := s.server.Principal(ctx, owner)
	if err == nil && p == nil {
		err = event.ErrRevoked
	}
	if err != nil {
		return nil, err
	}
	return smart.With(ctx, p), nil
}

// Owns implements event.Authority.
func (s subscribers) Owns(ctx context.Context, owner []byte) bool {
	p := smart.From(ctx)
	return p != nil && (p.IsServer() || s.server.Owned(owner, p))
}

// MayFollow implements event.Authority.
func (s subscribers) MayFollow(ctx context.Context, typ string) error {
	return s.guard.MayRead(ctx, typ)
}
