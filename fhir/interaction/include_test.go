package interaction_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/interaction"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest"
	"andiron.dev/fhir/store/storetest/chosen"
)

// included lists what a page includes, and what its outcome is about.
func included(resp *fhir.Response) (list []string, warnings string) {
	for _, e := range resp.Bundle.Entries {
		switch e.Mode {
		case fhir.ModeInclude:
			list = append(list, e.Resource.Reference())
		case fhir.ModeOutcome:
			warnings = e.Resource.Body()
		}
	}
	return list, warnings
}

// listOf is a List of what the text gives for each number.
func listOf(id string, n int, text func(i int) string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(`{"item":{"reference":"%s"}}`, text(i))
	}
	return fmt.Sprintf(`{"resourceType":"List","id":"%s","status":"current","mode":"working","entry":[%s]}`, id, strings.Join(items, ","))
}

// TestIncludeBounds: a page takes no more than it may, says so when there is more, and does not when there is not.
func TestIncludeBounds(t *testing.T) {
	d := open(t, func(x *interaction.Interactions) { x.MaxIncluded = 20 })
	d.many(30)
	patient := func(i int) string { return fmt.Sprint("Patient/p", i) }
	for id, text := range map[string]string{
		"twenty":    listOf("twenty", 20, patient),
		"more":      listOf("more", 21, patient),
		"broken":    listOf("broken", 200, func(i int) string { return patient(max(i-180, 0) + max(180-i, 0)*100) }), // the last twenty are there
		"toobroken": listOf("toobroken", 201, func(i int) string { return patient(1000 + i) }),
		"same":      listOf("same", 5000, func(int) string { return "Patient/p1" }),
		"versions":  listOf("versions", 25, func(i int) string { return fmt.Sprint("Patient/p1/_history/", i) }),
		"mixed":     listOf("mixed", 40, func(i int) string { return []string{patient(i / 2), "List/twenty"}[i%2] }),
	} {
		d.want("", "PUT List/"+id, text)
	}
	for query, want := range map[string]struct {
		n       int
		warning string
	}{
		"List?_id=twenty&_include=List:item":                               {20, ""},
		"List?_id=more&_include=List:item":                                 {20, "more than 20 resources or 32 MiB would be included"},
		"List?_id=broken&_include=List:item":                               {20, ""},
		"List?_id=toobroken&_include=List:item":                            {0, "refers to more than 200 resources"},
		"List?_id=toobroken,twenty&_sort=_id&_include=List:item":           {0, "refers to more than 200 resources"},
		"List?_id=same&_include=List:item":                                 {1, ""},
		"List?_id=versions&_include=List:item":                             {1, ""},
		"List?_id=mixed&_include=List:item":                                {20, "more than 20 resources or 32 MiB would be included"},
		"List?_id=mixed,twenty&_include=List:item":                         {20, ""},
		"Patient?_id=p0,p1&_revinclude=List:item":                          {6, ""},
		"Patient?_id=p0,p1&_count=1&_revinclude=List:item":                 {4, ""},
		"List?_id=twenty&_include=List:item&_revinclude:iterate=List:item": {20, "more than 20 resources or 32 MiB would be included"},
	} {
		list, warnings := included(d.want("", "GET "+query, ""))
		if len(list) != want.n || (want.warning == "") != (warnings == "") || !strings.Contains(warnings, want.warning) {
			t.Errorf("%s: %d included, %s", query, len(list), warnings)
		}
		seen := make(map[string]bool)
		for _, r := range list {
			if seen[r] {
				t.Errorf("%s: %s is included twice", query, r)
			}
			seen[r] = true
		}
	}
}

