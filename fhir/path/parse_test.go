package path

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"andiron.dev/fhir/r4"
)

// sameTree reports whether two trees are the same, positions aside.
func sameTree(a, b *node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.kind != b.kind || a.text != b.text || a.value != b.value || a.depth != b.depth ||
		strings.Join(a.names, "\x00") != strings.Join(b.names, "\x00") || len(a.args) != len(b.args) || !sameTree(a.base, b.base) {
		return false
	}
	for i := range a.args {
		if !sameTree(a.args[i], b.args[i]) {
			return false
		}
	}
	return true
}

// roundTrip parses, writes, and parses again.
func roundTrip(t *testing.T, src string) {
	t.Helper()
	tree, err := parse(src)
	if err != nil {
		return
	}
	again, err := parse(tree.String())
	if err != nil {
		t.Errorf("%q is written as %q: %v", src, tree, err)
		return
	}
	if !sameTree(tree, again) || again.String() != tree.String() {
		t.Errorf("%q is written as %q, which is another tree: %q", src, tree, again)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, src := range expressions(t) {
		roundTrip(t, src)
	}
}

// expressions are those of the tables, of R4's search parameters and of its invariants.
func expressions(t testing.TB) (list []string) {
	t.Helper()
	for _, name := range []string{"testdata/functions.txt", "testdata/operators.txt"} {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			if src, _, ok := strings.Cut(lines.Text(), " => "); ok {
				list = append(list, src)
			}
		}
		file.Close()
	}
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range spec.SearchParams() {
		list = append(list, p.Expression)
	}
	for _, typ := range spec.Types() {
		for _, c := range typ.Constraints {
			list = append(list, c.Expression)
		}
	}
	return list
}

func TestString(t *testing.T) {
	for src, want := range map[string]string{
		"1+2*3":                           "1 + 2 * 3",
		"(1+2)*3":                         "(1 + 2) * 3",
		"1-(2-3)":                         "1 - (2 - 3)",
		"(1-2)-3":                         "1 - 2 - 3",
		"-(1+2)":                          "-(1 + 2)",
		"-1.abs()":                        "-1.abs()",
		"(-1).abs()":                      "(-1).abs()",
		"((a.b)).c":                       "a.b.c",
		"(a|b).c":                         "(a | b).c",
		"a is B":                          "a is B",
		"(a is B).c":                      "(a is B).c",
		"a|(b is C)":                      "a | b is C",
		"(a|b)is C":                       "(a | b) is C",
		"a.where(b='c' and d)[0]":         "a.where(b = 'c' and d)[0]",
		"%`vs-x`":                         "%`vs-x`",
		`%"vs-x"`:                         "%`vs-x`",
		"%'ucum'":                         "%ucum",
		"`a b`.`c`":                       "`a b`.c",
		"text.div":                        "text.`div`",
		"4days+1'mg'":                     "4 days + 1 'mg'",
		"@2015T":                          "@2015T",
		"'a\\u0041\\n'":                   "'aA\\n'",
		"contains.in.is.as":               "contains.in.is.as",
		"{}|a":                            "{} | a",
		"a implies b implies c":           "a implies b implies c",
		"a implies (b implies c)":         "a implies (b implies c)",
		"x is FHIR.`Patient`":             "x is FHIR.Patient",
		"a/*c*/.b// d":                    "a.b",
		"$this.a":                         "$this.a",
		"f ( a , b )":                     "f(a, b)",
		"1 = 1 in x":                      "1 = 1 in x",
		"(Observation.value as Quantity)": "Observation.value as Quantity",
	} {
		tree, err := parse(src)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if got := tree.String(); got != want {
			t.Errorf("%s is written %s, not %s", src, got, want)
		}
		roundTrip(t, src)
	}
}

// TestLookup sees that every function named in the tables' headings is one, and that all are in the tables.
func TestLookup(t *testing.T) {
	table, err := os.ReadFile("testdata/functions.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(`
		empty not exists all allTrue anyTrue allFalse anyFalse subsetOf supersetOf isDistinct distinct count
		where select repeat aggregate iif
		single first last tail skip take intersect exclude union combine
		toBoolean convertsToBoolean toInteger convertsToInteger toDecimal convertsToDecimal toString convertsToString
		toDate convertsToDate toDateTime convertsToDateTime toTime convertsToTime toQuantity convertsToQuantity
		indexOf substring startsWith endsWith contains upper lower replace length toChars trim split join
		matches matchesFull replaceMatches encode decode escape unescape
		abs ceiling exp floor ln log power round sqrt truncate
		lowBoundary highBoundary precision comparable children descendants
		trace now today timeOfDay type sort
		extension hasExtension hasValue getValue resolve htmlChecks checkModifiers
		conformsTo memberOf subsumes subsumedBy elementDefinition slice`) {
		f, ok := lookup(name)
		if !ok || (f.eval == nil) == (f.truth == nil) {
			t.Errorf("%s() is no function", name)
		}
		if !strings.Contains(string(table), name+"(") {
			t.Errorf("%s() is not tested in testdata/functions.txt", name)
		}
	}
}
