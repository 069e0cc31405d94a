package server_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/storetest"
)

// canary is a patient's name: no log may hold it, nor an error.
const canary = "Quxleycanary"

// forbidden are words that no answer may hold: they tell how the server is built, or what somebody has entrusted to it.
func forbidden() []string {
	return []string{"goroutine", ".go:", "sqlite", "mongo", "panic", "runtime error", "SELECT ", "nil pointer", "/tmp/", "s3cr3t-token"}
}

// broken are requests that are wrong, or odd, in every way that we could think of. The canary stands where values stand.
func broken() (paths, bodies []string, headers [][]string) {
	paths = []string{
		"", "/", "/?", "/?name=" + canary, "//", "/..", "/../x", "/%2e%2e/" + canary, "/%00", "/%zz", "/ ", "/" + canary, "/" + strings.ToLower(canary), "/" + canary + "/1",
		"/metadata", "/metadata?mode=" + canary, "/metadata/" + canary,
		"/_search", "/_search?_type=" + canary, "/_history", "/_history?_since=" + canary, "/_history?_before=" + canary, "/_history/" + canary,
		"/$" + canary, "/Patient/$" + canary, "/Patient/" + canary + "/$everything", "/Patient/$everything/" + canary,
		"/Patient", "/Patient?", "/Patient?name=" + canary, "/Patient?birthdate=" + canary, "/Patient?_id=" + canary, "/Patient?_id=" + strings.Repeat(canary, 20),
		"/Patient?name=" + canary + "&_sort=" + "x" + "&_count=" + canary, "/Patient?_count=-1", "/Patient?_count=99999999999999999999", "/Patient?_total=" + canary,
		"/Patient?_summary=" + canary, "/Patient?_elements=" + canary, "/Patient?_elements=,,", "/Patient?_cursor=" + canary, "/Patient?_format=" + canary, "/Patient?_pretty=" + canary,
		"/Patient?name=" + url.QueryEscape(canary+`'; DROP TABLE resource; --`), "/Patient?name=" + url.QueryEscape(canary+"\x00\x01%_*"), "/Patient?name=%ff" + canary, "/Patient?name=%zz" + canary,
		"/Patient?name:exact=" + canary, "/Patient?name:missing=" + canary, "/Patient?gender:not=" + canary, "/Patient?general-practitioner=" + canary + "/1", "/Patient?general-practitioner:Patient=Practitioner/" + canary,
		"/Patient?identifier=" + canary + "|" + canary + "|" + canary, "/Patient?identifier=|", "/Patient?identifier=%5C" + canary, "/Patient?_lastUpdated=" + canary, "/Patient?_include=" + canary, "/Patient?_revinclude=" + canary,
		"/Patient?general-practitioner.name=" + canary, "/Patient?_has:Observation:patient:code=" + canary, "/Patient?name=" + strings.Repeat(canary+",", 600), "/Patient?" + strings.Repeat("gender=male&", 99), "/Patient?" + strings.Repeat("gender=male&", 101),
		"/Patient?" + strings.Repeat("x", 17<<10),
		"/Patient/_search", "/Patient/_search?name=" + canary, "/Patient/_history", "/Patient/_history?_at=" + canary, "/Patient/_history?_list=" + canary, "/Patient/_history/" + canary,
		"/Patient/" + canary, "/Patient/" + canary + "?_summary=" + canary, "/Patient/" + strings.Repeat(canary, 8), "/Patient/" + canary + "_", "/Patient/" + canary + "%2F1", "/Patient//" + canary,
		"/Patient/" + canary + "/_history", "/Patient/" + canary + "/_history/1", "/Patient/" + canary + "/_history/99999999999999999999", "/Patient/" + canary + "/_history/" + canary, "/Patient/" + canary + "/Observation",
		"/Binary/" + canary, "/Binary", "/Parameters/" + canary, "/Bundle", "/DomainResource/" + canary,
	}
	bodies = []string{
		"", "{", "}", "null", "[]", "{}", `"` + canary + `"`, canary, "\x00", "\xff\xfe", "\xef\xbb\xbf{}", strings.Repeat("[", 100_000), `{"a":` + strings.Repeat(`{"a":`, 5000),
		`{"resourceType":"Patient"}`, `{"resourceType":"Patient","id":"` + canary + `"}`, `{"resourceType":"Patient","id":"` + canary + ` "}`, `{"resourceType":"Patient","id":7}`,
		`{"resourceType":"` + canary + " " + canary + `"}`, `{"resourceType":["Patient"]}`, `{"resourcetype":"Patient","name":"` + canary + `"}`,
		`{"resourceType":"Patient","name":"` + canary + `"}`, `{"resourceType":"Patient","name":[{"family":7e999,"given":["` + canary + `",null]}]}`, `{"resourceType":"Patient","name":[{"family":"` + canary + `\u0000"}]}`,
		`{"resourceType":"Patient","gender":"` + canary + `","birthDate":"` + canary + `","maritalStatus":{"coding":[{"system":"` + canary + `"}]}}`, `{"resourceType":"Patient","birthDate":"` + canary + `","birthDate":"` + canary + `"}`,
		`{"resourceType":"Patient","generalPractitioner":[{"reference":"#` + canary + `"},{"reference":"Patient/` + canary + `"},{"reference":"Patient?name=` + canary + `"}]}`,
		`{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>` + canary + `</script></div>"}}`,
		`{"resourceType":"Patient","multipleBirthInteger":99999999999999999999999999}`, `{"resourceType":"Binary","contentType":"` + canary + `","data":"` + canary + `!"}`, `{"resourceType":"Binary","contentType":"text/plain","data":"` + canary + `!"}`,
		`[{"op":"test","path":"/name/0/family","value":"` + canary + `"}]`, `[{"op":"` + canary + `"}]`, `[{"op":"add","path":"/` + canary + `/0","value":"` + canary + `"}]`, `[{"op":"replace","path":"","value":"` + canary + `"}]`, `[{"op":"remove","path":"/id"}]`,
		"name=" + canary + "&birthdate=" + canary, "name=%zz" + canary, strings.Repeat("name="+canary+"&", 500), "_cursor=" + canary, "identifier=" + strings.Repeat(canary+",", 900),
		`{"resourceType":"Bundle"}`, `{"resourceType":"Bundle","type":"` + canary + `"}`, `{"resourceType":"Bundle","type":"transaction","entry":"` + canary + `"}`, `{"resourceType":"Bundle","type":"transaction","entry":[{}]}`,
		bundle("transaction", "GET", "Patient/"+canary, ""), bundle("transaction", "GET", "Patient?birthdate="+canary, ""), bundle("transaction", canary, "Patient", ""), bundle("transaction", "POST", canary, `{"resourceType":"Patient"}`),
		bundle("transaction", "POST", "Patient", `{"resourceType":"Patient","gender":"`+canary+`"}`), bundle("transaction", "POST", "Patient", `"`+canary+`"`), bundle("transaction", "PUT", "Patient/"+canary, `{"resourceType":"Patient","id":"`+canary+`x"}`),
		bundle("transaction", "PUT", "Patient?name="+canary, `{"resourceType":"Patient","id":"`+canary+` "}`), bundle("transaction", "PATCH", "Patient/"+canary, `{"resourceType":"Binary","contentType":"`+canary+`/x","data":"AAAA"}`),
		bundle("transaction", "PATCH", "Patient/"+canary, `{"resourceType":"Binary","contentType":"application/json-patch+json","data":"`+canary+`!"}`), bundle("transaction", "DELETE", "Patient?name="+canary+"&x="+canary, ""),
		bundle("transaction", "POST", "Observation", `{"resourceType":"Observation","status":"final","code":{"text":"`+canary+`"},"subject":{"reference":"Patient?name=`+canary+`"}}`),
		bundle("transaction", "POST", "Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient?birthdate=`+canary+`"}}`),
		bundle("transaction", "POST", "http://"+canary+"/fhir/Patient", `{"resourceType":"Patient"}`), bundle("transaction", "POST", "/", bundle("batch", "GET", "Patient/"+canary, "")),
		bundle("batch", "GET", "Patient/"+canary, ""), bundle("batch", "GET", "%zz"+canary, ""), bundle("batch", "POST", "Patient", `{"resourceType":"Patient","birthDate":"`+canary+`"}`), bundle("batch", "PUT", "Patient/"+canary, `{"resourceType":"Patient","id":"`+canary+`x"}`),
		bundle("batch", "DELETE", "Patient?birthdate="+canary, ""), bundle("batch", "GET", "Patient/$"+canary, ""),
	}
	headers = [][]string{
		{}, {"Accept: " + canary}, {"Accept: text/" + canary + ";q=" + canary}, {"Accept: ,,;;="}, {"Content-Type: " + canary}, {"Content-Type: application/fhir+xml"}, {"Content-Type: application/json-patch+json"},
		{"Content-Type: application/x-www-form-urlencoded"}, {"Content-Type: text/" + strings.ToLower(canary) + "; x=\""}, {"Content-Encoding: gzip"}, {"Content-Encoding: " + canary},
		{"If-Match: " + canary}, {`If-Match: W/"` + canary + `", "x"`}, {"If-None-Match: " + canary}, {"If-Modified-Since: " + canary}, {"If-None-Exist: name=" + canary}, {"If-None-Exist: birthdate=" + canary}, {"If-None-Exist: " + url.QueryEscape(canary)},
		{"Prefer: return=" + canary + ", handling=strict"}, {"X-Request-Id: Mr " + canary}, {"X-Correlation-Id: Mr " + canary}, {"Origin: https://" + canary + ".example.org"}, {"Authorization: Bearer s3cr3t-token"}, {"Accept-Encoding: gzip;q=" + canary}, {"Range: bytes=0-1"},
	}
	return paths, bodies, headers
}

func bundle(typ, method, target, resource string) string {
	if resource != "" {
		resource = `"resource":` + resource + `,`
	}
	return fmt.Sprintf(`{"resourceType":"Bundle","type":%q,"entry":[{"fullUrl":"urn:uuid:`+canary+`",%s"request":{"method":%q,"url":%q}}]}`, typ, resource, method, target)
}

// attack sends everything broken, and calls check with each answer.
func attack(h *hospital, check func(what string, w *httptest.ResponseRecorder)) {
	paths, bodies, headers := broken()
	n := 0
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", strings.ToUpper(canary)} {
		for _, path := range paths {
			for i, body := range bodies {
				if method != "POST" && method != "PUT" && method != "PATCH" && i > 2 {
					break
				}
				if len(body) > 1000 && !strings.HasPrefix(path, "/Patient") { // parsed the same everywhere
					continue
				}
				for range 2 {
					h.attackOnce(method, path, body, headers[n%len(headers)], check)
					n++
				}
			}
		}
	}
}

func (h *hospital) attackOnce(method, path, body string, headers []string, check func(string, *httptest.ResponseRecorder)) {
	r := &http.Request{Method: method, Header: http.Header{}, Host: "localhost", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: "192.0.2.1:1234"}
	raw, query, hasQuery := strings.Cut("/fhir"+path, "?")
	plain, err := url.PathUnescape(raw)
	if err != nil {
		plain = raw // net/http would refuse it; so must we, whatever it is
	}
	r.URL = &url.URL{Path: plain, RawPath: raw, RawQuery: query, ForceQuery: hasQuery && query == ""}
	r.Body, r.ContentLength = http.NoBody, 0
	if body != "" {
		made := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Body, r.ContentLength = made.Body, made.ContentLength
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	check(method+" "+path[:min(len(path), 100)]+" "+body[:min(len(body), 200)]+" "+strings.Join(headers, " "), w)
}

// TestLeaks: no answer tells how the server is built, no error repeats what the client sent, and no line of the log holds any of it.
func TestLeaks(t *testing.T) {
	storetest.Single(t)
	h := open(t)
	faults := 0
	report := func(format string, args ...any) {
		if faults++; faults < 20 {
			t.Errorf(format, args...)
		}
	}
	sent, codes := 0, make(map[int]int)
	attack(h, func(what string, w *httptest.ResponseRecorder) {
		sent++
		codes[w.Code]++
		body := plain(w)
		if w.Code >= 500 {
			report("%s: status %d: %s", what, w.Code, body)
		}
		for _, word := range forbidden() {
			if strings.Contains(body, word) {
				report("%s: the answer holds %q: %s", what, word, body)
			}
		}
		if w.Code >= 400 && strings.Contains(body, canary) && !named(body) {
			report("%s: the error repeats the request: %s", what, body)
		}
		if w.Header().Get("X-Request-Id") == "" && strings.Contains(what, "/fhir") {
			report("%s: no request id", what)
		}
	})
	t.Logf("%d requests: %v", sent, codes)
	checkLog(t, h.log.String())
}

// named reports whether the canary stands in a body only as the name of something that is not known: of a parameter, an
// element, a resource type. Such names are repeated, because nobody could find the mistake without.
func named(body string) bool {
	return !strings.Contains(strings.ReplaceAll(body, "'"+canary+"'", ""), canary)
}

func checkLog(t *testing.T, log string) {
	t.Helper()
	for _, word := range []string{canary, strings.ToLower(canary), strings.ToUpper(canary), "s3cr3t-token", "DROP TABLE", "birthdate"} {
		if i := strings.Index(log, word); i >= 0 {
			t.Errorf("the log holds %q: %s", word, log[max(0, i-300):min(len(log), i+100)])
		}
	}
}

// plain is the body of an answer, decompressed.
func plain(w *httptest.ResponseRecorder) string {
	if w.Header().Get("Content-Encoding") != "gzip" {
		return w.Body.String()
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		return err.Error()
	}
	var b bytes.Buffer
	_, _ = b.ReadFrom(z)
	return b.String()
}

// failing is a store that fails in one of several ways, with everything in its errors that must not get out.
type failing struct {
	fhir.Store
	how string
}

const innermost = "sqlite: goroutine 7 store.go:42: cannot read /tmp/andiron.db"

func (f failing) fail(tx fhir.Tx, fn func(fhir.Tx) error) error {
	switch f.how {
	case "error":
		return errors.New(innermost)
	case "internal":
		return fhir.Internal(errors.New(innermost))
	case "panic":
		panic(canary + innermost)
	case "nil":
		var r *fhir.Resource
		_ = r.ID()
	}
	return fn(failingTx{tx})
}

func (f failing) View(ctx context.Context, fn func(fhir.Tx) error) error {
	return f.Store.View(ctx, func(tx fhir.Tx) error { return f.fail(tx, fn) })
}

func (f failing) Update(ctx context.Context, guards []string, fn func(fhir.Tx) error) error {
	return f.Store.Update(ctx, guards, func(tx fhir.Tx) error { return f.fail(tx, fn) })
}

// failingTx fails in all that it does.
type failingTx struct{ fhir.Tx }

func (failingTx) Read(context.Context, string, string) (*fhir.Resource, error) {
	return nil, errors.New(innermost)
}
func (failingTx) VRead(context.Context, string, string, string) (*fhir.Resource, error) {
	return nil, errors.New(innermost)
}
func (failingTx) History(context.Context, fhir.HistoryQuery) (*fhir.HistoryPage, error) {
	return nil, errors.New(innermost)
}
func (failingTx) Search(context.Context, fhir.Query) (*fhir.SearchPage, error) {
	return nil, errors.New(innermost)
}
func (failingTx) Create(context.Context, *fhir.Resource) (*fhir.Version, error) {
	return nil, errors.New(innermost)
}

func (failingTx) Put(context.Context, *fhir.Resource) (*fhir.Version, error) {
	return nil, errors.New(innermost)
}
func (failingTx) Delete(context.Context, string, string) (*fhir.Version, error) {
	return nil, errors.New(innermost)
}

// TestFailingStore: an internal error has fixed text and the id by which the log knows it, and nothing else.
func TestFailingStore(t *testing.T) {
	patient := `{"resourceType":"Patient","id":"` + canary + `","identifier":[{"value":"` + canary + `"}]}`
	requests := [][3]string{
		{"GET", "/Patient/" + canary}, {"HEAD", "/Patient/" + canary}, {"GET", "/Patient/" + canary + "/_history/1"}, {"GET", "/Patient/" + canary + "/_history"}, {"GET", "/Patient/_history"}, {"GET", "/_history"},
		{"GET", "/Patient?identifier=" + canary}, {"POST", "/Patient", patient}, {"PUT", "/Patient/" + canary, patient}, {"PUT", "/Patient?identifier=" + canary, patient}, {"DELETE", "/Patient/" + canary}, {"DELETE", "/Patient?identifier=" + canary},
		{"PATCH", "/Patient/" + canary, `[]`}, {"POST", "/", bundle("transaction", "PUT", "Patient/"+canary, patient)}, {"POST", "/", bundle("batch", "PUT", "Patient/"+canary, patient)}, {"POST", "/", bundle("batch", "GET", "Patient/"+canary, "")},
	}
	for _, how := range []string{"error", "internal", "panic", "nil", "tx"} {
		h := open(t, func(c *server.Config) { c.Store = failing{c.Store, how} })
		for _, request := range requests {
			w := h.do(request[0], request[1], request[2], "X-Request-Id: r-17")
			if request[0] == "PATCH" {
				w = h.do(request[0], request[1], request[2], "X-Request-Id: r-17", "Content-Type: application/json-patch+json")
			}
			body := w.Body.String()
			batch := strings.Contains(request[2], `"batch"`)
			if !batch && w.Code != 500 || batch && !strings.Contains(body, "500 Internal Server Error") {
				t.Errorf("%s: %s %s: status %d: %s", how, request[0], request[1], w.Code, body)
			}
			if request[0] != "HEAD" && !strings.Contains(body, `"severity":"fatal","code":"exception","details":{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/outcome-detail","code":"exception"}],"text":"an internal error occurred; the request was not carried out"},"diagnostics":"request r-17"`) {
				t.Errorf("%s: %s %s: %s", how, request[0], request[1], body)
			}
			for _, word := range append(forbidden(), canary) {
				if strings.Contains(body, word) {
					t.Errorf("%s: %s %s: the answer holds %q: %s", how, request[0], request[1], word, body)
				}
			}
		}
		log := h.log.String()
		checkLog(t, log)
		if got := strings.Count(log, `"level":"ERROR"`); got != len(requests) {
			t.Errorf("%s: %d errors in the log, want %d:\n%s", how, got, len(requests), log)
		}
		if !strings.Contains(log, `"cause":`) || !strings.Contains(log, `"request":"r-17"`) {
			t.Errorf("%s: the log does not say why:\n%s", how, log)
		}
	}
}
