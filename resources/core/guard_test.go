package core_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/rules"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/resources/core"
	"andiron.dev/search"
	"andiron.dev/smart"
)

// guarded is a hospital where somebody asks.
type guarded struct {
	hospital
}

func openGuarded(t *testing.T) *guarded {
	t.Helper()
	const base = "http://localhost/fhir"
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	params := search.NewParams(spec, nil)
	g := &guarded{hospital: hospital{t: t, gate: gate.New(spec), now: time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)}}
	now := func() time.Time { return g.now }
	if g.store, err = sqlite.Open(sqlite.Options{Dir: t.TempDir(), Params: params, Now: now, Unsafe: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.store.Close() })
	kept := rules.New(g.store, smart.System)
	guard, err := smart.New(smart.Config{Store: kept.Store(), Spec: spec, Params: params, BaseURL: base, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	m := core.New(core.Config{Store: guard.Store(), Spec: spec, Params: params, Now: now, NewID: server.NewUUID, BaseURL: base})
	g.Server, err = server.New(server.Config{Store: g.store, Rules: kept, Guard: guard, Spec: spec, Params: params, BaseURL: base, Now: now, Modules: []fhir.Module{m}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// as sends a request as somebody; "" = nobody.
func (g *guarded) as(scopes, method, path, body string, more ...func(*smart.Principal)) *answer {
	g.t.Helper()
	parsed, refused := smart.ParseScopes(scopes)
	if len(refused) > 0 {
		g.t.Fatal(refused)
	}
	p := &smart.Principal{Subject: "client:hospital", ClientID: "hospital", Scopes: parsed}
	switch {
	case strings.HasPrefix(scopes, "patient/"):
		p.Subject, p.FhirUser, p.Patient = "user:ann", "Patient/ann", "ann"
	case strings.HasPrefix(scopes, "user/"):
		p.Subject, p.FhirUser, p.Roles = "user:lee", "Practitioner/lee", []string{smart.RolePractitioner}
	}
	for _, change := range more {
		change(p)
	}
	if !strings.HasPrefix(path, "http") {
		path = "http://localhost/fhir" + path
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	if scopes != "" {
		r = r.WithContext(smart.With(r.Context(), p))
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	a := &answer{t: g.t, status: w.Code, header: w.Header(), text: w.Body.String()}
	if root, err := fhir.Parse(a.text, fhir.Limits{}); err == nil {
		a.body = plain(root)
	}
	return a
}

// plain is a document as encoding/json would have it, numbers aside.
func plain(e fhir.Element) any {
	switch e.Kind() {
	case fhir.Object:
		m := make(map[string]any)
		for p := e.First(); p.Exists(); p = p.Next() {
			m[p.Name()] = plain(p)
		}
		return m
	case fhir.Array:
		var list []any
		for item := e.First(); item.Exists(); item = item.Next() {
			list = append(list, plain(item))
		}
		return list
	}
	return e.Text()
}

// TestGuard: nobody gets more out of an operation than by reading and searching.
func TestGuard(t *testing.T) {
	g := openGuarded(t)
	const all, ann, doctor = "system/*.cruds", "patient/*.rs", "user/*.cruds"
	put := func(text string) {
		r, err := fhir.ParseResource(text, fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if a := g.as(all, "PUT", "/"+r.Reference(), text); a.status > 201 {
			t.Fatalf("%d %s", a.status, a.text)
		}
	}
	for _, text := range []string{
		`{"resourceType":"Practitioner","id":"lee"}`,
		`{"resourceType":"Patient","id":"ann","meta":{"tag":[{"code":"mine"}]},"name":[{"family":"Ann"}],"birthDate":"1990-01-01","link":[{"type":"seealso","other":{"reference":"Patient/bob"}}]}`,
		`{"resourceType":"Patient","id":"bob","meta":{"tag":[{"code":"secret"}]},"identifier":[{"system":"s","value":"1"}],"name":[{"family":"Bob"}],"birthDate":"1990-01-01"}`,
		`{"resourceType":"Observation","id":"oa","status":"final","category":[{"text":"v","coding":[{"code":"v"}]}],"code":{"coding":[{"code":"x"}]},"valueInteger":1,"subject":{"reference":"Patient/ann"},"hasMember":[{"reference":"Observation/ob"}],"performer":[{"reference":"Practitioner/lee"}]}`,
		`{"resourceType":"Observation","id":"ob","status":"final","category":[{"text":"v","coding":[{"code":"v"}]}],"code":{"coding":[{"code":"x"}]},"valueInteger":1,"subject":{"reference":"Patient/bob"}}`,
		`{"resourceType":"Observation","id":"closed","status":"final","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]},"code":{"coding":[{"code":"x"}]},"subject":{"reference":"Patient/bob"}}`,
		`{"resourceType":"Composition","id":"cb","status":"final","type":{"text":"x"},"date":"2024","title":"x","subject":{"reference":"Patient/bob"},"author":[{"reference":"Practitioner/lee"}]}`,
		`{"resourceType":"Composition","id":"ca","status":"final","type":{"text":"x"},"date":"2024","title":"x","subject":{"reference":"Patient/ann"},"author":[{"reference":"Practitioner/lee"}],"section":[{"title":"s","entry":[{"reference":"Observation/ob"}]}]}`,
		`{"resourceType":"Group","id":"g","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/bob"}}]}`,
		`{"resourceType":"GraphDefinition","id":"gd","url":"http://x/gd","name":"gd","status":"active","start":"Patient","link":[{"target":[{"type":"Observation","params":"status=final"}]},{"path":"Patient.link.other"}]}`,
	} {
		put(text)
	}
	silent := func(a *answer) {
		t.Helper()
		for _, word := range []string{"bob", `Observation/ob"`, `"ob"`, "secret", "closed"} {
			if strings.Contains(strings.ReplaceAll(strings.ReplaceAll(a.text, `"reference":"Patient/bob"`, ""), `"reference":"Observation/ob"`, ""), word) {
				t.Errorf("the answer tells %q: %s", word, a.text)
			}
		}
	}
	a := g.as(ann, "GET", "/Patient/ann/$everything", "")
	a.is(200)
	silent(a)
	if got := a.entries("match"); !strings.HasPrefix(got, "Patient/ann ") || !strings.Contains(got, "Observation/oa") {
		t.Error(got)
	}
	if got := a.entries("include"); got != "Practitioner/lee" {
		t.Error(got)
	}
	for _, test := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/Patient/bob/$everything", "", 404}, {"GET", "/Patient/$everything", "", 200}, {"GET", "/Group/g/$everything", "", 403},
		{"GET", "/Observation/$lastn?patient=ann&category=v", "", 200},
		{"GET", "/Observation/$stats?subject=Patient/ann&code=x&statistic=count&include=true", "", 200},
		{"GET", "/Composition/cb/$document", "", 404}, {"GET", "/Composition/ca/$document", "", 422}, {"GET", "/Patient/ann/$graph?graph=http://x/gd", "", 200},
		{"GET", "/Patient/bob/$meta", "", 404}, {"GET", "/Patient/$meta", "", 200}, {"GET", "/$meta", "", 200},
		{"GET", "/Patient/bob/$validate", "", 404}, {"POST", "/Patient/bob/$validate?mode=delete", "", 200},
		{"POST", "/Patient/ann/$meta-add", parameters(`{"name":"meta","valueMeta":{"tag":[{"code":"x"}]}}`), 403},
		{"GET", "/$versions", "", 200},
	} {
		a := g.as(ann, test.method, test.path, test.body)
		if a.status != test.status {
			t.Errorf("%s %s: %d %s", test.method, test.path, a.status, a.text)
		}
		silent(a)
	}
	g.as(ann, "GET", "/Observation/$lastn?patient=bob&category=v", "").is(200, "total", 0, "entry", nil)
	g.as(ann, "GET", "/Observation/$stats?subject=Patient/bob&code=x&statistic=total-count", "").is(200, "parameter.0.resource.component.0.valueQuantity.value", 0)
	g.as(doctor, "GET", "/Observation/$stats?subject=Patient/bob&code=x&statistic=total-count", "").is(200, "parameter.0.resource.component.0.valueQuantity.value", 1)
	g.as(all, "GET", "/Observation/$stats?subject=Patient/bob&code=x&statistic=total-count", "").is(200, "parameter.0.resource.component.0.valueQuantity.value", 2)
	g.as("patient/Observation.rs", "GET", "/Patient/ann/$everything", "").is(403)
	g.as("", "GET", "/Patient/ann/$everything", "").is(401)
	g.as("", "GET", "/$versions", "").is(401)
	// A page link is its caller's.
	next := g.as(doctor, "GET", "/Patient/ann/$everything?_count=1", "").next()
	g.as(doctor, "GET", next, "").is(200)
	g.as(ann, "GET", next, "").is(400)
	// Labels are given and taken as by an update.
	label := parameters(`{"name":"meta","valueMeta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]}}`)
	cleared := func(p *smart.Principal) { p.Clearance = []string{"R"} }
	g.as(doctor, "POST", "/Observation/closed/$meta-delete", label).is(404)
	g.as(doctor, "POST", "/Observation/closed/$meta-delete", label, cleared).is(403)
	g.as(doctor, "POST", "/Observation/ob/$meta-add", label).is(403)
	g.as(doctor, "POST", "/Observation/ob/$meta-add", label, cleared).is(200, "parameter.0.valueMeta.security.0.code", "R")
	g.as(all, "POST", "/Observation/closed/$meta-delete", label).is(200, "parameter.0.valueMeta.security", nil)
}
