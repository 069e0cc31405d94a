package smart_test

import (
	"slices"
	"strings"
	"testing"

	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"andiron.dev/smart"
)

// TestParseScope: a whole token or nothing, and what was asked for comes back.
func TestParseScope(t *testing.T) {
	for text, want := range map[string]string{ // want in version 2; "" = refused
		"patient/Observation.rs":                     "patient/Observation.rs",
		"patient/*.cruds":                            "patient/*.cruds",
		"user/*.*":                                   "user/*.cruds",
		"system/Patient.read":                        "system/Patient.rs",
		"user/Patient.write":                         "user/Patient.cud",
		"patient/Observation.rs?category=laboratory": "patient/Observation.rs?category=laboratory",
		"patient/Observation.s?category=http://x|a,b&code=1234-5": "patient/Observation.s?category=http%3A%2F%2Fx%7Ca%2Cb&code=1234-5",
		"openid": "openid", "fhirUser": "fhirUser", "launch": "launch", "launch/patient": "launch/patient", "offline_access": "offline_access",
		"launch/imagingstudy?role=x":                                   "launch/imagingstudy?role=x",
		"https://andiron.dev/fhir/OperationDefinition/andiron-explain": "https://andiron.dev/fhir/OperationDefinition/andiron-explain",

		"": "", "patient/Observation": "", "patient/Observation.": "", "patient/Observation.sr": "", "patient/Observation.dus": "", "patient/Observation.rr": "",
		"patient/Observation.rsx": "", "patient/observation.rs": "", "patients/Observation.rs": "", "Patient/Observation.rs": "", "patient/Observation.READ": "",
		"patient/Obs*.rs": "", "patient/.rs": "", "patient//Observation.rs": "", "patient/Observation.rs.": "", "patient/Observation/1.rs": "",
		"patient/*.rs?category=x": "", "patient/Observation.read?category=x": "", "patient/Observation.rs?": "", "patient/Observation.rs?category": "",
		"patient/Observation.rs?category=": "", "patient/Observation.rs?category=a,": "", "patient/Observation.rs?category:in=x": "",
		"patient/Observation.rs?subject.name=x": "", "patient/Observation.rs?_security=x": "", "patient/Observation.rs?_filter=x": "",
		"patient/Observation.rs?category=a;b=c": "", "patient/Observation.rs?category%3Anot=x": "", "patient/Observation.rs?category=%zz": "",
		"launch/Patient": "", "launch/": "", "launch/patient?x=y": "", "openid2": "", "https://evil.example/x": "", "https://": "",
		"patient/Observation.rs\"": "", "patient/Observation.rs\\": "", "patient/Obsérvation.rs": "", "patient/Observation.rs\t": "",
	} {
		s, err := smart.ParseScope(text)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q became %q", text, s.V2())
		case want != "" && (err != nil || s.V2() != want || s.Text != text):
			t.Errorf("%q became %q (%v) instead of %q", text, s.V2(), err, want)
		}
	}
	scopes, refused := smart.ParseScopes("  patient/Observation.read openid  openid nonsense patient/Patient.sr ")
	if scopes.String() != "patient/Observation.read openid" || !slices.Equal(refused, []string{"nonsense", "patient/Patient.sr"}) {
		t.Errorf("%q, refused %q", scopes, refused)
	}
	if _, refused := smart.ParseScopes(strings.Repeat("a ", 20_000)); len(refused) != 1 {
		t.Error("a scope parameter of 40 kB was read")
	}
}

