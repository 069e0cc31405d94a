package task

import (
	"context"

	"andiron.dev/fhir"
)

// change reads the Task that a request is about and writes what fn makes of it, in one commit, and answers with it. fn gives nil for what is as
// it should be already.
func (m *Module) change(ctx context.Context, req *fhir.Request, fn func(tx fhir.Tx, r *fhir.Resource) (func(o object), error)) (*fhir.Response, error) {
	resp := &fhir.Response{}
	update := func(tx fhir.Tx) error {
		r, err := tx.Read(ctx, "Task", req.ID)
		if err != nil {
			return err
		}
		if req.IfMatch != "" && req.IfMatch != "*" && req.IfMatch != r.VersionID() {
			return fhir.PreconditionFailed(fhir.Conflict, "the current version is "+r.VersionID()+", not the one that If-Match names; read it again")
		}
		resp.Resource, resp.Version = r, nil
		edit, err := fn(tx, r)
		if err != nil || edit == nil {
			return err
		}
		next, err := edited(r, func(o object) {
			edit(o)
			o["lastModified"] = instant(m.config.Now())
		})
		if err != nil {
			return err
		}
		resp.Version, err = tx.Put(ctx, next)
		resp.Resource = resp.Version.Written(next)
		return err
	}
	var err error
	if req.Tx != nil {
		err = update(req.Tx)
	} else {
		err = m.config.Store.Update(ctx, nil, update)
	}
	if err != nil {
		return nil, err
	}
	resp.Resource, resp.Version = resp.Body(), nil
	return resp, nil
}

// terminal refuses what can only be done to a Task that is not over. Error: BusinessRule, illegal-transition.
func terminal(r *fhir.Resource) error {
	status := r.Root().Get("status").Text()
	if p := phaseOf(status); p == waiting || p == open {
		return nil
	}
	return refused("illegal-transition", "the Task is "+status+", so there is nothing left to do about it", "Task.status")
}

// noted adds words to a Task.
func (m *Module) noted(o object, author, text string) {
	if text == "" {
		return
	}
	note := object{"text": text, "time": instant(m.config.Now())}
	if author != "" {
		note["authorReference"] = reference(author)
	}
	appended(o, "note", note)
}
