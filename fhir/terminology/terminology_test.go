package terminology_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/terminology"
	"andiron.dev/search"
	"andiron.dev/search/searchtest"
	"andiron.dev/search/ucum"
)

// library is what is stored, and what reads it.
type library struct {
	t       testing.TB
	spec    *r4.Spec
	params  *search.Params
	matcher *searchtest.Matcher
	cache   terminology.Cache
}

// newLibrary stores resources, each written as "Type/id {…}".
func newLibrary(t testing.TB, resources ...string) *library {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	units, err := ucum.Decode()
	if err != nil {
		t.Fatal(err)
	}
	params := search.NewParams(spec, units)
	noon := time.Date(2024, 5, 31, 12, 0, 0, 0, time.UTC)
	l := &library{t: t, spec: spec, params: params, matcher: searchtest.NewMatcher(params, func() time.Time { return noon })}
	l.put(resources...)
	return l
}

func (l *library) put(resources ...string) {
	l.t.Helper()
	for _, text := range resources {
		reference, body, _ := strings.Cut(text, " ")
		typ, id, _ := strings.Cut(reference, "/")
		r, err := fhir.ParseResource(`{"resourceType":"`+typ+`","id":"`+id+`",`+strings.TrimPrefix(body, "{"), fhir.Limits{})
		if err == nil {
			err = l.matcher.Put(l.t.Context(), r)
		}
		if err != nil {
			l.t.Fatalf("%.80s: %v", text, err)
		}
	}
}

func (l *library) evaluator() *terminology.Evaluator {
	return terminology.New(l.spec, l.params, l.matcher.Reader(), &l.cache)
}

// expand gives the codes of a value set in alphabetical order, without their system where that is urn:zoo, and whole systems with
// an asterisk; or the issue code of the error.
func (l *library) expand(name string) string {
	codes, err := l.evaluator().Expand(l.t.Context(), name)
	if err != nil {
		return "error " + string(fhir.CodeOf(err))
	}
	var list []string
	for c := range codes.All() {
		list = append(list, strings.TrimPrefix(c.System+"|"+c.Code, "urn:zoo|"))
	}
	for _, system := range codes.Whole() {
		list = append(list, system+"|*")
	}
	slices.Sort(list)
	if codes.Partial() {
		list = append(list, "(partial)")
	}
	return strings.Join(list, " ")
}

// zoo is a code system with a hierarchy and properties.
const zoo = `CodeSystem/zoo {"url":"urn:zoo","status":"active","content":"complete","property":[
	{"code":"legs","type":"integer"},{"code":"food","type":"code"},{"code":"status","type":"code"},{"code":"kin","type":"Coding"},{"code":"wings","type":"boolean"},
	{"code":"under","uri":"http://hl7.org/fhir/concept-properties#parent","type":"code"},{"code":"over","uri":"http://hl7.org/fhir/concept-properties#child","type":"code"}],
	"concept":[
	{"code":"animal","display":"Animal","concept":[
		{"code":"mammal","display":"Mammal","concept":[
			{"code":"cat","display":"Cat","definition":"It purrs.","property":[{"code":"legs","valueInteger":4},{"code":"food","valueCode":"bird"},{"code":"kin","valueCoding":{"system":"urn:kin","code":"lion"}}],
				"concept":[{"code":"kitten","property":[{"code":"inactive","valueBoolean":true}]}]},
			{"code":"dog","display":"Dog","property":[{"code":"legs","valueInteger":4},{"code":"wings","valueBoolean":false}]}]},
		{"code":"bird","display":"Bird","property":[{"code":"legs","valueInteger":2},{"code":"wings","valueBoolean":true}],"concept":[
			{"code":"dodo","property":[{"code":"status","valueCode":"retired"}]}]}]},
	{"code":"bat","display":"Bat","property":[{"code":"under","valueCode":"mammal"},{"code":"wings","valueBoolean":true},{"code":"food","valueCode":"moth"},{"code":"food","valueCode":"fig"}]},
	{"code":"pet","display":"Pet","property":[{"code":"notSelectable","valueBoolean":true},{"code":"over","valueCode":"cat"},{"code":"over","valueCode":"dog"},{"code":"over","valueCode":"unheard-of"}]}]}`

const everything = "animal bat bird cat dodo dog kitten mammal pet"

