package searchtest_test

import (
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"andiron.dev/search/searchtest"
	"andiron.dev/search/ucum"
)

func TestMatcher(t *testing.T) {
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	units, err := ucum.Decode()
	if err != nil {
		t.Fatal(err)
	}
	params := search.NewParams(spec, units)
	searchtest.Run(t, params, searchtest.Scripts(t), func(_ testing.TB, now func() time.Time) searchtest.Subject {
		return searchtest.NewMatcher(params, now)
	})
}

func TestParseErrors(t *testing.T) {
	for script, want := range map[string]string{
		"find Patient?a=b => a":              "x:1: \"find\" is none of",
		"\n\nsearch Patient?a=b":             "x:3: a search needs '=>'",
		"load\n  Patient {}":                 "x:2: a resource looks like",
		"load\n  Patient/a {\"x\":1,\n    }": "x:2: ",
		"clock noon":                         "x:1: ",
		"search Patient? => a total many":    "x:1: after 'total' a number",
	} {
		if _, err := searchtest.Parse("x", script); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %v, want %s…", script, err, want)
		}
	}
}
