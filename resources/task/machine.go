package task

import "andiron.dev/fhir"

// The kinds of a status (http://hl7.org/fhir/R4/task.html#statemachine).
type phase uint8

const (
	waiting  phase = iota // draft
	open                  // asked for, taken on, or in progress
	over                  // completed or cancelled
	failed                // failed or rejected: it can be tried again
	mistaken              // entered-in-error
)

func phaseOf(status string) phase {
	switch status {
	case "draft":
		return waiting
	case "completed", "cancelled":
		return over
	case "failed", "rejected":
		return failed
	case "entered-in-error":
		return mistaken
	}
	return open
}

// step refuses a status that cannot follow another. What is open moves about freely, since some desks have more stations than others; nothing
// becomes a draft again, what is over stays so, and what has failed can be taken up once more. Error: BusinessRule, illegal-transition.
func step(before, after *fhir.Resource) error {
	from, to := before.Root().Get("status").Text(), after.Root().Get("status").Text()
	if from == to || to == "entered-in-error" {
		return nil
	}
	ok := false
	switch phaseOf(from) {
	case waiting:
		ok = true
	case open:
		ok = to != "draft" && !(to == "rejected" && (from == "in-progress" || from == "on-hold"))
	case failed:
		ok = phaseOf(to) == open || to == "cancelled"
	case over:
		ok = from == "cancelled" && to == "draft" && isTimer(before) && hasCode(before.Root().Get("statusReason"), "superseded")
	}
	if ok {
		return nil
	}
	return refused("illegal-transition", "a Task that is "+from+" cannot become "+to, "Task.status")
}

// isTimer reports whether a Task is the automation's own: it takes up again what it has cancelled as superseded.
func isTimer(r *fhir.Resource) bool { return tagged(r, "timer") }

// tagged reports whether a Task has a tag of the code system automation-action.
func tagged(r *fhir.Resource, code string) bool {
	for tag := range r.Root().Get("meta").Each("tag") {
		if tag.Get("system").Text() == actionSystem && tag.Get("code").Text() == code {
			return true
		}
	}
	return false
}

// actionSystem is the code system of what the automation marks Tasks with.
const actionSystem = fhir.CanonicalBase + "/CodeSystem/automation-action"

// hasCode reports whether a CodeableConcept has a code, of whatever system.
func hasCode(e fhir.Element, code string) bool {
	for coding := range e.Each("coding") {
		if coding.Get("code").Text() == code {
			return true
		}
	}
	return false
}

// refused is a rule that is not kept (HTTP 422), or a state that is lost to another (409), with what it is called.
func refused(detail, text string, expression ...string) *fhir.Outcome {
	o := fhir.NewOutcome(fhir.BusinessRule, text, expression...)
	o.Issues[0].Detail = detail
	return o
}
