package rest

import (
	"net/http"
	"strconv"

	"andiron.dev/fhir"
)

// writeBundle sends an answer of many resources: links and fullUrls get the base, entries their HTTP status.
func (k *call) writeBundle(b *fhir.Bundle) {
	buffer := k.edge.buffer()
	if size := sizeOf(b); size > cap(*buffer) { // growing by and by would copy a large answer several times
		*buffer = make([]byte, 0, size)
	}
	w := fhir.WriterOn((*buffer)[:0])
	k.appendBundle(w, b)
	*buffer = w.Take()
	k.contentType()
	k.send(http.StatusOK, k.pretty(*buffer))
	k.edge.release(buffer)
}

// sizeOf is about as many bytes as a Bundle takes.
func sizeOf(b *fhir.Bundle) int {
	size := 4 << 10
	for i := range b.Entries {
		size += 256
		if r := b.Entries[i].Resource; r != nil {
			size += len(r.Body())
		}
	}
	return size
}

func (k *call) appendBundle(w *fhir.Writer, b *fhir.Bundle) {
	w.Object().Name("resourceType").String("Bundle")
	id, made := b.ID, b.Time
	if id == "" {
		id = k.edge.NewID()
	}
	if made.IsZero() {
		made = k.start
	}
	w.Name("id").String(id)
	w.Name("meta").Object().Name("lastUpdated").String(made.UTC().Format(fhir.LastUpdatedFormat)).EndObject()
	w.Name("type").String(string(b.Type))
	if b.Total >= 0 && (b.Type == fhir.Searchset || b.Type == fhir.HistoryBundle) {
		w.Name("total").Int(b.Total)
	}
	if len(b.Links) > 0 {
		w.Name("link").Array()
		for _, link := range b.Links {
			w.Object().Name("relation").String(link.Relation).Name("url").String(k.at(link.URL)).EndObject()
		}
		w.EndArray()
	}
	if len(b.Entries) > 0 {
		w.Name("entry").Array()
		for i := range b.Entries {
			k.appendEntry(w, &b.Entries[i])
		}
		w.EndArray()
	}
	w.EndObject()
}

// at makes a URL below the base absolute; a query alone is one of the base itself.
func (k *call) at(url string) string {
	if url == "" || url[0] == '?' {
		return k.base + url
	}
	return k.base + "/" + url
}

func (k *call) appendEntry(w *fhir.Writer, e *fhir.Entry) {
	w.Object()
	switch {
	case e.Event != nil:
		k.appendEvent(w, e)
	case e.Mode != "":
		k.appendMatch(w, e)
	default:
		k.appendResult(w, e)
	}
	w.EndObject()
}

func (k *call) fullURL(w *fhir.Writer, typ, id string) {
	if id != "" {
		w.Name("fullUrl").String(k.base + "/" + typ + "/" + id)
	}
}

func (k *call) appendMatch(w *fhir.Writer, e *fhir.Entry) {
	r := e.Resource
	if e.Response != nil { // written by an operation, at a time that was not known when the Bundle was put together
		r = e.Response.Body()
	}
	k.fullURL(w, r.Type(), r.ID())
	w.Name("resource").Resource(r)
	w.Name("search").Object()
	if e.Grade != "" {
		w.Name("extension").Array().Object().Name("url").String("http://hl7.org/fhir/StructureDefinition/match-grade").Name("valueCode").String(e.Grade).EndObject().EndArray()
	}
	w.Name("mode").String(string(e.Mode))
	if e.Score != "" {
		w.Name("score").Raw(e.Score)
	}
	w.EndObject()
}

// appendEvent writes a version of a history (http://hl7.org/fhir/R4/http.html#history).
func (k *call) appendEvent(w *fhir.Writer, e *fhir.Entry) {
	v := e.Event
	k.fullURL(w, v.Type, v.ID)
	method, url, status := http.MethodPut, v.Type+"/"+v.ID, http.StatusOK
	switch v.Method {
	case fhir.Create:
		status = http.StatusCreated
		if v.VersionID == "1" && madeHere(v.ID) {
			method, url = http.MethodPost, v.Type
		}
	case fhir.Delete:
		method, status = http.MethodDelete, http.StatusNoContent
	}
	if e.Resource != nil {
		w.Name("resource").Resource(e.Resource)
	}
	w.Name("request").Object().Name("method").String(method).Name("url").String(url).EndObject()
	w.Name("response").Object().Name("status").String(statusLine(status))
	w.Name("etag").String(fhir.ETag(v.VersionID)).Name("lastModified").String(v.LastUpdated.UTC().Format(fhir.LastUpdatedFormat)).EndObject()
}

// madeHere reports whether an id looks like those that the server makes, which are UUIDs of version 7. Stores do not keep
// how a resource came into being; but what has another id, a client must have put there.
func madeHere(id string) bool {
	return len(id) == 36 && id[8] == '-' && id[13] == '-' && id[14] == '7' && id[18] == '-' && id[23] == '-'
}

// appendResult writes the outcome of an entry of a batch or transaction
// (http://hl7.org/fhir/R4/http.html#transaction-response).
func (k *call) appendResult(w *fhir.Writer, e *fhir.Entry) {
	if e.Err != nil {
		k.appendFailure(w, e.Err)
		return
	}
	resp := e.Response
	body := resp.Body()
	switch {
	case resp.Bundle != nil: // a search or history
		w.Name("resource")
		k.appendBundle(w, resp.Bundle)
	case resp.Version == nil && body != nil && resp.Result != fhir.NotModified: // a read
		k.fullURL(w, body.Type(), body.ID())
		w.Name("resource").Resource(body)
	case resp.Version != nil && body != nil && (k.req.Prefer.Return == fhir.ReturnRepresentation || k.req.Prefer.Return == "" && k.req.Interaction == fhir.Operation):
		// Who calls an operation does not know yet what it writes.
		k.fullURL(w, body.Type(), body.ID())
		w.Name("resource").Resource(body)
	}
	w.Name("response").Object().Name("status").String(statusLine(statusOf(resp)))
	v := resp.Version
	if v == nil && body != nil && body.VersionID() != "" && body.ID() != "" {
		v = &fhir.Version{Type: body.Type(), ID: body.ID(), VersionID: body.VersionID(), LastUpdated: body.LastUpdated()}
	}
	if v != nil {
		w.Name("location").String(v.Type + "/" + v.ID + "/_history/" + v.VersionID)
		w.Name("etag").String(fhir.ETag(v.VersionID))
		if !v.LastUpdated.IsZero() { // of what was only rehearsed
			w.Name("lastModified").String(v.LastUpdated.UTC().Format(fhir.LastUpdatedFormat))
		}
	}
	if k.req.Prefer.Return == fhir.ReturnOutcome {
		notes := resp.Notes
		if notes == nil {
			notes = &fhir.Outcome{}
		}
		w.Name("outcome").Resource(notes.Resource())
	}
	w.EndObject()
}

func (k *call) appendFailure(w *fhir.Writer, err error) {
	o := fhir.AsOutcome(err)
	if o.Code() == fhir.Exception {
		k.err = o // the log has to know, although the batch as such has succeeded
	}
	w.Name("response").Object().Name("status").String(statusLine(Status(o)))
	w.Name("outcome").Resource(k.shown(o).Resource()).EndObject()
}

func statusLine(status int) string { return strconv.Itoa(status) + " " + http.StatusText(status) }