// TestIncludeOfEverything: what refers to nearly as many resources as any engine lets it, a hundred thousand, is answered, and soon.
func TestIncludeOfEverything(t *testing.T) {
	storetest.Single(t)
	d := open(t)
	d.many(1500)
	d.want("", "PUT List/all", listOf("all", 1500, func(i int) string { return fmt.Sprint("Patient/p", i) }))
	d.want("", "PUT List/none", listOf("none", 99_000, func(i int) string { return fmt.Sprint("Patient/none", i) }))
	for id, want := range map[string]int{"all": 1000, "none": 0} {
		list, warnings := included(d.want("", "GET List?_include=List:item&_id="+id, ""))
		if len(list) != want || !strings.Contains(warnings, "too-costly") {
			t.Errorf("%s: %d included, %s", id, len(list), warnings)
		}
	}
	// From whatever page, whatever refers there.
	list, warnings := included(d.want("", "GET Patient?_count=1000&_revinclude:iterate=List:*&_include:iterate=*", ""))
	if len(list) != 501 || warnings != "" { // the list that they are on, and the rest of the patients
		t.Errorf("%d included, %s", len(list), warnings)
	}
}

// TestIncludeRounds: circles come to an end, and what is eight steps away is the last that is included.
func TestIncludeRounds(t *testing.T) {
	d := open(t)
	const n = 12
	for i := range n { // a ring
		d.want("", fmt.Sprint("PUT Location/l", i), fmt.Sprintf(`{"resourceType":"Location","id":"l%d","partOf":{"reference":"Location/l%d"}}`, i, (i+1)%n))
	}
	for query, want := range map[string]struct {
		n    int
		deep bool
	}{
		"_id=l0&_include:iterate=Location:partof":                                     {8, true},
		"_id=l0,l9&_include:iterate=Location:partof":                                  {10, false},
		"_id=l0&_include:iterate=Location:partof&_revinclude:iterate=Location:partof": {11, false},
		"_id=l0&_include:iterate=Location:partof&_include=Location:partof":            {8, true},
		"_id=l0&_include=Location:partof&_revinclude=Location:partof":                 {2, false},
		"_include:iterate=Location:partof":                                            {0, false},
	} {
		list, warnings := included(d.want("", "GET Location?"+query, ""))
		if len(list) != want.n || strings.Contains(warnings, "8 rounds") != want.deep {
			t.Errorf("%s: %v, %s", query, list, warnings)
		}
	}
}

// TestIncludeCanonicals: what names a resource by its url.
func TestIncludeCanonicals(t *testing.T) {
	d := open(t)
	put := func(typ, id, rest string) {
		status := `"status":"active",`
		if strings.Contains(rest, `"status"`) {
			status = ""
		}
		d.want("", "PUT "+typ+"/"+id, fmt.Sprintf(`{"resourceType":"%s","id":"%s",%s%s}`, typ, id, status, rest))
	}
	put("ActivityDefinition", "a", `"url":"http://x/both"`)
	time.Sleep(2 * time.Millisecond) // the one that was written later counts
	put("PlanDefinition", "b", `"url":"http://x/both"`)
	put("PlanDefinition", "c", `"url":"http://x/c,|$d","version":"1|2"`)
	put("PlanDefinition", "lit", `"title":"no url"`)
	put("PlanDefinition", "v9", `"url":"http://x/v","version":"1.9"`)
	put("PlanDefinition", "v10", `"url":"http://x/v","version":"1.10"`)
	put("PlanDefinition", "v11", `"url":"http://x/v","version":"1.11","status":"draft"`)
	put("PlanDefinition", "v8", `"url":"http://x/v","version":"1.8"`)
	plan := func(id, canonical string) {
		put("RequestGroup", id, fmt.Sprintf(`"intent":"plan","instantiatesCanonical":["%s"]`, canonical))
	}
	plan("1", "http://x/both")
	plan("2", "http://x/c,|$d|1|2") // a url with a bar in it is cut there: it cannot be named
	plan("3", "PlanDefinition/lit")
	plan("4", "http://x/fhir/PlanDefinition/lit")
	plan("5", "http://x/fhir/PlanDefinition/lit|2")
	plan("6", "http://x/none")
	plan("7", "http://x/v")
	plan("8", "http://x/v|1.11")
	for query, want := range map[string]string{
		"RequestGroup?_id=1&_include=RequestGroup:instantiates-canonical":                    "[PlanDefinition/b]",
		"RequestGroup?_id=1&_include=RequestGroup:instantiates-canonical:ActivityDefinition": "[ActivityDefinition/a]",
		"RequestGroup?_id=2,5,6&_include=*":                                                  "[]",
		"RequestGroup?_id=3&_include=*":                                                      "[PlanDefinition/lit]",
		"RequestGroup?_id=4&_include=*":                                                      "[PlanDefinition/lit]",
		"PlanDefinition?_id=b&_revinclude=RequestGroup:instantiates-canonical":               "[RequestGroup/1]",
		"PlanDefinition?_id=c&_revinclude=RequestGroup:instantiates-canonical":               "[]",
		"PlanDefinition?_id=lit&_revinclude=RequestGroup:instantiates-canonical":             "[RequestGroup/3 RequestGroup/4 RequestGroup/5]",
		"RequestGroup?_id=7&_include=*":                                                      "[PlanDefinition/v10]",
		"RequestGroup?_id=8&_include=*":                                                      "[PlanDefinition/v11]",
		"PlanDefinition?_id=v8&_revinclude=RequestGroup:instantiates-canonical":              "[RequestGroup/7]",
		"PlanDefinition?_id=v11&_revinclude=RequestGroup:instantiates-canonical":             "[RequestGroup/7 RequestGroup/8]",
	} {
		list, warnings := included(d.want("", "GET "+query, ""))
		if got := fmt.Sprint(list); got != want || warnings != "" {
			t.Errorf("%s: got %s, want %s; %s", query, got, want, warnings)
		}
	}
}

