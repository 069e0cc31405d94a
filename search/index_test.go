package search_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"github.com/google/go-cmp/cmp"
)

// update is a function so that there is no package variable to be changed by accident.
func update() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

func TestMain(m *testing.M) {
	flag.Bool("update", false, "rewrite golden files")
	flag.Parse()
	os.Exit(m.Run())
}

// TestIndexValues pins what is indexed of a set of resources. When it changes, search.IndexVersion has to be counted up, so
// that stores are indexed anew.
func TestIndexValues(t *testing.T) {
	p := newParams(t)
	text, err := os.ReadFile("testdata/index.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintln(&b, "IndexVersion", search.IndexVersion)
	for line := range strings.Lines(string(text)) {
		r, err := fhir.ParseResource(line, fhir.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "\n%s\n", r.Reference())
		for _, row := range describe(p.Values(r)) {
			fmt.Fprintln(&b, "  "+row)
		}
		fmt.Fprintf(&b, "  words %q\n", p.Words(r))
	}
	const golden = "testdata/index.golden"
	if update() {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("the index changed (-want +got); if that is meant, count up search.IndexVersion and run go test ./search -update\n%s", diff)
	}
}

func describe(v *search.Values) []string {
	var rows []string
	add := func(slot *search.Slot, format string, args ...any) {
		rows = append(rows, fmt.Sprintf("%s %s: ", slot.Kind, slot.Term)+fmt.Sprintf(format, args...))
	}
	for _, t := range v.Tokens {
		add(t.Slot, "%s|%s", t.System, t.Code)
	}
	for _, s := range v.Strings {
		add(s.Slot, "%q from %q", s.Folded, s.Text)
	}
	for _, d := range v.Dates {
		add(d.Slot, "[%s, %s)", instant(d.Low.IsZero(), d.Low.Format("2006-01-02T15:04:05.999999999Z")), instant(d.High.IsZero(), d.High.Format("2006-01-02T15:04:05.999999999Z")))
	}
	for _, r := range v.References {
		add(r.Slot, "%s/%s version %q base %q", r.Type, r.ID, r.Version, r.Base)
	}
	for _, n := range v.Numbers {
		add(n.Slot, "[%s, %s)", n.Low, n.High)
	}
	for _, q := range v.Quantities {
		add(q.Slot, "[%s, %s) code %q unit %q; in %s [%s, %s)", q.Low, q.High, q.Code, q.Unit, q.In, q.Amount.Low, q.Amount.High)
	}
	for _, o := range v.Positions {
		add(o.Slot, "%v %v", o.Latitude, o.Longitude)
	}
	for _, u := range v.URIs {
		add(u.Slot, "%s version %q", u.URI, u.Version)
	}
	for _, t := range v.TokenTexts {
		add(t.Slot, "text %q", t.Folded)
	}
	for _, c := range v.Composites {
		var parts []string
		for _, part := range c.Parts {
			if part != nil {
				parts = append(parts, strings.ReplaceAll(fmt.Sprintf("%+v", part), "Slot:<nil> ", ""))
			}
		}
		add(c.Slot, "%s", strings.Join(parts, " with "))
	}
	slices.Sort(rows)
	return rows
}

func instant(open bool, text string) string {
	if open {
		return "open"
	}
	return text
}

// TestOfficialParameters: every official parameter of the types that are served has sources; what is left out is left out
// for its type or because R4 gives it no expression.
func TestOfficialParameters(t *testing.T) {
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	p := search.NewParams(spec, nil)
	served := 0
	for _, name := range spec.Resources() {
		served += len(p.Of(name))
		for _, skipped := range p.Skipped(name) {
			if !strings.HasPrefix(skipped.Reason, "parameters of type ") && skipped.Reason != "it has no expression" {
				t.Errorf("%s?%s: %s", name, skipped.Code, skipped.Reason)
			}
		}
	}
	if served < 2000 {
		t.Errorf("only %d parameters are served", served)
	}
	if patient, subject := p.Param("Observation", "patient"), p.Param("Observation", "subject"); patient.Sources[0].Slot != subject.Sources[0].Slot || patient.Sources[0].Target != "Patient" {
		t.Error("patient and subject of Observation do not share their slot")
	}
}

func BenchmarkValues(b *testing.B) {
	p := newParams(b)
	text, err := os.ReadFile("testdata/index.ndjson")
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		r, err := fhir.ParseResource(line, fhir.DefaultLimits())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(r.Type(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Values(r)
			}
		})
	}
}
