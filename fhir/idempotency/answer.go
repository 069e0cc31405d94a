package idempotency

import (
	"time"

	"andiron.dev/fhir"
)

// answer is what a record holds: everything that the text of an answer is made of, but for the times of what was written in the same
// commit. Nobody knows them before it, so they are zero here and are looked up when the answer is given again.
type answer struct {
	Hash     string
	Base     string      `json:",omitempty"`
	Return   fhir.Return `json:",omitempty"`
	Response *response   `json:",omitempty"`
	Error    *fhir.Outcome
}

type response struct {
	Result   fhir.Result
	Resource *resource     `json:",omitempty"`
	Version  *fhir.Version `json:",omitempty"`
	Notes    *fhir.Outcome `json:",omitempty"`
	Bundle   *bundle       `json:",omitempty"`
	Location string        `json:",omitempty"`
}

type resource struct {
	Type, ID, Version string
	Updated           time.Time
	Body              string
}

type bundle struct {
	Type    fhir.BundleType
	ID      string
	Time    time.Time
	Total   int
	Links   []fhir.Link `json:",omitempty"`
	Entries []entry     `json:",omitempty"`
}

type entry struct {
	Resource *resource       `json:",omitempty"`
	Mode     fhir.SearchMode `json:",omitempty"`
	Event    *fhir.Event     `json:",omitempty"` // without its resource
	Response *response       `json:",omitempty"`
}

func newAnswer(req *fhir.Request, hash string, resp *fhir.Response) *answer {
	return &answer{Hash: hash, Base: req.Base, Return: req.Prefer.Return, Response: newResponse(resp)}
}

func newResponse(resp *fhir.Response) *response {
	if resp == nil {
		return nil
	}
	r := &response{Result: resp.Result, Resource: newResource(resp.Resource), Notes: resp.Notes, Location: resp.Location}
	if resp.Version != nil {
		v := *resp.Version
		v.Instead = nil
		r.Version = &v
	}
	if b := resp.Bundle; b != nil {
		r.Bundle = &bundle{Type: b.Type, ID: b.ID, Time: b.Time, Total: b.Total, Links: b.Links}
		for i := range b.Entries {
			from := &b.Entries[i]
			e := entry{Resource: newResource(from.Resource), Mode: from.Mode, Response: newResponse(from.Response)}
			if from.Event != nil {
				event := *from.Event
				event.Resource, e.Event = nil, &event
			}
			r.Bundle.Entries = append(r.Bundle.Entries, e)
		}
	}
	return r
}

func newResource(r *fhir.Resource) *resource {
	if r == nil {
		return nil
	}
	return &resource{Type: r.Type(), ID: r.ID(), Version: r.VersionID(), Updated: r.LastUpdated(), Body: r.Body()}
}
