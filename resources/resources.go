// Package resources is the list of domain modules. All resource types of R4 work without one: a module is there for behaviour,
// that is operations, rules and jobs.
package resources

import (
	"andiron.dev/fhir"
	"andiron.dev/resources/automation"
	"andiron.dev/resources/core"
	"andiron.dev/resources/encounter"
	"andiron.dev/resources/patient"
	"andiron.dev/resources/scheduling"
	"andiron.dev/resources/task"
)

// Modules are the domain modules of the standard build, in the order in which they are registered.
func Modules(c Config) []fhir.Module {
	outbox := &automation.Outbox{Dir: c.Outbox}
	return []fhir.Module{
		automation.New(automation.Config{
			Store: c.Store, Spec: c.Spec, Params: c.Params, Serve: c.Serve, Account: c.Account, Now: c.Now, NewID: c.NewID, Log: c.Log, BaseURL: c.BaseURL, Topic: c.Topic,
			Senders: map[string]automation.Sender{"sms": outbox, "email": outbox},
		}),
		core.New(core.Config{Store: c.Store, Spec: c.Spec, Params: c.Params, Now: c.Now, NewID: c.NewID, PageKey: c.PageKey, BaseURL: c.BaseURL}),
		patient.New(patient.Config{Store: c.Store, Spec: c.Spec, Params: c.Params, Serve: c.Serve, Now: c.Now, NewID: c.NewID, BaseURL: c.BaseURL}),
		task.New(task.Config{Store: c.Store, Params: c.Params, Now: c.Now, NewID: c.NewID, Log: c.Log, BaseURL: c.BaseURL}),
		scheduling.New(scheduling.Config{
			Store: c.Store, Spec: c.Spec, Params: c.Params, Serve: c.Serve, Now: c.Now, NewID: c.NewID, Log: c.Log, PageKey: c.PageKey, BaseURL: c.BaseURL,
		}),
		encounter.New(encounter.Config{
			Store: c.Store, Spec: c.Spec, Params: c.Params, Join: c.Join, Serve: c.Serve, Now: c.Now, NewID: c.NewID, BaseURL: c.BaseURL,
		}),
	}
}