// TestIncludeAcrossTypes: rules are about the matches of their source, whatever else has been found.
func TestIncludeAcrossTypes(t *testing.T) {
	d := open(t)
	d.want("", "PUT Organization/o", `{"resourceType":"Organization","id":"o"}`)
	d.want("", "PUT Practitioner/a", `{"resourceType":"Practitioner","id":"a","qualification":[{"code":{"text":"x"},"issuer":{"reference":"Organization/o"}}]}`)
	d.want("", "PUT Patient/a", `{"resourceType":"Patient","id":"a","generalPractitioner":[{"reference":"Practitioner/a"}],"managingOrganization":{"reference":"Organization/o"}}`)
	d.want("", "PUT Basic/a", `{"resourceType":"Basic","id":"a","code":{"text":"x"},"subject":{"reference":"Patient/a"},"author":{"reference":"Practitioner/a"}}`)
	for query, want := range map[string]string{
		"?_type=Basic,Patient&_id=a&_include=Patient:organization":                                       "[Organization/o]",
		"?_type=Basic,Patient&_id=a&_include=*":                                                          "[Practitioner/a Organization/o]",
		"?_type=Patient,Practitioner&_id=a&_include=*&_revinclude=Basic:*":                               "[Organization/o Basic/a]",
		"?_type=Basic&_id=a&_include=Basic:subject&_include:iterate=Patient:organization":                "[Patient/a Organization/o]",
		"?_type=Organization,Patient&_id=a,o&_revinclude=Basic:patient&_revinclude=Patient:organization": "[Basic/a]",
		"Patient/a/Basic?_include=Basic:author":                                                          "[Practitioner/a]",
		"Patient/a/*?_type=Basic&_include=*&_include:iterate=Patient:*":                                  "[Practitioner/a Patient/a Organization/o]",
	} {
		list, warnings := included(d.want("", "GET "+query, ""))
		if got := fmt.Sprint(list); got != want || warnings != "" {
			t.Errorf("%s: got %s, want %s; %s", query, got, want, warnings)
		}
	}
}

// TestIncludeTooCostly: what a store refuses to look for is left out, and the matches are there all the same.
func TestIncludeTooCostly(t *testing.T) {
	d := open(t, func(x *interaction.Interactions) {
		store := chosen.Open(t, sqlite.Options{Dir: t.TempDir(), Params: x.Params, Unsafe: true, SearchLimit: 100})
		t.Cleanup(func() { _ = store.Close() })
		x.Store = store
	})
	d.want("", "PUT Patient/hub", `{"resourceType":"Patient","id":"hub"}`)
	d.many(300)
	resp := d.want("", "GET Patient?_id=hub&_revinclude=Patient:link", "")
	if list, warnings := included(resp); len(matched(resp)) != 1 || len(list) > 100 || !strings.Contains(warnings, "would cost too much") {
		t.Errorf("%v, %d included, %s", matched(resp), len(list), warnings)
	}
}
