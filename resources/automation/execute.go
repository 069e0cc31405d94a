package automation

import (
	"context"
	"log/slog"
	"time"

	"andiron.dev/fhir"
)

const (
	recordTask = "automation-task"
	taskLease  = 60 * time.Second
	taskTime   = 30 * time.Second // one attempt may take
)

// attempt is what is remembered of a Task that the server carries out.
type attempt struct {
	lease
	Attempts int       `json:"attempts"`
	Next     time.Time `json:"next,omitzero"` // not before
}

// result is what carrying out a Task comes to, to be written with it.
type result struct {
	status, reason, detail string // of the Task; "" = completed
	write                  []object
	output                 []string // references to what came of it
}

// execute carries out the Tasks that are the server's, and reports whether it did anything.
func (m *Module) execute(ctx context.Context) (did bool, err error) {
	codes := ""
	for _, c := range []string{taskReminder, taskCall, taskDelayed} {
		codes += "," + fhir.CanonicalBase + "/CodeSystem/task-type|" + c
	}
	var ids []string
	err = m.config.Store.View(ctx, func(tx fhir.Tx) error {
		ids = nil
		for _, status := range []string{"requested", "in-progress"} {
			found, err := m.search(ctx, tx, "Task", fhir.Params{
				{Name: "status", Value: status}, {Name: "_tag", Value: tagSystem + "|" + tagTimer}, {Name: "code", Value: codes[1:]}, {Name: "_count", Value: "1000"},
			})
			if err != nil {
				return err
			}
			for _, task := range found {
				ids = append(ids, task.ID())
			}
		}
		return nil
	})
	for _, id := range ids {
		if err != nil || ctx.Err() != nil {
			return did, err
		}
		one, failed := m.executeOne(ctx, id)
		did, err = did || one, failed
	}
	return did, err
}

// executeOne carries out a Task unless somebody else has it, or it is not its time yet.
func (m *Module) executeOne(ctx context.Context, id string) (bool, error) {
	task, n, err := m.claim(ctx, id)
	if task == nil || err != nil {
		return false, err
	}
	res, failure := m.attempt(ctx, task, n)
	if failure != nil && ctx.Err() != nil {
		return false, ctx.Err() // the lease ends, and another process goes on
	}
	if failure != nil {
		m.config.Log.Warn("a Task could not be carried out", slog.String("cause", fhir.AsOutcome(failure).Error()), slog.String("task", id), slog.Int("attempt", n), slog.String("code", string(fhir.CodeOf(failure))))
		if n < mostAttempts && again(failure) {
			return true, m.giveBack(ctx, id, n)
		}
		if res, err = m.givenUp(ctx, task, failure); err != nil {
			return true, err
		}
	}
	return true, m.finish(ctx, id, res)
}

// attempt has a Task carried out, and turns a panic into an error: the next attempt may go better, and other Tasks wait.
func (m *Module) attempt(ctx context.Context, task *fhir.Resource, n int) (res *result, err error) {
	ctx, cancel := context.WithTimeout(ctx, taskTime)
	defer cancel()
	defer func() {
		if failed := fhir.Recovered(recover()); failed != nil {
			err = failed
		}
	}()
	code := task.Root().Get("code")
	switch {
	case hasCode(code, taskReminder):
		return m.remind(ctx, task, n)
	case hasCode(code, taskCall):
		return m.call(ctx, task)
	}
	return m.delayed(ctx, task)
}

// claim takes a Task for this process: in-progress, under a lease. It gives nil where there is nothing to do now.
func (m *Module) claim(ctx context.Context, id string) (task *fhir.Resource, n int, err error) {
	err = m.config.Store.Update(ctx, []string{"automation:task:" + id}, func(tx fhir.Tx) error {
		task = nil
		r, err := tx.Read(ctx, "Task", id)
		if code := fhir.CodeOf(err); code == fhir.NotFound || code == fhir.Deleted {
			return nil
		} else if err != nil {
			return err
		}
		now := m.config.Now()
		var a attempt
		if err := load(ctx, tx, recordTask, id, &a); err != nil {
			return err
		}
		status := r.Root().Get("status").Text()
		if status != "requested" && status != "in-progress" || a.held(now, taskLease) || a.Next.After(now) {
			return nil
		}
		if own, err := m.own(ctx, tx, r); !own || err != nil {
			return err
		}
		a.lease, a.Attempts = lease{m.name, now.Add(taskLease)}, a.Attempts+1
		if n = a.Attempts; n > mostAttempts+2 { // it has taken several processes down with it
			n = mostAttempts
		}
		task = r
		if err := keep(ctx, tx, recordTask, id, "", time.Time{}, a); err != nil || status == "in-progress" {
			return err
		}
		return m.change(ctx, tx, r, func(o object) { o["status"] = "in-progress" })
	})
	return task, n, err
}

