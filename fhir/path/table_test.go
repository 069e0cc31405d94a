package path_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
)

// TestTables runs testdata/*.txt.
func TestTables(t *testing.T) {
	spec := decode(t)
	focus := root(t, spec, "testdata/patient.json")
	ev := path.NewEvaluator(tableEnv(t))
	for _, name := range []string{"testdata/functions.txt", "testdata/operators.txt"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		prefix := ""
		for i, line := range strings.Split(string(data), "\n") {
			if strings.HasPrefix(line, "//") {
				prefix = line + "\n" // a comment needs a line of its own
				continue
			}
			if line == "" || strings.HasPrefix(line, "# ") && !strings.HasPrefix(line, "# =>") {
				continue
			}
			at := strings.LastIndex(line, " => ")
			if at < 0 {
				t.Fatalf("%s:%d: no =>", name, i+1)
			}
			src, want := prefix+line[:at], line[at+len(" => "):]
			prefix = ""
			if got := evaluate(ev, spec, src, focus); got != want && !(want == "error" && strings.HasPrefix(got, "error")) {
				t.Errorf("%s:%d: %s\n gives %s\n   not %s", name, i+1, src, got, want)
			}
		}
	}
}

func root(t testing.TB, spec *r4.Spec, file string) path.Value {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, spec, string(data))
}

func parse(t testing.TB, spec *r4.Spec, text string) path.Value {
	t.Helper()
	e, err := fhir.Parse(text, fhir.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return path.Root(spec, e, "")
}

// evaluate compiles and evaluates, and writes the result as the tables have it.
func evaluate(ev *path.Evaluator, spec *r4.Spec, src string, focus path.Value) string {
	x, err := path.Compile(spec, src)
	if err != nil {
		return "error: " + err.Error()
	}
	values, err := ev.Eval(context.Background(), x, focus, nil)
	if err != nil {
		return "error: " + err.Error()
	}
	if len(values) == 0 {
		return "{}"
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = literal(v)
	}
	return strings.Join(texts, ", ")
}

func literal(v path.Value) string {
	switch v.Kind() {
	case path.SystemString:
		return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(v.String()) + "'"
	case path.SystemDate:
		return "@" + v.String()
	case path.SystemDateTime:
		if !strings.Contains(v.String(), "T") {
			return "@" + v.String() + "T"
		}
		return "@" + v.String()
	case path.SystemTime:
		return "@T" + v.String()
	case path.Node:
		if v.String() == "" {
			return "null"
		}
	}
	return v.String()
}

// tableEnv has an answer for every hook.
func tableEnv(t testing.TB) path.Env {
	organization, err := fhir.Parse(`{"resourceType":"Organization","id":"1","name":"Elsewhere"}`, fhir.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return path.Env{
		Now: func() time.Time {
			return time.Date(2024, 5, 1, 10, 20, 30, 456_789_000, time.FixedZone("", 2*60*60))
		},
		Units: decodeUnits(t),
		Resolve: func(_ context.Context, reference string) (fhir.Element, error) {
			if reference == "Organization/1" {
				return organization, nil
			}
			return fhir.Element{}, nil
		},
		ConformsTo: func(_ context.Context, _ path.Value, url string) (bool, bool, error) {
			return true, url == "urn:profile", nil
		},
		MemberOf: func(_ context.Context, v path.Value, url string) (bool, bool, error) {
			return v.String() == "male", url == "http://hl7.org/fhir/ValueSet/administrative-gender", nil
		},
		Subsumes: func(_ context.Context, code, other path.Value) (bool, bool, error) {
			return code.Element().Get("code").Text() == other.Element().Get("code").Text(), true, nil
		},
		Variables: map[string][]path.Value{
			"answer": {path.Integer(42)},
			"two":    {path.Integer(1), path.Integer(2)},
		},
	}
}
