//go:build !linux

package bench

import (
	"context"
	"time"
)

// pacer waits until the moment an arrival is due, as exactly as Go's timers do.
type pacer struct{}

func newPacer() (*pacer, error) { return &pacer{}, nil }

func (p *pacer) close() {}

// wait waits for that long, or until ctx ends.
func (p *pacer) wait(ctx context.Context, d time.Duration) { pause(ctx, d) }
