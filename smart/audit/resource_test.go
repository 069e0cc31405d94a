package audit_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/audit"
)

// found are the resources of a searchset, and whether there is a next page.
func (a answer) found() (list []*fhir.Resource, next string) {
	for _, e := range a.Bundle.Entries {
		if e.Mode == fhir.ModeMatch {
			list = append(list, e.Resource)
		}
	}
	for _, l := range a.Bundle.Links {
		if l.Relation == "next" {
			next = "/" + l.URL
		}
	}
	return list, next
}

// newest is the newest AuditEvent. That it is looked at is not entered.
func (h *hospital) newest() fhir.Element {
	h.t.Helper()
	defer func(was *smart.Principal) { h.who = was }(h.who)
	h.who = nil
	list, _ := h.must("GET", "/AuditEvent?_count=1", "").found()
	if len(list) != 1 {
		h.t.Fatalf("%d AuditEvents", len(list))
	}
	return list[0].Root()
}

// codes lists the codes of the codings at a path.
func codes(e fhir.Element, path ...string) string {
	at := []fhir.Element{e}
	for _, name := range path {
		var next []fhir.Element
		for _, one := range at {
			for item := range one.Each(name) {
				next = append(next, item)
			}
		}
		at = next
	}
	var list []string
	for _, one := range at {
		if code := one.Get("code").Text(); code != "" {
			list = append(list, code)
		} else {
			list = append(list, one.Text())
		}
	}
	return strings.Join(list, " ")
}

// agents maps the codes of the agents' types to the agents.
func agents(e fhir.Element) map[string]fhir.Element {
	all := make(map[string]fhir.Element)
	for a := range e.Each("agent") {
		for c := range a.Get("type").Each("coding") {
			all[c.Get("code").Text()] = a
		}
	}
	return all
}

// TestShape: AuditEvents are of the shape that IHE BALP gives them, and valid R4.
func TestShape(t *testing.T) {
	h := open(t)
	h.ward()
	const profile = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
	for _, test := range []struct {
		method, path, body string
		profile, subtype   string
		action             string
		client             string // code of its role
		user               string
		entities           string // codes of the types
	}{
		{"GET", "/Observation/o1", "", "PatientRead", "read", "R", "110152", "IRCP", "1 2 XrequestId"},
		{"GET", "/Observation/o1/_history/1", "", "PatientRead", "vread", "R", "110152", "IRCP", "1 2 XrequestId"},
		{"GET", "/Observation/far", "", "Read", "read", "R", "110152", "IRCP", "2 XrequestId"},
		{"GET", "/Patient?_id=a", "", "PatientQuery", "search-type", "E", "110153", "IRCP", "1 2 XrequestId"},
		{"GET", "/Patient?family=Nobody", "", "Query", "search-type", "E", "110153", "IRCP", "2 XrequestId"},
		{"POST", "/Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}}`, "PatientCreate", "create", "C", "110153", "AUT", "1 2 XrequestId"},
		{"PUT", "/Patient/a", `{"resourceType":"Patient","id":"a","gender":"male"}`, "PatientUpdate", "update", "U", "110153", "AUT", "1 2 XrequestId"},
		{"PUT", "/Patient/new", `{"resourceType":"Patient","id":"new"}`, "", "update", "C", "110153", "AUT", "1 2 XrequestId"},
		{"DELETE", "/Patient/new", "", "PatientDelete", "delete", "D", "110153", "AUT", "1 2 XrequestId"},
		{"GET", "/Patient/a/$summary", "", "", "operation summary", "E", "110153", "IRCP", "1 2 2 XrequestId"},
		{"GET", "/Patient/none", "", "", "read", "R", "110152", "IRCP", "1 2 XrequestId"},
	} {
		h.do(test.method, test.path, test.body)
		e := h.newest()
		fault := func(what string, got any) { t.Errorf("%s %s: %s: %v\n%s", test.method, test.path, what, got, e.Raw()) }
		if o := h.gate.Check(e); o != nil {
			fault("not valid", o)
		}
		if got := strings.TrimPrefix(codes(e, "meta", "profile"), profile); got != test.profile {
			fault("profile", got)
		}
		if got := codes(e, "subtype"); got != test.subtype {
			fault("subtype", got)
		}
		if got := codes(e, "action"); got != test.action {
			fault("action", got)
		}
		if got := codes(e, "entity", "type"); got != test.entities {
			fault("entities", got)
		}
		all := agents(e)
		client, server, user := all[test.client], all[map[string]string{"110152": "110153", "110153": "110152"}[test.client]], all[test.user]
		if client.Get("who").Get("identifier").Get("value").Text() != "ehr" || client.Get("network").Get("address").Text() != "192.0.2.7" || client.Get("requestor").Text() != "false" {
			fault("client", client.Raw())
		}
		if server.Get("who").Get("identifier").Get("value").Text() != base || server.Get("network").Get("type").Text() != "5" {
			fault("server", server.Raw())
		}
		if user.Get("who").Get("reference").Text() != "Practitioner/ada" || user.Get("who").Get("identifier").Get("system").Text() != "https://issuer.example.org" ||
			user.Get("altId").Text() != "user:u1" || user.Get("requestor").Text() != "true" || codes(user, "purposeOfUse", "coding") != "TREAT" || codes(user, "policy") != "tok-1" ||
			codes(user, "role", "coding") != "practitioner" || all["UserOauthAgent"].Raw() != user.Raw() {
			fault("user", user.Raw())
		}
	}
}

// TestQueryEntity: the query of a search is told as it was sent, but not to whoever may see what happened to one record only.
func TestQueryEntity(t *testing.T) {
	h := open(t)
	h.ward()
	h.must("GET", "/Patient?family=Fox&_id=a,b", "")
	query := func() string {
		list, _ := h.must("GET", "/AuditEvent?patient=a&subtype=search-type&_sort=date&_count=1", "").found()
		if len(list) == 0 {
			return ""
		}
		text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(codes(list[0].Root(), "entity", "query")), ""))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	whole, names := "Patient?family=Fox&_id=a%2Cb", "Patient?family=…&_id=…"
	for _, test := range []struct {
		who  *smart.Principal
		want string
	}{
		{doctor(), whole},
		{&smart.Principal{Subject: "user:p", FhirUser: "Patient/a", ClientID: "portal"}, names},
		{&smart.Principal{Subject: "user:n", Roles: []string{"nurse"}, ClientID: "portal"}, names},
		{&smart.Principal{Subject: "user:x", Roles: []string{"auditor"}, ClientID: "portal"}, whole},
		{&smart.Principal{Subject: "user:x", Roles: []string{"privacy-officer"}, ClientID: "portal"}, whole},
		{&smart.Principal{Subject: "client:backend", ClientID: "backend"}, whole},
		{nil, whole},
	} {
		if h.who = test.who; query() != test.want {
			t.Errorf("%v is shown %q", test.who, query())
		}
	}
}

