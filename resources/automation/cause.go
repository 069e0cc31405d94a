package automation

import (
	"context"
	"slices"
	"time"

	"andiron.dev/fhir"
)

// cause is the chain of rules that has led to a version: what keeps rules from setting each other off for ever.
type cause struct {
	Rules []string `json:"rules"` // ids, the first first
}

const (
	recordCause = "automation-cause"
	// mostCauses is how many rules may set off each other one after the other.
	mostCauses = 8
	// causeLife is how long the causes of a version are known: until the outbox has been followed.
	causeLife = 7 * 24 * time.Hour
)

// causeOf finds what has led to a version; the zero cause where it was no rule.
func causeOf(ctx context.Context, tx fhir.Tx, typ, id, version string) (c cause, err error) {
	return c, load(ctx, tx, recordCause, typ+"/"+id+"/"+version, &c)
}

// causeKey is for the context of an operation that a rule calls: what the operation raises goes on with the rule's chain.
type causeKey struct{}

// causeOfTask is the chain that has led to a Task: that of its first version, which a rule has written.
func (m *Module) causeOfTask(ctx context.Context, task *fhir.Resource) (c cause, err error) {
	err = m.config.Store.View(ctx, func(tx fhir.Tx) error {
		c = cause{}
		for q := (fhir.HistoryQuery{Type: "Task", ID: task.ID(), Count: batchSize}); ; {
			page, err := tx.History(ctx, q)
			if err != nil {
				return err
			}
			if n := len(page.Events); n > 0 && page.Next == 0 {
				c, err = causeOf(ctx, tx, "Task", task.ID(), page.Events[n-1].VersionID)
				return err
			}
			if q.Before = page.Next; q.Before == 0 {
				return nil
			}
		}
	})
	return c, err
}

// allows refuses a rule that would fire for what it has itself led to, and chains that are too long.
func (c cause) allows(r *rule) error {
	if slices.Contains(c.Rules, r.resource.ID()) {
		return fhir.NewOutcome(fhir.TooCostly, "the rule does not fire for what comes of its own firing: it would never end")
	}
	if len(c.Rules) >= mostCauses {
		return fhir.Errorf(fhir.TooCostly, "more than %d rules have set off each other", mostCauses)
	}
	return nil
}

// with is the cause of what a rule generates.
func (c cause) with(r *rule) cause {
	return cause{append(slices.Clone(c.Rules), r.resource.ID())}
}

// keep remembers the cause of a version.
func (c cause) keep(ctx context.Context, tx fhir.Tx, v *fhir.Version, now time.Time) error {
	if v == nil || len(c.Rules) == 0 {
		return nil
	}
	return keep(ctx, tx, recordCause, v.Type+"/"+v.ID+"/"+v.VersionID, "", now.Add(causeLife), c)
}
