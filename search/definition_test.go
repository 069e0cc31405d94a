package search_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// searchParameter makes an active SearchParameter of properties that are given as JSON, over those that a good one has.
func searchParameter(t testing.TB, properties string) *fhir.Resource {
	t.Helper()
	text := `{"resourceType":"SearchParameter"`
	for name, value := range map[string]string{
		"url": `"http://example.org/x"`, "name": `"x"`, "status": `"active"`, "description": `"x"`, "code": `"own"`, "base": `["Patient"]`, "type": `"string"`,
		"expression": `"Patient.name.given"`,
	} {
		if !strings.Contains(properties, `"`+name+`":`) {
			text += fmt.Sprintf(",%q:%s", name, value)
		}
	}
	if properties != "" {
		text += "," + properties
	}
	text = strings.NewReplacer(`,"code":""`, "", `,"expression":""`, "").Replace(text) // a property is there or not, but never empty
	r, err := fhir.ParseResource(text+"}", fhir.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", properties, err)
	}
	return r
}

func TestDefine(t *testing.T) {
	p := newParams(t)
	for _, test := range []struct{ name, properties, want string }{
		{"good", ``, ""},
		{"draft", `"status":"draft","code":"family","expression":"("`, "nil"},
		{"retired", `"status":"retired"`, "nil"},
		{"all resources", `"base":["Resource"],"type":"uri","expression":"Resource.meta.source.replace('a', 'b')"`, ""},
		{"token", `"type":"token","expression":"Patient.extension.where(url = 'http://a').value.ofType(Coding)"`, ""},
		{"reference", `"type":"reference","target":["Organization"],"expression":"Patient.managingOrganization.where(resolve() is Organization)"`, ""},
		{"reference to all", `"type":"reference","expression":"Patient.link.other"`, ""},
		{"quantity", `"base":["Observation"],"type":"quantity","expression":"Observation.referenceRange.low"`, ""},
		{"number", `"base":["Patient"],"type":"number","expression":"Patient.multipleBirth.ofType(integer)"`, ""},
		{"composite", `"base":["Observation"],"type":"composite","expression":"Observation","component":[
			{"definition":"http://hl7.org/fhir/SearchParameter/clinical-code","expression":"code"},{"definition":"http://hl7.org/fhir/SearchParameter/Observation-status","expression":"status"}]`, ""},
		{"code with a separator", `"code":"a.b"`, "value"},
		{"code with a modifier", `"code":"a:b"`, "value"},
		{"control", `"code":"_own"`, "value"},
		{"no code", `"code":""`, "value"},
		{"long code", `"code":"` + strings.Repeat("a", 65) + `"`, "value"},
		{"official code", `"code":"family"`, "duplicate"},
		{"official code of all", `"code":"name","base":["Resource"],"expression":"Resource.id"`, "duplicate"},
		{"official code of another type", `"code":"vaccine-code"`, ""},
		{"official url", `"url":"http://hl7.org/fhir/SearchParameter/Patient-active"`, "duplicate"},
		{"no type of resource", `"base":["HumanName"]`, "code-invalid"},
		{"unknown base", `"base":["Patiant"]`, "code-invalid"},
		{"unknown target", `"type":"reference","target":["Patiant"],"expression":"Patient.link.other"`, "code-invalid"},
		{"target of a string", `"target":["Patient"]`, "business-rule"},
		{"component of a string", `"component":[{"definition":"http://a","expression":"a"}]`, "business-rule"},
		{"special", `"type":"special"`, "not-supported"},
		{"phonetic", `"xpathUsage":"phonetic"`, "not-supported"},
		{"normal", `"xpathUsage":"normal"`, ""},
		{"no expression", `"expression":""`, "required"},
		{"long expression", `"expression":"Patient.name.where(given = '` + strings.Repeat("a", 4000) + `')"`, "too-long"},
		{"not FHIRPath", `"expression":"Patient.name.where("`, "invalid"},
		{"misspelled", `"expression":"Patient.nmae"`, "invalid"},
		{"misspelled for one type", `"base":["Patient","Person"],"expression":"Patient.name.given | Person.nmae"`, "invalid"},
		{"of another type", `"base":["Person"]`, "not-supported"},
		{"time", `"type":"token","expression":"Patient.birthDate < today()"`, "not-supported"},
		{"time within", `"expression":"Patient.name.where(period.end < now()).given"`, "not-supported"},
		{"terminology", `"expression":"Patient.name.where(use.memberOf('http://a')).given"`, "not-supported"},
		{"version", `"type":"date","expression":"Patient.meta.lastUpdated"`, "not-supported"},
		{"composite of one", `"base":["Observation"],"type":"composite","expression":"Observation","component":[{"definition":"http://hl7.org/fhir/SearchParameter/clinical-code","expression":"code"}]`, "not-supported"},
		{"composite of what is not known", `"base":["Observation"],"type":"composite","expression":"Observation","component":[
			{"definition":"http://hl7.org/fhir/SearchParameter/clinical-code","expression":"code"},{"definition":"http://a","expression":"status"}]`, "not-supported"},
		{"composite with time", `"base":["Observation"],"type":"composite","expression":"Observation","component":[
			{"definition":"http://hl7.org/fhir/SearchParameter/clinical-code","expression":"code"},{"definition":"http://hl7.org/fhir/SearchParameter/clinical-date","expression":"effective.where(now() > $this)"}]`, "not-supported"},
	} {
		def, err := p.Define(searchParameter(t, test.properties))
		switch {
		case test.want == "nil":
			if def != nil || err != nil {
				t.Errorf("%s: %v, %v; want neither", test.name, def, err)
			}
		case string(fhir.CodeOf(err)) != test.want || (def == nil) != (err != nil):
			t.Errorf("%s: %v, %v; want %q", test.name, def, err, test.want)
		}
	}
	if def, err := p.Define(&fhir.Resource{}); def != nil || err != nil {
		t.Errorf("what is no SearchParameter: %v, %v", def, err)
	}
}

