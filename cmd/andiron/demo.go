package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"andiron.dev/cmd/andiron/demo"
	"andiron.dev/fhir"
	"andiron.dev/fhir/server"
	"andiron.dev/smart"
)

type demoCommand struct {
	serverFlags
}

func (c *demoCommand) Run(ctx context.Context, t *terminal) error {
	if c.Auth == "smart" && !server.Loopback(c.Addr) {
		return &usageError{[]string{"everybody knows the passwords of the demo hospital, so --addr must be a loopback address"}}
	}
	c.demo = true
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
	ctx = smart.System(ctx)
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

// greet tells a newcomer where to look. It goes to standard error: standard output is the log. login is nil with --auth off.
func greet(t *terminal, url string, login *demoLogin) {
	show, who := "", "Everybody on this machine may do everything (--auth off)."
	if login != nil {
		show, who = `-H "Authorization: Bearer $TOKEN" `, login.words(url)
	}
	token := ""
	if login != nil {
		token = "  TOKEN=" + login.token + "\n"
	}
	fmt.Fprint(t.err, strings.NewReplacer("BASE", url, "SHOW", show, "WHO", who, "SET", token).Replace(`
A demo hospital is open at BASE. Try

SET  curl SHOW'BASE/Patient?name=ana'                             who is Ana?
  curl SHOW'BASE/Appointment?patient=pat-ben&_sort=-date'      Ben's appointments
  curl SHOW'BASE/Schedule?_include=Schedule:actor'             who works when
  curl 'BASE/metadata'                                     all that this server does

WHO
Ctrl-C stops the server; what you change is kept.

`))
}
