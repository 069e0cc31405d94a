package bench_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// object is a JSON object.
type object = map[string]any

// fakeServer is a FHIR server in memory that knows what the workloads ask. It tells the truth unless it is given a lie.
type fakeServer struct {
	*httptest.Server
	lie   string                                              // see the cases of TestLies
	first func(w http.ResponseWriter, req *http.Request) bool // answers before everything else, or not
	delay time.Duration

	mu        sync.Mutex
	versions  map[string][]object // "Patient/1" -> its versions, nil at the end where it is deleted
	order     []string            // keys in the order of creation
	next      int
	requests  map[string]int // by method
	bodies    map[string]int // of POSTs
	lastToken string
}

func startFake(t testing.TB, lie string) *fakeServer {
	t.Helper()
	f := &fakeServer{lie: lie, versions: map[string][]object{}, requests: map[string]int{}, bodies: map[string]int{}}
	f.Server = httptest.NewServer(http.StripPrefix("/fhir", http.HandlerFunc(f.serve)))
	t.Cleanup(f.Close)
	return f
}

// base is the FHIR base.
func (f *fakeServer) base() string { return f.URL + "/fhir" }

// patients stores so many Patients: every third a John, born a day apart around the day that the searches ask for; each
// with an Observation and a Condition.
func (f *fakeServer) patients(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	names := []string{"John", "Ada", "Mary"}
	for i := range n {
		born := time.Date(2007, 3, 7, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i-n/2)
		key := f.put("Patient", "", object{"resourceType": "Patient", "birthDate": born.Format(time.DateOnly),
			"name": []any{object{"family": "Family" + strconv.Itoa(i), "given": []any{names[i%3]}}}})
		for _, typ := range []string{"Observation", "Condition"} {
			f.put(typ, "", object{"resourceType": typ, "subject": object{"reference": key}})
		}
	}
}

// put stores a version and gives its key.
func (f *fakeServer) put(typ, id string, r object) string {
	if id == "" {
		f.next++
		id = "id-" + strconv.Itoa(f.next)
		f.order = append(f.order, typ+"/"+id)
	}
	key := typ + "/" + id
	r["id"] = id
	r["meta"] = object{"versionId": strconv.Itoa(len(f.versions[key]) + 1)}
	f.versions[key] = append(f.versions[key], r)
	return key
}