// define defines a parameter that is to be put in force.
func define(t testing.TB, p *search.Params, properties string) *r4.SearchParam {
	t.Helper()
	def, err := p.Define(searchParameter(t, properties))
	if err != nil {
		t.Fatal(err)
	}
	return def
}

func TestCustom(t *testing.T) {
	p := newParams(t)
	r, err := fhir.ParseResource(`{"resourceType":"Patient","id":"1","name":[{"family":"Fox","given":["Ann","Bea"]}],"contact":[{"name":{"family":"Hare"}}]}`, fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	official := p.Values(r)
	parse := func(code string) (*search.Query, error) {
		q, _, err := p.Parse("Patient", fhir.Params{{Name: code, Value: "hare"}}, search.Options{Strict: true})
		return q, err
	}
	def := define(t, p, `"expression":"Patient.contact.name.family"`)
	if _, err := parse("own"); err == nil {
		t.Error("a parameter that is not in force is served")
	}

	p.SetCustom(7, []search.Custom{{ID: "x", Def: def}})
	p.SetProgress(def.URL, 42)
	if _, err := parse("own"); err == nil || !strings.Contains(err.Error(), "'own' of Patient is being indexed (42 %)") {
		t.Errorf("a pending parameter: %v", err)
	}
	pending := p.Values(r)
	if len(pending.Strings) != len(official.Strings)+1 {
		t.Errorf("a pending parameter is not indexed: %v", pending.Strings)
	}
	if p.Generation() != 7 || len(p.Custom()) != 1 || p.Param("Patient", "own") != nil || p.Definition(def.URL) != def {
		t.Errorf("generation %d, %v", p.Generation(), p.Custom())
	}

	p.SetCustom(8, []search.Custom{{ID: "x", Def: def, Complete: true}})
	q, err := parse("own")
	if err != nil {
		t.Fatal(err)
	}
	// A query and values that were made with different sets of parameters fit together.
	if !search.Match(q.Where, r, pending, nil) || !search.Match(q.Where, r, p.Values(r), nil) || search.Match(q.Where, r, official, nil) {
		t.Error("the parameter does not find what it should, or finds more")
	}
	add, remove := search.Difference(p.Values(r), pending)
	if len(add.Strings)+len(remove.Strings)+len(add.Tokens)+len(remove.Tokens) != 0 {
		t.Errorf("values of two sets differ: %v, %v", add, remove)
	}
	keys := p.KeysOf(def, "Patient")
	if only := p.ValuesIn(keys, r); len(keys) != 1 || len(only.Strings) != 1 || len(only.Tokens) != 0 {
		t.Errorf("what is indexed for %v alone: %v", keys, only)
	}
	if p.Param("Person", "own") != nil || len(p.KeysOf(def, "Person")) != 0 {
		t.Error("other types have the parameter as well")
	}

	p.SetCustom(9, nil)
	if _, err := parse("own"); err == nil {
		t.Error("a parameter that was withdrawn is served")
	}
	if got := p.Values(r); len(got.Strings) != len(official.Strings) {
		t.Error("a parameter that was withdrawn is indexed")
	}
}

// TestCustomCost: an expression that costs too much finds nothing, and keeps the resource from nothing else.
func TestCustomCost(t *testing.T) {
	p := newParams(t)
	dear := define(t, p, `"expression":"Patient.name.where(%resource.name.family.where($this != 'x').count() > 1).select(family.upper())"`)
	for names, found := range map[int]int{50: 50, 600: 0} { // the square of it
		list := make([]string, names)
		for i := range list {
			list[i] = fmt.Sprintf(`{"family":"F%d"}`, i)
		}
		r, err := fhir.ParseResource(`{"resourceType":"Patient","id":"1","active":true,"name":[`+strings.Join(list, ",")+`]}`, fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		p.SetCustom(1, nil)
		before := p.Values(r)
		p.SetCustom(2, []search.Custom{{ID: "x", Def: dear, Complete: true}})
		if after := p.Values(r); len(after.Strings) != len(before.Strings)+found || len(after.Tokens) != len(before.Tokens) {
			t.Errorf("%d names: %d strings and %d tokens, before it were %d and %d", names, len(after.Strings), len(after.Tokens), len(before.Strings), len(before.Tokens))
		}
	}
}

// TestCustomRace has readers while the set changes: each sees one set or another.
func TestCustomRace(t *testing.T) {
	p := newParams(t)
	def := define(t, p, "")
	r, err := fhir.ParseResource(`{"resourceType":"Patient","id":"1","name":[{"given":["Ann"]}]}`, fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				if len(p.Values(r).Strings) == 0 {
					t.Error("the official values are missing")
				}
				for _, param := range p.Of("Patient") {
					if param.Code == "own" && len(param.Sources) != 1 {
						t.Error("a parameter is half there")
					}
				}
			}
		})
	}
	for i := range 50 {
		p.SetCustom(int64(i), []search.Custom{{ID: "x", Def: def, Complete: i%2 == 0}}[:i%3/2])
	}
	wg.Wait()
}

