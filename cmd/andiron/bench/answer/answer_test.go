package answer_test

import (
	"strings"
	"testing"

	"andiron.dev/cmd/andiron/bench/answer"
)

func patient(t *testing.T, text string) *answer.Resource {
	t.Helper()
	r, wrong := answer.ReadResource([]byte(text))
	if wrong != nil {
		t.Fatal(wrong)
	}
	return &r
}

func TestName(t *testing.T) {
	for text, want := range map[string][2]bool{ // starts with John, contains ohn
		`{"name":[{"family":"Johnson"}]}`:                          {true, true},
		`{"name":[{"family":"x"},{"given":["A","JOHN"]}]}`:         {true, true},
		`{"name":[{"text":"Mr. john smith"}]}`:                     {true, true},
		`{"name":[{"prefix":["John"],"suffix":["x"]}]}`:            {true, true},
		`{"name":[{"family":"St-John"}]}`:                          {true, true},
		`{"name":[{"family":"Upjohn"}]}`:                           {false, true},
		`{"name":[{"family":"Jóhn"}]}`:                             {true, true},
		`{"name":[{"family":"Jo\u0301hn"}]}`:                       {true, true},
		`{"name":[{"family":"Joh"}]}`:                              {false, false},
		`{"name":[{"family":"Jane"}],"contact":[{"name":"John"}]}`: {false, false},
		`{"name":"John"}`:                                          {false, false},
		`{}`:                                                       {false, false},
	} {
		r := patient(t, text)
		if got := [2]bool{answer.NameStarts("John")(r), answer.NameContains("ohn")(r)}; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// TestBirthDate: R4 compares intervals (http://hl7.org/fhir/R4/search.html#prefix).
func TestBirthDate(t *testing.T) {
	for date, want := range map[string]string{
		"2007-03-07": " eq le ge", "2007-03-06": " ne lt le", "2007-03-08": " ne gt ge", "2007-03": " ne lt gt le ge", "2007": " ne lt gt le ge",
		"2006": " ne lt le", "2008-01": " ne gt ge", "": "", "2007-02-30": "", "soon": "",
	} {
		got := ""
		for _, prefix := range []string{"eq", "ne", "lt", "gt", "le", "ge"} {
			if answer.BirthDate(prefix, "2007-03-07")(patient(t, `{"birthDate":"`+date+`"}`)) {
				got += " " + prefix
			}
		}
		if got != want {
			t.Errorf("%q matches%s, want%s", date, got, want)
		}
	}
	if !answer.BirthDate("", "2007-03-07")(patient(t, `{"birthDate":"2007-03-07"}`)) {
		t.Error("no prefix is not eq")
	}
}

func TestRefersTo(t *testing.T) {
	for reference, want := range map[string]bool{
		"Patient/1": true, "http://h/fhir/Patient/1": true, "Patient/1/_history/2": true, "Patient/11": false, "Patient/01": false,
		"OutPatient/1": false, "Group/1": false, "": false, "urn:uuid:1": false,
	} {
		if got := answer.RefersTo([]byte(reference), "Patient", "1"); got != want {
			t.Errorf("%s: %t", reference, got)
		}
	}
}

func TestLocation(t *testing.T) {
	for url, want := range map[string]string{
		"http://h/fhir/Patient/a-1.B/_history/3": "a-1.B 3", "Patient/1": "1 ", "/fhir/Patient/1/_history/": "1 ", "Group/1": " ", "Patient/": " ",
		"Patient/a b": " ", "Patient/1\r\nX: y": " ", "XPatient/1": " ", "": " ", "Patient/" + strings.Repeat("a", 65): " ",
	} {
		id, version := answer.Location([]byte(url), "Patient")
		if got := string(id) + " " + string(version); got != want {
			t.Errorf("%q: %q, want %q", url, got, want)
		}
	}
}

func TestVersions(t *testing.T) {
	for field, want := range map[string]string{`W/"3"`: "3", `"a"`: "a", `3`: "", ``: "", `"`: ""} {
		if got := string(answer.ETag([]byte(field))); got != want {
			t.Errorf("ETag %s is %q, want %q", field, got, want)
		}
	}
	for _, c := range []struct {
		before, after string
		later         bool
	}{{"1", "2", true}, {"9", "10", true}, {"2", "2", false}, {"3", "2", false}, {"a", "b", true}, {"b", "a", true}, {"a", "a", false}, {"1", "", false}} {
		if got := answer.Later([]byte(c.before), []byte(c.after)); got != c.later {
			t.Errorf("%s after %s: %t", c.after, c.before, got)
		}
	}
}

func TestMembers(t *testing.T) {
	text := []byte(`{"a":"id", "id" : "1", "status":"201 Created","x":{"status" :  "201"},"status":"400","id2":"9","n":{"id":7},"idle":"x"}`)
	if !answer.Has(text, `"id"`, "1") || answer.Has(text, `"id"`, "9") || answer.Has(text, `"id"`, "7") || answer.Has(text, `"status"`, "201 Create") {
		t.Error("Has")
	}
	if n := answer.Count(text, `"status"`, "201"); n != 2 {
		t.Errorf("Count is %d", n)
	}
	if answer.Has([]byte(`{"id":"1`), `"id"`, "1") || answer.Has([]byte(`{"id"`), `"id"`, "1") || answer.Has([]byte(`{"id": `), `"id"`, "1") {
		t.Error("Has on a cut text")
	}
}

func TestHistory(t *testing.T) {
	entry := func(id, version string) string {
		return `{"resource":{"resourceType":"Patient","id":"` + id + `","meta":{"versionId":"` + version + `"}},"request":{"method":"PUT","url":"Patient/1"}}`
	}
	deleted := `{"request":{"method":"DELETE","url":"Patient/1"}}`
	for entries, reason := range map[string]string{
		entry("1", "3") + "," + deleted + "," + entry("1", "1"): "",
		entry("1", "10") + "," + entry("1", "9"):                "",
		entry("1", "1") + "," + entry("1", "2"):                 "oldest version last",
		entry("2", "1"):                                         "another resource",
		strings.ReplaceAll(deleted, "DELETE", "PUT"):            "no resource",
		strings.ReplaceAll(deleted, "/1", "/2"):                 "no resource",
		"":                                                      "empty",
		strings.Repeat(entry("1", "a")+","+entry("1", "b")+",", 5) + entry("1", "c"): "more entries",
	} {
		text := `{"resourceType":"Bundle","type":"history","entry":[` + entries + `]}`
		_, wrong := answer.History([]byte(text), "Patient", "1", 10)
		if reason == "" && wrong != nil || reason != "" && (wrong == nil || !strings.Contains(wrong.Error(), reason)) {
			t.Errorf("%.200s: %v, want %q", text, wrong, reason)
		}
	}
}
