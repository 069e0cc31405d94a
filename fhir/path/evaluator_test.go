package path_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
)

// TestLimits sees that no expression costs more than it is allowed to, and says so.
func TestLimits(t *testing.T) {
	spec := decode(t)
	focus := root(t, spec, "testdata/patient.json")
	const ten = "(1|2|3|4|5|6|7|8|9|10)"
	for _, c := range []struct{ src, text string }{
		{ten + ".select(" + ten + ".select(" + ten + ".select(" + ten + ".select(" + ten + ".select(" + ten + "))))).count()", "values than are allowed"},
		{ten + ".aggregate($total & $total & $total & $total, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')", "text than is allowed"},
		{"'a'.repeat($this & 'a')", "allowed"},
		{"1.repeat($this + 1).count()", "allowed"},
		{"descendants().select(%context.descendants()).select(%context.descendants()).select(%context.descendants()).count()", "allowed"},
		{ten + ".all(" + ten + ".all(" + ten + ".all(" + ten + ".all(" + ten + ".all(" + ten + ".all(" + ten + ".all(true)))))))", "steps than are allowed"},
		{"'" + strings.Repeat("a", 3000) + "'.replace('', '" + strings.Repeat("b", 30_000) + "')", "text than is allowed"},
		{ten + ".aggregate($total & $total, '" + strings.Repeat("a", 10_000) + "').matches('(a|aa|aaa|aaaa){1,90}b')", "allowed"},
	} {
		x, err := path.Compile(spec, c.src)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = x.Eval(context.Background(), path.Env{}, focus)
		if fhir.CodeOf(err) != fhir.TooCostly || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%.60s: %v", c.src, err)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%.60s took %v", c.src, took)
		}
	}
	x, err := path.Compile(spec, ten+".count()")
	if err != nil {
		t.Fatal(err)
	}
	for steps, ok := range map[int]bool{10: false, 1000: true} {
		_, err := x.Eval(context.Background(), path.Env{Limits: path.Limits{Steps: steps}}, focus)
		if (err == nil) != ok {
			t.Errorf("with %d steps: %v", steps, err)
		}
	}
}

func TestCancellation(t *testing.T) {
	spec := decode(t)
	focus := root(t, spec, "testdata/patient.json")
	x, err := path.Compile(spec, "name.given")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = x.Eval(ctx, path.Env{}, focus)
	if fhir.CodeOf(err) != fhir.Timeout || !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context gives %v", err)
	}
}

