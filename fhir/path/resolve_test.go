package path_test

import (
	"context"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
)

const bundle = `{"resourceType":"Bundle","type":"collection","entry":[
 {"fullUrl":"http://a/fhir/Patient/1","resource":{"resourceType":"Patient","id":"1",
   "contained":[{"resourceType":"Organization","id":"o","partOf":{"reference":"#p"}},{"resourceType":"Organization","id":"p","name":"parent","endpoint":[{"reference":"#"}]}],
   "managingOrganization":{"reference":"#o"},"generalPractitioner":[{"reference":"Practitioner/1"},{"reference":"urn:uuid:4"},{"reference":"#none"}]}},
 {"fullUrl":"http://b/fhir/Practitioner/1","resource":{"resourceType":"Practitioner","id":"1","gender":"male"}},
 {"fullUrl":"http://a/fhir/Practitioner/1","resource":{"resourceType":"Practitioner","id":"1","gender":"female"}},
 {"fullUrl":"urn:uuid:4","resource":{"resourceType":"PractitionerRole","id":"4","practitioner":{"reference":"Practitioner/1"},"organization":{"reference":"http://elsewhere/fhir/Organization/9"}}},
 {"resource":{"resourceType":"Basic","id":"5","subject":{"reference":"urn:uuid:none","type":"Device"}}}
]}`

// TestResolve sees that references inside a document are followed without a Resolver.
func TestResolve(t *testing.T) {
	spec := decode(t)
	focus := parse(t, spec, bundle)
	ev := path.NewEvaluator(path.Env{})
	for src, want := range map[string]string{
		"entry[0].resource.managingOrganization.resolve().id":                                              "o",
		"entry[0].resource.managingOrganization.resolve().partOf.resolve().name":                           "parent",
		"entry[0].resource.managingOrganization.resolve().partOf.resolve().endpoint.resolve().type().name": "'Patient'",
		"entry[0].resource.generalPractitioner.resolve().type().name":                                      "'Practitioner', 'PractitionerRole'",
		"entry[0].resource.generalPractitioner[0].resolve().gender":                                        "female",
		"entry[3].resource.practitioner.resolve().gender":                                                  "male",
		"entry[3].resource.organization.resolve()":                                                         "{}",
		"entry[3].resource.organization.resolve() is Organization":                                         "true",
		"entry[3].resource.organization.where(resolve() is Organization).exists()":                         "true",
		"entry[3].resource.organization.where(resolve() is Patient).exists()":                              "false",
		"entry[0].resource.generalPractitioner.where(resolve() is PractitionerRole).reference":             "urn:uuid:4",
		"entry[0].resource.managingOrganization.where(resolve() is Organization).exists()":                 "true",
		"entry[0].resource.generalPractitioner.where(resolve() is Resource).count()":                       "2",
		"entry[4].resource.subject.where(resolve() is Device).exists()":                                    "true",
		"entry[4].resource.subject.resolve()":                                                              "{}",
		"'Patient/1'.resolve().id":                                                                         "1",
		"entry.fullUrl[0].resolve().id":                                                                    "1",
		"1.resolve()":                                                                                      "{}",
		"entry.resolve()":                                                                                  "{}",
		"entry[0].resource.contained[0].select(%resource.type().name)":                                     "'Bundle'",
	} {
		if got := evaluate(ev, spec, src, focus); got != want {
			t.Errorf("%s gives %s, not %s", src, got, want)
		}
	}
}

// TestResource sees what %resource and %rootResource mean where the focus is inside.
func TestResource(t *testing.T) {
	spec := decode(t)
	first := func(src string, focus path.Value) path.Value {
		t.Helper()
		x, err := path.Compile(spec, src)
		if err != nil {
			t.Fatal(err)
		}
		values, err := x.Eval(context.Background(), path.Env{}, focus)
		if err != nil || len(values) == 0 {
			t.Fatal(src, err)
		}
		return values[0]
	}
	ev := path.NewEvaluator(path.Env{})
	organization := first("entry[0].resource.contained[0].partOf", parse(t, spec, bundle))
	for src, want := range map[string]string{
		"%resource.id": "o", "%rootResource.id": "1", "%context.reference": "#p", "reference": "#p",
		"reference.substring(1) in %rootResource.contained.id": "true",
	} {
		if got := evaluate(ev, spec, src, organization); got != want {
			t.Errorf("%s gives %s, not %s", src, got, want)
		}
	}
	patient := first("Bundle.entry[0].resource", parse(t, spec, bundle))
	if got := evaluate(ev, spec, "%rootResource.id = %resource.id", patient); got != "true" {
		t.Error("a Bundle is not a root resource:", got)
	}
}

// TestPrevious evaluates a subscription's criteria over two versions.
func TestPrevious(t *testing.T) {
	spec := decode(t)
	before := parse(t, spec, `{"resourceType":"Encounter","status":"in-progress"}`)
	after := parse(t, spec, `{"resourceType":"Encounter","status":"finished"}`)
	x, err := path.Compile(spec, "%previous.status != 'finished' and %current.status = 'finished'", path.Context("Encounter"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		previous []path.Value
		want     bool
	}{{[]path.Value{before}, true}, {[]path.Value{after}, false}, {nil, false}} {
		ev := path.NewEvaluator(path.Env{Variables: map[string][]path.Value{"previous": c.previous, "current": {after}}})
		if got, err := ev.Test(context.Background(), x, after); err != nil || got != c.want {
			t.Errorf("%v, %v", got, err)
		}
	}
}

// TestUntyped evaluates over what R4 does not know.
func TestUntyped(t *testing.T) {
	spec := decode(t)
	ev := path.NewEvaluator(path.Env{})
	focus := parse(t, spec, `{"resourceType":"Novel","title":"x","pages":[1,2.5],"open":true,"part":[{"n":1},{"n":2}],"_title":{"id":"t"}}`)
	for src, want := range map[string]string{
		"title": "x", "title + 'y'": "'xy'", "pages": "1, 2.5", "pages.select($this + 1)": "2, 3.5", "open.not()": "false",
		"part.n": "1, 2", "part.where(n = 2).n": "2", "title.id": "t", "Novel.title": "{}", "children().count()": "6",
		"part[0] ~ part[0]": "true", "part[0] = part[1]": "false", "type().name": "'Element'", "_title": "{}",
	} {
		if got := evaluate(ev, spec, src, focus); got != want {
			t.Errorf("%s gives %s, not %s", src, got, want)
		}
	}
	if got := evaluate(ev, spec, "exists()", path.Value{}); got != "false" {
		t.Error(got)
	}
	if got := path.Root(spec, fhir.Element{}, ""); got.Kind() != path.Node {
		t.Error(got.Kind())
	}
}
