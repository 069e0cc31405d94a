package task

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// guards are those of the groups in which a step ends: of two that end at the same time the second sees the first, so that what waits for both is
// promoted. Whether a step may begin needs none, since what has ended stays so.
func guards(before, after *fhir.Resource) (list []string, err error) {
	if before == nil || after == nil || ended(before) || !ended(after) {
		return nil, nil
	}
	for _, key := range groupsOf(after) {
		sum := sha256.Sum256([]byte(key))
		list = append(list, "tasks:"+hex.EncodeToString(sum[:16]))
	}
	return list, nil
}

// check is the rule about Tasks. Errors: BusinessRule (illegal-transition, step-out-of-order, reason-required, step-open); Forbidden.
func (m *Module) check(ctx context.Context, c *fhir.Change) (*fhir.Resource, error) {
	now := pendingOf(ctx)
	if c.After == nil {
		return nil, deletable(ctx, c.Before)
	}
	if c.Before != nil {
		if err := step(c.Before, c.After); err != nil {
			return nil, err
		}
	}
	status := c.After.Root().Get("status").Text()
	moved := c.Before == nil || c.Before.Root().Get("status").Text() != status
	if moved && (phaseOf(status) == open || status == "completed") {
		if err := m.inOrder(ctx, c.Tx, now, c.After); err != nil {
			return nil, err
		}
	}
	if err := m.skippable(ctx, c, moved); err != nil {
		return nil, err
	}
	if ended(c.After) && (c.Before == nil || !ended(c.Before)) {
		if err := m.promote(ctx, c); err != nil {
			return nil, err
		}
	}
	return m.punctual(c.After)
}

// deletable refuses to delete a step that others may wait for. The server's own work, erasure among it, goes on.
func deletable(ctx context.Context, before *fhir.Resource) error {
	if p := smart.From(ctx); before == nil || p != nil && p.IsServer() || len(groupsOf(before)) == 0 || phaseOf(before.Root().Get("status").Text()) != open {
		return nil
	}
	return refused("step-open", "a step of a workflow that is open is not deleted: cancel it, with a statusReason", "Task.status")
}

// pending are the next versions of Tasks whose changes are being checked, by reference: a step that is promoted because of one must see it.
type pending map[string]*fhir.Resource

type pendingKey struct{}

func pendingOf(ctx context.Context) pending {
	p, _ := ctx.Value(pendingKey{}).(pending)
	return p
}

func (p pending) with(r *fhir.Resource) pending {
	next := pending{r.Reference(): r}
	for key, value := range p {
		if key != r.Reference() {
			next[key] = value
		}
	}
	return next
}
