package search

import (
	"reflect"
	"testing"

	"andiron.dev/fhir"
)

// FuzzTextQuery: whatever is asked, the parser gives a question or an Outcome, and the question written out is read as the same.
func FuzzTextQuery(f *testing.F) {
	for _, seed := range []string{`bone`, `(bone OR "heart failure"*) and -liver`, `NOT (a b) c*`, `self-manage*`, `糖尿 "x" ...`, `a OR`, `"`, `((a)`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := parseTextQuery("_content", text)
		if err != nil {
			if code := fhir.CodeOf(err); code != fhir.Invalid && code != fhir.TooCostly {
				t.Fatal(err)
			}
			return
		}
		for _, q := range []TextQuery{q, TextNot{Query: q}, TextAll{q, TextSome{}}, TextAny{TextNot{Query: TextSome{}}, q}} {
			again, err := ReadTextQuery(q.String())
			if err != nil || !reflect.DeepEqual(again, q) {
				t.Fatalf("%s is read as %v (%v)", q, again, err)
			}
		}
	})
}
