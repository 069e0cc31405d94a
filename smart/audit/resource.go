package audit

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"andiron.dev/fhir"
)

// resources are the AuditEvents of an entry: one for each patient, and one for what is about none, because whoever may see what happened
// to one patient's record must not learn of others. whole says whether the query is told with its values.
type resources struct {
	trail *Trail
	entry *fhir.JournalEntry
	event *Event
	whole bool
}

// count is how many AuditEvents there are, at least one.
func (r *resources) count() int {
	n := len(r.event.Patients)
	if n == 0 || r.event.nobodys() {
		n++
	}
	return n
}

// nobodys reports whether an event with patients tells of something that is in nobody's record too.
func (e *Event) nobodys() bool {
	for _, w := range e.Writes {
		if w.Patients != nil && len(w.Patients) == 0 {
			return true
		}
	}
	return false
}

// id names an AuditEvent: "j-17" where the entry has one, "j-17-2" where it has several.
func (r *resources) id(n int) string {
	id := "j-" + strconv.FormatInt(r.entry.Seq, 10)
	if r.count() > 1 {
		id += "-" + strconv.Itoa(n+1)
	}
	return id
}

// parseID takes an id apart; n is -1 where it has none.
func parseID(id string) (seq int64, n int, ok bool) {
	text, ok := strings.CutPrefix(id, "j-")
	if !ok {
		return 0, 0, false
	}
	first, second, several := strings.Cut(text, "-")
	seq, err := strconv.ParseInt(first, 10, 64)
	if err != nil || seq < 1 || first != strconv.FormatInt(seq, 10) {
		return 0, 0, false
	}
	if !several {
		return seq, -1, true
	}
	n, err = strconv.Atoi(second)
	if err != nil || n < 1 || second != strconv.Itoa(n) {
		return 0, 0, false
	}
	return seq, n - 1, true
}

// patient is the patient of an AuditEvent; "" = none.
func (r *resources) patient(n int) string {
	if n < len(r.event.Patients) {
		return r.event.Patients[n]
	}
	return ""
}

// resource makes an AuditEvent.
func (r *resources) resource(n int) *fhir.Resource {
	e, patient, id := r.event, r.patient(n), r.id(n)
	w := fhir.NewWriter(2048)
	w.Object().Name("resourceType").String(auditEvent).Name("id").String(id)
	if profile := profileOf(e, patient != ""); profile != "" {
		w.Name("meta").Object().Name("profile").Array().String(profile).EndArray().EndObject()
	}
	w.Name("type")
	typeOf(e.Kind).write(w)
	if subtypes := subtypesOf(e); len(subtypes) > 0 {
		w.Name("subtype").Array()
		for _, c := range subtypes {
			c.write(w)
		}
		w.EndArray()
	}
	w.Name("action").String(actionOf(e))
	if !e.Time.IsZero() {
		at := e.Time.UTC().Format(fhir.LastUpdatedFormat)
		w.Name("period").Object().Name("start").String(at).Name("end").String(at).EndObject()
	}
	w.Name("recorded").String(r.entry.Time.UTC().Format(fhir.LastUpdatedFormat)).Name("outcome").String(strconv.Itoa(e.Outcome))
	if e.Reason != "" {
		w.Name("outcomeDesc").String(e.Reason)
	}
	if e.Purpose != "" {
		w.Name("purposeOfEvent")
		e.writePurpose(w)
	}
	r.writeAgents(w)
	r.writeEntities(w, n, patient)
	return fhir.FromWriter(auditEvent, id, w.EndObject()).WithVersion("1", r.entry.Time)
}

// writeEntities writes what was touched: the patient, what of their record, the query, and the id of the request.
func (r *resources) writeEntities(w *fhir.Writer, n int, patient string) {
	e := r.event
	if patient == "" && len(e.What)+len(e.Writes)+len(e.Query)+len(e.RequestID) == 0 { // an empty array is no FHIR
		return
	}
	w.Name("entity").Array()
	if patient != "" {
		entity(w, "1", "1", "Patient/"+patient, nil)
	}
	for _, what := range e.What {
		entity(w, "2", "4", what, nil)
	}
	for i := range e.Writes {
		if write := &e.Writes[i]; write.isOf(n, patient != "") {
			c := lifecycleOf(write.Method)
			entity(w, "2", "4", write.What, &c)
		}
	}
	if e.Query != "" {
		w.Object().Name("type")
		coding{entityTypes, "2", "System Object"}.write(w)
		w.Name("role")
		coding{objectRoles, "24", "Query"}.write(w)
		query := e.Query
		if !r.whole {
			query = withoutValues(query)
		}
		w.Name("query").String(base64.StdEncoding.EncodeToString([]byte(query))).EndObject()
	}
	if e.RequestID != "" {
		w.Object().Name("what").Object().Name("identifier").Object().Name("value").String(e.RequestID).EndObject().EndObject().Name("type")
		coding{balpEntityTypes, "XrequestId", ""}.write(w)
		w.EndObject()
	}
	w.EndArray()
}

// isOf reports whether a write is told of in the nth AuditEvent.
func (w *Write) isOf(n int, hasPatient bool) bool {
	if w.Patients == nil {
		return true
	}
	if !hasPatient {
		return len(w.Patients) == 0
	}
	for _, i := range w.Patients {
		if i == n {
			return true
		}
	}
	return false
}

// entity writes an entity that is a resource.
func entity(w *fhir.Writer, typ, role, reference string, lifecycle *coding) {
	types := map[string]string{"1": "Person", "2": "System Object"}
	roles := map[string]string{"1": "Patient", "4": "Domain Resource"}
	w.Object().Name("what").Object()
	if fhir.ParseReference(reference).ID != "" {
		w.Name("reference").String(reference)
	} else { // a key, a setting …
		w.Name("identifier").Object().Name("value").String(reference).EndObject()
	}
	w.EndObject().Name("type")
	coding{entityTypes, typ, types[typ]}.write(w)
	w.Name("role")
	coding{objectRoles, role, roles[role]}.write(w)
	if lifecycle != nil {
		w.Name("lifecycle")
		lifecycle.write(w)
	}
	w.EndObject()
}

// withoutValues is a query with the names of its parameters alone.
func withoutValues(query string) string {
	path, params, ok := strings.Cut(query, "?")
	if !ok {
		return query
	}
	var names []string
	for pair := range strings.SplitSeq(params, "&") {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name+"=…")
	}
	return fmt.Sprintf("%s?%s", path, strings.Join(names, "&"))
}
