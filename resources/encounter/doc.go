// Package encounter is the path of a visit (domain.md §8): admission, beds, transfers, leave and discharge, arrival and the queue.
//
// What must never happen is refused by rules about Encounters and beds, on every way that a write can come (rule_encounter.go, rule_bed.go). The
// operations only put the next versions together and write them, so that they can do nothing that a plain write could not.
//
//	rule_encounter.go -> transition.go, history.go   which status follows which; statusHistory, classHistory, period, length
//	                  -> holding.go, place.go        who holds which bed; what becomes of beds that are taken and left
//	                  -> single.go                   one open stay of a patient
//	                  -> blocker*.go, policy.go      what a discharge waits for, and who may go on without
//	rule_bed.go                                      the status of a bed is that of who lies in it
//
// A Task of a workflow has the extension step-required: its part sequence is its place, and required says that a discharge waits for it.
package encounter
