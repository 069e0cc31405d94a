package fhir_test

import (
	"testing"

	"andiron.dev/fhir"
)

func parse(t *testing.T, body string) fhir.Element {
	t.Helper()
	root, err := fhir.Parse(body, fhir.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestElementJoinsPrimitivesWithTheirExtensions(t *testing.T) {
	root := parse(t, `{"resourceType":"Patient",
		"birthDate":"1970-03-30","_birthDate":{"id":"b","extension":[{"url":"u","valueInteger":1}]},
		"_gender":{"extension":[{"url":"absent"}]},
		"name":[{"given":["A",null,"C"],"_given":[null,{"id":"second"},{"id":"third"}]}]}`)

	birth := root.Get("birthDate")
	if birth.Text() != "1970-03-30" || birth.Get("id").Text() != "b" || birth.Get("extension").Len() != 1 {
		t.Errorf("birthDate: %q, id %q", birth.Text(), birth.Get("id").Text())
	}
	gender := root.Get("gender")
	if !gender.Exists() || gender.Kind() != fhir.Absent || gender.Text() != "" || gender.Name() != "gender" {
		t.Errorf("gender has only an extension: %v %q %q", gender.Kind(), gender.Text(), gender.Name())
	}
	var got []string
	for name := range root.Each("name") {
		for given := range name.Each("given") {
			got = append(got, given.Path()+"="+given.Text()+"#"+given.Get("id").Text())
		}
	}
	want := []string{"Patient.name[0].given[0]=A#", "Patient.name[0].given[1]=#second", "Patient.name[0].given[2]=C#third"}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("given %d: got %q, want %q", i, got[i], want[i])
		}
	}
}

func TestZeroElementAnswersWithNothing(t *testing.T) {
	var e fhir.Element
	for range e.Each("x") {
		t.Error("the zero Element has repetitions")
	}
	if e.Exists() || e.Kind() != fhir.Absent || e.Text()+e.Name()+e.Raw()+e.Path() != "" || e.Get("x").Exists() || e.First().Exists() || e.Next().Exists() {
		t.Error("the zero Element answers with something")
	}
}

func TestEqualIgnoresOrderSpaceAndEscapesButNotDigits(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{`{"a":1,"b":["x",{"c":true}]}`, ` { "b" : [ "\u0078" , {"c":true} ], "a":1 }`, true},
		{`{"a":1.0}`, `{"a":1.00}`, false},
		{`{"a":[1,2]}`, `{"a":[2,1]}`, false},
		{`{"a":1}`, `{"a":1,"b":2}`, false},
		{`{"a":"1"}`, `{"a":1}`, false},
		{`{"a":{"b":1}}`, `{"a":{"c":1}}`, false},
	} {
		if got := fhir.Equal(parse(t, test.a), parse(t, test.b)); got != test.want {
			t.Errorf("Equal(%s, %s) = %v", test.a, test.b, got)
		}
	}
}

func TestElementExtension(t *testing.T) {
	root := parse(t, `{"resourceType":"Patient",
		"extension":[{"url":"a","valueInteger":1},{"url":"b","extension":[{"url":"part","valueInteger":2},{"url":"a","valueInteger":3}]},{"url":"a","valueInteger":4}],
		"_birthDate":{"extension":[{"url":"a","valueInteger":5}]}}`)
	for _, test := range []struct {
		got  fhir.Element
		want string
	}{
		{root.Extension("a"), "1"}, {root.Extension("b").Extension("part"), "2"}, {root.Extension("b").Extension("a"), "3"}, {root.Get("birthDate").Extension("a"), "5"},
		{root.Extension("part"), ""}, {root.Extension("c").Extension("a"), ""}, {fhir.Element{}.Extension("a"), ""},
	} {
		if got := test.got.Get("valueInteger").Text(); got != test.want || test.got.Exists() != (test.want != "") {
			t.Errorf("%s: %q, want %q", test.got.Path(), got, test.want)
		}
	}
}
