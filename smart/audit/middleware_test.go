package audit_test

import (
	"errors"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/audit"
)

// ward stores two patients, what is about them, and a practitioner.
func (h *hospital) ward() int {
	h.t.Helper()
	h.must("POST", "/", `{"resourceType":"Bundle","type":"transaction","entry":[
		{"resource":{"resourceType":"Patient","id":"a","name":[{"family":"Fox"}]},"request":{"method":"PUT","url":"Patient/a"}},
		{"resource":{"resourceType":"Patient","id":"b","name":[{"family":"Fox"}]},"request":{"method":"PUT","url":"Patient/b"}},
		{"resource":{"resourceType":"Practitioner","id":"ada"},"request":{"method":"PUT","url":"Practitioner/ada"}},
		{"resource":{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"},"performer":[{"reference":"Practitioner/ada"}]},"request":{"method":"PUT","url":"Observation/o1"}},
		{"resource":{"resourceType":"Observation","id":"o2","status":"final","code":{"text":"x"},"subject":{"reference":"http://localhost/fhir/Patient/b"}},"request":{"method":"PUT","url":"Observation/o2"}},
		{"resource":{"resourceType":"Observation","id":"far","status":"final","code":{"text":"x"},"subject":{"reference":"http://elsewhere.example.org/Patient/b"}},"request":{"method":"PUT","url":"Observation/far"}}]}`)
	return h.count()
}

// TestOneEventEach is SEC-10: whatever touches patient data has exactly one event, with user, client, patient and purpose.
func TestOneEventEach(t *testing.T) {
	h := open(t)
	h.ward()
	for _, test := range []struct {
		method, path, body string
		want               []string
	}{
		{"GET", "/Patient/a", "", []string{"read 0 [Patient/a/_history/1] [a]"}},
		{"GET", "/Patient/a?_elements=gender", "", []string{"read 0 [Patient/a/_history/1] [a]"}},
		{"GET", "/Observation/o1", "", []string{"read 0 [Observation/o1/_history/1] [a]"}},
		{"GET", "/Observation/o2", "", []string{"read 0 [Observation/o2/_history/1] [b]"}},
		{"GET", "/Observation/far", "", []string{"read 0 [Observation/far/_history/1] []"}},
		{"GET", "/Observation/o1?_elements=status", "", []string{"read 0 [Observation/o1/_history/1] [a]"}},
		{"GET", "/Observation/o1/_history/1", "", []string{"vread 0 [Observation/o1/_history/1] [a]"}},
		{"GET", "/Observation/o1/_history", "", []string{"history-instance 0 [Observation/o1] [a] Observation/o1/_history"}},
		{"GET", "/Observation/_history?_count=9", "", []string{"history-type 0 [] [b a] Observation/_history?_count=9"}},
		{"GET", "/Patient?family=Fox", "", []string{"search-type 0 [] [a b] Patient?family=Fox"}},
		{"GET", "/Observation?subject=Patient/a&_elements=status", "", []string{"search-type 0 [] [a] Observation?subject=Patient%2Fa&_elements=status"}},
		{"GET", "/Observation?code:text=y", "", []string{"search-type 0 [] [] Observation?code%3Atext=y"}},
		{"GET", "/Observation?patient=b&code:text=y", "", []string{"search-type 0 [] [b] Observation?patient=b&code%3Atext=y"}},
		{"GET", "/Observation?_id=o1&_include=Observation:subject&_summary=true", "", []string{"search-type 0 [] [a] Observation?_id=o1&_include=Observation%3Asubject&_summary=true"}},
		{"GET", "/Patient/a/Observation", "", []string{"search-type 0 [] [a] Patient/a/Observation?"}},
		{"GET", "/Patient/a/$summary", "", []string{"operation 0 [Patient/a] [a] Patient/a/$summary"}},
		{"GET", "/Patient/none", "", []string{"read 4 [Patient/none] [none]"}},
		{"GET", "/Observation/none", "", []string{"read 4 [Observation/none] []"}},
		{"GET", "/Patient/a/$none", "", []string{"operation 4 [Patient/a] [a] Patient/a/$none"}},
		{"GET", "/Practitioner/ada", "", nil},
		{"GET", "/Practitioner/none", "", nil},
		{"GET", "/ValueSet?url=x", "", nil},
		{"GET", "/metadata", "", nil},
		{"POST", "/Observation", `{"resourceType":"Observation","status":"final","subject":{"reference":"Patient/a"}}`, []string{"create 4 [] [a]"}},
		{"PUT", "/Patient/a", `{"resourceType":"Patient","id":"a","name":[{"family":"Fox"}]}`, []string{"update 0 [Patient/a/_history/1] [a]"}}, // nothing to change
		{"DELETE", "/Observation/none", "", []string{"delete 0 [Observation/none] []"}},
		{"POST", "/", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/a"}},{"request":{"method":"GET","url":"Patient/none"}}]}`,
			[]string{"read 0 [Patient/a/_history/1] [a]", "read 4 [Patient/none] [none]"}},
		{"POST", "/", `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"GET","url":"Patient/a"}},{"request":{"method":"GET","url":"Observation?patient=b"}}]}`,
			[]string{"read 0 [Patient/a/_history/1] [a]", "search-type 0 [] [b] Observation?patient=b"}},
	} {
		from := h.count()
		a := h.do(test.method, test.path, test.body)
		if fails := strings.Contains(strings.Join(test.want, ""), " 4 ") && !strings.Contains(test.body, "batch") || test.path == "/Practitioner/none"; (a.err != nil) != fails {
			t.Errorf("%s %s: %v", test.method, test.path, a.err)
		}
		if got := h.events(from); strings.Contains(test.body, "batch") && len(got) == 2 && line(got[0]) != test.want[0] { // in any order
			test.want[0], test.want[1] = test.want[1], test.want[0]
		}
		h.told(from, test.want...)
	}
}

