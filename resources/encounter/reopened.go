package encounter

import (
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// reopenWithin is how long after its end a visit can be taken up again.
const reopenWithin = 72 * time.Hour

// reopenName is the extension by which an Encounter says why it was taken up again: reason, who, when.
const reopenName = "encounter-reopened"

// reopeners are the roles that may take a visit up again.
func reopeners() []string { return []string{smart.RoleAdmin, "front-desk-supervisor"} }

// reopened holds a visit that is taken up again against §8.1: by a supervisor, with a reason, within 72 hours, and not after it was billed for good.
func (d *draft) reopened() error {
	if !hasRole(d.ctx, reopeners()...) {
		return refused(fhir.Forbidden, "reopen", "a visit that has ended is taken up again by a supervisor")
	}
	items, _ := d.edit()["extension"].([]any)
	known, fresh := 0, object(nil)
	for e := range d.was.root.Each("extension") {
		if e.Get("url").Text() == ours(reopenName) {
			known++
		}
	}
	for _, item := range items {
		if e, _ := item.(object); e["url"] == ours(reopenName) {
			if known--; known < 0 {
				fresh = e
			}
		}
	}
	if fresh == nil {
		return refused(fhir.BusinessRule, illegalTransition, "an Encounter that is finished can only be taken up again with a reason: the extension encounter-reopened, or $reopen", "Encounter.status")
	}
	signed(fresh, signature(d.ctx), d.now, "reason")
	ended, ok := when(d.was.root.Get("period").Get("end"))
	if !ok {
		ended = d.was.LastUpdated()
	}
	if d.now.Sub(ended) > reopenWithin {
		return refused(fhir.BusinessRule, "reopen-window", "the visit ended more than 72 hours ago", "Encounter.period.end")
	}
	for account := range d.was.root.Each("account") {
		ref, ok := d.m.local(account.Get("reference").Text())
		if !ok {
			continue
		}
		r, err := d.tx.Read(d.ctx, "Account", ref.ID)
		if gone(err) {
			continue
		}
		if err != nil {
			return err
		}
		if status := r.Root().Get("status").Text(); status != "active" && status != "on-hold" && status != "unknown" {
			return refused(fhir.Conflict, "account-closed", "the account of the visit is closed", "Encounter.account")
		}
	}
	submitted := false
	err := d.m.find(d.ctx, d.tx, "Claim", fhir.Params{{Name: "encounter", Value: "Encounter/" + d.was.ID()}, {Name: "status", Value: "active"}}, func(r *fhir.Resource) bool {
		submitted = r.Root().Get("use").Text() == "claim"
		return !submitted
	})
	if err == nil && submitted {
		return refused(fhir.Conflict, "invoiced", "the claim for the visit has been submitted")
	}
	if err != nil {
		return err
	}
	return d.refresh()
}
