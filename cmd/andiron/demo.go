package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"andiron.dev/cmd/andiron/demo"
	"andiron.dev/fhir"
	"andiron.dev/fhir/server"
)

type demoCommand struct {
	serverFlags
}

func (c *demoCommand) Run(ctx context.Context, t *terminal) error {
	c.listening = func(url string) { greet(t, url) }
	return c.serve(ctx, t, loadDemo)
}

// loadDemo fills an empty store with the demo hospital. A store that holds anything is left alone, so that what a newcomer has
// changed is still there tomorrow.
func loadDemo(ctx context.Context, srv *server.Server, st *store, log *slog.Logger) error {
	events, err := st.Events(ctx, 0, 1)
	if err != nil || len(events) > 0 {
		return err
	}
	bundles, err := demo.Bundles()
	if err != nil {
		return err
	}
	count := 0
	for _, b := range bundles {
		resp, err := srv.Handler().Serve(ctx, &fhir.Request{Interaction: fhir.Transaction, Resource: b})
		if err != nil {
			return fmt.Errorf("loading the demo hospital: %w", err)
		}
		count += len(resp.Bundle.Entries)
	}
	log.Info("demo hospital loaded", slog.Int("resources", count))
	return nil
}

// greet tells a newcomer where to look. It goes to standard error: standard output is the log.
func greet(t *terminal, url string) {
	fmt.Fprint(t.err, strings.ReplaceAll(`
A demo hospital is open at BASE. Try

  curl 'BASE/Patient?name=ana'                             who is Ana?
  curl 'BASE/Appointment?patient=pat-ben&_sort=-date'      Ben's appointments
  curl 'BASE/Schedule?_include=Schedule:actor'             who works when
  curl 'BASE/metadata'                                     all that this server does

Everybody on this machine may do everything (--auth off). Ctrl-C stops the server; what you change is kept.

`, "BASE", url))
}
