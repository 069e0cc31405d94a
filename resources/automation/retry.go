package automation

import (
	"context"
	"encoding/json"
	"time"

	"andiron.dev/fhir"
)

// mostAttempts is how often something that fails is tried.
const mostAttempts = 5

const recordRetry = "automation-retry"

// backoff is how long to wait after an attempt that failed, the first being 1.
func backoff(attempt int) time.Duration {
	return [...]time.Duration{15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}[min(max(attempt, 1), 4)-1]
}

// retry is a firing that is to be tried again.
type retry struct {
	Rule    string    `json:"rule"`
	Seq     fhir.Seq  `json:"seq"`
	Attempt int       `json:"attempt"`
	Due     time.Time `json:"due"`
}

// sortable is a time as a key that sorts by it.
func sortable(t time.Time) string { return t.UTC().Format("20060102T150405.000") }

// postpone has a firing tried again later.
func (m *Module) postpone(ctx context.Context, tx fhir.Tx, r *rule, o *occasion, attempt int) error {
	due := m.config.Now().Add(backoff(attempt))
	return keep(ctx, tx, recordRetry, sortable(due)+"/"+digest(r.resource.ID(), o.id), r.resource.ID(), time.Time{}, retry{r.resource.ID(), o.seq, attempt, due})
}

// retries tries again what is due. The rule is followed as it is by now.
func (m *Module) retries(ctx context.Context) (did bool, err error) {
	var due []*fhir.Record
	now := m.config.Now()
	err = m.config.Store.View(ctx, func(tx fhir.Tx) error {
		due, err = tx.Records(ctx, recordRetry, "", "", 100)
		return err
	})
	if err != nil {
		return false, err
	}
	for _, record := range due {
		var again retry
		if err := json.Unmarshal(record.Value, &again); err != nil {
			return did, err
		}
		if again.Due.After(now) {
			break
		}
		did = true
		if err := m.retry(ctx, &again); err != nil {
			return did, err
		}
		if err := m.config.Store.Update(ctx, nil, func(tx fhir.Tx) error { return tx.Drop(ctx, recordRetry, record.Key) }); err != nil {
			return did, err
		}
	}
	return did, nil
}

func (m *Module) retry(ctx context.Context, again *retry) error {
	r := m.state.rules[again.Rule]
	if r == nil {
		return nil
	}
	events, err := m.config.Store.Events(ctx, again.Seq-1, 1)
	if err != nil || len(events) == 0 || events[0].Seq != again.Seq {
		return err
	}
	o, err := m.occasion(ctx, &events[0])
	if err != nil {
		return err
	}
	if _, err = m.carryOut(ctx, r, o); err != nil {
		return m.failed(ctx, r, o, err, again.Attempt+1)
	}
	return nil
}
