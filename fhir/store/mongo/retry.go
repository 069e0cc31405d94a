package mongo

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
)

// What a transaction may be tried, and how long.
const (
	maxAttempts  = 20
	maxTrying    = 10 * time.Second // an election, or until what a killed process has left is ended
	suspicious   = 2 * time.Second  // after which somebody may have left something
	knocking     = time.Second
	maxCommits   = 8
	leastBackoff = 5 * time.Millisecond
	mostBackoff  = 250 * time.Millisecond
	commitTime   = 30 * time.Second // until an answer is given up
)

// transact runs fn in a transaction: on a snapshot, acknowledged by a majority, on the primary.
//
//	fn or the commit fails with TransientTransactionError        the whole transaction again, fn included
//	the commit fails with UnknownTransactionCommitResult         the commit again: the server knows whether it has happened
//	anything else                                                the error
//
// Attempts are at most maxAttempts of the transaction within maxTrying, and maxCommits of the commit within commitTime, with a growing, jittered pause; after
// them the error is Transient. fn must do nothing but through the context that it is given.
func (s *Store) transact(ctx context.Context, fn func(ctx context.Context, session *driver.Session) error) error {
	session, err := s.client.StartSession(options.Session().SetCausalConsistency(false))
	if err != nil {
		return asOutcome(err)
	}
	defer session.EndSession(context.WithoutCancel(ctx))
	start, looked := time.Now(), time.Now()
	for attempt := 1; ; attempt++ {
		err := s.attempt(ctx, session, fn)
		if err == nil || !isTransient(err) {
			return err
		}
		if attempt == maxAttempts || time.Since(start) > maxTrying {
			return busy(err)
		}
		if time.Since(looked) > suspicious {
			s.endAbandoned(ctx)
			looked = time.Now()
		}
		s.knock(ctx)
		if err := pause(ctx, attempt); err != nil {
			return givenUp(err)
		}
	}
}

// isTransient reports whether a transaction has to be run again. Inserting what somebody has inserted since the snapshot is a
// conflict like any other, though the server calls it a duplicate.
func isTransient(err error) bool {
	var unknown *unknownCommit
	return !errors.As(err, &unknown) && (hasLabel(err, labelTransient) || driver.IsDuplicateKeyError(err))
}

func (s *Store) attempt(ctx context.Context, session *driver.Session, fn func(context.Context, *driver.Session) error) error {
	err := session.StartTransaction(options.Transaction().SetReadConcern(readconcern.Snapshot()).SetWriteConcern(s.options.concern()).SetReadPreference(readpref.Primary()))
	if err != nil {
		return err
	}
	inside := driver.NewSessionContext(ctx, session)
	ended := false
	defer func() {
		if !ended { // fn has failed or panicked
			abort, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
			defer cancel()
			_ = session.AbortTransaction(abort) // the server ends it by itself otherwise
		}
	}()
	if err := fn(inside, session); err != nil {
		return err
	}
	ended = true
	return s.commitTransaction(ctx, session)
}

// unknownCommit is a commit of which nobody can say whether it has happened.
type unknownCommit struct{ error }

func (e *unknownCommit) Unwrap() error { return e.error }

// commitTransaction commits, again as long as nobody knows whether that has happened: a set has chosen a new primary before commitTime is
// over, and that knows. It does not give up with the request: its outcome would be unknown.
func (s *Store) commitTransaction(ctx context.Context, session *driver.Session) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	for attempt := 1; ; attempt++ {
		err := session.CommitTransaction(ctx)
		switch {
		case err == nil:
			s.bell.Ring()
			return nil
		case hasLabel(err, labelTransient):
			return err // it has not happened
		case !hasLabel(err, labelUnknown) && !unreachable(err) && !driver.IsTimeout(err) && !hasCode(err, passing()...):
			return err
		case attempt < maxCommits && ctx.Err() == nil:
			_ = pause(ctx, attempt) // the commit reports it
			continue
		}
		return &unknownCommit{unknownResult(err)}
	}
}

// pause waits longer with every attempt, and never as long as others do.
func pause(ctx context.Context, attempt int) error {
	most := min(leastBackoff<<attempt, mostBackoff)
	wait := time.NewTimer(leastBackoff + rand.N(most)) //nolint:gosec // no secret
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