// TestScopeSets: what an authorization server asks of scopes.
func TestScopeSets(t *testing.T) {
	for _, test := range []struct{ asked, of, both string }{
		{"patient/Observation.rs", "patient/*.rs", "patient/Observation.rs"},
		{"patient/*.rs", "patient/Observation.rs patient/Patient.r", "patient/Observation.rs patient/Patient.r"},
		{"patient/*.read", "patient/Observation.rs", "patient/Observation.read"},
		{"patient/*.read", "patient/Observation.r", "patient/Observation.r"},
		{"patient/Observation.cruds", "patient/Observation.read", "patient/Observation.rs"},
		{"patient/Observation.rs", "patient/Observation.r patient/Observation.s", "patient/Observation.rs"},
		{"user/Observation.rs", "patient/*.cruds system/*.cruds", ""},
		{"patient/Observation.rs", "patient/Observation.rs?category=laboratory", "patient/Observation.rs?category=laboratory"},
		{"patient/Observation.rs?category=laboratory", "patient/Observation.rs", "patient/Observation.rs?category=laboratory"},
		{"patient/Observation.rs?category=laboratory", "patient/Observation.rs?category=laboratory,vital-signs", "patient/Observation.rs?category=laboratory"},
		{"openid launch offline_access", "openid launch", "openid launch"},
		{"patient/*.rs", "patient/*.rs patient/Observation.rs", "patient/*.rs"},
	} {
		asked, of := scopes(t, test.asked), scopes(t, test.of)
		both := asked.Intersect(of)
		if both.String() != test.both {
			t.Errorf("%q of %q: %q instead of %q", test.asked, test.of, both, test.both)
		}
		if !both.Subset(of) || !both.Subset(asked) {
			t.Errorf("%q of %q: %q is more than either", test.asked, test.of, both)
		}
		if asked.Subset(of) != (both.String() == asked.String()) {
			t.Errorf("%q is a subset of %q: %v", test.asked, test.of, asked.Subset(of))
		}
	}
	granted := scopes(t, "patient/*.rs openid offline_access")
	for text, ok := range map[string]bool{
		"": true, "patient/Observation.r": true, "openid": true, "patient/*.cruds": false, "user/*.rs": false, "patient/Observation.sr": false, "fhirUser": false,
	} {
		if _, err := granted.Narrow(text); (err == nil) != ok {
			t.Errorf("narrowing to %q: %v", text, err)
		}
	}
}

// TestCheckScope: only exact parameters that the type has can be granted.
func TestCheckScope(t *testing.T) {
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	params := search.NewParams(spec, nil)
	for text, ok := range map[string]bool{
		"patient/Observation.rs?category=laboratory": true, "patient/Condition.rs?category=http://x|y": true, "patient/Observation.rs?subject=Patient/1": true,
		"patient/Observation.rs?date=2024": false, "patient/Patient.rs?name=a": false, "patient/Observation.rs?nonsense=a": false, "patient/Foo.rs": false,
	} {
		s, err := smart.ParseScope(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(spec, params); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzScopes(f *testing.F) {
	for _, seed := range []string{"patient/*.rs user/Observation.cruds?category=a|b,c&code=x launch/patient openid", "patient/Observation.dus", "system/*.*", "https://x/OperationDefinition/y"} {
		f.Add(seed, "patient/Observation.read")
	}
	f.Fuzz(func(t *testing.T, text, other string) {
		a, refused := smart.ParseScopes(text)
		for _, r := range refused {
			if r == "" {
				t.Error("nothing was refused")
			}
		}
		again, lost := smart.ParseScopes(a.String())
		if len(lost) > 0 || again.String() != a.String() {
			t.Errorf("%q became %q", a, again)
		}
		for _, s := range a {
			mapped, err := smart.ParseScope(s.V2())
			if err != nil || !(smart.Scopes{mapped}).Subset(smart.Scopes{s}) && s.Kind == smart.ResourceScope {
				t.Errorf("%q in version 2 is %q: %v", s.Text, s.V2(), err)
			}
		}
		if !a.Subset(a) {
			t.Errorf("%q is no subset of itself", a)
		}
		b, _ := smart.ParseScopes(other)
		if both := a.Intersect(b); !both.Subset(b) || !both.Subset(a) {
			t.Errorf("%q of %q is %q", a, b, both)
		}
	})
}
