// Package automation makes the server act by itself, by rules that are data (domain.md §5): PlanDefinitions of the types eca-rule and
// workflow-definition that are active.
//
//	outbox -> follow.go -> rule.go, trigger.go    which rules an event is for
//	       -> firing.go -> outline.go, activity*.go what a rule generates: the code of $apply
//	       -> timer.go                            what is due later: draft Tasks, which follow what they are about
//	clock  -> periodic.go, promote.go, execute.go what is due: periods, timers, Tasks that the server carries out
//	       -> reminder*.go, sender.go             one of those: messages to patients
//
// Each firing is one commit that holds what it generates and a record that says so: a rule fires once for an event, however often servers
// die and however many there are. What was done is traced (trace.go), and what would be done can be asked for (dryrun.go).
package automation
