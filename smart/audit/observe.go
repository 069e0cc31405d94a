package audit

import (
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/smart/compartment"
)

// event begins the event of a request.
func (t *Trail) event(r *request) *Event {
	e := (&Event{Time: t.config.Now(), Kind: Rest, Subtype: string(r.Interaction), Operation: r.Operation}).By(r.who)
	e.Query = queryOf(r.Request)
	return e
}

// success is the event of a request that went well; nil where no patient's data can have been touched.
func (t *Trail) success(r *request, resp *fhir.Response) *Event {
	if resp == nil {
		return nil
	}
	var found compartment.IDs
	whole := r.whole()
	if resp.Resource != nil {
		t.patients.Of(&found, whole(resp.Resource), r.Base)
	}
	if resp.Bundle != nil {
		for i := range resp.Bundle.Entries {
			t.inEntry(&found, &resp.Bundle.Entries[i], r.Base, whole)
		}
	}
	t.requested(&found, r.Request)
	if len(found.List) == 0 && shared(r.Type) {
		return nil
	}
	e := t.event(r)
	e.Patients = found.List
	if what := whatOf(r.Request, resp); what != "" {
		e.What = []string{what}
	}
	r.inContext(e)
	return e
}

// inEntry adds the patients of an entry of a Bundle. What entries of a transaction read has events of its own.
func (t *Trail) inEntry(list *compartment.IDs, entry *fhir.Entry, base string, whole func(*fhir.Resource) *fhir.Resource) {
	switch {
	case entry.Resource != nil:
		t.patients.Of(list, whole(entry.Resource), base)
	case entry.Event != nil && entry.Event.Type == "Patient":
		list.Add(entry.Event.ID)
	case entry.Response != nil && entry.Response.Version != nil:
		t.patients.Of(list, entry.Response.Resource, base)
	}
}

// failure is the event of a request that failed; nil where there is nothing to tell: nobody was let in, or what was asked for is about
// nobody and was not refused.
func (t *Trail) failure(r *request, err error) *Event {
	outcome, reason := outcomeOf(err)
	code := fhir.CodeOf(err)
	if r.who == nil && code == fhir.Login || shared(r.Type) && code != fhir.Forbidden && outcome < 12 {
		return nil
	}
	// Whose record it would have been, had it gone well, only the store knows, and whoever is refused may look at their own events: they
	// must not learn it there. So the patients are those that the request itself names.
	var named compartment.IDs
	t.requested(&named, r.Request)
	t.patients.Of(&named, r.Resource, r.Base)
	e := t.event(r)
	e.Outcome, e.Reason, e.Patients = outcome, reason, named.List
	if r.Type != "" && r.ID != "" {
		e.What = []string{versionedReference(r.Type, r.ID, r.VersionID)}
	}
	r.inContext(e)
	return e
}

// inContext: who has a patient in context asks about that patient, if the request does not say otherwise.
func (r *request) inContext(e *Event) {
	if len(e.Patients) == 0 && r.who != nil && r.who.Patient != "" {
		e.Patients = []string{r.who.Patient}
	}
}

// requested adds the patients that a request names.
func (t *Trail) requested(list *compartment.IDs, req *fhir.Request) {
	if req.Type == "Patient" && fhir.ValidID(req.ID) {
		list.Add(req.ID)
	}
	add := func(text string, bare bool) {
		for value := range strings.SplitSeq(text, ",") {
			switch ref := fhir.ParseReference(value); {
			case ref.Type == "Patient" && ref.ID != "" && (ref.Base == "" || ref.Base == req.Base):
				list.Add(ref.ID)
			case bare && fhir.ValidID(value):
				list.Add(value)
			}
		}
	}
	if req.Compartment != "" {
		add(req.Compartment, false)
	}
	for _, param := range req.Params {
		switch param.Name {
		case "patient", "patient:Patient", "subject:Patient":
			add(param.Value, true)
		case "subject":
			add(param.Value, false)
		case "_id":
			if req.Type == "Patient" {
				add(param.Value, true)
			}
		}
	}
}

// whatOf is the resource that a request was about: "" for a search.
func whatOf(req *fhir.Request, resp *fhir.Response) string {
	switch req.Interaction {
	case fhir.SearchType, fhir.SearchSystem, fhir.HistoryType, fhir.HistorySystem, fhir.Batch, fhir.Transaction:
		return ""
	case fhir.HistoryInstance, fhir.Operation:
		if req.ID == "" {
			return ""
		}
		return req.Type + "/" + req.ID
	}
	if v := resp.Version; v != nil {
		return versionedReference(v.Type, v.ID, v.VersionID)
	}
	if r := resp.Resource; r != nil && r.ID() != "" {
		return versioned(r)
	}
	if req.ID != "" {
		return req.Type + "/" + req.ID
	}
	return ""
}

// queryOf is the URL of a search or operation, or with the condition of a write, below the base; "" where the reference says it all.
func queryOf(req *fhir.Request) string {
	path := req.Type
	if req.ID != "" {
		path += "/" + req.ID
	}
	params := ""
	if len(req.Params) > 0 {
		params = "?" + req.Params.Encode()
	}
	switch req.Interaction {
	case fhir.SearchType, fhir.SearchSystem:
		if req.Compartment != "" {
			if path == "" {
				path = "*"
			}
			path = req.Compartment + "/" + path
		}
		return path + "?" + strings.TrimPrefix(params, "?")
	case fhir.HistoryInstance, fhir.HistoryType, fhir.HistorySystem:
		return strings.TrimPrefix(path+"/_history", "/") + params
	case fhir.Operation:
		return strings.TrimPrefix(path+"/$"+req.Operation, "/") + params
	}
	if req.Condition != nil {
		return path + "?" + *req.Condition
	}
	return ""
}
