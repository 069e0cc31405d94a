package interaction

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// entry is one entry of a batch or transaction.
type entry struct {
	path    string       // "Bundle.entry[3]"
	root    fhir.Element // the entry's resource; absent where it has none
	fullURL string
	id      string // for a resource that may have to be created: the id it will get
	guard   string // of a condition, in a transaction; the same for conditions that mean the same
	req     *fhir.Request
	resp    *fhir.Response
	err     error
}

// entries reads the entries of a Bundle. Entries that cannot be read have their err set.
func (x *Interactions) entries(req *fhir.Request) ([]*entry, error) {
	root := req.Resource.Root()
	list := root.Get("entry")
	limit := x.MaxEntries
	if limit == 0 {
		limit = 5000
	}
	if list.Len() > limit {
		return nil, fhir.Errorf(fhir.TooCostly, "the Bundle has %d entries; at most %d are accepted", list.Len(), limit)
	}
	entries := make([]*entry, 0, list.Len())
	for item := range list.Items() {
		e := &entry{path: fmt.Sprintf("Bundle.entry[%d]", len(entries)), root: item.Get("resource"), fullURL: item.Get("fullUrl").Text(), id: x.NewID()}
		e.err = x.readEntry(e, item, req)
		entries = append(entries, e)
	}
	return entries, nil
}

func (x *Interactions) readEntry(e *entry, item fhir.Element, bundle *fhir.Request) error {
	request := item.Get("request")
	if !request.Exists() {
		return fhir.NewOutcome(fhir.Required, "every entry needs a request", e.path+".request")
	}
	req, err := x.Parse(request.Get("method").Text(), request.Get("url").Text(), bundle.Base)
	if err != nil {
		return within(err, e.path+".request.url")
	}
	switch req.Interaction {
	case fhir.Batch, fhir.Transaction:
		return fhir.NewOutcome(fhir.NotSupported, "a Bundle cannot be nested in a batch or transaction", e.path+".request.url")
	}
	req.Base, req.Prefer, req.Caller = bundle.Base, bundle.Prefer, bundle.Caller
	e.req = req
	return e.readConditions(request)
}

// readConditions reads the headers that an entry has as elements.
func (e *entry) readConditions(request fhir.Element) error {
	if tag := request.Get("ifMatch").Text(); tag != "" {
		e.req.IfMatch = fhir.ParseETag(tag)
	}
	for tag := range strings.SplitSeq(request.Get("ifNoneMatch").Text(), ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			e.req.IfNoneMatch = append(e.req.IfNoneMatch, fhir.ParseETag(tag))
		}
	}
	if since := request.Get("ifModifiedSince").Text(); since != "" {
		t, ok := fhir.ParseTemporal(since, time.UTC)
		if !ok {
			return fhir.NewOutcome(fhir.Value, "this is not an instant", e.path+".request.ifModifiedSince")
		}
		e.req.IfModifiedSince = t.Low
	}
	if query := request.Get("ifNoneExist").Text(); query != "" {
		if e.req.Interaction != fhir.Create {
			return fhir.NewOutcome(fhir.Invalid, "ifNoneExist is for POST only", e.path+".request.ifNoneExist")
		}
		e.req.Condition = &query
	}
	return e.readBody()
}

func (e *entry) readBody() error {
	switch e.req.Interaction {
	case fhir.Create, fhir.Update:
		if !e.root.Exists() {
			return fhir.NewOutcome(fhir.Required, "a POST or PUT entry needs a resource", e.path+".resource")
		}
		typ, err := fhir.TypeOf(e.root)
		if err != nil {
			return err
		}
		if typ != e.req.Type {
			return fhir.NewOutcome(fhir.Invalid, "the resource is not of the type that the URL names", e.path+".resource.resourceType")
		}
	case fhir.Patch:
		return e.readPatch()
	}
	return nil
}

// readPatch reads a JSON Patch from a Binary, as http://hl7.org/fhir/R4/http.html#patch has it.
func (e *entry) readPatch() error {
	switch e.root.Get("resourceType").Text() {
	case "Binary":
		text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(e.root.Get("data").Text()), ""))
		if err != nil {
			return fhir.NewOutcome(fhir.Value, "the data of the Binary is not base64", e.path+".resource.data")
		}
		e.req.Patch = &fhir.PatchBody{MediaType: e.root.Get("contentType").Text(), Text: string(text)}
		return nil
	case "Parameters":
		e.req.Patch = &fhir.PatchBody{MediaType: "application/fhir+json", Text: e.root.Raw()}
		return nil
	}
	return fhir.NewOutcome(fhir.Required, "a PATCH entry needs a Binary with a JSON Patch", e.path+".resource")
}

// within puts the expressions of a client's mistake below a path. Other errors stay as they are.
func within(err error, path string) error {
	o := fhir.AsOutcome(err)
	if o == nil || o.Code() == fhir.Exception {
		return err
	}
	return o.Within(path)
}

// failed is the error of carrying an entry out: mistakes in the resource are found below the entry's resource, others are
// the entry's.
func (e *entry) failed(err error) error {
	o := fhir.AsOutcome(err)
	if o.Code() == fhir.Exception {
		return err
	}
	for _, issue := range o.Issues {
		if len(issue.Expression) > 0 {
			return o.Within(e.path + ".resource")
		}
	}
	return o.Within(e.path)
}

// phaseOf is the place of a request in the order of http://hl7.org/fhir/R4/http.html#trules.
func phaseOf(req *fhir.Request) int {
	switch req.Interaction {
	case fhir.Delete:
		return phaseDelete
	case fhir.Create:
		return phaseCreate
	case fhir.Update, fhir.Patch:
		return phaseUpdate
	case fhir.Operation:
		if !req.Safe {
			return phaseOperate
		}
	}
	return phaseRead
}

const (
	phaseDelete = iota
	phaseCreate
	phaseUpdate
	phaseOperate // R4 has no place for it: operations find what the other entries have written
	phaseRead
	phases
)
