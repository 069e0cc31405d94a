package encounter

import (
	"slices"

	"andiron.dev/fhir"
)

// The statuses of an Encounter (http://hl7.org/fhir/R4/valueset-encounter-status.html).
const (
	planned    = "planned"
	arrived    = "arrived"
	triaged    = "triaged"
	inProgress = "in-progress"
	onLeave    = "onleave"
	finished   = "finished"
	cancelled  = "cancelled"
	mistaken   = "entered-in-error"
	unknown    = "unknown"
)

// successors are the statuses that may follow one (§8.1). Steps before in-progress may be left out; what was entered in error may be said at any
// time, and from unknown, which systems leave behind that did not say, a visit goes on as it may.
func successors(status string) []string {
	switch status {
	case planned:
		return []string{arrived, triaged, inProgress, cancelled, mistaken}
	case arrived:
		return []string{triaged, inProgress, cancelled, mistaken}
	case triaged:
		return []string{inProgress, cancelled, mistaken}
	case inProgress:
		return []string{onLeave, finished, mistaken}
	case onLeave:
		return []string{inProgress, finished, mistaken}
	case finished:
		return []string{inProgress, mistaken}
	case cancelled:
		return []string{mistaken}
	case unknown:
		return []string{planned, arrived, triaged, inProgress, onLeave, finished, cancelled, mistaken}
	}
	return nil
}

// follows refuses a status that may not follow another.
func follows(from, to string) error {
	if from == to || slices.Contains(successors(from), to) {
		return nil
	}
	return refused(fhir.BusinessRule, illegalTransition, "an Encounter that is "+from+" cannot become "+to, "Encounter.status")
}

// present reports whether a status says that the patient is there, or is to come back to the bed that is kept.
func present(status string) bool {
	return status == arrived || status == triaged || status == inProgress || status == onLeave
}

// open reports whether the visit is going on, or still to come.
func open(status string) bool { return status == planned || present(status) }

// over reports whether the visit has ended, or will never be.
func over(status string) bool { return status == finished || status == cancelled || status == mistaken }

// inpatient reports whether a class is that of a stay of which a patient has one at a time.
func inpatient(class string) bool {
	switch class {
	case "IMP", "ACUTE", "NONAC", "OBSENC":
		return true
	}
	return false
}

// awaited reports whether the end of a visit of a class waits for what is left to do: those that end with a discharge.
func awaited(class string) bool { return inpatient(class) || class == "SS" || class == "EMER" }
