package audit_test

import (
	"path/filepath"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/smart/audit"
	zombiezen "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// tamper runs SQL on the file of the store, behind its back.
func (h *hospital) tamper(sql string) {
	h.t.Helper()
	c, err := zombiezen.OpenConn(filepath.Join(h.dir, sqlite.File), zombiezen.OpenReadWrite)
	if err != nil {
		h.t.Fatal(err)
	}
	defer c.Close()
	if err := sqlitex.ExecuteScript(c, sql, nil); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hospital) verify(parameters string) fhir.Parameters {
	h.t.Helper()
	body := `{"resourceType":"Parameters"` + parameters + `}`
	return fhir.ParametersOf(h.must("POST", "/AuditEvent/$verify", body).Resource.Root())
}

// TestVerify is SEC-11: an event that was changed in the database is told by its number.
func TestVerify(t *testing.T) {
	chosen.Folder(t)
	for sql, want := range map[string]string{
		"UPDATE journal SET body = (SELECT body FROM journal WHERE seq = 2) WHERE seq = 3":                                                  "3",
		"UPDATE journal SET time = time + 1 WHERE seq = 4":                                                                                  "4",
		"DELETE FROM journal WHERE seq = 2":                                                                                                 "2",
		"UPDATE journal SET keys = (SELECT keys FROM journal WHERE seq = 1) WHERE seq = 5":                                                  "5",
		"UPDATE journal SET body = (SELECT body FROM journal WHERE seq = 3), hash = (SELECT hash FROM journal WHERE seq = 3) WHERE seq = 4": "4",
	} {
		h := open(t)
		h.ward()
		for range 3 {
			h.must("GET", "/Patient/a", "")
			h.must("GET", "/Observation/o2", "")
		}
		if got := h.verify(""); got.Text("intact") != "true" || got.Text("entries") != "7" || got.Get("first-broken").Value.Exists() || len(got.Text("hash")) != 64 {
			t.Errorf("before: %v", got)
		}
		h.tamper(sql)
		if got := h.verify(""); got.Text("intact") != "false" || got.Text("first-broken") != want {
			t.Errorf("%s: intact %s, broken %s", sql, got.Text("intact"), got.Text("first-broken"))
		}
	}
}

// TestVerifyPeriod: what was broken after a period does not matter to it.
func TestVerifyPeriod(t *testing.T) {
	chosen.Folder(t)
	h := open(t)
	h.ward()
	h.must("GET", "/Patient/a", "")
	h.events(0)
	time.Sleep(5 * time.Millisecond)
	middle := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	time.Sleep(5 * time.Millisecond)
	h.must("GET", "/Patient/b", "")
	h.events(0)
	h.tamper("UPDATE journal SET body = '{}' WHERE seq = 3")
	until := `,"parameter":[{"name":"period","valuePeriod":{"end":"` + middle + `"}}]`
	if got := h.verify(until); got.Text("intact") != "true" || got.Text("entries") != "2" || got.Text("last") != "2" {
		t.Errorf("until %s: %v", middle, got)
	}
	since := `,"parameter":[{"name":"period","valuePeriod":{"start":"` + middle + `","end":"2999"}}]`
	if got := h.verify(since); got.Text("first-broken") != "3" {
		t.Errorf("since %s: %v", middle, got)
	}
	if a := h.do("POST", "/AuditEvent/$verify", `{"resourceType":"Parameters","parameter":[{"name":"period","valuePeriod":{"end":"soon"}}]}`); fhir.CodeOf(a.err) == "" || fhir.CodeOf(a.err) == fhir.Exception {
		t.Error(a.err)
	}
}

// TestAnchored: whoever keeps a hash notices that entries were cut off the end, which no chain can tell.
func TestAnchored(t *testing.T) {
	chosen.Folder(t)
	h := open(t)
	h.ward()
	h.must("GET", "/Patient/a", "")
	h.events(0)
	report, err := audit.Examine(t.Context(), h.inner, time.Time{}, time.Time{}, nil)
	if err != nil || !report.Intact() || report.Last != 2 {
		t.Fatalf("%v %v", report, err)
	}
	if ok, err := audit.Anchored(t.Context(), h.inner, report.Last, report.Hash); err != nil || !ok {
		t.Errorf("%v %v", ok, err)
	}
	h.tamper("DELETE FROM journal WHERE seq = 2")
	if again, err := audit.Examine(t.Context(), h.inner, time.Time{}, time.Time{}, nil); err != nil || !again.Intact() {
		t.Errorf("%v %v", again, err)
	}
	if ok, err := audit.Anchored(t.Context(), h.inner, report.Last, report.Hash); err != nil || ok {
		t.Errorf("%v %v", ok, err)
	}
}
