package automation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"strings"
	"time"

	"andiron.dev/fhir"
)

const (
	recordFired = "automation-fired"
	// remembered is how long a firing is known to have happened. Events are seen to within seconds, after a restore within days.
	remembered = 90 * 24 * time.Hour
	// mostMade bounds what one firing may generate.
	mostMade = 200
)

// digest is a key of fixed length for anything.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:20])
}

// fire makes a rule fire if an occasion is one for it. It reports whether it did. A rule that fails is traced, and tried again later; only
// what keeps the whole engine from working is an error.
func (m *Module) fire(ctx context.Context, r *rule, o *occasion) (bool, error) {
	matched := false
	err := m.config.Store.View(ctx, func(tx fhir.Tx) (err error) {
		defer broken(&err)
		actions, err := m.occasioned(ctx, m.situation(tx, o.time, o.resource, o.previous), r, o)
		matched = len(actions) > 0
		return err
	})
	if err == nil && !matched {
		return false, nil
	}
	if err != nil && !deterministic(err) {
		return false, err // the store: nothing would go any better for the next rule
	}
	if err == nil {
		if err = o.cause.allows(r); err == nil {
			var did bool
			if did, err = m.carryOut(ctx, r, o); err == nil {
				return did, nil
			}
			if o.kind == namedEvent && !deterministic(err) {
				return false, err // whoever raised it hears of it, or has it carried out again
			}
		}
	}
	return true, m.failed(ctx, r, o, err, 1)
}

// occasioned are the actions of a rule that an occasion sets off.
func (m *Module) occasioned(ctx context.Context, s *situation, r *rule, o *occasion) (actions []*action, err error) {
	for _, a := range triggered(r.actions) {
		if o.only != "" && a.key != o.only {
			continue
		}
		ok, err := s.setsOff(ctx, a, o)
		if err == nil && ok {
			ok, err = s.applicable(ctx, a)
		}
		if err != nil {
			return nil, err
		}
		if ok {
			actions = append(actions, a)
		}
	}
	return actions, nil
}

// carryOut writes what a rule generates for an occasion, together with the record that it has fired: once, however often it is called, since of
// two updates that read and write one record the second sees the first.
func (m *Module) carryOut(ctx context.Context, r *rule, o *occasion) (did bool, err error) {
	key := digest(r.resource.ID(), o.id)
	err = m.config.Store.Update(ctx, nil, func(tx fhir.Tx) (err error) {
		defer broken(&err)
		did = false
		var before fired
		if err := load(ctx, tx, recordFired, key, &before); err != nil || before.Done {
			return err
		}
		s := m.situation(tx, o.time, o.resource, o.previous)
		actions, err := m.occasioned(ctx, s, r, o)
		if err != nil || len(actions) == 0 {
			return err
		}
		w := &writing{m: m, s: s, rule: r, occasion: o}
		if err := w.actions(ctx, actions); err != nil {
			return err
		}
		did = true
		if err := keep(ctx, tx, recordFired, key, r.resource.ID(), m.config.Now().Add(remembered), fired{Done: true}); err != nil {
			return err
		}
		return m.trace(ctx, tx, r, o, w, nil, 0)
	})
	return did, err
}

// fired is what is remembered of a firing.
type fired struct {
	Done     bool `json:"done"`
	Attempts int  `json:"attempts,omitempty"`
}

// broken turns a panic into an error that is the rule's: the outbox is followed on.
func broken(err *error) {
	if failed := fhir.Recovered(recover()); failed != nil {
		*err = fhir.NewOutcome(fhir.TooCostly, "the rule cannot be evaluated: the server broke down over it")
	}
}

// deterministic reports whether an error lies in a rule or what it is about, rather than in the machinery.
func deterministic(err error) bool {
	switch fhir.CodeOf(err) {
	case fhir.Exception, fhir.Transient, fhir.Timeout, fhir.LockError, fhir.Throttled, fhir.NoStore:
		return false
	}
	return true
}

// failed traces a firing that failed, and has it tried again where that may help.
func (m *Module) failed(ctx context.Context, r *rule, o *occasion, cause error, attempt int) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	m.config.Log.Warn("a rule failed", slog.String("rule", r.resource.ID()), slog.String("code", string(fhir.CodeOf(cause))), slog.Int("attempt", attempt))
	return m.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		if err := m.trace(ctx, tx, r, o, nil, cause, attempt); err != nil {
			return err
		}
		if !again(cause) || attempt >= mostAttempts || o.seq == 0 {
			return nil
		}
		return m.postpone(ctx, tx, r, o, attempt)
	})
}

// again reports whether trying again may help: something was not there yet, or lost against something else.
func again(err error) bool {
	switch fhir.CodeOf(err) {
	case fhir.NotFound, fhir.Deleted, fhir.Conflict, fhir.BusinessRule:
		return true
	}
	return !deterministic(err)
}
