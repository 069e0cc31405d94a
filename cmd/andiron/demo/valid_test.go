package demo_test

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"andiron.dev/cmd/andiron/demo"
	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
)

// TestBundlesAreTransactionsOfPuts: a store can take the files as they are, and a second time without a change.
func TestBundlesAreTransactionsOfPuts(t *testing.T) {
	bundles, err := demo.Bundles()
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range bundles {
		if typ := b.Root().Get("type").Text(); b.Type() != "Bundle" || typ != "transaction" {
			t.Errorf("bundle %d is a %s of type %q", i, b.Type(), typ)
		}
		for entry := range b.Root().Each("entry") {
			name, request := nameOf(entry.Get("resource")), entry.Get("request")
			if request.Get("method").Text() != "PUT" || request.Get("url").Text() != name {
				t.Errorf("%s is requested as %s", name, request.Raw())
			}
		}
	}
}

// TestEveryFileIsLoaded: a file that names() forgets would be embedded and never seen.
func TestEveryFileIsLoaded(t *testing.T) {
	files, err := fs.Glob(os.DirFS("."), "*.json")
	if err != nil {
		t.Fatal(err)
	}
	bundles, err := demo.Bundles()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(bundles) {
		t.Errorf("%d files, %d bundles", len(files), len(bundles))
	}
}

// TestResourcesPassTheGate: what the write gate refuses could not be stored.
func TestResourcesPassTheGate(t *testing.T) {
	h := open(t)
	g := gate.New(h.spec)
	if o := g.Check(h.whole); o != nil {
		t.Error(o)
	}
	for _, r := range h.resources {
		if o := g.Check(r); o != nil {
			t.Errorf("%s: %v", nameOf(r), o)
		}
	}
}

// TestIdsAreUnique also counts, so that a resource that gets lost is missed.
func TestIdsAreUnique(t *testing.T) {
	h := open(t)
	seen := map[string]bool{}
	for _, r := range h.resources {
		if seen[nameOf(r)] {
			t.Errorf("%s occurs twice", nameOf(r))
		}
		seen[nameOf(r)] = true
	}
	if len(seen) != 223 {
		t.Errorf("%d resources, want 223", len(seen))
	}
}

// TestReferencesPointBack: each one names a resource of the same or an earlier Bundle, so that a server that checks references
// takes the Bundles in their order.
func TestReferencesPointBack(t *testing.T) {
	bundles, err := demo.Bundles()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, b := range bundles {
		for entry := range b.Root().Each("entry") {
			known[nameOf(entry.Get("resource"))] = true
		}
		walk(b.Root(), func(e fhir.Element) {
			if e.Name() != "reference" {
				return
			}
			if ref := fhir.ParseReference(e.Text()); ref.Base != "" || !known[ref.Relative()] {
				t.Errorf("%s points to %s", e.Path(), e.Text())
			}
		})
	}
}

// TestExtensionsAreDeclared: ours are those of the domain design, §4.2; the others come from HL7.
func TestExtensionsAreDeclared(t *testing.T) {
	declared := []string{
		"scheduling-parameters", "hold-expires", "waitlist", "patient-booking", "no-show-grace", "alert-policy", "stock-policy",
		"stock-quantity", "ledger-source", "feature-contribution", "model-version", "forecast-bound", "plan-rules",
		"claim-payer-state", "step-required", "discharge-override", "break-glass", "operation-scope",
	}
	h := open(t)
	used := map[string]bool{}
	for _, r := range h.resources {
		walk(r, func(e fhir.Element) {
			if e.Name() != "url" || !strings.Contains(e.Path(), "xtension[") || !strings.Contains(e.Text(), ":") {
				return // the parts of an extension go by a bare name
			}
			url := e.Text()
			if name, ok := strings.CutPrefix(url, fhir.CanonicalBase+"/StructureDefinition/"); ok {
				used[name] = true
				if !slices.Contains(declared, name) {
					t.Errorf("%s: %s is no extension of §4.2", e.Path(), name)
				}
			} else if !strings.HasPrefix(url, "http://hl7.org/fhir/") {
				t.Errorf("%s: whose extension is %s?", e.Path(), url)
			}
		})
	}
	for _, name := range []string{"scheduling-parameters", "patient-booking", "no-show-grace", "alert-policy", "stock-policy", "stock-quantity", "ledger-source", "feature-contribution", "model-version", "plan-rules"} {
		if !used[name] {
			t.Errorf("no resource shows the extension %s", name)
		}
	}
}

// TestInvariantsHold evaluates the constraints that R4 puts on each element, which the gate leaves to validation.
func TestInvariantsHold(t *testing.T) {
	h := open(t)
	v := invariants{t: t, h: h, compiled: map[string]*path.Expr{}, ev: path.NewEvaluator(path.Env{})}
	for _, r := range h.resources {
		v.check(path.Root(h.spec, r, ""), h.spec.Type(r.Get("resourceType").Text()), nil)
	}
	if v.count < 8_000 {
		t.Errorf("only %d constraints were evaluated", v.count)
	}
}

type invariants struct {
	t        *testing.T
	h        *hospital
	compiled map[string]*path.Expr
	ev       *path.Evaluator
	count    int
}

// check evaluates the constraints of an element and its type, then those of what is below it.
func (v *invariants) check(value path.Value, typ *r4.Type, own []r4.Constraint) {
	list := slices.Clone(own)
	for base := typ; base != nil; base = base.Base {
		list = append(list, base.Constraints...)
	}
	for _, c := range list {
		if c.Severity == "error" {
			v.evaluate(value, c)
		}
	}
	for _, element := range typ.Elements {
		children, err := v.ev.Eval(v.t.Context(), v.compile(element.Name), value, nil)
		if err != nil {
			v.t.Errorf("%s.%s: %v", value.Element().Path(), element.Name, err)
		}
		for _, child := range children {
			if child.Type() != nil && child.Type().Kind != r4.Primitive {
				v.check(child, child.Type(), element.Constraints)
			}
		}
	}
}

func (v *invariants) evaluate(value path.Value, c r4.Constraint) {
	v.count++
	held, err := v.ev.Eval(v.t.Context(), v.compile(c.Expression), value, nil)
	var o *fhir.Outcome
	switch {
	case errors.As(err, &o):
		v.t.Errorf("%s: %s: %v", value.Element().Path(), c.Key, o)
	case len(held) == 1 && held[0].String() == "false":
		v.t.Errorf("%s: %s: %s", value.Element().Path(), c.Key, c.Human)
	}
}

func (v *invariants) compile(expression string) *path.Expr {
	if x := v.compiled[expression]; x != nil {
		return x
	}
	x, err := path.Compile(v.h.spec, expression)
	if err != nil {
		v.t.Fatalf("%s: %v", expression, err)
	}
	v.compiled[expression] = x
	return x
}
