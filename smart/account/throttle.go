package account

import (
	"context"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/secret"
)

// throttle counts failures. It is kept for names that nobody has, too, so that it tells nothing about who has an account.
type throttle struct {
	Failures int       `json:"failures"`
	Since    time.Time `json:"since"` // codes: when the window began
	Until    time.Time `json:"until"` // nothing is tried before
	Rounds   int       `json:"rounds,omitempty"`
}

// throttleLife is how long failures are remembered.
const throttleLife = 24 * time.Hour

func passwordThrottle(username string) string {
	return secret.Digest("password", foldUsername(username))
}
func codesThrottle(user string) string { return secret.Digest("codes", user) }

func keepThrottle(ctx context.Context, tx fhir.Recorder, key string, t *throttle, now time.Time) error {
	return fhir.KeepValue(ctx, tx, fhir.Record{Kind: kindThrottle, Key: key, Expires: now.Add(throttleLife)}, t)
}

// turn is an attempt that may be made.
type turn struct {
	user    *User    // nil = there is none
	secrets *secrets // never nil
}

// reserve counts an attempt on a username as a failure before it is made, so that a thousand at once are not one; a success takes
// it back. Errors: Throttled.
func (a *Accounts) reserve(ctx context.Context, username string) (t *turn, err error) {
	key := passwordThrottle(username)
	err = a.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		now := a.Now()
		t = &turn{secrets: new(secrets)}
		var count throttle
		if _, err := fhir.RecordValue(ctx, tx, kindThrottle, key, &count); err != nil {
			return err
		}
		if now.Before(count.Until) {
			return &Throttled{RetryAfter: count.Until.Sub(now)}
		}
		count.Failures++
		count.Until = now.Add(a.Limits.backoff(count.Failures))
		if err := keepThrottle(ctx, tx, key, &count, now); err != nil {
			return err
		}
		u, err := ReadUsername(ctx, tx, username)
		if fhir.CodeOf(err) == fhir.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		t.user = u
		t.secrets, err = readSecrets(ctx, tx, u.ID)
		return err
	})
	return t, err
}

// tryCode runs check on a second factor of a user within an update, unless there were too many wrong ones. A failure is
// counted; the update must be committed nevertheless. Errors: ErrWrong and Throttled come as refused.
func (a *Accounts) tryCode(ctx context.Context, tx fhir.Tx, user string, check func() (bool, error)) (refused, err error) {
	now, key := a.Now(), codesThrottle(user)
	var count throttle
	if _, err := fhir.RecordValue(ctx, tx, kindThrottle, key, &count); err != nil {
		return nil, err
	}
	if now.Before(count.Until) {
		return &Throttled{RetryAfter: count.Until.Sub(now)}, nil
	}
	ok, err := check()
	if err != nil {
		return nil, err
	}
	if ok {
		return nil, tx.Drop(ctx, kindThrottle, key)
	}
	if count.Since.IsZero() || now.Sub(count.Since) >= a.Limits.CodesWindow {
		count.Failures, count.Since = 0, now
	}
	if count.Failures++; count.Failures >= a.Limits.Codes {
		count.Until = now.Add(a.Limits.codesBlock(count.Rounds))
		count.Rounds++
		count.Failures, count.Since = 0, time.Time{}
	}
	return ErrWrong, keepThrottle(ctx, tx, key, &count, now)
}
