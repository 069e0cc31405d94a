package audit_test

import (
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/audit"
)

// guarded is a hospital in which everybody may see and do what the guard lets them.
func guarded(t *testing.T) *hospital {
	t.Helper()
	h := open(t, func(c *audit.Config) { c.Open = false })
	h.assembleGuarded()
	return h
}

func (h *hospital) assembleGuarded() {
	h.t.Helper()
	var err error
	if h.guard, err = smart.New(smart.Config{Store: h.store, Spec: h.spec, Params: h.params, BaseURL: base}); err != nil {
		h.t.Fatal(err)
	}
	h.who = smart.From(smart.System(h.t.Context()))
	h.assemble()
}

func as(t *testing.T, p *smart.Principal, scopes string) *smart.Principal {
	t.Helper()
	var refused []string
	if p.Scopes, refused = smart.ParseScopes(scopes); len(refused) > 0 {
		t.Fatal(refused)
	}
	return p
}

// TestWhoSeesTheTrail: patients see what happened to their own record, users what they did, auditors all of it, others nothing.
func TestWhoSeesTheTrail(t *testing.T) {
	h := guarded(t)
	h.ward() // j-1-1, j-1-2, j-1-3
	ada := as(t, doctor(), "user/*.rs")
	h.who = ada
	h.must("GET", "/Patient/a", "")       // j-2
	h.must("GET", "/Patient/b", "")       // j-3
	h.must("GET", "/Patient?_id=a,b", "") // j-4-1, j-4-2
	h.do("GET", "/Observation/none", "")  // j-5
	h.do("DELETE", "/Observation/o1", "") // j-6: no right to it
	portal := as(t, &smart.Principal{Subject: "user:p", FhirUser: "Patient/a", Roles: []string{"patient"}, ClientID: "portal", Patient: "a"}, "patient/*.rs")
	h.who = portal
	h.must("GET", "/Observation/o1", "") // j-7
	h.do("GET", "/Observation/o2", "")   // j-8: of somebody else, as if there were none
	if got := h.events(7)[0]; line(got) != "read 4 [Observation/o2] [a]" || !strings.HasPrefix(got.Reason, "not-found") {
		t.Errorf("%s: %s", line(got), got.Reason)
	}
	for name, test := range map[string]struct {
		who  *smart.Principal
		want string
	}{
		"patient": {portal, "j-8 j-7 j-4-1 j-2 j-1-1"},
		"user":    {as(t, doctor(), "user/AuditEvent.rs"), "j-6 j-5 j-4-2 j-4-1 j-3 j-2"},
		"auditor": {as(t, &smart.Principal{Subject: "user:x", Roles: []string{"auditor"}, ClientID: "c"}, "user/AuditEvent.rs"), "j-8 j-7 j-6 j-5 j-4-1 j-4-2 j-3 j-2 j-1-1 j-1-2 j-1-3"},
		"watcher": {as(t, &smart.Principal{Subject: "client:w", ClientID: "w"}, "system/AuditEvent.rs"), "j-8 j-7 j-6 j-5 j-4-1 j-4-2 j-3 j-2 j-1-1 j-1-2 j-1-3"},
		"biller":  {as(t, &smart.Principal{Subject: "user:b", Roles: []string{"biller"}, ClientID: "c"}, "user/*.rs"), "forbidden"},
		"other":   {as(t, &smart.Principal{Subject: "client:o", ClientID: "o"}, "system/Patient.rs"), "forbidden"},
		"nobody":  {nil, "login"},
	} {
		h.who = test.who
		a := h.do("GET", "/AuditEvent?_id=j-1-1,j-1-2,j-1-3,j-2,j-3,j-4-1,j-4-2,j-5,j-6,j-7,j-8&_count=100", "")
		got := string(fhir.CodeOf(a.err))
		if a.err == nil {
			var ids []string
			list, _ := a.found()
			for _, r := range list {
				ids = append(ids, r.ID())
			}
			got = strings.Join(ids, " ")
		}
		if name == "user" {
			got = strings.ReplaceAll(got, "j-4-1 j-4-2", "j-4-2 j-4-1")
		}
		if got != test.want {
			t.Errorf("%s sees %s, want %s", name, got, test.want)
		}
		for _, id := range strings.Fields("j-1-1 j-1-2 j-2 j-3 j-4-1 j-4-2 j-7") {
			a := h.do("GET", "/AuditEvent/"+id, "")
			if sees := strings.Contains(" "+test.want+" ", " "+id+" "); (a.err == nil) != sees {
				t.Errorf("%s reads %s: %v", name, id, a.err)
			}
		}
	}
	h.who = portal
	if got := h.must("GET", "/AuditEvent?_summary=count&_lastUpdated=ge2001", "").Bundle.Total; got < 5 || got > 200 {
		t.Errorf("%d counted", got)
	}
	if a := h.do("GET", "/AuditEvent?patient=b", ""); a.err != nil || len(a.Bundle.Entries) != 0 {
		t.Errorf("of somebody else: %v", a.err)
	}
}

// TestNoBackdoor: nobody writes AuditEvents, whatever their scopes; who has not said who they are is asked first.
func TestNoBackdoor(t *testing.T) {
	h := guarded(t)
	h.ward()
	for want, who := range map[fhir.IssueType]*smart.Principal{
		fhir.NotSupported: as(t, &smart.Principal{Subject: "client:w", ClientID: "w"}, "system/*.cruds system/AuditEvent.cruds"),
		fhir.Login:        nil,
	} {
		h.who = who
		if a := h.do("DELETE", "/AuditEvent/j-1-1", ""); fhir.CodeOf(a.err) != want {
			t.Errorf("%v", a.err)
		}
	}
}

// TestVerifyGuarded: the trail is examined by whom it is entrusted to.
func TestVerifyGuarded(t *testing.T) {
	h := guarded(t)
	h.ward()
	for role, want := range map[string]fhir.IssueType{"auditor": "", "privacy-officer": "", "nurse": fhir.Forbidden} {
		h.who = as(t, &smart.Principal{Subject: "user:x", Roles: []string{role}, ClientID: "c"}, "user/*.rs")
		if a := h.do("POST", "/AuditEvent/$verify", `{"resourceType":"Parameters"}`); fhir.CodeOf(a.err) != want {
			t.Errorf("%s: %v", role, a.err)
		}
	}
}