// TestSeparate: one AuditEvent for each patient, which tells nothing of the others.
func TestSeparate(t *testing.T) {
	h := open(t)
	h.ward()
	list, _ := h.must("GET", "/AuditEvent?_sort=date&subtype=transaction", "").found()
	if len(list) != 3 {
		t.Fatalf("%d AuditEvents, want one for each patient and one for the rest", len(list))
	}
	for i, want := range []string{
		"Patient/a Patient/a/_history/1 Observation/o1/_history/1", "Patient/b Patient/b/_history/1 Observation/o2/_history/1", "Practitioner/ada/_history/1 Observation/far/_history/1",
	} {
		if got := strings.TrimSpace(codes(list[i].Root(), "entity", "what", "reference")); got != want {
			t.Errorf("%s tells of %s, want %s", list[i].ID(), got, want)
		}
		if o := h.gate.Check(list[i].Root()); o != nil {
			t.Error(o)
		}
	}
}

// TestOtherKinds: what the authorization server enters.
func TestOtherKinds(t *testing.T) {
	h := open(t)
	at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		kind    audit.Kind
		subtype string
		want    string
	}{
		{audit.Login, "", "110114/110122"}, {audit.Logout, "", "110114/110123"}, {audit.Token, "issue", "110114/issue"}, {audit.Consent, "allow", "110113/AuthZ-Consent allow"},
		{audit.Admin, "client-add", "110113/110129 client-add"}, {audit.Export, "", "110106/disclose"}, {audit.BreakGlass, "start", "110113/110127 start"}, {audit.BreakGlass, "stop", "110113/110138 stop"},
	} {
		e := (&audit.Event{Time: at, Kind: test.kind, Subtype: test.subtype, Patients: []string{"a"}}).By(h.who)
		if err := h.inner.Update(t.Context(), nil, func(tx fhir.Tx) error { return tx.Append(t.Context(), e.Entry()) }); err != nil {
			t.Fatal(err)
		}
		got := h.newest()
		if s := codes(got, "type") + "/" + codes(got, "subtype"); s != test.want {
			t.Errorf("%s is %s, want %s", test.kind, s, test.want)
		}
		if o := h.gate.Check(got); o != nil {
			t.Error(o)
		}
		if codes(got, "period", "start") != "2024-05-01T12:00:00.000Z" {
			t.Error(got.Raw())
		}
	}
	if err := h.trail.Record(t.Context(), &audit.Event{Kind: audit.Login, Outcome: 4, Subject: "client:x", Reason: "no such user"}); err != nil {
		t.Fatal(err)
	}
	bare := h.newest()
	if o := h.gate.Check(bare); o != nil || codes(bare, "outcome") != "4" || codes(bare, "agent", "requestor") != "true false" {
		t.Errorf("%v %s", o, bare.Raw())
	}
	if err := h.trail.Record(t.Context(), &audit.Event{Kind: audit.Admin, Subtype: "key-retired", Subject: "system", What: []string{"key/7"}}); err != nil {
		t.Fatal(err)
	}
	if e := h.newest(); codes(e, "entity", "what", "identifier", "value") != "key/7" || codes(e, "entity", "what", "reference") != "" || h.gate.Check(e) != nil {
		t.Error(e.Raw())
	}
	if err := h.trail.Record(t.Context(), &audit.Event{Kind: audit.Login}); err != nil {
		t.Fatal(err)
	}
	if o := h.gate.Check(h.newest()); o != nil {
		t.Error(o)
	}
}

