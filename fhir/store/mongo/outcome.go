package mongo

import (
	"context"
	"errors"
	"slices"
	"time"

	"andiron.dev/fhir"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"
)

// Codes of MongoDB's errors.
const (
	codeUnauthorized          = 13
	codeAuthenticationFailed  = 18
	codeNamespaceExists       = 48
	codeIndexOptionsConflict  = 85 // the index is there under another name
	codeTooManyKeys           = 201
	codeSnapshotTooOld        = 239
	codeSnapshotUnavailable   = 246
	codeExceededMemory        = 292
	codeTooLargeForCache      = 388
	codeTooLarge              = 10334
	codeInterruptedAtShutdown = 11600
	codeOutOfDisk             = 14031
)

// passing are the codes of errors that come of a change of the primary, of a server that stops or is overloaded, or of what others do to
// the collection, and are over in a moment: https://www.mongodb.com/docs/manual/reference/error-codes. The driver tries once more
// where it can, but not what it cannot know to be done once only, as making a collection.
func passing() []int {
	return []int{
		6, 7, 89, 9001, 202, // a server cannot be reached
		91, 189, 10107, codeInterruptedAtShutdown, 11602, 13435, 13436, // it stops, or is the primary no more
		133, 134, // there is no server that may be read, or nothing committed on it yet
		24, 50, 64, 112, 262, 314, 365, // locks, time, conflicts, overload
		43, 175, 237, 11601, // a cursor or an operation was ended
		63, 150, 13388, // chunks are on the move
		117, 118, 12586, 46841, // a collection is being changed
		251, 290, codeSnapshotTooOld, codeSnapshotUnavailable, // a transaction or snapshot is no more
	}
}

// Labels of MongoDB's errors.
const (
	labelTransient = "TransientTransactionError"
	labelUnknown   = "UnknownTransactionCommitResult"
)

func hasLabel(err error, label string) bool {
	var labeled driver.LabeledError
	return errors.As(err, &labeled) && labeled.HasErrorLabel(label)
}

func hasCode(err error, codes ...int) bool {
	var of driver.ServerError
	return errors.As(err, &of) && slices.ContainsFunc(codes, of.HasErrorCode)
}

// unserved reports whether no server was found, or no connection to it was free.
func unserved(err error) bool {
	var selection topology.ServerSelectionError
	var waiting topology.WaitQueueTimeoutError
	return errors.As(err, &selection) || errors.As(err, &waiting)
}

// unreachable reports whether nobody was asked, or did not answer.
func unreachable(err error) bool {
	var connection topology.ConnectionError
	return unserved(err) || errors.As(err, &connection) || driver.IsNetworkError(err)
}

// outcomeIn is asOutcome for a request that may have been given up.
func outcomeIn(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return givenUp(err)
	}
	return asOutcome(err)
}

// snapshotGone reports whether what a reader was to see cannot be seen: it is too old, or a collection was made or got an index after it,
// which MongoDB before 7.0 does not look behind.
func snapshotGone(err error) bool { return hasCode(err, codeSnapshotUnavailable, codeSnapshotTooOld) }

// asOutcome makes what the driver says an error that may leave the store.
func asOutcome(err error) error {
	if err == nil {
		return nil
	}
	var o *fhir.Outcome
	switch {
	case errors.As(err, &o):
		return err
	case errors.Is(err, context.Canceled):
		return givenUp(err)
	case unserved(err):
		return busy(err)
	case errors.Is(err, context.DeadlineExceeded):
		return givenUp(err)
	case hasCode(err, codeOutOfDisk):
		return fhir.NewOutcome(fhir.NoStore, "the cluster's disk is full; nothing was stored").WithCause(err)
	case hasCode(err, codeExceededMemory):
		return fhir.NewOutcome(fhir.TooCostly, "the search has to sort more than the cluster can hold; narrow it").WithCause(err)
	case hasCode(err, codeTooLarge):
		return tooLarge().WithCause(err)
	case hasCode(err, codeTooManyKeys):
		return fhir.NewOutcome(fhir.TooLong, "the resource has more words or index values than the store can have of one").WithCause(err)
	case hasCode(err, codeTooLargeForCache):
		return tooMuch().(*fhir.Outcome).WithCause(err)
	case unreachable(err), driver.IsTimeout(err), hasLabel(err, labelTransient), hasCode(err, passing()...):
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