// TestManyValues sees that sets of many values are told apart in time, and as few are.
func TestManyValues(t *testing.T) {
	spec := decode(t)
	var b strings.Builder
	for i := range 20_000 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"code":"c%d","concept":[{"code":"d%d"},{"code":"d%d"}]}`, i, i%15_000, i%15_000)
	}
	focus := parse(t, spec, `{"resourceType":"CodeSystem","concept":[`+b.String()+`]}`)
	ev := path.NewEvaluator(path.Env{})
	for src, want := range map[string]string{
		"concept.code.isDistinct()":                                     "true",
		"concept.concept.code.distinct().count()":                       "15000",
		"repeat(concept).count()":                                       "35000",
		"concept.concept.distinct().count()":                            "15000",
		"(concept.code | concept.concept.code).count()":                 "35000",
		"concept.code.intersect(concept.code).count()":                  "20000",
		"concept.code.exclude(concept.take(19990).code).count()":        "10",
		"concept.code.supersetOf(concept.skip(100).code)":               "true",
		"concept.take(100).select($index + 0.0).distinct().count()":     "100",
		"concept.take(100).select($index mod 50).distinct().count()":    "50",
		"concept.take(60).select(1 '1').combine(1).distinct().count()":  "1",
		"concept.take(60).select(1.0).combine(1).distinct().count()":    "1",
		"concept.take(60).select(@2020-01-01).distinct().count()":       "1",
		"concept.take(60).select($index > 30).distinct().count()":       "2",
		"concept.take(60).type().distinct().count()":                    "1",
		"concept.take(60).select(1).combine(1 '1').isDistinct()":        "false",
		"concept.take(60).select($index).supersetOf(5 '1' | 7.0)":       "true",
		"concept.take(60).select($index.toString()).subsetOf('1'|'2')":  "false",
		"concept.take(60).select($index.toString()).contains('1')":      "error",
		"concept.take(60).select($index.toString()) contains '59'":      "true",
		"concept.take(60).select(iif($index = 3, 1, 2)).sort().first()": "1",
	} {
		got := evaluate(ev, spec, src, focus)
		if got != want && !strings.HasPrefix(got, want) {
			t.Errorf("%s gives %s, not %s", src, got, want)
		}
	}
}

func TestTest(t *testing.T) {
	spec := decode(t)
	focus := root(t, spec, "testdata/patient.json")
	ev := path.NewEvaluator(path.Env{})
	for src, want := range map[string]bool{
		"active": true, "active.not()": false, "nosuch": false, "birthDate": true, "gender = 'male'": true, "{}": false,
	} {
		x, err := path.Compile(spec, src)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ev.Test(context.Background(), x, focus); err != nil || got != want {
			t.Errorf("%s: %v, %v", src, got, err)
		}
	}
	x, err := path.Compile(spec, "name")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ev.Test(context.Background(), x, focus); fhir.CodeOf(err) != fhir.Invalid {
		t.Errorf("two names are a criterion: %v", err)
	}
}

// TestConcurrency shares an expression among goroutines; go test -race sees whether that is safe.
func TestConcurrency(t *testing.T) {
	spec := decode(t)
	focus := root(t, spec, "testdata/patient.json")
	x, err := path.Compile(spec, "Patient.name.where(given.matches('^J')).given | Patient.contained.name.family")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			ev := path.NewEvaluator(path.Env{})
			for range 200 {
				values, err := ev.Eval(context.Background(), x, focus, nil)
				if fhir.CodeOf(err) != fhir.Invalid || len(values) != 0 { // two given names are no single String
					t.Error(values, err)
				}
			}
		})
	}
	group.Wait()
}

// TestNoAllocation sees that the paths of search parameters cost no memory.
func TestNoAllocation(t *testing.T) {
	spec := decode(t)
	focus := root(t, spec, "testdata/patient.json")
	ev := path.NewEvaluator(path.Env{})
	var buffer []path.Value
	for _, src := range []string{
		"Patient.name.family", "Patient.deceased as dateTime", "Patient.name.where(use = 'usual').given",
		"Patient.generalPractitioner.where(resolve() is Practitioner)", "Patient.deceased.exists() and Patient.deceased != false",
		"Patient.managingOrganization.where(resolve() is Organization)",
	} {
		x, err := path.Compile(spec, src)
		if err != nil {
			t.Fatal(err)
		}
		n := testing.AllocsPerRun(100, func() {
			buffer, err = ev.Eval(context.Background(), x, focus, buffer[:0])
		})
		// A contained resource that a reference leads to is a new Value.
		if err != nil || n > 0 && !strings.Contains(src, "generalPractitioner") {
			t.Errorf("%s: %v allocations, %v", src, n, err)
		}
	}
}

// TestHooks sees what reaches the hooks, and what their errors become.
func TestHooks(t *testing.T) {
	spec := decode(t)
	focus := root(t, spec, "testdata/patient.json")
	var traced []string
	env := path.Env{
		Trace: func(name string, items []path.Value) { traced = append(traced, fmt.Sprint(name, len(items))) },
		Resolve: func(context.Context, string) (fhir.Element, error) {
			return fhir.Element{}, fhir.NewOutcome(fhir.Transient, "try later")
		},
		MemberOf: func(context.Context, path.Value, string) (bool, bool, error) {
			return false, false, errors.New("secret")
		},
	}
	ev := path.NewEvaluator(env)
	if got := evaluate(ev, spec, "name.trace('n').given.trace('g', $this | 1)", focus); !strings.HasPrefix(got, "Peter") {
		t.Error(got)
	}
	if strings.Join(traced, " ") != "n2 g6" {
		t.Error(traced)
	}
	for src, code := range map[string]fhir.IssueType{
		"managingOrganization.resolve()": fhir.Transient, "gender.memberOf('x')": fhir.Exception, "slice('a', 'b')": fhir.NotSupported,
	} {
		x, err := path.Compile(spec, src)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ev.Eval(context.Background(), x, focus, nil); fhir.CodeOf(err) != code {
			t.Errorf("%s: %v", src, err)
		}
	}
}