// TestRead: an AuditEvent is read like any other resource, and has one version.
func TestRead(t *testing.T) {
	h := open(t)
	h.ward()
	h.must("GET", "/Patient/a", "")
	for path, want := range map[string]fhir.IssueType{
		"/AuditEvent/j-2": "", "/AuditEvent/j-1-1": "", "/AuditEvent/j-1-3": "", "/AuditEvent/j-2/_history/1": "", "/AuditEvent/j-2/_history": "", "/AuditEvent/j-2?_summary=true": "",
		"/AuditEvent/j-1": fhir.NotFound, "/AuditEvent/j-1-4": fhir.NotFound, "/AuditEvent/j-1-0": fhir.NotFound, "/AuditEvent/j-2-1": fhir.NotFound, "/AuditEvent/j-02": fhir.NotFound,
		"/AuditEvent/x": fhir.NotFound, "/AuditEvent/j-": fhir.NotFound, "/AuditEvent/j-999999": fhir.NotFound, "/AuditEvent/j-0": fhir.NotFound, "/AuditEvent/j--1": fhir.NotFound,
		"/AuditEvent/j-9999999999999999999": fhir.NotFound, "/AuditEvent/j-2/_history/2": fhir.NotFound, "/AuditEvent/x/_history": fhir.NotFound,
	} {
		a := h.do("GET", path, "")
		if fhir.CodeOf(a.err) != want {
			t.Errorf("%s: %v", path, a.err)
		}
		if a.err == nil && a.Resource != nil && (a.Resource.Type() != "AuditEvent" || a.Resource.VersionID() != "1") {
			t.Errorf("%s: %s", path, a.Resource.JSON())
		}
	}
}

// TestHistory: the history of all AuditEvents has each once, newest first.
func TestHistory(t *testing.T) {
	h := open(t)
	h.ward() // three
	for range 5 {
		h.must("GET", "/Patient?family=Fox", "") // two each
	}
	h.who = nil // so that looking does not add to it
	for count, pages := range map[string]int{"1": 13, "4": 4, "20": 1} {
		var ids []string
		path, n := "/AuditEvent/_history?_count="+count, 0
		for ; path != ""; n++ {
			a := h.must("GET", path, "")
			path = ""
			for _, e := range a.Bundle.Entries {
				ids = append(ids, e.Resource.ID())
			}
			for _, l := range a.Bundle.Links {
				if l.Relation == "next" {
					path = "/" + l.URL
				}
			}
		}
		if got := strings.Join(ids, " "); n != pages || got != "j-6-2 j-6-1 j-5-2 j-5-1 j-4-2 j-4-1 j-3-2 j-3-1 j-2-2 j-2-1 j-1-3 j-1-2 j-1-1" {
			t.Errorf("%d pages of %s: %s", n, count, got)
		}
	}
	if a := h.must("GET", "/AuditEvent/_history?_since=2999-01-01T00:00:00Z", ""); len(a.Bundle.Entries) != 0 {
		t.Errorf("%d entries of the future", len(a.Bundle.Entries))
	}
	if a := h.must("GET", "/_history?_count=100", ""); len(a.Bundle.Entries) != 6 {
		t.Errorf("%d entries of the system", len(a.Bundle.Entries))
	}
}
