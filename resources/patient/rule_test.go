package patient_test

import (
	"fmt"
	"sync"
	"testing"

	"andiron.dev/resources/number"
)

func person(id, more string) string {
	return `{"resourceType":"Patient","id":"` + id + `"` + more + `}`
}

func identified(system, value string) string {
	return `,"identifier":[{"system":"` + system + `","value":"` + value + `"}]`
}

// TestUnique: what is given out once nobody has twice, whatever way it is written.
func TestUnique(t *testing.T) {
	h := open(t)
	mrn := number.Records("o1").Identifier(7)
	h.put(person("a", identified(mrn.System, mrn.Value)))
	h.do("POST", "/Patient", person("x", identified(mrn.System, mrn.Value))).detail(409, "identifier-in-use").is(409, "issue.0.code", "duplicate")
	h.do("PUT", "/Patient/b", person("b", identified(mrn.System, mrn.Value))).detail(409, "identifier-in-use")
	h.do("PUT", "/Patient/a", person("a", identified(mrn.System, mrn.Value)+`,"gender":"male"`)).is(200)
	h.do("POST", "/", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":`+person("b", "")+`,"request":{"method":"POST","url":"Patient"}},{"resource":`+person("c", identified(mrn.System, mrn.Value))+`,"request":{"method":"POST","url":"Patient"}}]}`).detail(409, "identifier-in-use")
	next := number.Records("o1").Identifier(8)
	entry := `{"resource":` + person("c", identified(next.System, next.Value)) + `,"request":{"method":"POST","url":"Patient"}}`
	h.do("POST", "/", `{"resourceType":"Bundle","type":"transaction","entry":[`+entry+`,`+entry+`]}`).detail(409, "identifier-in-use")
	h.do("POST", "/Patient", person("x", identified(mrn.System, "000000080"))).detail(422, "mrn-check-digit")
	if n := h.total("Patient"); n != 1 {
		t.Errorf("%d Patients", n)
	}
	// Anybody may have the same as anybody else, until somebody says that it is given out once.
	h.put(person("c", identified("http://x/tax", "1")), person("d", identified("http://x/tax", "1")))
	h.put(`{"resourceType":"NamingSystem","id":"tax","name":"Tax","status":"active","kind":"identifier","date":"2026-01-01","uniqueId":[{"type":"uri","value":"http://x/tax"}]}`)
	h.do("PUT", "/Patient/e", person("e", identified("http://x/tax", "1"))).detail(409, "identifier-in-use")
	h.put(person("e", identified("http://x/tax", "2")), person("c", identified("http://x/tax", "1")+`,"gender":"male"`))
	h.do("DELETE", "/Patient/e", "")
	h.put(person("f", identified("http://x/tax", "2")))
	// Nor when the NamingSystem is taken back.
	h.put(`{"resourceType":"NamingSystem","id":"tax","name":"Tax","status":"retired","kind":"identifier","date":"2026-01-01","uniqueId":[{"type":"uri","value":"http://x/tax"}]}`, person("g", identified("http://x/tax", "1")))
	h.put(`{"resourceType":"NamingSystem","id":"tax","name":"Tax","status":"active","kind":"identifier","date":"2026-01-01","uniqueId":[{"type":"uri","value":"http://x/tax"},{"type":"oid","value":"1.2.3"}]}`, person("i", identified("urn:oid:1.2.3", "5")))
	h.do("PUT", "/Patient/j", person("j", identified("urn:oid:1.2.3", "5"))).detail(409, "identifier-in-use")
	h.do("PUT", "/Patient/j", person("j", identified("http://x/tax", "1"))).detail(409, "identifier-in-use")
	h.do("DELETE", "/NamingSystem/tax", "").is(204)
	h.put(person("j", identified("http://x/tax", "1")))
	h.put(`{"resourceType":"NamingSystem","id":"tax","name":"Tax","status":"active","kind":"identifier","date":"2026-01-01","uniqueId":[{"type":"uri","value":"http://x/tax"}]}`)
	// A record and the one that it was merged into are one.
	h.put(person("f", identified("http://x/tax", "2")+`,"active":false,"link":[{"type":"replaced-by","other":{"reference":"Patient/c"}}]`), person("c", `,"identifier":[{"system":"http://x/tax","value":"2"}]`))
}

func TestUniqueRace(t *testing.T) {
	h := open(t)
	h.put(`{"resourceType":"NamingSystem","id":"tax","name":"Tax","status":"active","kind":"identifier","date":"2026-01-01","uniqueId":[{"type":"uri","value":"http://x/tax"}]}`)
	mrn := number.Records("o1").Identifier(7)
	for _, id := range []string{identified("http://x/tax", "1"), identified(mrn.System, mrn.Value)} {
		var mu sync.Mutex
		var wg sync.WaitGroup
		statuses := make(map[int]int)
		for i := range 50 {
			wg.Go(func() {
				a := h.do("PUT", fmt.Sprintf("/Patient/p%d", i), person(fmt.Sprintf("p%d", i), id))
				mu.Lock()
				statuses[a.status]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if statuses[201] != 1 || statuses[409] != 49 {
			t.Errorf("%v", statuses)
		}
		for i := range 50 {
			h.do("DELETE", fmt.Sprintf("/Patient/p%d", i), "")
		}
	}
}

// TestLinks: a record that another has replaced is not in use.
func TestLinks(t *testing.T) {
	h := open(t)
	link := func(typ, id string) string {
		return `"link":[{"type":"` + typ + `","other":{"reference":"Patient/` + id + `"}}]`
	}
	h.put(person("a", ""), person("b", ""))
	h.do("PUT", "/Patient/a", person("a", `,`+link("replaced-by", "b"))).detail(422, "merged-active")
	h.do("PUT", "/Patient/a", person("a", `,"active":true,`+link("replaced-by", "b"))).detail(422, "merged-active")
	h.do("PUT", "/Patient/a", person("a", `,"active":false,`+link("seealso", "a"))).detail(422, "link-to-itself")
	h.do("PUT", "/Patient/a", person("a", `,"active":false,"link":[{"type":"replaced-by","other":{"reference":"Patient/b"}},{"type":"replaced-by","other":{"reference":"Patient/c"}}]`)).detail(422, "replaced-twice")
	h.put(person("a", `,"active":false,`+link("replaced-by", "b")), person("c", `,"active":false,`+link("replaced-by", "a")))
	h.do("PUT", "/Patient/b", person("b", `,"active":false,`+link("replaced-by", "c"))).detail(422, "link-circle")
	h.put(person("a", `,"active":false,"gender":"male",`+link("replaced-by", "b")))
	h.do("PATCH", "/Patient/a", `[{"op":"replace","path":"/active","value":true}]`, "Content-Type: application/json-patch+json").detail(422, "merged-active")
	h.do("DELETE", "/Patient/a", "").is(204)
}