func TestFilters(t *testing.T) {
	l := newLibrary(t, zoo)
	for _, c := range []struct{ property, op, value, want string }{
		{"concept", "is-a", "mammal", "bat cat dog kitten mammal"},
		{"code", "is-a", "pet", "cat dog kitten pet"}, // by property, from above
		{"concept", "descendent-of", "mammal", "bat cat dog kitten"},
		{"concept", "descendent-of", "dog", ""},
		{"concept", "is-not-a", "mammal", "animal bird dodo pet"},
		{"concept", "generalizes", "kitten", "animal cat kitten mammal pet"},
		{"concept", "is-a", "dragon", ""},
		{"concept", "is-not-a", "dragon", everything},
		{"concept", "=", "cat", "cat"},
		{"concept", "in", "cat, dog,dragon", "cat dog"},
		{"concept", "not-in", "cat,dog,bat,pet,animal,mammal", "bird dodo kitten"},
		{"concept", "exists", "true", everything},
		{"display", "=", "Cat", "cat"},
		{"display", "exists", "false", "dodo kitten"},
		{"definition", "regex", ".*purrs.*", "cat"},
		{"display", "regex", "[BC]at", "bat cat"},
		{"display", "regex", "at", ""}, // all of the text
		{"code", "regex", "d.*|c.*", "cat dodo dog"},
		{"legs", "=", "4", "cat dog"},
		{"legs", "exists", "true", "bird cat dog"},
		{"legs", "exists", "false", "animal bat dodo kitten mammal pet"},
		{"legs", "in", "2,6", "bird"},
		{"legs", "not-in", "4", "animal bat bird dodo kitten mammal pet"},
		{"food", "=", "fig", "bat"},
		{"food", "in", "fig,grass", "bat"},
		{"food", "not-in", "fig,bird", "animal bird dodo dog kitten mammal pet"}, // none of several values may be in
		{"food", "is-a", "animal", "cat"},                                        // what it eats is an animal
		{"kin", "=", "lion", "cat"},
		{"kin", "=", "urn:kin|lion", "cat"},
		{"kin", "=", "urn:other|lion", ""},
		{"wings", "=", "true", "bat bird"},
		{"wings", "=", "false", "dog"},
		{"notSelectable", "=", "true", "pet"},
		{"notSelectable", "=", "false", "animal bat bird cat dodo dog kitten mammal"},
		{"inactive", "=", "true", "kitten"},
		{"parent", "=", "mammal", "bat cat dog"}, // by nesting and by property
		{"under", "=", "pet", "cat dog"},
		{"child", "=", "dog", "mammal pet"},
		{"parent", "exists", "false", "animal pet"},

		{"concept", "exists", "perhaps", "error not-supported"},
		{"concept", "near", "cat", "error not-supported"},
		{"weight", "=", "1", "error not-supported"},
		{"display", "regex", "(", "error not-supported"},
		{"display", "regex", `(a)\1`, "error not-supported"},
		{"display", "regex", strings.Repeat("a", 1001), "error too-costly"},
	} {
		l.put(`ValueSet/x {"url":"urn:x","compose":{"include":[{"system":"urn:zoo","filter":[{"property":"` + c.property + `","op":"` + c.op + `","value":"` + strings.ReplaceAll(c.value, `\`, `\\`) + `"}]}]}}`)
		if got := l.expand("urn:x"); got != c.want {
			t.Errorf("%s %s %s: %q, want %q", c.property, c.op, c.value, got, c.want)
		}
	}
}

func TestCompose(t *testing.T) {
	l := newLibrary(t, zoo,
		`CodeSystem/part {"url":"urn:part","status":"active","content":"fragment","concept":[{"code":"a","concept":[{"code":"b"}]}]}`,
		`CodeSystem/example {"url":"urn:example","status":"active","content":"example","concept":[{"code":"a"}]}`,
		`CodeSystem/supplement {"url":"urn:supplement","status":"active","content":"supplement","supplements":"urn:zoo","concept":[{"code":"cat"}]}`,
		`CodeSystem/parts {"url":"urn:parts","status":"active","content":"complete","hierarchyMeaning":"part-of","concept":[{"code":"hand","concept":[{"code":"thumb"}]}]}`,
		`CodeSystem/mixed {"url":"urn:mixed","status":"active","content":"complete","hierarchyMeaning":"grouped-by","property":[{"code":"subsumedBy","uri":"http://hl7.org/fhir/concept-properties#parent","type":"code"}],
			"concept":[{"code":"group","concept":[{"code":"b","property":[{"code":"subsumedBy","valueCode":"a"}]}]},{"code":"a"}]}`,
		`ValueSet/four {"url":"urn:four","compose":{"include":[{"system":"urn:zoo","filter":[{"property":"legs","op":"=","value":"4"}]}]}}`,
		`ValueSet/eaters {"url":"urn:eaters","compose":{"include":[{"system":"urn:zoo","concept":[{"code":"cat"},{"code":"bat"}]}]}}`,
		`ValueSet/loinc {"url":"urn:loinc","compose":{"include":[{"system":"http://loinc.org"}]}}`,
		`ValueSet/broken {"url":"urn:broken","compose":{"include":[{"valueSet":["urn:nowhere"]}]}}`,
	)
	isA := func(system, code string) string {
		return `{"system":"` + system + `","filter":[{"property":"concept","op":"is-a","value":"` + code + `"}]}`
	}
	for _, c := range []struct{ name, compose, want string }{
		{"a list", `"include":[{"system":"urn:zoo","concept":[{"code":"cat"},{"code":"dragon"},{"code":"cat"}]}]`, "cat dragon"},
		{"a list of a system that is not here", `"include":[{"system":"http://loinc.org","concept":[{"code":"1-8"}]}]`, "http://loinc.org|1-8"},
		{"a whole system", `"include":[{"system":"urn:zoo"}]`, everything},
		{"a system that is not here", `"include":[{"system":"http://loinc.org"}]`, "http://loinc.org|*"},
		{"a system without its concepts", `"include":[{"system":"urn:example"},{"system":"urn:part"}]`, "urn:example|* urn:part|*"},
		{"all filters of a part", `"include":[{"system":"urn:zoo","filter":[{"property":"wings","op":"=","value":"true"},{"property":"concept","op":"is-a","value":"mammal"}]}]`, "bat"},
		{"the parts together", `"include":[` + isA("urn:zoo", "cat") + `,` + isA("urn:zoo", "bird") + `]`, "bird cat dodo kitten"},
		{"less what is excluded", `"include":[{"system":"urn:zoo"}],"exclude":[` + isA("urn:zoo", "mammal") + `,{"system":"urn:zoo","concept":[{"code":"pet"}]}]`, "animal bird dodo"},
		{"exclude wins", `"include":[{"system":"urn:zoo","concept":[{"code":"cat"}]}],"exclude":[{"system":"urn:zoo"}]`, ""},
		{"exclude of another system", `"include":[{"system":"urn:zoo","concept":[{"code":"cat"}]}],"exclude":[{"system":"urn:other","concept":[{"code":"cat"}]}]`, "cat"},
		{"a value set", `"include":[{"valueSet":["urn:four"]}]`, "cat dog"},
		{"a value set by reference", `"include":[{"valueSet":["ValueSet/four"]}]`, "cat dog"},
		{"value sets in one part", `"include":[{"valueSet":["urn:four","urn:eaters"]}]`, "cat"},
		{"value sets in two parts", `"include":[{"valueSet":["urn:four"]},{"valueSet":["urn:eaters"]}]`, "bat cat dog"},
		{"a system and a value set", `"include":[{"system":"urn:zoo","filter":[{"property":"wings","op":"exists","value":"true"}],"valueSet":["urn:four"]}]`, "dog"},
		{"a value set excluded", `"include":[{"valueSet":["urn:four"]}],"exclude":[{"valueSet":["urn:eaters"]}]`, "dog"},
		{"all of a system and a list of it", `"include":[{"system":"http://loinc.org","valueSet":["ValueSet/x2"]}]`, "http://loinc.org|1-8"},
		{"all of a system twice", `"include":[{"system":"http://loinc.org","valueSet":["urn:loinc"]}]`, "http://loinc.org|*"},
		{"a list less all of its system", `"include":[{"valueSet":["ValueSet/x2"]}],"exclude":[{"system":"http://loinc.org"}]`, "cat"},
		{"all of a system less itself", `"include":[{"system":"http://loinc.org"}],"exclude":[{"valueSet":["urn:loinc"]}]`, ""},
		{"all of a system less codes of another", `"include":[{"system":"http://loinc.org"}],"exclude":[{"system":"urn:zoo"}]`, "http://loinc.org|*"},
		{"inactive ones too", `"include":[` + isA("urn:zoo", "cat") + `]`, "cat kitten"},
		{"active ones only", `"inactive":false,"include":[{"system":"urn:zoo"},{"system":"urn:none","concept":[{"code":"x"}]}]`, "animal bat bird cat dog mammal pet urn:none|x"},
		{"a system that R4 defines", `"include":[` + isA("http://hl7.org/fhir/observation-status", "amended") + `]`, "http://hl7.org/fhir/observation-status|amended http://hl7.org/fhir/observation-status|corrected"},
		{"the version of a system that R4 defines", `"include":[{"system":"http://hl7.org/fhir/name-use","version":"4.0.1","filter":[{"property":"concept","op":"is-a","value":"old"}]}]`, "http://hl7.org/fhir/name-use|maiden http://hl7.org/fhir/name-use|old"},
		{"any version", `"include":[{"system":"urn:zoo","version":"*","filter":[{"property":"concept","op":"=","value":"cat"}]}]`, "cat"},
		{"a fragment", `"include":[` + isA("urn:part", "a") + `]`, "urn:part|a urn:part|b (partial)"},
		{"a hierarchy by subsumedBy only", `"include":[` + isA("urn:mixed", "a") + `,` + isA("urn:mixed", "group") + `]`, "urn:mixed|a urn:mixed|b urn:mixed|group"},
		{"a value set that R4 defines", `"include":[{"valueSet":["http://hl7.org/fhir/ValueSet/name-use|4.0.1"]}],"exclude":[` + isA("http://hl7.org/fhir/name-use", "old") + `]`,
			"http://hl7.org/fhir/name-use|anonymous http://hl7.org/fhir/name-use|nickname http://hl7.org/fhir/name-use|official http://hl7.org/fhir/name-use|temp http://hl7.org/fhir/name-use|usual"},
		{"one that no list can hold", `"include":[{"valueSet":["http://hl7.org/fhir/ValueSet/mimetypes"]}]`, "urn:ietf:bcp:13|*"},

		{"filters of a system that is not here", `"include":[` + isA("http://loinc.org", "x") + `]`, "error not-supported"},
		{"filters of an example", `"include":[` + isA("urn:example", "a") + `]`, "error not-supported"},
		{"filters of a supplement", `"include":[` + isA("urn:supplement", "cat") + `]`, "error not-supported"},
		{"another version of the system", `"include":[{"system":"urn:zoo","version":"2","filter":[{"property":"concept","op":"=","value":"cat"}]}]`, "error not-supported"},
		{"a code that the fragment lacks", `"include":[` + isA("urn:part", "c") + `]`, "error not-supported"},
		{"a hierarchy of parts", `"include":[` + isA("urn:parts", "hand") + `]`, "error not-supported"},
		{"all of a system but", `"include":[{"system":"http://loinc.org"}],"exclude":[{"system":"http://loinc.org","concept":[{"code":"1-8"}]}]`, "error not-supported"},
		{"an unknown value set", `"include":[{"valueSet":["urn:nowhere"]}]`, "error not-found"},
		{"an unknown value set further in", `"include":[{"valueSet":["urn:broken"]}]`, "error not-found"},
		{"an unlisted value set of R4", `"include":[{"valueSet":["http://loinc.org/vs/LL379-9"]}]`, "error not-supported"},
		{"no value set", `"include":[{"valueSet":["Patient/1"]}]`, "error invalid"},
		{"vsd-1", `"include":[{"version":"1"}]`, "error not-supported"},
		{"vsd-2", `"include":[{"concept":[{"code":"a"}]}]`, "error not-supported"},
		{"vsd-3", `"include":[{"system":"urn:zoo","concept":[{"code":"a"}],"filter":[{"property":"concept","op":"=","value":"cat"}]}]`, "error not-supported"},
	} {
		l.put(`ValueSet/x2 {"url":"urn:x2","compose":{"include":[{"system":"http://loinc.org","concept":[{"code":"1-8"}]},{"system":"urn:zoo","concept":[{"code":"cat"}]}]}}`,
			`ValueSet/x {"url":"urn:x","compose":{`+c.compose+`}}`)
		if got := l.expand("urn:x"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCircles(t *testing.T) {
	set := func(name string, parts ...string) string {
		return `ValueSet/` + name + ` {"url":"urn:` + name + `","compose":{"include":[` + strings.Join(parts, ",") + `]}}`
	}
	code := func(code string) string { return `{"system":"urn:zoo","concept":[{"code":"` + code + `"}]}` }
	from := func(sets ...string) string { return `{"valueSet":["urn:` + strings.Join(sets, `","urn:`) + `"]}` }
	l := newLibrary(t,
		set("self", code("s"), from("self")),
		// Each of three has the codes of all, wherever one begins; d sees the circle from outside, by two ways.
		set("a", code("1"), from("b")), set("b", code("2"), from("c")), set("c", code("3"), from("a")),
		set("d", code("4"), from("b"), from("c"), from("a")),
		// p and q include each other, q only what it has in common with p and r.
		set("p", code("1"), from("q")), set("q", code("2"), from("p", "r")), set("r", code("1"), code("9")),
		set("both", from("p", "q")),
		`ValueSet/without {"url":"urn:without","compose":{"include":[`+code("1")+`],"exclude":[`+from("within")+`]}}`,
		set("within", from("without")),
	)
	for name, want := range map[string]string{
		"self": "s", "a": "1 2 3", "b": "1 2 3", "c": "1 2 3", "d": "1 2 3 4", "p": "1 2", "q": "1 2", "both": "1 2",
		"without": "error not-supported", "within": "error not-supported",
	} {
		if got := l.expand("urn:" + name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	e := l.evaluator() // what one evaluation leaves out must not be missing from the next
	for _, c := range []struct {
		name string
		want int
	}{{"c", 3}, {"a", 3}, {"b", 3}, {"d", 4}, {"q", 2}, {"p", 2}, {"both", 2}} {
		codes, err := e.Expand(t.Context(), "urn:"+c.name)
		if err != nil || codes.Len() != c.want {
			t.Errorf("%s, after others: %v %v, want %d", c.name, codes, err, c.want)
		}
	}
}
