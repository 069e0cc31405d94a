package encounter

import (
	"context"

	"andiron.dev/fhir"
)

// blocker is something that a discharge waits for.
type blocker struct {
	code     string
	severity string
	resource string // reference to it
	text     string
	owner    string // reference to who has to see to it; "" = not said
	roles    []string
}

// inquiry looks for blockers of a stay. What it finds is in the order in which it looks.
type inquiry struct {
	m      *Module
	ctx    context.Context
	tx     fhir.Tx
	stay   *stay
	policy policy
	found  []*blocker
}

// blockers are what a discharge from a stay waits for.
func (m *Module) blockers(ctx context.Context, tx fhir.Tx, s *stay) ([]*blocker, error) {
	p, err := m.policyOf(ctx, tx, s)
	if err != nil {
		return nil, err
	}
	q := &inquiry{m: m, ctx: ctx, tx: tx, stay: s, policy: p}
	for _, look := range []func() error{q.tasks, q.orders, q.laboratory, q.results, q.dispenses, q.procedures, q.charges, q.claims, q.overlaps, q.documents} {
		if err := look(); err != nil {
			return nil, err
		}
	}
	return q.found, nil
}

// add notes a blocker with the severity that the policy gives it.
func (q *inquiry) add(code, resource, text string) *blocker {
	r := q.policy[code]
	b := &blocker{code: code, severity: r.severity, resource: resource, text: text, roles: r.roles}
	if !awaited(q.stay.class) { // a visit without a discharge waits for nothing
		b.severity = advisory
	}
	q.found = append(q.found, b)
	return b
}

// each yields the resources of the stay: those whose search parameter names it.
func (q *inquiry) each(typ, param, status string, fn func(*fhir.Resource)) error {
	params := fhir.Params{{Name: param, Value: "Encounter/" + q.stay.ID()}}
	if status != "" {
		params = append(params, fhir.Param{Name: "status", Value: status})
	}
	return q.m.find(q.ctx, q.tx, typ, params, func(r *fhir.Resource) bool {
		fn(r)
		return true
	})
}

// openTasks are the statuses of Tasks that are still to be done.
const openTasks = "draft,requested,received,accepted,ready,in-progress,on-hold"

// tasks: what has to be done before the patient goes. A Task that is not required is advice.
func (q *inquiry) tasks() error {
	return q.each("Task", "encounter", openTasks, func(r *fhir.Resource) {
		code := r.Root().Get("code")
		for _, own := range []string{"operation-call", "delayed-action", "appointment-reminder"} { // the server's, not anybody's
			if hasCode(code, own) {
				return
			}
		}
		b := (*blocker)(nil)
		if hasCode(code, "return") {
			b = q.add(returnPending, r.Reference(), "something is to be given back")
		} else if b = q.add(taskOpen, r.Reference(), "a task is not done"); !stepRequired(r) {
			b.severity = advisory
		}
		b.owner = r.Root().Get("owner").Get("reference").Text()
	})
}

// stepRequired reports whether a Task has to be done: its extension step-required says so, by itself or in its part.
func stepRequired(task *fhir.Resource) bool {
	e := extension(task.Root(), "step-required")
	return e.Get("valueBoolean").Text() == "true" || part(e, "required").Get("valueBoolean").Text() == "true"
}

