package gate_test

import (
	"slices"
	"strings"
	"testing"

	"andiron.dev/fhir"
)

// FuzzCheck: whatever comes in, the gate answers, answers the same when asked again, says something useful about every
// mistake, and finds the same mistakes in the canonical text of the resource.
func FuzzCheck(f *testing.F) {
	for _, c := range invalidCases(f) {
		f.Add(c.resource)
	}
	f.Add(`{"resourceType":"Patient","id":"a","meta":{"versionId":"1","profile":["http://a"]},"name":[{"given":["A",null],"_given":[null,{"id":"x"}]}],"deceasedBoolean":true}`)
	f.Add(`{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Parameters","parameter":[{"name":"a","valueQuantity":{"value":1.0}}]}}]}`)
	g := newGate(f)
	f.Fuzz(func(t *testing.T, text string) {
		root, err := g.Parse(text, fhir.Limits{Bytes: 1 << 16, Depth: 64})
		again, errAgain := g.Parse(text, fhir.Limits{Bytes: 1 << 16, Depth: 64})
		if root.Exists() != again.Exists() || spelled(err) != spelled(errAgain) {
			t.Fatalf("first %v, then %v", err, errAgain)
		}
		if err != nil {
			for _, issue := range fhir.AsOutcome(err).Issues {
				if issue.Text == "" || issue.Code == fhir.Exception || slices.Contains(issue.Expression, "") {
					t.Fatalf("an issue that helps nobody: %+v", issue)
				}
			}
		}
		if _, err := fhir.Parse(text, fhir.Limits{}); err != nil {
			return
		}
		r, err := fhir.NewResource(root)
		if err != nil {
			return
		}
		before, after := mistakesOf(g.Check(root)), mistakesOf(g.Check(r.Root()))
		if len(before) < 50 && !slices.Equal(before, after) {
			t.Fatalf("%q finds\n%s\nand in its canonical text %q\n%s", text, strings.Join(before, "\n"), r.Body(), strings.Join(after, "\n"))
		}
	})
}

func spelled(err error) string {
	if err == nil {
		return ""
	}
	return spell(fhir.AsOutcome(err))
}

// mistakesOf sorts the issues: canonical text has resourceType, id and meta first. What it leaves out cannot be wrong in it.
func mistakesOf(o *fhir.Outcome) []string {
	if o == nil {
		return nil
	}
	var all []string
	for _, issue := range o.Issues {
		where := strings.Join(issue.Expression, " ")
		if !strings.Contains(where, ".meta.versionId") && !strings.Contains(where, ".meta.lastUpdated") {
			all = append(all, where+": "+issue.Text)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
