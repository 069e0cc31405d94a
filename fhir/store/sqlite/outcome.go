package sqlite

import (
	"errors"
	"time"

	"andiron.dev/fhir"
	"zombiezen.com/go/sqlite"
)

// asOutcome makes what SQLite says an error that may leave the store. Full disks are worth telling apart.
func asOutcome(err error) error {
	if err == nil {
		return nil
	}
	var o *fhir.Outcome
	if errors.As(err, &o) {
		return err
	}
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultFull:
		return fhir.NewOutcome(fhir.NoStore, "the server's disk is full; nothing was stored").WithCause(err)
	case sqlite.ResultBusy, sqlite.ResultLocked:
		o := fhir.NewOutcome(fhir.LockError, "the store is busy; nothing was stored, try again").WithCause(err)
		o.RetryAfter = time.Second
		return o
	case sqlite.ResultInterrupt:
		return givenUp(err)
	}
	return fhir.Internal(err)
}
