package interaction_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/store/storetest"
)

// FuzzTransaction makes Bundles of the bytes: each entry takes its method, URL, resource and conditions from lists in which everything
// collides with everything. Whatever comes of it, nothing breaks, a transaction that fails writes nothing, and one that
// succeeds answers each entry and leaves references that lead somewhere.
func FuzzTransaction(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0})
	f.Add([]byte{1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3})
	f.Add([]byte{1, 2, 4, 1, 1, 2, 5, 1, 4, 0, 0, 0})
	f.Add([]byte("the quick brown fox jumps over the lazy dog"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) <= 80 {
			d := open(t)
			d.process("transaction", data)
			d.process("batch", data)
		}
	})
}

// TestTransactionsOfEverything does what the fuzzer does, for a moment, with what it has left behind as the ground to stand on.
func TestTransactionsOfEverything(t *testing.T) {
	storetest.Single(t)
	d, random := open(t), rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 24)
	succeeded := 0
	for range 300 {
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		n := 4 * (1 + random.IntN(6))
		if d.process("transaction", data[:n]) {
			succeeded++
		}
		d.process("batch", data[:n])
	}
	if succeeded < 15 {
		t.Errorf("%d of 300 transactions succeeded; the lists are no good", succeeded)
	}
}

// TestOrderDoesNotMatter: "the outcome of processing the transaction SHALL NOT depend on the order of the resources in the transaction".
func TestOrderDoesNotMatter(t *testing.T) {
	storetest.Single(t)
	forward, backward, random := open(t), open(t), rand.New(rand.NewPCG(3, 4))
	data, reversed := make([]byte, 24), make([]byte, 24)
	for range 300 {
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		n := 4 * (1 + random.IntN(6))
		for i := 0; i < n; i += 4 {
			copy(reversed[n-4-i:], data[i:i+4])
		}
		a, b := forward.process("transaction", data[:n]), backward.process("transaction", reversed[:n])
		if x, y := forward.last(), backward.last(); a != b || x != y {
			t.Fatalf("forward: %v, %d versions; backward: %v, %d versions\n%s", a, x, b, y, forward.bundle("transaction", data[:n]))
		}
	}
}

// process sends a Bundle and holds the answer against what must be true of every answer.
func (d *desk) process(typ string, data []byte) bool {
	d.Helper()
	d.want("", "PUT Patient/a", `{"resourceType":"Patient","id":"a","active":true,"identifier":[{"value":"1"}]}`)
	d.want("", "PUT Observation/o", `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}}`)
	before := d.last()
	text := d.bundle(typ, data)
	resp, err := d.ask("POST /", text)
	if fhir.CodeOf(err) == fhir.Exception {
		d.Fatalf("%v\n%s", err, text)
	}
	if err != nil {
		if after := d.last(); after != before {
			d.Fatalf("a %s that failed (%v) has written %d versions\n%s", typ, err, after-before, text)
		}
		return false
	}
	if got := len(resp.Bundle.Entries); got != len(data)/4 {
		d.Fatalf("%d entries are answered with %d\n%s", len(data)/4, got, text)
	}
	for i, e := range resp.Bundle.Entries {
		if fhir.CodeOf(e.Err) == fhir.Exception || typ == "transaction" && e.Response == nil {
			d.Fatalf("entry %d: %+v\n%s", i, e, text)
		}
		if typ == "transaction" {
			d.noDangling(e.Response, text)
		}
	}
	return true
}

// last is the newest version of all.
func (d *desk) last() fhir.Seq {
	page := d.want("", "GET _history?_count=1", "").Bundle
	return page.Entries[0].Event.Seq
}

// noDangling reports references that the transaction ought to have resolved.
func (d *desk) noDangling(resp *fhir.Response, text string) {
	if resp.Resource == nil || resp.Version == nil || resp.Version.Deleted {
		return
	}
	if body := resp.Resource.Body(); strings.Contains(body, "?identifier") || strings.Contains(body, "urn:uuid:0") && strings.Contains(text, `"fullUrl":"urn:uuid:0"`) {
		d.Fatalf("a reference is left: %s\n%s", body, text)
	}
}

