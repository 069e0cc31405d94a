package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/smart/audit"
	zombiezen "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// trailed makes a store with some events.
func trailed(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	flags := &storeFlags{Store: "sqlite:" + dir, Cache: 24}
	st, err := flags.open()
	if err != nil {
		t.Fatal(err)
	}
	var entries []*fhir.JournalEntry
	for _, e := range []*audit.Event{
		{Kind: audit.Rest, Subtype: "read", What: []string{"Patient/a/_history/1"}, Patients: []string{"a"}, Subject: "user:u1", FhirUser: "Practitioner/ada", ClientID: "ehr"},
		{Kind: audit.Rest, Subtype: "search-type", Query: "Patient?name=x", Patients: []string{"a", "b"}, Subject: "user:u1", FhirUser: "Practitioner/ada", ClientID: "ehr"},
		{Kind: audit.Login, Outcome: 4, Reason: "wrong password", Subject: "user:u2"},
	} {
		entries = append(entries, e.Entry())
	}
	if err := st.Append(t.Context(), entries...); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// audited runs "andiron audit" on a store.
func audited(t *testing.T, dir string, args ...string) (status int, out string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = run(t.Context(), append(append([]string{"audit"}, args...), "--store", "sqlite:"+dir), &stdout, &stderr)
	return status, stdout.String() + stderr.String()
}

func TestAuditList(t *testing.T) {
	chosen.Folder(t)
	dir := trailed(t)
	for args, want := range map[string]string{
		"": "j-1 j-2-1 j-2-2 j-3", "--patient a": "j-1 j-2-1", "--patient b": "j-2-2", "--agent Practitioner/ada": "j-1 j-2-1 j-2-2", "--outcome 4 --outcome 8": "j-3", "--max 2": "j-1 j-2-1",
		"--since 2999-01-01": "", "--until 2999": "j-1 j-2-1 j-2-2 j-3", "--where subtype=read": "j-1", "--since 2001 --where type=110114": "j-3",
	} {
		status, out := audited(t, dir, append([]string{"list"}, strings.Fields(args)...)...)
		var ids []string
		for line := range strings.Lines(out) {
			var r struct{ ResourceType, ID string }
			if err := json.Unmarshal([]byte(line), &r); err != nil || r.ResourceType != "AuditEvent" {
				t.Errorf("%s: %v: %s", args, err, line)
			}
			ids = append(ids, r.ID)
		}
		if got := strings.Join(ids, " "); status != 0 || got != want {
			t.Errorf("%s: %d, %s, want %s", args, status, got, want)
		}
	}
	for _, args := range []string{"--since soon", "--where bogus=1", "--where %zz=1", "--where patient.name=x"} {
		if status, out := audited(t, dir, append([]string{"list"}, strings.Fields(args)...)...); status == 0 || !strings.HasPrefix(out, "andiron: ") {
			t.Errorf("%s: %d %s", args, status, out)
		}
	}
}

func TestAuditVerify(t *testing.T) {
	chosen.Folder(t)
	dir := trailed(t)
	status, out := audited(t, dir, "verify")
	var report struct {
		Intact   bool
		Entries  int
		Last     int
		Hash     string
		Broken   int `json:"first_broken"`
		Anchored *bool
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || status != 0 || !report.Intact || report.Entries != 3 || report.Last != 3 || len(report.Hash) != 64 || report.Anchored != nil {
		t.Fatalf("%d %s", status, out)
	}
	anchor := "3:" + report.Hash
	if status, out := audited(t, dir, "verify", "--json", "--anchor", anchor); status != 0 || !strings.Contains(out, `"anchored": true`) {
		t.Errorf("%d %s", status, out)
	}
	if status, out := audited(t, dir, "verify", "--anchor", "3:"+strings.Repeat("0", 64)); status != 1 || !strings.Contains(out, `"anchored": false`) {
		t.Errorf("%d %s", status, out)
	}
	if status, _ := audited(t, dir, "verify", "--anchor", "3"); status != 2 {
		t.Errorf("an anchor that is none: %d", status)
	}
	c, err := zombiezen.OpenConn(filepath.Join(dir, sqlite.File), zombiezen.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := sqlitex.ExecuteScript(c, "UPDATE journal SET body = (SELECT body FROM journal WHERE seq = 1) WHERE seq = 2", nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if status, out := audited(t, dir, "verify"); status != 1 || !strings.Contains(out, `"first_broken": 2`) || !strings.Contains(out, `"intact": false`) {
		t.Errorf("%d %s", status, out)
	}
	if status, out := audited(t, filepath.Join(dir, "none"), "verify"); status != 1 || !strings.Contains(out, "there is no store") {
		t.Errorf("%d %s", status, out)
	}
}
