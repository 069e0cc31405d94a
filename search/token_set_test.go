package search_test

import (
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

func TestTokenSet(t *testing.T) {
	p := newParams(t)
	for query, want := range map[string]string{ // the code system that a code alone is taken to be of
		"Observation?status:below=amended":               "http://hl7.org/fhir/observation-status",
		"Task?intent:above=order":                        "http://hl7.org/fhir/request-intent",
		"Condition?clinical-status:below=active":         "http://terminology.hl7.org/CodeSystem/condition-clinical",
		"Condition?clinical-status:below=urn:x%7Cactive": "urn:x",
	} {
		q, _, err := parse(t, p, query, search.Options{Strict: true})
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if set, ok := q.Where[0].(*search.TokenSet); !ok || len(set.Codes) != 1 || set.Codes[0].System != want {
			t.Errorf("%s: %#v, want the system %s", query, q.Where[0], want)
		}
	}
	for query, want := range map[string]fhir.IssueType{
		"Observation?status:below=unheard-of": fhir.Invalid, "Observation?code:below=a": fhir.Invalid, "Observation?code:above=a%7C": fhir.Invalid,
		"Observation?code:above=%7Ca": fhir.Invalid, "Observation?code:above=a%7Cb%7Cc": fhir.Invalid, "Patient?identifier:in=urn:x": fhir.NotSupported,
		"Patient?telecom:below=a%7Cb": fhir.NotSupported, "Patient?active:not-in=urn:x": fhir.NotSupported, "Patient?name:in=urn:x": fhir.NotSupported, "Patient?_id:in=urn:x": fhir.NotSupported,
	} {
		if _, _, err := parse(t, p, query, search.Options{}); fhir.CodeOf(err) != want {
			t.Errorf("%s: %v, want %s", query, err, want)
		}
	}
}

// TestRewrite: criteria are found wherever they stand, and what holds none that changes stays what it is.
func TestRewrite(t *testing.T) {
	p := newParams(t)
	const query = "Patient?gender=male&_has:Observation:patient:code:in=urn:a&general-practitioner:Organization.type:below=urn:b%7C1"
	q, _, err := parse(t, p, query, search.Options{Strict: true, Base: "http://x/fhir"})
	if err != nil {
		t.Fatal(err)
	}
	tree := search.And{q.Where[0], search.Or{q.Where[1], &search.Not{Expr: search.And{q.Where[2], q.Where[0]}}}, &search.Not{Expr: q.Where[0]}}
	sets, others := 0, 0
	fn := func(e search.Expr) (search.Expr, error) {
		if set, ok := e.(*search.TokenSet); ok {
			sets++
			if set.Own != "http://x/fhir" {
				t.Errorf("%s: own base %q", set, set.Own)
			}
			return set.Token([]search.TokenTest{{System: "urn:s", Code: "c"}}), nil
		}
		others++
		return e, nil
	}
	rewritten, err := search.Rewrite(tree, fn)
	if err != nil || sets != 2 || others != 3 {
		t.Fatalf("%v; %d sets, %d others", err, sets, others)
	}
	if rewritten.String() != tree.String() {
		t.Errorf("a rewritten tree says of itself %s, not %s", rewritten, tree)
	}
	after := rewritten.(search.And)
	if after[0] != tree[0] || after[2] != tree[2] || after[1].(search.Or)[0] == tree[1].(search.Or)[0] {
		t.Error("the wrong nodes were made anew")
	}
	if _, ok := tree[1].(search.Or)[0].(*search.Has).Where.(*search.TokenSet); !ok {
		t.Error("the tree itself was changed")
	}
	sets, others = 0, 0
	again, err := search.Rewrite(rewritten, fn)
	if err != nil || sets != 0 || others != 5 || &again.(search.And)[0] != &after[0] {
		t.Errorf("%v; %d sets, %d others; nothing was to be replaced", err, sets, others)
	}
	failure := fhir.NewOutcome(fhir.NotFound, "x")
	if _, err := search.Rewrite(tree, func(e search.Expr) (search.Expr, error) {
		if _, ok := e.(*search.TokenSet); ok {
			return nil, failure
		}
		return e, nil
	}); fhir.CodeOf(err) != fhir.NotFound {
		t.Errorf("the error became %v", err)
	}
}
