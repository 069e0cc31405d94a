package proto_test

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// mutant is a resource with one change.
type mutant struct {
	base, mutation, detail, text string
	valid                        bool
}

// mutants applies every mutation to a sample where it fits, at most so many times. The same sample has the same mutants every time.
func (c *court) mutants(t testing.TB, s sample, most int) []mutant {
	root, err := fhir.Parse(s.text, fhir.BundleLimits())
	if err != nil {
		t.Fatal(err)
	}
	h := fnv.New64a()
	h.Write([]byte(s.name))
	random := rand.New(rand.NewPCG(h.Sum64(), 4))
	var all []mutant
	var untouched []site
	sites(c.spec, newNode(root), 0, func(at site) { untouched = append(untouched, at) })
	for _, m := range slices.Concat(structural(), ofValues()) {
		var fitting []int
		for n, at := range untouched {
			if m.at(at) {
				fitting = append(fitting, n)
			}
		}
		random.Shuffle(len(fitting), func(i, j int) { fitting[i], fitting[j] = fitting[j], fitting[i] })
		for _, chosen := range fitting[:min(most, len(fitting))] {
			changed, n := newNode(root), 0
			var at site
			sites(c.spec, changed, 0, func(s site) {
				if n == chosen {
					at = s
				}
				n++
			})
			before, name := changed.String(), at.owner.Name+"."+at.name()
			detail := m.do(at, random)
			if at.depth > 0 {
				detail = strings.TrimSpace("contained " + detail)
			}
			if text := changed.String(); text != before {
				all = append(all, mutant{s.name + " " + name, m.name, detail, text, m.valid})
			}
		}
	}
	return all
}

// literals are the wrong and the unusual values of all primitive types, each alone in a resource.
func literals(spec *r4.Spec) []mutant {
	var all []mutant
	for _, typ := range spec.Types() {
		if typ.Kind != r4.Primitive || typ.Name == "xhtml" {
			continue
		}
		add := func(mutation string, values []string, valid bool) {
			for _, v := range values {
				property := "value" + strings.ToUpper(typ.Name[:1]) + typ.Name[1:]
				text := `{"resourceType":"Parameters","parameter":[{"name":"x","` + property + `":` + v + `}]}`
				all = append(all, mutant{"literal", mutation, typ.Name + " " + v, text, valid})
			}
		}
		add("wrong value", wrongValues(typ.Name), false)
		add("unusual value", rightValues(typ.Name), true)
	}
	return all
}

// verdicts counts where the two agree, and which entry of the table explains where they do not.
type verdicts struct {
	mu     sync.Mutex
	agreed map[string]int
	table  []disagreement
	hits   []int
}

func (v *verdicts) judge(t *testing.T, c *court, m mutant) {
	ours, theirs := c.opinions(m.text)
	v.mu.Lock()
	defer v.mu.Unlock()
	if (ours == "") != m.valid {
		t.Errorf("the gate is wrong about %q (%s) of %s: %.300s\n  %.2000s", m.mutation, m.detail, m.base, ours, m.text)
		return
	}
	if (ours == "") == (theirs == "") {
		v.agreed[m.mutation]++
		return
	}
	for i, d := range v.table {
		if d.explains(m, theirs) {
			v.hits[i]++
			return
		}
	}
	t.Errorf("unexplained: %q (%s) of %s:\n  gate: %.300s\n  google/fhir: %.300s\n  %.2000s", m.mutation, m.detail, m.base, ours, theirs, m.text)
}

// TestAgreementOnMutations breaks valid resources in every way we could think of. The gate has to see every break, and nothing else;
// where google/fhir sees it differently, disagreements() says who is right and why.
func TestAgreementOnMutations(t *testing.T) {
	c := newCourt(t)
	own := ownSamples(t)
	bases := slices.Concat(own, oneOfEachType(c, officialExamples(t)))
	v := &verdicts{agreed: map[string]int{}, table: disagreements(), hits: make([]int, len(disagreements()))}
	for _, m := range literals(c.spec) {
		v.judge(t, c, m)
	}
	parallel(len(bases), func(i int) {
		most := 2
		if i < len(own) {
			most = 8
		}
		for _, m := range c.mutants(t, bases[i], most) {
			v.judge(t, c, m)
		}
	})
	v.report(t, len(bases))
	if shared("r4-examples") == "" {
		t.Skip("SKIPPED: ../shared/data/r4-examples is not there; only fhir/proto/testdata was mutated")
	}
	for i, d := range v.table {
		if v.hits[i] == 0 {
			t.Errorf("nothing disagrees as in %q any more: the table is out of date", d)
		}
	}
}

// oneOfEachType chooses the first small example of each resource type that both accept.
func oneOfEachType(c *court, examples []sample) []sample {
	var chosen []sample
	seen := map[string]bool{}
	for _, s := range examples {
		typ, _, _ := strings.Cut(s.name, "-")
		if len(s.text) > 6_000 || seen[typ] {
			continue
		}
		if ours, theirs := c.opinions(s.text); ours == "" && theirs == "" {
			seen[typ] = true
			chosen = append(chosen, s)
		}
	}
	return chosen
}

func (v *verdicts) report(t *testing.T, bases int) {
	total, disagreed := 0, 0
	var lines []string
	for name, n := range v.agreed {
		total += n
		lines = append(lines, fmt.Sprintf("  %5d  %s", n, name))
	}
	slices.Sort(lines)
	t.Logf("%d valid resources; the two agree on %d mutants:\n%s", bases, total, strings.Join(lines, "\n"))
	lines = lines[:0]
	for i, d := range v.table {
		disagreed += v.hits[i]
		lines = append(lines, fmt.Sprintf("  %5d  %s", v.hits[i], d))
	}
	t.Logf("they disagree on %d:\n%s", disagreed, strings.Join(lines, "\n"))
}