func (f *fakeServer) current(key string) object {
	all := f.versions[key]
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

func (f *fakeServer) serve(w http.ResponseWriter, req *http.Request) {
	if f.first != nil && f.first(w, req) {
		return
	}
	time.Sleep(f.delay)
	body, _ := io.ReadAll(req.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests[req.Method]++
	f.lastToken = req.Header.Get("Authorization")
	w.Header().Set("Content-Type", "application/fhir+json")
	parts := strings.Split(strings.Trim(req.URL.Path, "/"), "/")
	switch {
	case req.Method == "POST":
		f.bodies[string(body)]++
		if parts[0] == "" {
			f.transaction(w, body)
			return
		}
		f.create(w, parts[0], body)
	case parts[0] == "metadata":
		answer(w, 200, object{"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "software": object{"name": "Fake", "version": "1"}})
	case len(parts) == 1:
		f.search(w, parts[0], req)
	case len(parts) == 3:
		f.history(w, strings.Join(parts[:2], "/"))
	case req.Method == "GET":
		f.read(w, strings.Join(parts, "/"))
	case req.Method == "PUT":
		f.update(w, parts[0], parts[1], body)
	case req.Method == "DELETE":
		if f.lie != "undead" {
			key := strings.Join(parts, "/")
			f.versions[key] = append(f.versions[key], nil)
		}
		w.WriteHeader(204)
	}
}

func answer(w http.ResponseWriter, status int, body object) {
	text, _ := json.Marshal(body)
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

func (f *fakeServer) stored(w http.ResponseWriter, status int, key string) {
	r := f.current(key)
	version := r["meta"].(object)["versionId"].(string)
	etag := version
	if f.lie == "etag" {
		etag = "77"
	}
	if f.lie == "stale version" {
		etag = "1"
	}
	w.Header().Set("ETag", `W/"`+etag+`"`)
	if status == 201 && f.lie != "no location" {
		w.Header().Set("Location", f.base()+"/"+key+"/_history/"+version)
	}
	answer(w, status, r)
}

func (f *fakeServer) create(w http.ResponseWriter, typ string, body []byte) {
	var r object
	if json.Unmarshal(body, &r) != nil || r["resourceType"] != typ || r["id"] != nil {
		answer(w, 400, object{"resourceType": "OperationOutcome", "issue": []any{object{"diagnostics": "not a new " + typ}}})
		return
	}
	status := 201
	if f.lie == "created with 200" {
		status = 200
	}
	f.stored(w, status, f.put(typ, "", r))
}

func (f *fakeServer) update(w http.ResponseWriter, typ, id string, body []byte) {
	var r object
	if json.Unmarshal(body, &r) != nil || r["id"] != id {
		answer(w, 400, object{"resourceType": "OperationOutcome"})
		return
	}
	if f.lie == "lost update" { // keeps the marker of nothing
		delete(r, "identifier")
	}
	f.stored(w, 200, f.put(typ, id, r))
}

func (f *fakeServer) read(w http.ResponseWriter, key string) {
	r := f.current(key)
	if r == nil {
		answer(w, 410, object{"resourceType": "OperationOutcome"})
		return
	}
	switch f.lie {
	case "other id":
		r = maps.Clone(r)
		r["id"] = "other"
	case "other id, asked one inside":
		r = maps.Clone(r)
		r["note"] = object{"id": r["id"]}
		r["id"] = "other"
	case "other type":
		r = maps.Clone(r)
		r["resourceType"] = "Basic"
	case "other content":
		r = maps.Clone(r)
		r["identifier"] = []any{object{"value": "another"}}
	}
	w.Header().Set("ETag", `W/"`+r["meta"].(object)["versionId"].(string)+`"`)
	answer(w, 200, r)
}

func (f *fakeServer) search(w http.ResponseWriter, typ string, req *http.Request) {
	q := req.URL.Query()
	var hits []any
	for _, key := range f.order {
		if r := f.current(key); r != nil && strings.HasPrefix(key, typ+"/") && matches(r, q.Get) {
			hits = append(hits, object{"resource": r, "search": object{"mode": "match"}})
		}
	}
	total := len(hits)
	from, _ := strconv.Atoi(q.Get("_from"))
	count, _ := strconv.Atoi(q.Get("_count"))
	links := []any{object{"relation": "self", "url": f.base() + "/" + typ}}
	hits = hits[min(from, total):]
	if count > 0 && len(hits) > count {
		hits = hits[:count]
		q.Set("_from", strconv.Itoa(from+count))
		links = append(links, object{"relation": "next", "url": f.base() + "/" + typ + "?" + q.Encode()})
	}
	if q.Get("_summary") == "count" {
		answer(w, 200, object{"resourceType": "Bundle", "type": "searchset", "total": total})
		return
	}
	bundle := object{"resourceType": "Bundle", "type": "searchset", "total": total, "link": links, "entry": hits}
	if len(hits) > 0 && q.Get("_elements") == "" {
		f.distort(bundle, hits)
	}
	answer(w, 200, bundle)
}

// distort makes a searchset a lie.
func (f *fakeServer) distort(bundle object, hits []any) {
	first := hits[0].(object)
	r := maps.Clone(first["resource"].(object))
	switch f.lie {
	case "false match":
		r["birthDate"] = "1807"
		r["name"] = []any{object{"family": "Nobody", "given": []any{"No"}}}
		r["subject"] = object{"reference": "Patient/somebody-else"}
		hits[0] = object{"resource": r, "search": object{"mode": "match"}}
	case "match of another type":
		r["resourceType"] = "Basic"
		hits[0] = object{"resource": r, "search": object{"mode": "match"}}
	case "no mode":
		hits[0] = object{"resource": r}
	case "missing match":
		bundle["entry"] = hits[1:]
		bundle["link"] = []any{}
	case "more than asked for":
		bundle["entry"] = slices.Repeat(hits, 101)[:101]
	case "small total":
		bundle["total"] = 0
	case "collection":
		bundle["type"] = "collection"
	case "not JSON":
		bundle["entry"] = json.RawMessage(`[{]`)
	}
}

// matches knows the parameters of the workloads, for whole dates.
func matches(r object, get func(string) string) bool {
	if id := get("patient"); id != "" {
		subject, _ := r["subject"].(object)
		return subject["reference"] == "Patient/"+id
	}
	text, _ := json.Marshal(r["name"])
	name := strings.ToLower(string(text))
	born, _ := r["birthDate"].(string)
	if v := get("name"); v != "" && !strings.Contains(name, `"`+strings.ToLower(v)) {
		return false
	}
	if v := get("name:contains"); v != "" && !strings.Contains(name, v) {
		return false
	}
	v := get("birthdate")
	day := strings.TrimLeft(v, "eqnltg")
	switch {
	case v == "":
		return true
	case strings.HasPrefix(v, "ne"):
		return born != day
	case strings.HasPrefix(v, "lt"):
		return born < day
	case strings.HasPrefix(v, "gt"):
		return born > day
	}
	return born == day
}

func (f *fakeServer) history(w http.ResponseWriter, key string) {
	var entries []any
	for _, r := range slices.Backward(f.versions[key]) {
		entries = append(entries, object{"resource": r, "request": object{"method": "PUT", "url": key}, "response": object{"status": "200"}})
	}
	switch f.lie {
	case "history of another":
		r := maps.Clone(f.versions[key][0])
		r["id"] = "other"
		entries = append(entries, object{"resource": r, "request": object{"method": "PUT", "url": key}})
	case "empty history":
		entries = nil
	case "history without requests":
		entries = []any{object{"resource": f.current(key)}}
	case "history backwards":
		newer := maps.Clone(f.versions[key][0])
		newer["meta"] = object{"versionId": "9"}
		entries = append(entries, object{"resource": newer, "request": object{"method": "PUT", "url": key}})
	}
	answer(w, 200, object{"resourceType": "Bundle", "type": "history", "entry": entries})
}

func (f *fakeServer) transaction(w http.ResponseWriter, body []byte) {
	var bundle struct {
		Entry []struct {
			FullURL  string
			Resource object
			Request  struct{ Method, URL string }
		}
	}
	_ = json.Unmarshal(body, &bundle)
	text := string(body)
	for i, e := range bundle.Entry { // the ids that they are going to have
		if f.lie != "unresolved" {
			text = strings.ReplaceAll(text, `"`+e.FullURL+`"`, fmt.Sprintf(`"%s/id-%d"`, e.Request.URL, f.next+i+1))
		}
	}
	_ = json.Unmarshal([]byte(text), &bundle)
	var entries []any
	for i, e := range bundle.Entry {
		if f.lie == "not stored" && i == 0 {
			f.next++
			entries = append(entries, object{"response": object{"status": "201 Created", "location": e.Request.URL + "/id-" + strconv.Itoa(f.next) + "/_history/1"}})
			continue
		}
		key := f.put(e.Request.URL, "", e.Resource)
		entries = append(entries, object{"response": object{"status": "201 Created", "location": key + "/_history/1"}})
	}
	switch f.lie {
	case "entry missing":
		entries = entries[:len(entries)-1]
	case "entry refused":
		entries[1] = object{"response": object{"status": "400 Bad Request"}}
	case "entry without location":
		entries[1] = object{"response": object{"status": "201"}}
	}
	answer(w, 200, object{"resourceType": "Bundle", "type": "transaction-response", "entry": entries})
}

// peek reads a body and puts it back.
func peek(req *http.Request) []byte {
	body, _ := io.ReadAll(req.Body)
	req.Body = io.NopCloser(bytes.NewReader(body))
	return body
}
