package mongo

import (
	"context"
	"errors"
	"time"

	"andiron.dev/fhir"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
)

// Codes of MongoDB's errors.
const (
	codeNamespaceExists     = 48
	codeExceededMemory      = 292
	codeSnapshotUnavailable = 246
	codeSnapshotTooOld      = 239
	codeTooLarge            = 10334
	codeOutOfDisk           = 14031
)

// Labels of MongoDB's errors.
const (
	labelTransient = "TransientTransactionError"
	labelUnknown   = "UnknownTransactionCommitResult"
)

func hasLabel(err error, label string) bool {
	var labeled driver.LabeledError
	return errors.As(err, &labeled) && labeled.HasErrorLabel(label)
}

func hasCode(err error, code int) bool {
	var of driver.ServerError
	return errors.As(err, &of) && of.HasErrorCode(code)
}

// asOutcome makes what the driver says an error that may leave the store.
func asOutcome(err error) error {
	if err == nil {
		return nil
	}
	var o *fhir.Outcome
	switch {
	case errors.As(err, &o):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return givenUp(err)
	case hasCode(err, codeOutOfDisk):
		return fhir.NewOutcome(fhir.NoStore, "the cluster's disk is full; nothing was stored").WithCause(err)
	case hasCode(err, codeExceededMemory):
		return fhir.NewOutcome(fhir.TooCostly, "the search has to sort more than the cluster can hold; narrow it").WithCause(err)
	case hasCode(err, codeTooLarge):
		return tooLarge().WithCause(err)
	case driver.IsNetworkError(err), driver.IsTimeout(err), hasLabel(err, labelTransient), hasCode(err, codeSnapshotUnavailable), hasCode(err, codeSnapshotTooOld):
		return busy(err)
	}
	return fhir.Internal(err)
}

// busy is the error for what may well succeed in a moment.
func busy(cause error) *fhir.Outcome {
	o := fhir.NewOutcome(fhir.Transient, "the store is busy or cannot be reached; nothing was stored, try again").WithCause(cause)
	o.RetryAfter = time.Second
	return o
}

// unknownResult is the error for a commit of which nobody can say whether it has happened.
func unknownResult(cause error) *fhir.Outcome {
	o := fhir.NewOutcome(fhir.Transient, "the store was lost during the commit; whether the request was carried out is not known, look before you try again").WithCause(cause)
	o.RetryAfter = time.Second
	return o
}

// maxDocument is what MongoDB takes in one document, less some room for what it adds itself.
const maxDocument = 16<<20 - 16<<10

func tooLarge() *fhir.Outcome {
	return fhir.Errorf(fhir.TooLong, "the resource is too large for the store: together with its index it may have %d bytes", maxDocument)
}

func notFound(typ string) error {
	return fhir.Errorf(fhir.NotFound, "there is no %s with this id", typ)
}

func gone(typ string) error { return fhir.Errorf(fhir.Deleted, "this %s has been deleted", typ) }
