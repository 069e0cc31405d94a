package automation

import (
	"context"
	"strings"

	"andiron.dev/fhir"
)

// call carries out a Task operation-call: the operation is called through the whole pipeline, as the server itself, with what the rule has given, and
// not with what the Task says by now. Its
// idempotency key is the Task: after a crash it is called again and not carried out again.
func (m *Module) call(ctx context.Context, task *fhir.Resource) (*result, error) {
	var kept keptCall
	if err := m.config.Store.View(ctx, func(tx fhir.Tx) error { return load(ctx, tx, recordCall, task.ID(), &kept) }); err != nil {
		return nil, err
	}
	var d *fhir.OperationDefinition
	for _, one := range m.registry.Operations() {
		if one.URL("") == kept.Operation {
			d = one
		}
	}
	if d == nil {
		return nil, fhir.NewOutcome(fhir.NotSupported, "the server has no such operation")
	}
	req := &fhir.Request{Interaction: fhir.Operation, Operation: d.Code, Base: m.config.BaseURL, IdempotencyKey: "automation:" + task.ID()}
	req.Type, req.ID, _ = strings.Cut(kept.On, "/")
	params, err := build(kept.Input)
	if err != nil {
		return nil, err
	}
	req.Resource = params.WithID("")
	c, err := m.causeOfTask(ctx, task)
	if err != nil {
		return nil, err
	}
	var resp *fhir.Response
	err = m.config.Account(ctx, func(ctx context.Context) (err error) {
		resp, err = m.config.Serve.Serve(context.WithValue(ctx, causeKey{}, c), req)
		return err
	}, func(ctx context.Context, tx fhir.Tx, written []*fhir.Version) error {
		for _, v := range written {
			if err := c.keep(ctx, tx, v, m.config.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	res := &result{}
	if resp.Version != nil {
		res.output = []string{resp.Version.Type + "/" + resp.Version.ID}
	} else if r := resp.Resource; r != nil && r.ID() != "" && r.VersionID() != "" {
		res.output = []string{r.Reference()}
	}
	return res, nil
}

// delayed carries out a Task delayed-action: the action of the rule, with what is the case now.
func (m *Module) delayed(ctx context.Context, task *fhir.Resource) (*result, error) {
	var record timerRecord
	var r *rule
	o := &occasion{id: "timer:" + task.ID(), at: task.Reference(), kind: "timer"}
	err := m.config.Store.View(ctx, func(tx fhir.Tx) (err error) {
		if err := load(ctx, tx, recordTimer, task.ID(), &record); err != nil {
			return err
		}
		r = m.state.rules[record.Rule]
		focus := task.Root().Get("focus").Get("reference").Text()
		o.resource, err = m.resolve(ctx, tx, focus)
		return err
	})
	if err != nil {
		return nil, err
	}
	if r == nil || o.resource == nil && task.Root().Get("focus").Exists() {
		return &result{status: "cancelled", reason: superseded, detail: "The rule, or what it is about, is not there any more"}, nil
	}
	if n := len(record.Causes); n > 0 {
		o.cause = cause{record.Causes[:n-1]}
	}
	res := &result{}
	err = m.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		res.output = nil
		var before fired
		key := digest(r.resource.ID(), o.id)
		if err := load(ctx, tx, recordFired, key, &before); err != nil || before.Done {
			return err
		}
		// The rule is asked as of when it fired: it would hardly hold that something is two days away when the two days have begun.
		w := &writing{m: m, s: m.situation(tx, record.Asked, o.resource, nil), rule: r, occasion: o, now: true}
		one, err := w.again(ctx, record.Action)
		if err != nil || one == nil {
			return err
		}
		if _, has := one.made["authoredOn"]; has {
			one.made["authoredOn"] = instant(m.config.Now())
		}
		if err := w.step(ctx, one, w.target(one.action)); err != nil {
			return err
		}
		for _, d := range w.done {
			res.output = append(res.output, d.Resource)
		}
		if err := keep(ctx, tx, recordFired, key, r.resource.ID(), m.config.Now().Add(remembered), fired{Done: true}); err != nil {
			return err
		}
		return m.trace(ctx, tx, r, o, w, nil, 0)
	})
	if err == nil && res.output == nil {
		res.status, res.reason, res.detail = "cancelled", "not-applicable", "The conditions of the action do not hold any more"
	}
	return res, err
}

// again works out the action of a rule once more; nil where its conditions, or those around it, do not hold any more.
func (w *writing) again(ctx context.Context, key string) (*step, error) {
	for _, root := range triggered(w.rule.actions) {
		steps, err := w.s.outline(ctx, w.rule.resource, []*action{root}, w.target(root), 0)
		if err != nil {
			return nil, err
		}
		if one := find(steps, key); one != nil {
			return one, nil
		}
	}
	return nil, nil
}
