package search

import (
	"reflect"
	"strings"
	"testing"

	"andiron.dev/fhir"
)

func TestFilterText(t *testing.T) {
	for text, want := range map[string]string{
		`a eq b`:                                  `a eq b`,
		` a   EQ	b  `:                             `a eq b`,
		`a eq "b"`:                                `a eq "b"`,
		`a eq "\"\\\n\u00fc<"`:                    `a eq "\"\\\nü<"`,
		`a eq b and c eq d and e eq f`:            `a eq b and c eq d and e eq f`,
		`a eq b or c eq d and e eq f`:             `a eq b or c eq d and e eq f`,
		`(a eq b or c eq d) and e eq f`:           `a eq b or c eq d and e eq f`,
		`a eq b or (c eq d and e eq f)`:           `a eq b or (c eq d and e eq f)`,
		`(a eq b and c eq d) and e eq f`:          `(a eq b and c eq d) and e eq f`,
		`a eq b and (c eq d and e eq f)`:          `a eq b and (c eq d and e eq f)`,
		`((a eq b))`:                              `a eq b`,
		`not(a eq b)and not ( (c eq d) )`:         `not (a eq b) and not (c eq d)`,
		`a.b-c._d eq x`:                           `a.b-c._d eq x`,
		`a[b eq c or d eq e].f[g pr true].h ne i`: `a[b eq c or d eq e].f[g pr true].h ne i`,
		`a eq x|y(z`:                              `a eq x|y(z`,
		`not eq b or and eq c`:                    ``,
		`notes eq b or android eq c`:              `notes eq b or android eq c`,
		`a eq "x"and b eq c`:                      `a eq "x" and b eq c`,
		`a eq not`:                                `a eq not`,
	} {
		n, err := parseFilter(text)
		if want == "" {
			if fhir.CodeOf(err) != fhir.Invalid {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		if err != nil || filterText(n) != want {
			t.Errorf("%s: %v (%v), want %s", text, n, err, want)
			continue
		}
		roundTrip(t, n)
	}
}

func roundTrip(t *testing.T, n filterNode) {
	t.Helper()
	again, err := parseFilter(filterText(n))
	if err != nil || !reflect.DeepEqual(again, n) {
		t.Fatalf("%s is read as %v (%v)", filterText(n), again, err)
	}
}

func TestFilterLimits(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("not (", n) + "a eq b" + strings.Repeat(")", n) }
	brackets := func(n int) string { return strings.Repeat("a[", n) + "b eq c" + strings.Repeat("].d eq e", n) }
	list := func(n int) string { return "a eq b" + strings.Repeat(" and a eq b", n-1) }
	for name, c := range map[string]struct{ fits, over string }{
		"depth":    {nested(maxFilterDepth - 1), nested(maxFilterDepth)},
		"brackets": {brackets(maxFilterDepth - 1), brackets(maxFilterDepth)},
		"changes":  {"a eq b" + strings.Repeat(" and a eq b or a eq b", 7) + " and a eq b", "a eq b" + strings.Repeat(" and a eq b or a eq b", 8)},
		"tests":    {list(maxFilterTests), list(maxFilterTests + 1)},
		"length":   {"a eq " + strings.Repeat("x", maxFilterLength-5), "a eq " + strings.Repeat("x", maxFilterLength-4)},
		"idle":     {strings.Repeat("(", 2000) + "a eq b" + strings.Repeat(")", 2000), strings.Repeat("(", 5000)},
	} {
		n, err := parseFilter(c.fits)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		roundTrip(t, n)
		if _, err := parseFilter(c.over); fhir.CodeOf(err) != fhir.TooCostly {
			t.Errorf("%s: one more gives %v", name, err)
		}
	}
}

// FuzzFilter: whatever is written, the parser gives a tree or an Outcome that does not repeat it, and the tree written out is
// read as the same tree.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{`a eq b`, `not (a[b co "x\u00e9"].c ge 5 or d pr true) and e in http://x|1`, `a eq "\\\""`, `((a eq b`, `a sw "` + "\u2028" + `"`, "a\u00a0eq\u2003b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := parseFilter(text)
		if err != nil {
			if code := fhir.CodeOf(err); code != fhir.Invalid && code != fhir.TooCostly {
				t.Fatal(err)
			}
			return
		}
		if len(filterText(n)) <= maxFilterLength { // escapes may be longer than what they stand for
			roundTrip(t, n)
		}
	})
}
