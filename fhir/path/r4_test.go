package path_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
)

// examples calls f with each of HL7's example resources.
func examples(t testing.TB, spec *r4.Spec, f func(name string, v path.Value)) {
	t.Helper()
	file, err := os.Open("../../../shared/data/r4-examples/r4-examples.tgz")
	if err != nil {
		t.Skip("SKIPPED: ../shared/data/r4-examples is not there, so nothing was evaluated on R4's examples")
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	for archive := tar.NewReader(unzipped); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(h.Name, ".json") {
			continue
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		e, err := fhir.Parse(string(data), fhir.BundleLimits())
		if err != nil {
			t.Logf("%s: %v", h.Name, err)
			continue
		}
		if e.Get("resourceType").Exists() {
			f(h.Name, path.Root(spec, e, ""))
		}
	}
}

// TestSearchParameters compiles the expression of every search parameter of R4 and evaluates its terms on every example.
func TestSearchParameters(t *testing.T) {
	spec := decode(t)
	byType := map[string]map[string]*path.Expr{}
	components := 0
	for _, p := range spec.SearchParams() {
		if p.Expression == "" {
			continue
		}
		x, err := path.Compile(spec, p.Expression)
		if err != nil {
			t.Errorf("%s: %v", p.URL, err)
			continue
		}
		for _, c := range p.Components {
			if _, err := path.Compile(spec, c.Expression); err != nil {
				t.Errorf("%s: %s: %v", p.URL, c.Expression, err)
			}
			components++
		}
		for _, base := range p.Base {
			for _, name := range spec.Resources() {
				if !spec.Type(name).Is(base) {
					continue
				}
				terms, err := x.Terms(name)
				if err != nil {
					t.Fatal(err)
				}
				if len(terms) == 0 {
					t.Errorf("%s has no term for %s", p.URL, name)
				}
				if byType[name] == nil {
					byType[name] = map[string]*path.Expr{}
				}
				for _, term := range terms {
					byType[name][term.String()] = term
				}
			}
		}
	}
	ev := path.NewEvaluator(path.Env{})
	var buffer []path.Value
	resources, values := 0, 0
	hit := map[string]bool{}
	examples(t, spec, func(name string, v path.Value) {
		resources++
		for text, term := range byType[v.Type().Name] {
			var err error
			if buffer, err = ev.Eval(context.Background(), term, v, buffer[:0]); err != nil {
				t.Errorf("%s: %s: %v", name, text, err)
			}
			if len(buffer) > 0 {
				values += len(buffer)
				hit[text] = true
			}
		}
	})
	total := 0
	for _, terms := range byType {
		total += len(terms)
	}
	t.Logf("%d parameters with %d components: %d terms; %d of them found %d values in %d examples",
		len(spec.SearchParams()), components, total, len(hit), values, resources)
}

// TestConstraints compiles every invariant of R4 and evaluates it on every element of every example that it is about.
// It is the widest test of functions and operators that there is: HL7's examples obey HL7's rules.
func TestConstraints(t *testing.T) {
	spec := decode(t)
	c := constraints{spec: spec, compiled: map[string]*path.Expr{}, members: map[string]*path.Expr{},
		broken: map[string]int{}, examples: map[string]string{}}
	for _, typ := range spec.Types() {
		for _, k := range typ.Constraints {
			c.compile(t, typ.Name, k)
		}
		for _, e := range typ.Elements {
			for _, k := range e.Constraints {
				c.compile(t, typ.Name, k)
			}
		}
	}
	c.ev = path.NewEvaluator(path.Env{})
	examples(t, spec, func(name string, v path.Value) {
		c.name = name
		c.element(t, v)
	})
	t.Logf("%d expressions, evaluated %d times", len(c.compiled), c.runs)
	known := wrongConstraints()
	for key, n := range c.broken {
		if known[key] == "" {
			t.Errorf("%s is broken %d times, first by %s", key, n, c.examples[key])
		}
	}
	for key := range known {
		if c.broken[key] == 0 {
			t.Errorf("%s holds everywhere, though it is said not to", key)
		}
	}
}

// wrongConstraints are the invariants that an example of HL7's breaks.
func wrongConstraints() map[string]string {
	const empty = "four examples have a narrative of white space only"
	return map[string]string{
		"txt-1": empty,
		"txt-2": empty,
		"que-7": "says \"answer is Boolean\", which is System.Boolean; the element is a FHIR.boolean",
	}
}

type constraints struct {
	spec     *r4.Spec
	compiled map[string]*path.Expr
	members  map[string]*path.Expr // an expression for each element name
	ev       *path.Evaluator
	buffer   []path.Value
	broken   map[string]int
	examples map[string]string
	name     string
	runs     int
}

func (c *constraints) compile(t *testing.T, typ string, k r4.Constraint) {
	if c.compiled[k.Expression] != nil {
		return
	}
	x, err := path.Compile(c.spec, k.Expression)
	if err != nil {
		t.Errorf("%s of %s: %v: %s", k.Key, typ, err, k.Expression)
		return
	}
	c.compiled[k.Expression] = x
}

func (c *constraints) element(t *testing.T, v path.Value) {
	for typ := v.Type(); typ != nil; typ = typ.Base {
		c.check(t, typ.Constraints, v)
	}
	typ := v.Type()
	if typ == nil {
		return
	}
	for _, e := range typ.Elements {
		if e.Name == "id" {
			continue
		}
		member := c.members[e.Name]
		if member == nil {
			var err error
			if member, err = path.Compile(c.spec, "`"+e.Name+"`"); err != nil {
				t.Fatal(err)
			}
			c.members[e.Name] = member
		}
		children, err := c.ev.Eval(context.Background(), member, v, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, child := range children {
			c.check(t, e.Constraints, child)
			c.element(t, child)
		}
	}
}

func (c *constraints) check(t *testing.T, list []r4.Constraint, v path.Value) {
	for _, k := range list {
		x := c.compiled[k.Expression]
		if x == nil || k.Severity != "error" {
			continue
		}
		c.runs++
		var err error
		c.buffer, err = c.ev.Eval(context.Background(), x, v, c.buffer[:0])
		if err != nil {
			t.Errorf("%s %s: %v: %s", c.name, k.Key, err, k.Expression)
			continue
		}
		if slices.ContainsFunc(c.buffer, func(r path.Value) bool { b, ok := r.Bool(); return ok && !b }) {
			if c.broken[k.Key]++; c.examples[k.Key] == "" {
				c.examples[k.Key] = c.name + " " + v.Element().Path() + ": " + k.Expression
			}
		}
	}
}
