package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAuditOfFind: ITI-115 has its event, which names the patient who was asked for.
func TestAuditOfFind(t *testing.T) {
	store := "sqlite:" + filepath.Join(t.TempDir(), "store")
	s := startServer(t, "demo", "--store", store, "--auth", "smart")
	c := &clinic{s, t}
	token := func(args ...string) string {
		return administer(t, append([]string{"token", "issue", "--store", store, "--scope"}, args...)...)["access_token"].(string)
	}
	admin, narrow := token("user/*.cruds", "--user", "admin"), token("patient/Appointment.s", "--patient", "pat-ana")
	from := time.Now().Add(24 * time.Hour).UTC()
	ask := func(token string, more ...string) reply {
		list := append([]string{textParam("start", "DateTime", from.Format(time.RFC3339)), textParam("end", "DateTime", from.Add(10*24*time.Hour).Format(time.RFC3339)), refParam("service-type-reference", "HealthcareService/hs-office")}, more...)
		return c.send("POST", "/Appointment/$find", withParams(list...), "Authorization: Bearer "+token)
	}
	if r := ask(admin, refParam("patient-reference", "Patient/pat-ben")); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.text)
	}
	// No scope but Appointment.s: no Schedule, no Slot, no Practitioner is needed. Nobody else can be asked for.
	if r := ask(narrow); r.status != 200 || r.at("total") == 0.0 {
		t.Errorf("%d %s", r.status, r.text)
	}
	if r := ask(narrow, refParam("patient-reference", "Patient/pat-ana")); r.status != 200 || !strings.Contains(r.text, `"Patient/pat-ana"`) {
		t.Errorf("%d %s", r.status, r.text)
	}
	if r := ask(narrow, refParam("patient-reference", "Patient/pat-ben")); r.status != 404 {
		t.Errorf("another patient: %d %s", r.status, r.text)
	}
	trail := c.send("GET", "/AuditEvent?subtype=ITI-115", "", "Authorization: Bearer "+admin)
	if trail.status != 200 || !strings.Contains(trail.text, `"urn:ihe:event-type-code"`) || !strings.Contains(trail.text, `"Patient/pat-ben"`) {
		t.Errorf("%d %.3000s", trail.status, trail.text)
	}
}
