package automation

import (
	"context"
	"embed"
	"io/fs"
	"time"

	"andiron.dev/fhir"
)

// shipped are the definitions that come with the program.
//
//go:embed shipped/*.json
var shipped embed.FS

const recordShipped = "automation-shipped"

// ship stores the definitions that come with the program: those that have never been there, and newer versions of those that nobody has
// changed. What an administrator has changed, or has deleted, stays as it is.
func (m *Module) ship(ctx context.Context) error {
	names, err := fs.Glob(shipped, "shipped/*.json")
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := shipped.ReadFile(name)
		if err != nil {
			return err
		}
		r, err := fhir.ParseResource(string(text), fhir.DefaultLimits())
		if err != nil {
			return err
		}
		if err := m.shipOne(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (m *Module) shipOne(ctx context.Context, r *fhir.Resource) error {
	key, is := r.Reference(), digest(r.Body())
	var was string
	current := false
	err := m.config.Store.View(ctx, func(tx fhir.Tx) error {
		was = ""
		err := load(ctx, tx, recordShipped, key, &was)
		current = was == is
		return err
	})
	if err != nil || current {
		return err
	}
	return m.config.Store.Update(ctx, []string{"automation:ship:" + key}, func(tx fhir.Tx) error {
		if err := load(ctx, tx, recordShipped, key, &was); err != nil || was == is {
			return err
		}
		stored, err := tx.Read(ctx, r.Type(), r.ID())
		switch code := fhir.CodeOf(err); {
		case code == fhir.NotFound && was == "":
		case code == fhir.NotFound, code == fhir.Deleted:
			return keep(ctx, tx, recordShipped, key, "", time.Time{}, is)
		case err != nil:
			return err
		case digest(stored.Body()) != was:
			return keep(ctx, tx, recordShipped, key, "", time.Time{}, is)
		}
		if _, err := m.config.Serve.Serve(ctx, &fhir.Request{Interaction: fhir.Update, Type: r.Type(), ID: r.ID(), Resource: r, Tx: tx, Base: m.config.BaseURL}); err != nil {
			return err
		}
		return keep(ctx, tx, recordShipped, key, "", time.Time{}, is)
	})
}