// own reports whether a rule has made a Task: what the server carries out it carries out as itself, so not everybody who writes Tasks may ask for it.
func (m *Module) own(ctx context.Context, tx fhir.Tx, task *fhir.Resource) (bool, error) {
	kind := recordTimer
	if hasCode(task.Root().Get("code"), taskCall) {
		kind = recordCall
	}
	_, err := tx.Record(ctx, kind, task.ID())
	if fhir.CodeOf(err) == fhir.NotFound {
		return false, nil
	}
	return err == nil, err
}

// giveBack leaves a Task for a later attempt.
func (m *Module) giveBack(ctx context.Context, id string, n int) error {
	return m.owned(ctx, id, func(tx fhir.Tx, task *fhir.Resource) error {
		if err := keep(ctx, tx, recordTask, id, "", time.Time{}, attempt{Attempts: n, Next: m.config.Now().Add(backoff(n))}); err != nil {
			return err
		}
		return m.change(ctx, tx, task, func(o object) { o["status"] = "requested" })
	})
}

// finish writes how a Task has ended, with all that came of it.
func (m *Module) finish(ctx context.Context, id string, res *result) error {
	return m.owned(ctx, id, func(tx fhir.Tx, task *fhir.Resource) error {
		var record timerRecord
		if err := load(ctx, tx, recordTimer, id, &record); err != nil {
			return err
		}
		for _, o := range res.write {
			if err := m.store(ctx, tx, o, record.Causes); err != nil {
				return err
			}
		}
		for _, kind := range []string{recordTask, recordTimer, recordCall} {
			if err := tx.Drop(ctx, kind, id); err != nil {
				return err
			}
		}
		return m.change(ctx, tx, task, func(o object) { res.apply(o) })
	})
}

func (r *result) apply(o object) {
	o["status"] = "completed"
	if r.status != "" {
		o["status"], o["statusReason"] = r.status, coded("automation-action", r.reason, r.detail)
	}
	var outputs []any
	for _, ref := range r.output {
		outputs = append(outputs, object{"type": coded("automation-action", "generated", ""), "valueReference": reference(ref)})
	}
	if outputs != nil {
		o["output"] = outputs
	}
}

// owned changes a Task that this process has the lease on, and nobody has taken out of its hands meanwhile.
func (m *Module) owned(ctx context.Context, id string, fn func(fhir.Tx, *fhir.Resource) error) error {
	return m.config.Store.Update(ctx, []string{"automation:task:" + id}, func(tx fhir.Tx) error {
		var a attempt
		if err := load(ctx, tx, recordTask, id, &a); err != nil || a.Holder != m.name {
			return err
		}
		task, err := tx.Read(ctx, "Task", id)
		if code := fhir.CodeOf(err); code == fhir.NotFound || code == fhir.Deleted {
			return tx.Drop(ctx, recordTask, id)
		} else if err != nil || task.Root().Get("status").Text() != "in-progress" {
			return err
		}
		return fn(tx, task)
	})
}

// givenUp is the end of a Task that cannot be carried out: it has failed, a Flag tells administrators, and a reminder becomes a call to be made.
func (m *Module) givenUp(ctx context.Context, task *fhir.Resource, failure error) (*result, error) {
	var record timerRecord
	if err := m.config.Store.View(ctx, func(tx fhir.Tx) error { return load(ctx, tx, recordTimer, task.ID(), &record) }); err != nil {
		return nil, err
	}
	res := &result{status: "failed", reason: string(fhir.CodeOf(failure)), detail: "It failed each time that it was tried"}
	id := "flag-" + digest(task.ID())
	flag := object{
		"resourceType": "Flag", "id": id, "status": "active", "period": object{"start": instant(m.config.Now())},
		"category":  list(object{"coding": list(object{"system": "http://terminology.hl7.org/CodeSystem/flag-category", "code": "admin"})}),
		"code":      coded("alert-code", "automation-failed", "The server could not carry out Task/"+task.ID()),
		"extension": list(object{"url": fhir.CanonicalBase + "/StructureDefinition/flag-detail", "valueReference": reference(task.Reference())}),
		"subject":   object{"display": "Andiron"},
	}
	if record.Rule != "" {
		flag["subject"] = reference("PlanDefinition/" + record.Rule)
	}
	res.write, res.output = append(res.write, flag), append(res.output, "Flag/"+id)
	if hasCode(task.Root().Get("code"), taskReminder) {
		more, err := m.unreached(ctx, task, "transmission", "The message could not be sent")
		if err != nil {
			return nil, err
		}
		res.write, res.output = append(res.write, more.write...), append(res.output, more.output...)
	}
	return res, nil
}