// orders: what is ordered for the stay, and neither stopped nor to go on.
func (q *inquiry) orders() error {
	for _, typ := range []string{"MedicationRequest", "ServiceRequest"} {
		err := q.each(typ, "encounter", "active", func(r *fhir.Resource) {
			if forStay(r) && decision(r) == "" {
				q.add(orderActive, r.Reference(), "an order is active: stop it, or say that it goes on").owner = r.Root().Get("requester").Get("reference").Text()
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// forStay reports whether an order is for the time of the stay: it is an order, and not for home.
func forStay(order *fhir.Resource) bool {
	root := order.Root()
	switch root.Get("intent").Text() {
	case "proposal", "plan":
		return false
	}
	for category := range root.Each("category") {
		if hasCode(category, "community") || hasCode(category, "discharge") {
			return false
		}
	}
	return true
}

// decision is what becomes of an order at the end of the stay: "stop", "continue", or "" where nobody has decided (extension discharge-decision).
func decision(order *fhir.Resource) string {
	switch code := extension(order.Root(), "discharge-decision").Get("valueCode").Text(); code {
	case "stop", "continue":
		return code
	}
	return ""
}

// dispenses: medication that is on its way.
func (q *inquiry) dispenses() error {
	return q.each("MedicationDispense", "context", "preparation,in-progress,on-hold", func(r *fhir.Resource) {
		q.add(dispensePending, r.Reference(), "medication is being dispensed")
	})
}

func (q *inquiry) procedures() error {
	return q.each("Procedure", "encounter", "preparation,in-progress,on-hold", func(r *fhir.Resource) {
		q.add(procedureUnfinished, r.Reference(), "a procedure is not finished")
	})
}

// charges: what nobody has been asked to pay yet, and, of who pays for themselves, what they have not paid.
func (q *inquiry) charges() error {
	unbilled := func(r *fhir.Resource) {
		switch r.Root().Get("status").Text() {
		case "planned", "billable":
			q.add(chargeUnbilled, r.Reference(), "a charge is not billed")
		}
	}
	if err := q.each("ChargeItem", "context", "", unbilled); err != nil {
		return err
	}
	for account := range q.stay.root.Each("account") {
		ref, ok := q.m.local(account.Get("reference").Text())
		if !ok {
			continue
		}
		err := q.m.find(q.ctx, q.tx, "ChargeItem", fhir.Params{{Name: "account", Value: ref.Relative()}, {Name: "context:missing", Value: "true"}}, func(r *fhir.Resource) bool {
			unbilled(r)
			return true
		})
		if err != nil {
			return err
		}
		r, err := q.tx.Read(q.ctx, "Account", ref.ID)
		if gone(err) || err == nil && r.Root().Get("coverage").Exists() {
			continue
		}
		if err == nil {
			err = q.m.find(q.ctx, q.tx, "Invoice", fhir.Params{{Name: "account", Value: r.Reference()}, {Name: "status", Value: "issued"}}, func(r *fhir.Resource) bool {
				q.add(invoiceUnpaid, r.Reference(), "an invoice is not paid")
				return true
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (q *inquiry) claims() error {
	return q.each("Claim", "encounter", "draft", func(r *fhir.Resource) {
		q.add(claimMissingInfo, r.Reference(), "a claim is not complete")
	})
}

// dischargeSummary is the LOINC code of the document.
const dischargeSummary = "18842-5"

// documents: what has to be written about the stay.
func (q *inquiry) documents() error {
	written := false
	err := q.m.find(q.ctx, q.tx, "Composition", fhir.Params{
		{Name: "encounter", Value: "Encounter/" + q.stay.ID()}, {Name: "type", Value: "http://loinc.org|" + dischargeSummary}, {Name: "status", Value: "preliminary,final,amended"},
	}, func(*fhir.Resource) bool {
		written = true
		return false
	})
	if err != nil {
		return err
	}
	if !written {
		q.add(summaryMissing, "Encounter/"+q.stay.ID(), "there is no discharge summary")
	}
	reconciled := false
	err = q.m.find(q.ctx, q.tx, "Task", fhir.Params{
		{Name: "encounter", Value: "Encounter/" + q.stay.ID()}, {Name: "code", Value: "medication-reconciliation"}, {Name: "status", Value: "completed"},
	}, func(*fhir.Resource) bool {
		reconciled = true
		return false
	})
	if err == nil && !reconciled {
		q.add(reconciliationMissing, "Encounter/"+q.stay.ID(), "the medication has not been reconciled")
	}
	return err
}