// bundle makes a Bundle of four bytes an entry: mostly of what makes sense, so that something comes of it.
func (d *desk) bundle(typ string, data []byte) string {
	sense := [][3]string{
		{"GET", "Patient/a"}, {"GET", "Patient?identifier=1"}, {"GET", "Patient/a/_history"}, {"GET", "Observation/o"}, {"HEAD", "Patient/a/_history/1"}, {"GET", "Observation?subject=Patient/a"},
		{"POST", "Patient", `{"resourceType":"Patient"}`}, {"POST", "Patient", `{"resourceType":"Patient","identifier":[{"value":"2"}],"active":true}`}, {"POST", "Patient/_search?identifier=1"},
		{"POST", "Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:0"}}`},
		{"POST", "Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient?identifier=1"}}`},
		{"POST", "Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient?identifier=2"}}`},
		{"PUT", "Observation/o", `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:0/_history/1"},"focus":[{"reference":"urn:uuid:1/_history/9"}]}`},
		{"PUT", "Patient/a", `{"resourceType":"Patient","id":"a","extension":[{"url":"http://x","valueUri":"urn:uuid:1"},{"url":"http://x","valueReference":{"reference":"urn:uuid:1/_history/2"}}]}`},
		{"PUT", "Patient/b", `{"resourceType":"Patient","id":"b","identifier":[{"value":"2"}],"active":true}`}, {"PUT", "Patient?identifier=1", `{"resourceType":"Patient","identifier":[{"value":"1"}]}`},
		{"PUT", "Patient?identifier=2", `{"resourceType":"Patient","id":"b","identifier":[{"value":"2"}]}`}, {"PUT", "Observation?subject=Patient/a", `{"resourceType":"Observation","status":"final","code":{"text":"y"}}`},
		{"PATCH", "Patient/a", `{"resourceType":"Binary","contentType":"application/json-patch+json","data":"W3sib3AiOiJyZW1vdmUiLCJwYXRoIjoiL2FjdGl2ZSJ9XQ=="}`},
		{"PATCH", "Patient?identifier=1", `{"resourceType":"Binary","contentType":"application/json-patch+json","data":"W10="}`},
		{"DELETE", "Patient/b"}, {"DELETE", "Observation/o"}, {"DELETE", "Patient?identifier=2"}, {"DELETE", "Patient?active=true"}, {"DELETE", "Observation?subject=Patient/a"},
	}
	nonsense := [][3]string{{"GET", "Human"}, {"POST", "Human", `{"resourceType":"Human"}`}, {"GET", "%zz"}, {"PUT", "Patient", `{"resourceType":"Patient"}`}, {"DELETE", "Patient?x=1"}, {"GET", "metadata"}, {"POST", "", `{"resourceType":"Bundle","type":"batch"}`},
		{"PUT", "Patient/a", `{"resourceType":"Patient","id":7}`}, {"POST", "Patient", `"Patient"`}, {"POST", "Patient", `{"resourceType":"Patient","gender":"x"}`}, {"GET", "Patient/$x"}}
	conditions := []string{`,"ifMatch":"W/\"1\""`, `,"ifMatch":"W/\"9\""`, `,"ifNoneExist":"identifier=1"`, `,"ifNoneExist":"identifier=2"`, `,"ifNoneExist":"active=true"`, `,"ifNoneMatch":"*"`, `,"ifModifiedSince":"2024-05-01T10:00:00Z"`, `,"ifNoneExist":"x"`}
	var entries []string
	for ; len(data) >= 4; data = data[4:] {
		request := sense[int(data[0])%len(sense)]
		if data[1]%16 == 0 {
			request = nonsense[int(data[0])%len(nonsense)]
		}
		entry, condition := "", ""
		if full := data[2] % 4; full > 0 && request[2] != "" {
			entry = fmt.Sprintf(`"fullUrl":"urn:uuid:%d",`, full-1)
		}
		if request[2] != "" {
			entry += `"resource":` + request[2] + `,`
		}
		if data[3]%4 == 0 {
			condition = conditions[int(data[3]>>2)%len(conditions)]
			if strings.Contains(condition, "ifNoneExist") && request[0] != "POST" && data[1]%2 == 0 {
				condition = ""
			}
		}
		entries = append(entries, fmt.Sprintf(`{%s"request":{"method":%q,"url":%q%s}}`, entry, request[0], request[1], condition))
	}
	if len(entries) == 0 {
		return `{"resourceType":"Bundle","type":"` + typ + `"}`
	}
	return `{"resourceType":"Bundle","type":"` + typ + `","entry":[` + strings.Join(entries, ",") + `]}`
}