// TestWrites: what is written has its event in the same commit, with the records that it was in before and those that it is in now.
func TestWrites(t *testing.T) {
	h := open(t)
	from := h.ward()
	h.must("POST", "/Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}}`)
	id := strings.TrimPrefix(h.events(from)[0].Writes[0].What, "Observation/")
	h.must("PUT", "/Observation/o1", `{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"y"},"subject":{"reference":"Patient/b"}}`)
	h.must("PUT", "/Patient/c", `{"resourceType":"Patient","id":"c"}`)
	h.must("DELETE", "/Patient/c", "")
	h.must("PUT", "/Organization/x", `{"resourceType":"Organization","id":"x","name":"x"}`)
	h.must("DELETE", "/Observation?_id=o1", "")
	h.must("POST", "/Patient", `{"resourceType":"Patient","name":[{"family":"Hare"}]}`, "If-None-Exist: _id=a")
	h.told(from, "create 0 [create Observation/"+id+"] [a]",
		"update 0 [update Observation/o1/_history/2] [a b]",
		"update 0 [create Patient/c/_history/1] [c]",
		"delete 0 [delete Patient/c/_history/2] [c]",
		"update 0 [create Organization/x/_history/1] []",
		"delete 0 [delete Observation/o1/_history/3] [b] Observation?_id=o1",
		"create 0 [Patient/a/_history/1] [a] Patient?_id=a")
	first := h.events(0)[0]
	if got := line(first); !strings.HasPrefix(got, "transaction 0 [create Patient/a/_history/1 create Patient/b/_history/1") || !strings.HasSuffix(got, "[a b]") {
		t.Error(got)
	}
	for i, want := range []int{1, 1, 0, 1, 1, 0} {
		if got := first.Writes[i].Patients; got == nil || len(got) != want {
			t.Errorf("%s is in the records %v, want %d", first.Writes[i].What, got, want)
		}
	}
}

// TestFailedWrite: a write that fails leaves one event, of the failure.
func TestFailedWrite(t *testing.T) {
	h := open(t)
	from := h.ward()
	h.do("POST", "/", `{"resourceType":"Bundle","type":"transaction","entry":[
		{"resource":{"resourceType":"Patient","id":"d"},"request":{"method":"PUT","url":"Patient/d"}},
		{"request":{"method":"GET","url":"Patient/a"}},
		{"request":{"method":"GET","url":"Patient/none"}}]}`)
	h.told(from, "transaction 4 [] [d]")
	if _, err := h.read("Patient", "d"); fhir.CodeOf(err) != fhir.NotFound {
		t.Error(err)
	}
}

func (h *hospital) read(typ, id string) (r *fhir.Resource, err error) {
	err = h.store.View(h.t.Context(), func(tx fhir.Tx) error {
		r, err = tx.Read(h.t.Context(), typ, id)
		return err
	})
	return r, err
}

// TestOutcomes: what was refused, what could not be done, and what failed. SEC-5 is the first.
func TestOutcomes(t *testing.T) {
	h := open(t)
	from := h.ward()
	h.who.Roles, h.who.Patient = []string{"biller"}, "b"
	for _, err := range []error{
		fhir.InsufficientScope("the role does not cover clinical notes", ""), fhir.NewOutcome(fhir.NotFound, "x"),
		fhir.NewOutcome(fhir.Throttled, "x"), fhir.NewOutcome(fhir.Timeout, "x"), errors.New("Quxleycanary"), fhir.NewOutcome(fhir.Login, "x"),
	} {
		h.fails = func(*fhir.Request) error { return err }
		h.do("GET", "/DocumentReference/note", "")
	}
	h.told(from, "read 4 [DocumentReference/note] [b]", "read 4 [DocumentReference/note] [b]", "read 8 [DocumentReference/note] [b]",
		"read 8 [DocumentReference/note] [b]", "read 12 [DocumentReference/note] [b]", "read 4 [DocumentReference/note] [b]")
	for _, e := range h.events(from) {
		if strings.Contains(e.Reason, "canary") || e.Reason == "" {
			t.Errorf("the reason is %q", e.Reason)
		}
	}
	h.fails = func(*fhir.Request) error { return fhir.NewOutcome(fhir.Forbidden, "x") }
	from = h.count()
	h.do("GET", "/ValueSet/x", "")
	h.told(from, "read 4 [ValueSet/x] [b]")
}

// TestNobody: without a principal nothing is entered, unless that is wanted.
func TestNobody(t *testing.T) {
	h := open(t)
	h.who = nil
	h.ward()
	h.must("GET", "/Patient/a", "")
	h.told(0)
	h = open(t, func(c *audit.Config) { c.Open, c.Anonymous = true, true })
	h.who = nil
	from := h.ward()
	h.must("GET", "/Patient/a", "")
	h.fails = func(*fhir.Request) error { return fhir.NewOutcome(fhir.Login, "who are you?") }
	h.do("GET", "/Patient/a", "")
	h.told(from, "read 0 [Patient/a/_history/1] [a]")
}

// TestOwnWork: what the server does by itself is entered where it writes.
func TestOwnWork(t *testing.T) {
	h := open(t)
	ctx := smart.System(t.Context())
	r, err := fhir.ParseResource(`{"resourceType":"Patient","id":"s"}`, fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.store.Update(ctx, nil, func(tx fhir.Tx) error {
		_, err := tx.Put(ctx, r)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	got := h.events(0)
	if len(got) != 1 || line(got[0]) != "create 0 [create Patient/s/_history/1] [s]" || got[0].Subject != "system" {
		t.Errorf("%v", got)
	}
}

// TestImmutable is SEC-12, and what else may be tried on an AuditEvent. The attempt is entered.
func TestImmutable(t *testing.T) {
	h := open(t)
	h.ward()
	const body = `{"resourceType":"AuditEvent","id":"j-1-1","type":{"code":"rest"},"recorded":"2024-05-01T12:00:00Z","agent":[{"requestor":true}],"source":{"observer":{"display":"x"}}}`
	for _, test := range [][3]string{
		{"PUT", "/AuditEvent/j-1-1", body}, {"DELETE", "/AuditEvent/j-1-1", ""}, {"POST", "/AuditEvent", body}, {"DELETE", "/AuditEvent?_id=j-1-1", ""}, {"DELETE", "/AuditEvent?_id=none", ""},
		{"PUT", "/AuditEvent?_id=x", body}, {"PUT", "/AuditEvent/x", `{"resourceType":"AuditEvent","id":"x"}`},
		{"POST", "/", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + body + `,"request":{"method":"PUT","url":"AuditEvent/j-1-1"}}]}`},
		{"POST", "/", `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"AuditEvent/j-1-1"}}]}`},
	} {
		from := h.count()
		a := h.do(test[0], test[1], test[2])
		if o := fhir.AsOutcome(a.err); o == nil || o.Code() != fhir.NotSupported || o.Refinement != fhir.MethodNotAllowed {
			t.Errorf("%s %s: %v", test[0], test[1], a.err)
		}
		if got := h.events(from); len(got) != 1 || got[0].Outcome != 4 {
			t.Errorf("%s %s: the trail tells %v", test[0], test[1], got)
		}
	}
	ctx := t.Context()
	r, err := fhir.ParseResource(body, fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func(fhir.Tx) error{
		"put":    func(tx fhir.Tx) error { _, err := tx.Put(ctx, r); return err },
		"create": func(tx fhir.Tx) error { _, err := tx.Create(ctx, r); return err },
		"delete": func(tx fhir.Tx) error { _, err := tx.Delete(ctx, "AuditEvent", "j-1-1"); return err },
	} {
		if err := h.store.Update(ctx, nil, write); fhir.CodeOf(err) != fhir.NotSupported {
			t.Errorf("%s: %v", name, err)
		}
	}
}
