package core_test

import (
	"path"
	"slices"
	"strings"
	"testing"
	"time"
)

func (h *hospital) ward() {
	h.put(`{"resourceType":"Organization","id":"org","name":"House"}`,
		`{"resourceType":"Organization","id":"far","name":"Unrelated"}`,
		`{"resourceType":"Practitioner","id":"lee","name":[{"family":"Lee"}]}`,
		`{"resourceType":"PractitionerRole","id":"role","practitioner":{"reference":"Practitioner/lee"},"organization":{"reference":"Organization/org"}}`,
		`{"resourceType":"Binary","id":"scan","contentType":"text/plain","data":"aGVsbG8="}`,
		`{"resourceType":"Patient","id":"ann","managingOrganization":{"reference":"Organization/org"}}`,
		`{"resourceType":"Patient","id":"bob"}`,
		`{"resourceType":"Encounter","id":"e1","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/ann"},"period":{"start":"2024-01-10","end":"2024-01-11"}}`,
		`{"resourceType":"Encounter","id":"e2","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/bob"}}`,
		`{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"a"},"subject":{"reference":"Patient/ann"},"encounter":{"reference":"Encounter/e1"},"effectiveDateTime":"2024-01-10","performer":[{"reference":"PractitionerRole/role"},{"reference":"Practitioner/gone"}]}`,
		`{"resourceType":"Observation","id":"o2","status":"final","code":{"text":"a"},"subject":{"reference":"Patient/ann"},"effectiveDateTime":"2024-03-10"}`,
		`{"resourceType":"Observation","id":"o3","status":"final","code":{"text":"a"},"subject":{"reference":"Patient/bob"},"effectiveDateTime":"2024-03-10"}`,
		`{"resourceType":"Coverage","id":"c1","status":"active","beneficiary":{"reference":"Patient/ann"},"payor":[{"display":"x"}]}`,
		`{"resourceType":"DocumentReference","id":"d1","status":"current","subject":{"reference":"Patient/ann"},"date":"2024-02-01T10:00:00Z","content":[{"attachment":{"url":"Binary/scan"}}]}`,
		`{"resourceType":"Group","id":"g","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/bob"}},{"entity":{"reference":"Patient/ann"},"inactive":true},{"entity":{"reference":"Group/inner"}}]}`,
		`{"resourceType":"Group","id":"inner","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/none"}},{"entity":{"reference":"Group/g"}}]}`)
}

// byType puts what there is of a type together: in which order types come is for the engine to say.
func byType(entries string) string {
	list := strings.Fields(entries)
	slices.SortStableFunc(list, func(a, b string) int { return strings.Compare(path.Dir(a), path.Dir(b)) })
	return strings.Join(list, " ")
}

func TestEverything(t *testing.T) {
	h := open(t)
	h.ward()
	for _, test := range []struct{ url, match, include string }{
		{"/Patient/ann/$everything", "Patient/ann Encounter/e1 Observation/o1 Observation/o2 Coverage/c1 DocumentReference/d1",
			"Organization/org Binary/scan PractitionerRole/role Practitioner/lee"},
		{"/Patient/ann/$everything?_type=Observation,Organization", "Observation/o1 Observation/o2", "Organization/org"},
		{"/Patient/ann/$everything?_type=Patient&_type=Organization", "Patient/ann", "Organization/org"},
		{"/Patient/ann/$everything?start=2024-02-01&end=2024-02-29", "Patient/ann Coverage/c1 DocumentReference/d1", "Organization/org Binary/scan"},
		{"/Patient/ann/$everything?end=2024-01-10&_type=Observation", "Observation/o1", ""},
		{"/Patient/ann/$everything?start=2024-01-11&_type=Observation,Encounter", "Encounter/e1 Observation/o2", ""},
		{"/Encounter/e1/$everything", "Encounter/e1 Observation/o1", "Patient/ann PractitionerRole/role Organization/org Practitioner/lee"},
		{"/Encounter/e2/$everything", "Encounter/e2", "Patient/bob"},
		{"/Patient/$everything", "Patient/ann Encounter/e1 Observation/o1 Observation/o2 Coverage/c1 DocumentReference/d1 Patient/bob Encounter/e2 Observation/o3",
			"Organization/org Binary/scan PractitionerRole/role Practitioner/lee"},
		{"/Group/g/$everything", "Group/g Patient/bob Encounter/e2 Observation/o3", ""},
		{"/Patient/ann/$everything?_since=2024-05-01T10:00:01Z", "", ""},
		{"/Patient/ann/$everything?_since=2024-05-01T10:00:00Z&_type=Encounter", "Encounter/e1", ""},
	} {
		a := h.do("GET", test.url, "")
		a.is(200, "type", "searchset")
		if got := byType(a.entries("match")); got != byType(test.match) {
			t.Errorf("%s matches\n%s, want\n%s", test.url, got, test.match)
		}
		if got := strings.Fields(a.entries("include")); len(got) != len(strings.Fields(test.include)) || !sameWords(got, test.include) {
			t.Errorf("%s includes %v, want %s", test.url, got, test.include)
		}
		if a.next() != "" {
			t.Errorf("%s has more pages", test.url)
		}
	}
	// Pages lead through the same, whatever their size.
	for _, url := range []string{"/Patient/ann/$everything", "/Patient/$everything", "/Group/g/$everything", "/Encounter/e1/$everything"} {
		want := h.do("GET", url, "").entries("match")
		for _, count := range []string{"1", "2", "3", "7"} {
			var got []string
			a := h.do("POST", url, parameters(`{"name":"_count","valueInteger":`+count+`}`))
			for pages := 0; ; pages++ {
				a.is(200)
				if page := a.entries("match"); page != "" {
					got = append(got, page)
				}
				next := a.next()
				if next == "" || pages > 20 {
					break
				}
				a = h.do("GET", next, "")
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s by %s: %v, want %s", url, count, got, want)
			}
		}
	}
	h.now = h.now.Add(time.Hour)
	h.put(`{"resourceType":"Coverage","id":"c1","status":"cancelled","beneficiary":{"reference":"Patient/ann"},"payor":[{"display":"x"}]}`)
	a := h.do("GET", "/Patient/ann/$everything?_since=2024-05-01T10:30:00Z", "")
	a.is(200, "total", 1, "entry.0.resource.status", "cancelled")

	link := h.do("GET", "/Patient/ann/$everything?_count=1", "").next()
	for url, status := range map[string]int{
		"/Patient/none/$everything": 404, "/Patient/ann/$everything?_count=0": 400, "/Patient/ann/$everything?_type=Patent": 400, "/Patient/ann/$everything?start=2024-02-01&end=2024-01-01": 400,
		"/Patient/ann/$everything?_since=yesterday": 400, "/Patient/ann/$everything?other=x": 400, "/Encounter/$everything": 404, "/Observation/o1/$everything": 404,
		"/Patient/ann/$everything?_cursor=AAAA": 400, link + "&_count=2": 400, strings.Replace(link, "ann", "bob", 1): 400, "/Group/none/$everything": 404,
	} {
		h.do("GET", url, "").is(status)
	}
	h.do("DELETE", "/Patient/bob", "")
	h.do("GET", "/Patient/bob/$everything", "").is(410)
}

func sameWords(got []string, want string) bool {
	for _, one := range got {
		if !strings.Contains(" "+want+" ", " "+one+" ") {
			return false
		}
	}
	return true
}