func TestRedacted(t *testing.T) {
	p := newParams(t)
	for query, want := range map[string]string{
		"name=secret&gender:not=secret":                         "Patient?name=…&gender:not=…&_count=20",
		"_id=secret&birthdate=ge2000-01-01,le1999":              "Patient?_id=…&birthdate=…&_count=20",
		"general-practitioner:Practitioner.name:exact=secret":   "Patient?general-practitioner:Practitioner.name:exact=…&_count=20",
		"_has:Observation:patient:_has:Provenance:target:_id=s": "Patient?_has:Observation:patient:_has:Provenance:target:_id=…&_count=20",
		"_filter=name eq \"secret\"":                            "Patient?_filter=…&_count=20",
		"organization=Organization/secret&_sort=-name&_count=3": "Patient?organization=…&_sort=-name&_count=3",
		"identifier=secret%7Csecret%3Dsecret&name:missing=true": "Patient?identifier=…&name:missing=…&_count=20",
	} {
		params, err := fhir.ParseParams(query)
		if err != nil {
			t.Fatal(err)
		}
		q, _, err := p.Parse("Patient", params, search.Options{Strict: true})
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if got := q.Redacted(); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
		if tree := fmt.Sprintf("%+v", search.Tree(q.Where)); strings.Contains(tree, "secret") || strings.Contains(tree, "1999") {
			t.Errorf("%s: %s", query, tree)
		}
	}
}
