package gate_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"andiron.dev/fhir"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the issues found into testdata/invalid")
	flag.Parse()
	os.Exit(m.Run())
}

// invalidCase is a file of testdata/invalid: remarks ("# …"), a resource, a line "----", and the issues it must raise, one a line:
// "severity code expression: text", the severity left out where it is error.
type invalidCase struct {
	name, path, remarks, resource, issues string
}

func invalidCases(t testing.TB) []invalidCase {
	t.Helper()
	root := filepath.Join("..", "..", "testdata", "invalid")
	var all []invalidCase
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".txt" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		c := invalidCase{name: strings.TrimSuffix(filepath.ToSlash(name), ".txt"), path: path}
		rest := string(text)
		for strings.HasPrefix(rest, "#") {
			line, after, _ := strings.Cut(rest, "\n")
			c.remarks, rest = c.remarks+line+"\n", after
		}
		c.resource, c.issues, _ = strings.Cut(rest, "\n----\n")
		all = append(all, c)
		return nil
	})
	if err != nil || len(all) == 0 {
		t.Fatal("testdata/invalid cannot be read: ", err)
	}
	return all
}

func spell(o *fhir.Outcome) string {
	var b strings.Builder
	for _, issue := range o.Issues {
		if issue.Severity != fhir.Error {
			fmt.Fprintf(&b, "%s ", issue.Severity)
		}
		b.WriteString(string(issue.Code))
		for _, e := range issue.Expression {
			b.WriteString(" " + e)
		}
		b.WriteString(": " + issue.Text + "\n")
	}
	return b.String()
}

// TestInvalidResources: every resource of testdata/invalid raises exactly the issues that its file lists, and none of them
// repeats what the sender wrote.
func TestInvalidResources(t *testing.T) {
	g := newGate(t)
	update := flag.Lookup("update").Value.String() == "true"
	for _, c := range invalidCases(t) {
		t.Run(c.name, func(t *testing.T) {
			root, err := g.Parse(c.resource, fhir.DefaultLimits())
			if err == nil {
				t.Fatal("the resource passes")
			}
			got := spell(fhir.AsOutcome(err))
			if got != c.issues && update {
				if err := os.WriteFile(c.path, []byte(c.remarks+c.resource+"\n----\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != c.issues {
				t.Errorf("got\n%swant\n%s", got, c.issues)
			}
			for _, issue := range fhir.AsOutcome(err).Issues {
				values(root, func(value string) {
					if strings.Contains(issue.Text, value) {
						t.Errorf("the text repeats the value %q: %s", value, issue.Text)
					}
				})
			}
		})
	}
}

// values calls fn for every string value that is long enough to be told from the words of a message. Type names may be repeated, and
// a code that is one of the few to choose from.
func values(e fhir.Element, fn func(string)) {
	switch e.Name() {
	case "resourceType", "type", "code", "system":
	default:
		if e.Kind() == fhir.String && len(e.Text()) > 4 {
			fn(e.Text())
		}
	}
	for c := e.First(); c.Exists(); c = c.Next() {
		values(c, fn)
	}
}
