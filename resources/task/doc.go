// Package task keeps Tasks in their order (domain.md §8.6), on every way that a write can come.
//
//	rule.go -> machine.go            which status follows which
//	        -> order.go, group.go    what a step comes after, by its inputs, its RequestGroup or its sequence
//	        -> skip.go, caller.go    who may end a step, and that a step that is left out has a reason
//	        -> promote.go, team.go   what may begin when a step has ended, and whose it is
//	clock   -> overdue.go, escalate.go
//
// A Task is a step of a workflow if it is based on a RequestGroup, has an input "after" (code system automation-action), or has a place in a
// group by the extension step-required. All others, timers among them, only keep to the status machine.
package task
