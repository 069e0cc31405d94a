package main

import (
	"context"
	"errors"
	"fmt"

	"andiron.dev/cmd/andiron/bench"
)

type benchCommand struct {
	bench.Config
}

func (c *benchCommand) Run(ctx context.Context, t *terminal) error {
	report, err := bench.Run(ctx, c.Config, t.out)
	if err != nil && report != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(t.err, "andiron:", err)
		return &exitError{1}
	}
	return err
}
