package account

import (
	"context"
	"time"

	"andiron.dev/fhir"
)

// Touch notes that a session, named by its ID, is in use: its user works in an app that was let in for as long as they are logged in.
// A session that has ended stays so.
func (a *Accounts) Touch(ctx context.Context, tx fhir.Tx, id string) error {
	var r sessionRecord
	found, err := fhir.RecordValue(ctx, tx, kindSession, id, &r)
	if err != nil || !found || a.Now().Sub(r.Seen) < touchEvery {
		return err
	}
	r.ID, r.Seen = id, a.Now().UTC().Truncate(time.Second)
	return a.keepSession(ctx, tx, &r)
}
